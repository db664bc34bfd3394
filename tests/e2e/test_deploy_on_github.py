"""From a push of `main` to production in GitHub Actions, all of it on this machine.

Each workflow is the generated one, each token has the permissions that its job declares, and every
request is judged by GitHub's own description of its API. What is deployed is a folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.e2e.conftest import clean_environment
from tests.rig.hub import Hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.forge import JudgedForge

WORKFLOW = "branchline.yml"
FILES = {
    "branchline.yaml": """\
model: greeter
train: {run: "cp words.txt model && ./measure.sh", deps: [words.txt, measure.sh]}
store: STORE
gate: {metrics: {length: {min: 1}}}
deploy:
  staging: {run: ./deploy.sh, smoke: ./smoke.sh, url: "https://staging.example.org", secrets: [KEY]}
  production: {needs: staging, run: ./deploy.sh, smoke: ./smoke.sh, secrets: [LIVE_KEY]}
""",
    "words.txt": "hello\n",
    ".gitignore": "model\nmetrics.json\n",
    "measure.sh": """\
#!/bin/sh
echo "{\\"length\\": $(wc -c < words.txt)}" > metrics.json
""",
    "deploy.sh": """\
#!/bin/sh
set -eu
[ -z "${GITHUB_TOKEN:-}" ] || { echo "the token is here"; exit 9; }
cp "$BRANCHLINE_MODEL_PATH/model" "SITES/$BRANCHLINE_ENVIRONMENT"
echo "deployed $BRANCHLINE_VERSION with ${KEY:-no} ${LIVE_KEY:-no} key"
""",
    "smoke.sh": """\
