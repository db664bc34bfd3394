"""Facts about a repository; and `branchline doctor --github` from end to end."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from tests import ready_branchline

from branchline.adapters.github.checkup import GitHubCheckup

if TYPE_CHECKING:
    from pathlib import Path

    from tests.adapters.github.conftest import Site

PATH = ".github/workflows/branchline.yml"
WORKFLOW = """\
on: {push: , workflow_dispatch: }
jobs:
  train:
    runs-on: [self-hosted, linux, no-gpu]
    environment: staging
    steps: [{env: {K: "${{ secrets.GIST_ID }}"}}]
"""
_SETTINGS = (
    "/actions/permissions",
    "/actions/permissions/workflow",
    "/actions/secrets",
    "/actions/organization-secrets",
    "/actions/variables",
    "/actions/organization-variables",
    "/environments",
    "/environments/{environment_name}/secrets",
    "/environments/{environment_name}/deployment-branch-policies",
    "/actions/runners",
    "/rules/branches/{branch}",
)


@pytest.fixture
def settled(site: Site) -> Site:
    """A repository whose settings are GitHub's own examples."""
    checker = site.judged.checker
    for path in _SETTINGS:
        operation = checker.document["paths"][f"/repos/{{owner}}/{{repo}}{path}"]["get"]
        site.judged.gaps.settings[f"GET {path}"] = checker.example(operation, 200)
    return site


def put_workflow(site: Site) -> None:
    import base64

    content = base64.b64encode(WORKFLOW.encode()).decode()
    site.ask("PUT", f"/contents/{PATH}", {"message": "w", "content": content})


def test_githubs_own_examples_are_read(settled: Site) -> None:
    put_workflow(settled)

    facts = GitHubCheckup(settled.repository()).facts()

    assert facts.untold == {}
    assert (facts.repository, facts.default_branch) == (settled.name, "main")
    assert facts.login == "branchline-bot"
    assert facts.are_jobs_enabled is True
    assert facts.may_jobs_open_pulls is True
    assert facts.jobs_permissions == "read"
    assert list(facts.secrets or ()) == ["GH_TOKEN", "GIST_ID"]
    assert list(facts.variables or ()) == ["EMAIL", "USERNAME"]
    (environment,) = facts.environments or ()
    assert (environment.name, environment.reviewers) == ("staging", 2)
    assert list(environment.branches or ()) == ["release/*", "main"]
    assert list(environment.secrets or ()) == ["GH_TOKEN", "GIST_ID"]
    online, offline = facts.runners or ()
    assert (online.is_online, offline.is_online) == (True, False)
    assert list(offline.labels) == ["self-hosted", "X64", "macOS", "no-gpu"]
    assert list(facts.workflows or ()) == [PATH]


def test_what_the_token_may_not_see_is_said_and_not_guessed(site: Site) -> None:
    facts = GitHubCheckup(site.repository("tok-bot+contents:read+actions:read")).facts()

    assert facts.may_jobs_open_pulls is None
    assert facts.secrets is None
    assert facts.runners is None
    assert facts.workflows == {}
    assert "`Administration: Read-only`" in facts.untold["what a workflow's token may"]
    assert "`Secrets: Read-only`" in facts.untold["secrets"]


def doctor(site: Site, folder: Path, *words: str, token: str = "tok-bot") -> Any:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("G")}
    environ |= {"GITHUB_API_URL": site.judged.url, "GH_TOKEN": token}
    return ready_branchline.call(["doctor", "--github", *words], cwd=folder, env=environ)


def test_doctor_names_what_is_wrong(settled: Site, tmp_path: Path) -> None:
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / PATH).write_text(WORKFLOW)

    done = doctor(settled, tmp_path, "--repository", settled.name, "--json")

    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    said = {check["name"]: check for check in answer["checks"]}
    assert said["workflows"]["health"] == "fail"
    assert PATH in said["workflows"]["sentence"]
    assert "self-hosted, linux, no-gpu" in said["runners"]["sentence"]
    assert said["training pull request"]["sentence"].startswith("mode dispatch: no job has")
    assert "GIST_ID" in said["secrets"]["sentence"]
    assert "tok-bot" not in done.stdout + done.stderr


def test_doctor_says_that_a_token_is_refused(site: Site, tmp_path: Path) -> None:
    done = doctor(site, tmp_path, "--repository", site.name, token="ghp_wrong")

    assert done.returncode == 1
    assert "Bad credentials" in done.stderr
    assert "ghp_wrong" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_needs_a_repository(site: Site, tmp_path: Path) -> None:
    done = doctor(site, tmp_path)

    assert done.returncode == 2
    assert "--repository OWNER/NAME" in done.stderr


@pytest.mark.parametrize(
    ("files", "health"),
    [
        pytest.param({".dvc/config": "/srv/models"}, "warn", id="a-folder-of-dvc"),
        pytest.param({".dvc/config": "../../models"}, "warn", id="a-folder-beside"),
        pytest.param({".dvc/config.local": "s3://own/models"}, "warn", id="on-this-machine-only"),
        pytest.param({".dvc/config": "s3://team/models"}, "pass", id="an-address-of-dvc"),
        pytest.param(
            {"branchline.yaml": "store: /srv/models"}, "pass", id="a-store-of-own-runners"
        ),
    ],
)
def test_doctor_takes_no_folder_for_a_place_that_jobs_reach(
    settled: Site, tmp_path: Path, files: dict[str, str], health: str
) -> None:
    texts = {"branchline.yaml": "", PATH: WORKFLOW, **files}
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        is_dvc = path.startswith(".dvc")
        head = (
            "[core]\n    remote = all\n['remote \"all\"']\n    url = " if is_dvc else "model: m\n"
        )
        (tmp_path / path).write_text(text if path == PATH else f"{head}{text}\n")

    done = doctor(settled, tmp_path, "--repository", settled.name, "--json")

    said = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert said["store"]["health"] == health, said["store"]


def test_doctor_takes_no_folder_for_a_place_of_githubs_machines(
    settled: Site, tmp_path: Path
) -> None:
    (tmp_path / PATH).parent.mkdir(parents=True)
    (tmp_path / PATH).write_text(WORKFLOW.replace("[self-hosted, linux, no-gpu]", "ubuntu-24.04"))
    (tmp_path / "branchline.yaml").write_text("model: m\nstore: /srv/models\n")

    done = doctor(settled, tmp_path, "--repository", settled.name, "--json")

    (store,) = (c for c in json.loads(done.stdout)["checks"] if c["name"] == "store")
    assert (store["health"], "no job of GitHub's has a folder" in store["todo"]) == ("warn", True)
