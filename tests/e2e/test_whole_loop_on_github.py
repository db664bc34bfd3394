"""From a search to a registered model in GitHub Actions, all of it on this machine.

Each workflow is the generated one, each token has the permissions that its job declares, and every
request is judged by GitHub's own description of its API.
"""

from __future__ import annotations

import importlib.util
import shutil
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

EXAMPLE = HOUSE / "examples" / "tumour-classifier"
CHECK = "branchline/tumour-classifier"
NOTHING = "Nothing to run: every stage has its result."

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("sklearn") is None,
        reason="no scikit-learn: pip install -r examples/tumour-classifier/requirements.txt",
    ),
]


@pytest.fixture
def hub(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[Hub]:
    """The example on GitHub, with its workflows and a store for all runners."""
    judged_forge.problems.clear()
    judged_forge.faults.clear()
    hub = Hub(judged_forge, tmp_path)
    shutil.copytree(EXAMPLE, hub.author, dirs_exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "branchline", "workflows", "write"],
        cwd=hub.author, env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Runners of one team: what one of them made stands on a disk that all have.
    shared = f"[cache]\n    dir = {tmp_path / 'shared'}\n"
    hub.commit("main", {".dvc/config": shared}, "the project")
    yield hub
    hub.close()
    assert judged_forge.problems == []


def test_a_search_becomes_a_pull_request_and_its_merge_a_model(hub: Hub) -> None:
    commit = hub.commit("tuning/x", {}, "search")

    # A push of a branch that is to be searched: four trials, and a pull request with the best.
    tuned = hub.pushed("tuning/x")

    assert list(tuned) == ["branchline-tune.yml"]
    search = tuned["branchline-tune.yml"]
    assert search.jobs == {"search": "success", "go-on": "skipped", "open": "success"}
    branch = f"training/{commit[:7]}"
    (pull,) = hub.site.ask("GET", "/pulls")
    number, head = int(pull["number"]), hub.head(branch)
    assert (pull["head"]["ref"], pull["user"]["login"]) == (branch, "branchline-bot")
    assert "train.forest.depth 3 -> 5" in pull["title"]
    changed = hub.git(hub.bare, "diff", "--name-only", commit, head).splitlines()
    assert changed == ["best_params.yaml", "params.yaml"]

    # Its training does not wait for an event that GitHub would not send, nor for a person.
    (asked,) = hub.dispatched()
    assert (asked["workflow"], asked["ref"]) == ("branchline.yml", branch)
    trained = hub.start(asked)

    assert trained.jobs == {
        **dict.fromkeys(("decide", "train", "report", "gate"), "success"), "register": "skipped",
    }  # fmt: skip
    # The winner's trial counts: it is judged, and not trained a second time.
    assert NOTHING in trained.log("train", "train"), trained.log("train", "train")
    (comment,) = hub.comments(number)
    assert "Verdict: passed" in comment
    assert hub.statuses(head) == {CHECK: "passed"}
    assert hub.tags() == []

    # Merged, it is registered as it is.
    before = hub.head("main")
    merge = hub.merge(number)
    registered = hub.pushed("main", before)["branchline.yml"]

    every = ("decide", "train", "report", "gate", "register")
    assert registered.jobs == dict.fromkeys(every, "success")
    assert NOTHING in registered.log("train", "train"), registered.log("train", "train")
    assert hub.tags() == ["tumour-classifier#staging#1", "tumour-classifier@v1.0.0"]
    assert hub.git(hub.bare, "rev-parse", "tumour-classifier@v1.0.0^{commit}") == merge
    assert hub.statuses(merge) == {CHECK: "passed"}
    assert len(hub.records("runs")) == 2

    # `Re-run all jobs`: everything holds already.
    again = hub.pushed("main", before)["branchline.yml"]
    done = dict.fromkeys(("decide", "gate"), "success")
    assert again.jobs == {**dict.fromkeys(every, "skipped"), **done}
    assert hub.tags() == ["tumour-classifier#staging#1", "tumour-classifier@v1.0.0"]
    assert len(hub.comments(number)) == 1
    assert hub.dispatched() == []
    assert hub.server.refused == []