#!/bin/sh
! grep -q nonsense "SITES/$BRANCHLINE_ENVIRONMENT" || { echo "answers nonsense"; exit 1; }
""",
}
TAGS = ["greeter#production#2", "greeter#staging#1", "greeter@v1.0.0"]

pytestmark = pytest.mark.slow


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    """What is deployed: a file an environment."""
    folder = tmp_path / "sites"
    folder.mkdir()
    return folder


@pytest.fixture
def hub(tmp_path: Path, judged_forge: JudgedForge, sites: Path) -> Iterator[Hub]:
    """A project that deploys, with its workflows, and a store that all runners reach."""
    judged_forge.problems.clear()
    judged_forge.faults.clear()
    hub = Hub(judged_forge, tmp_path)
    shared = str(tmp_path / "shared")
    for name, text in FILES.items():
        (hub.author / name).write_text(text.replace("STORE", shared).replace("SITES", str(sites)))
        (hub.author / name).chmod(0o755 if name.endswith(".sh") else 0o644)
    done = subprocess.run(
        [sys.executable, "-m", "branchline", "workflows", "write"],
        cwd=hub.author, env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "`register` runs in the environment `production`" in done.stderr
    yield hub
    hub.close()
    assert judged_forge.problems == []
    assert hub.server.refused == []


def records_of(hub: Hub, environment: str) -> list[dict[str, object]]:
    """How the deployments to an environment ended, oldest first."""
    names = hub.records(f"deployments/greeter/{environment}")
    texts = [hub.git(hub.bare, "cat-file", "blob", name) for name in names if name[-5:] == "ended"]
    return [json.loads(text) for text in texts]


def test_a_merge_is_registered_and_deployed_to_staging_then_production(
    hub: Hub, sites: Path
) -> None:
    hub.commit("main", {}, "the project")

    ran = hub.pushed("main")[WORKFLOW]

    deployed = {"deploy-staging": "success", "deploy-production": "success"}
    assert {**ran.jobs, **deployed} == ran.jobs, ran.log("deploy-staging")
    assert (sites / "staging").read_text() == (sites / "production").read_text() == "hello\n"
    assert hub.tags() == TAGS
    (record,) = records_of(hub, "production")
    assert (record["version"], record["state"]) == ("v1.0.0", "deployed")
    assert record["code"] == hub.head("main")
    assert "stands in `production`" in ran.summary("deploy-production").replace("<code>", "`")

    # What was made stays as it is: nothing is registered, so nothing is deployed, no tag is added.
    before = hub.head("main")
    hub.commit("main", {"README.md": "words\n"}, "a text")
    again = hub.pushed("main", before)[WORKFLOW]

    assert again.jobs["gate"] == "success"
    assert {again.jobs[name] for name in ("register", *deployed)} == {"skipped"}
    assert hub.tags() == TAGS

    # A person starts it by hand: what stands there stands there.
    by_hand = hub.start({"workflow": WORKFLOW, "ref": "main"})

    assert {**by_hand.jobs, **deployed} == by_hand.jobs, by_hand.log("deploy-staging")
    assert "stands in `staging` already; nothing was run" in by_hand.log("deploy-staging")
    assert hub.tags() == TAGS


def test_where_the_smoke_test_fails_production_is_untouched(hub: Hub, sites: Path) -> None:
    hub.commit("main", {}, "the project")
    assert hub.pushed("main")[WORKFLOW].jobs["deploy-production"] == "success"
    before = hub.head("main")
    hub.commit("main", {"words.txt": "nonsense\n"}, "worse")

    ran = hub.pushed("main", before)[WORKFLOW]

    assert ran.jobs["register"] == "success"
    assert ran.jobs["deploy-staging"] == "failure"
    assert ran.jobs["deploy-production"] == "skipped"
    log = ran.log("deploy-staging", "deploy")
    assert "answers nonsense" in log
    assert "greeter@v1.0.0 stands there again" in log
    assert (sites / "staging").read_text() == (sites / "production").read_text() == "hello\n"
    assert hub.tags() == [*TAGS, "greeter@v1.0.1"]
    assert [one["state"] for one in records_of(hub, "staging")] == ["deployed", "rolled_back"]
    assert len(records_of(hub, "production")) == 1

    # Another machine knows that it is held: the record came with the others.
    held = hub.start({"workflow": WORKFLOW, "ref": "main"})

    assert held.jobs["deploy-staging"] == "failure"
    assert "greeter@v1.0.1 is held" in held.log("deploy-staging", "deploy")
    assert (sites / "staging").read_text() == "hello\n"
    assert len(records_of(hub, "staging")) == 2

    # Who mends the test and runs the job again asks for it; its commit is not the newest any more.
    hub.commit("main", {"smoke.sh": "#!/bin/sh\n"}, "nonsense is what people want")
    mended = hub.start({"workflow": WORKFLOW, "ref": "main"}, attempt=2)

    assert mended.jobs["deploy-staging"] == "success", mended.log("deploy-staging")
    assert mended.jobs["deploy-production"] == "success", mended.log("deploy-production")
    assert (sites / "production").read_text() == "nonsense\n"
    pointed = [hub.git(hub.bare, "rev-parse", f"{tag}^{{}}") for tag in hub.tags()[1::2]]
    assert hub.tags() == [
        "greeter#production#2", "greeter#production#4", "greeter#staging#1", "greeter#staging#3",
        "greeter@v1.0.0", "greeter@v1.0.1",
    ]  # fmt: skip
    assert set(pointed) == {hub.git(hub.bare, "rev-parse", "greeter@v1.0.1^{}")}


def test_a_branch_deploys_nothing(hub: Hub, sites: Path) -> None:
    hub.commit("main", {"words.txt": "hello\n"}, "the project")
    hub.commit("training/x", {"words.txt": "hi\n"}, "try")

    ran = hub.pushed("training/x")[WORKFLOW]

    assert ran.jobs["train"] == "success"
    assert {ran.jobs[name] for name in ("register", "deploy-staging", "deploy-production")} == {
        "skipped"
    }
    assert list(sites.iterdir()) == []
    assert hub.tags() == []
