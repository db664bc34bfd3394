"""The short workflow with our own program: from a search to a registered model, and what fails.

Each token has the permissions that its job declares, and every request is judged.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import FILES, YAML
from tests.generate.workflows.combinations import asked_of
from tests.rig.hub import Hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.forge import JudgedForge

SETTINGS = (
    f"{YAML.partition('resources:')[0]}store: ~/store\n"
    "checks: [{name: sound, run: 'test ! -e broken'}]\n"
    "tune: {objective: {metric: auc}, space: {lr: [0.1, 0.2]}, trials: 2, write: params.yaml}\n"
)
SHORT = f"{SETTINGS}github: {{style: minimal}}\n"
BETTER = FILES["train.py"].replace("0.9", "0.9 if '0.2' in open('params.yaml').read() else 0.8")
CHECK = "branchline/demo"


def project(forge: JudgedForge, folder: Path, settings: str) -> Hub:
    forge.problems.clear()
    forge.faults.clear()
    hub = Hub(forge, folder)
    files = {**FILES, **asked_of(settings).files, "branchline.yaml": settings, "train.py": BETTER}
    hub.commit("main", files, "first")
    return hub


@pytest.fixture
def hub(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[Hub]:
    """A project with the short workflow."""
    hub = project(judged_forge, tmp_path, SHORT)
    yield hub
    hub.close()
    assert judged_forge.problems == []


def ended(gate: str, report: str, register: str) -> dict[str, str]:
    return {"gate": gate, "report": report, "register": register}


@pytest.mark.slow
def test_from_a_search_to_a_registered_model(hub: Hub) -> None:
    commit = hub.commit("tuning/x", {}, "search")

    tuned = hub.pushed("tuning/x")

    assert list(tuned) == ["branchline-tune.yml"]
    assert tuned["branchline-tune.yml"].jobs["open"] == "success"
    (pull,) = hub.site.ask("GET", "/pulls")
    (asked,) = hub.dispatched()
    assert asked["workflow"] == "branchline.yml"

    trained = hub.start(asked)

    assert trained.jobs == ended("success", "success", "skipped"), trained.log("gate")
    (comment,) = hub.comments(int(pull["number"]))
    assert "Verdict: passed" in comment
    assert hub.statuses(hub.head(f"training/{commit[:7]}")) == {CHECK: "passed"}
    assert hub.tags() == []

    before = hub.head("main")
    merge = hub.merge(int(pull["number"]))
    registered = hub.pushed("main", before)["branchline.yml"]

    assert registered.jobs == ended("success", "success", "success"), registered.log("register")
    assert hub.tags() == ["demo#staging#1", "demo@v1.0.0"]
    assert hub.statuses(merge) == {CHECK: "passed"}
    again = hub.pushed("main", before)["branchline.yml"]
    assert again.jobs == ended("success", "skipped", "skipped"), again.log("gate")
    assert hub.server.refused == []


@pytest.mark.slow
def test_a_pull_request_is_told_once_whether_or_not_its_check_passes(hub: Hub) -> None:
    hub.commit("work", {"params.yaml": "lr: 0.2\n", "broken": ""}, "broken")
    number = hub.open_pull("work", "Work")

    broken = hub.pulled(number, "Work")["branchline.yml"]

    assert broken.jobs == ended("failure", "success", "skipped"), broken.log("report")
    assert hub.statuses(hub.head("work")) == {CHECK: "failed"}
    (comment,) = hub.comments(number)
    assert "left no results" in comment

    hub.git(hub.author, "checkout", "-q", "work", "--")
    hub.git(hub.author, "rm", "-q", "broken")
    hub.commit("work", {}, "mended")
    mended = hub.pulled(number, "Work")["branchline.yml"]

    assert mended.jobs == ended("success", "success", "skipped"), mended.log("gate")
    assert hub.statuses(hub.head("work")) == {CHECK: "passed"}
    (comment,) = hub.comments(number)
    assert "Verdict: passed" in comment


@pytest.mark.slow
def test_a_dispatched_training_whose_check_fails_is_told_in_the_long_form_too(
    tmp_path: Path, judged_forge: JudgedForge
) -> None:
    hub = project(judged_forge, tmp_path, SETTINGS)
    hub.commit("training/x", {"params.yaml": "lr: 0.2\n", "broken": ""}, "broken")
    number = hub.open_pull("training/x", "Work")
    asked = {"workflow": "branchline.yml", "ref": "training/x", "inputs": {"pr": str(number)}}

    ran = hub.start(asked)

    assert ran.jobs == {
        "decide": "success", "check-1": "failure", "train": "skipped", "report": "success",
        "gate": "failure", "register": "skipped",
    }, ran.log("report")  # fmt: skip
    assert hub.statuses(hub.head("training/x")) == {CHECK: "failed"}
    (comment,) = hub.comments(number)
    assert "left no results" in comment
    hub.close()
    assert judged_forge.problems == []
