"""Watching a model in GitHub Actions, all of it on this machine: an alarm, its end, and no noise.

Each workflow is the generated one, each token has the permissions that its job declares, and every
request is judged by GitHub's own description of its API.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import FILES, YAML
from tests.generate.workflows.combinations import asked_of
from tests.rig.hub import Hub, Ran

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.forge import JudgedForge

pytestmark = pytest.mark.slow
SETTINGS = (
    f"{YAML.partition('resources:')[0]}store: ~/store\n"
    "monitor:\n"
    "  schedule: '17 */6 * * *'\n"
    "  run: python3 fetch.py\n"
    "  source: new.csv\n"
    "  trained_on: data.csv\n"
    "  columns: {exclude: ['id@ada']}\n"
    "  metrics: {auc: {min: 0.8}}\n"
    "  metrics_from: live.json\n"
    "  actions: [{do: open_issue}, {do: retrain}]\n"
)
ROWS = """\
import json, os, random, sys
def rows(path, seed, shift, count=600):
    draw = random.Random(seed)
    with open(path, "w") as file:
        file.write("id@ada,x|y,city\\n")
        for number in range(count):
            file.write(f"{number},{draw.gauss(shift, 1):.4f},{draw.choice('abc')}\\n")
"""
FETCH = (
    ROWS
    + """\
assert "GITHUB_TOKEN" not in os.environ, "the team's code has the token"
if os.environ.get("BROKEN"):
    sys.exit("the warehouse is away")
rows("new.csv", int(os.environ["SEED"]), float(os.environ.get("SHIFT", "0")))
json.dump({"auc": float(os.environ.get("AUC", "0.9"))}, open("live.json", "w"))
"""
)


def data_csv(tmp_path: Path) -> str:
    place = tmp_path / "rows.csv"
    made: dict[str, Any] = {}
    exec(ROWS, made)  # the same rows as the job draws
    made["rows"](str(place), 0, 0.0, 2000)
    return place.read_text()


@pytest.fixture
def hub(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[Hub]:
    """A project whose model is registered, with its workflows."""
    judged_forge.problems.clear()
    judged_forge.faults.clear()
    hub = Hub(judged_forge, tmp_path)
    ignored = FILES[".gitignore"] + "/new.csv\n/live.json\n"
    files = {
        **FILES, **asked_of(SETTINGS).files, "branchline.yaml": SETTINGS, "fetch.py": FETCH,
        "data.csv": data_csv(tmp_path), ".gitignore": ignored,
    }  # fmt: skip
    hub.commit("main", files, "the project")
    yield hub
    hub.close()
    assert judged_forge.problems == []


def looked(hub: Hub, seed: int, **variables: str) -> Ran:
    """What the schedule starts of our two workflows: the look."""
    commit = hub.head("main")
    payload = {"schedule": "17 */6 * * *"}
    runs = hub.woken(
        "schedule", payload, "refs/heads/main", commit, SEED=str(seed), **variables
    )  # fmt: skip
    assert list(runs) == ["branchline-monitor.yml"]
    (ran,) = runs.values()
    assert ran.jobs == {"look": "success", "tell": "success"}, ran.log("look") + ran.log("tell")
    return ran


def issues(hub: Hub) -> list[tuple[str, str]]:
    return [(item["title"], item["state"]) for item in hub.site.ask("GET", "/issues?state=all")]


def looks(hub: Hub) -> list[str]:
    return [name for name in hub.records("looks") if not name.endswith(("-asked", "-done"))]


def test_an_alarm_is_told_once_and_so_is_its_end(hub: Hub) -> None:
    hub.pushed("main")
    assert "demo@v1.0.0" in hub.tags()

    # All is well: nobody is told, and the look is kept.
    well = looked(hub, 1)
    assert "demo: healthy" in well.log("tell")
    assert issues(hub) == []
    assert len(looks(hub)) == 1

    # One window that drifted says nothing; the second does, in one issue.
    looked(hub, 2, SHIFT="0.7")
    assert issues(hub) == []
    second = looked(hub, 3, SHIFT="0.7")
    assert issues(hub) == [("demo is degraded in production", "open")]
    (issue,) = hub.site.ask("GET", "/issues")
    assert "<code>x&#124;y</code>" in issue["body"]
    assert "tells of the alarm" in second.log("tell")
    assert "### demo: degraded" in second.summary("tell")
    # And one training is asked for, of the branch as it is.
    (asked,) = hub.dispatched()
    assert (asked["workflow"], asked["ref"]) == ("branchline.yml", "main")
    assert asked["inputs"]["reason"].startswith("drift: `x|y` drifted in 2 of the last 3 windows")
    retrained = hub.start(asked)
    assert retrained.jobs["decide"] == "success"

    # It lasts: its text follows, and nobody is told again.
    third = looked(hub, 4, SHIFT="0.7", AUC="0.5")
    assert issues(hub) == [("demo is degraded in production", "open")]
    (issue,) = hub.site.ask("GET", "/issues")
    assert "at least 0.8 is wanted" in issue["body"]
    assert hub.site.ask("GET", f"/issues/{issue['number']}/comments") == []
    assert hub.dispatched() == []
    assert "the cool-down has" in third.log("tell")

    # Well in two windows of three again: the issue is closed with one comment, once.
    looked(hub, 5)
    looked(hub, 6)
    assert issues(hub) == [("demo is degraded in production", "closed")]
    (comment,) = hub.site.ask("GET", f"/issues/{issue['number']}/comments")
    assert "The alarm is over" in comment["body"]
    assert len(looks(hub)) == 6


def test_a_look_that_fails_is_an_alarm_and_a_lost_answer_no_second_one(hub: Hub) -> None:
    hub.pushed("main")
    hub.site.judged.break_next("/issues", "POST", status=502, is_done=True)

    ran = looked(hub, 1, BROKEN="1")
    again = looked(hub, 2, BROKEN="1")

    assert issues(hub) == [("demo: whether it is well in production is not known", "open")]
    assert "the warehouse is away" in ran.log("tell")
    assert "it was opened when the alarm began" in again.log("tell")
    looked(hub, 3)
    assert [state for _, state in issues(hub)] == ["closed"]
    assert hub.dispatched() == []


def test_what_cannot_be_kept_is_not_told(hub: Hub) -> None:
    hub.pushed("main")
    commit = hub.head("main")
    hook = hub.bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\ngrep -q refs/branchline/looks && exit 1\nexit 0\n")
    hook.chmod(0o755)

    runs = hub.woken(
        "schedule", {"schedule": "17 */6 * * *"}, "refs/heads/main", commit, SEED="1", BROKEN="1"
    )

    ran = runs["branchline-monitor.yml"]
    assert ran.jobs == {"look": "success", "tell": "failure"}
    assert "so nobody is told" in ran.log("tell")
    assert issues(hub) == []
