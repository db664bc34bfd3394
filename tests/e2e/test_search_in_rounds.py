"""A search that is longer than a job may be: it ends in time, and the next run goes on."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import FILES
from tests.generate.workflows.combinations import asked_of
from tests.rig.hub import WORKFLOWS, Hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.forge import JudgedForge

RATES = (0.1, 0.3, 0.9, 0.5, 0.7)
YAML = f"""\
model: demo
stages:
  train:
    cmd: python3 train.py
    deps: [train.py]
    params: [lr]
    outs: [model.pkl]
    metrics: [{{metrics.json: {{cache: false}}}}]
tune:
  stages: [train]
  objective: {{metric: auc, goal: maximize}}
  space: {{lr: {list(RATES)}}}
  write: params.yaml
  trials: {len(RATES)}
"""
TRAIN = """\
import json, time
rate = float(open("params.yaml").read().split()[1])
time.sleep(1.5)
open("model.pkl", "w").write(str(rate))
json.dump({{"auc": rate}}, open("metrics.json", "w"))
open({trained!r}, "a").write(f"{{rate}}\\n")
"""
MOST_ROUNDS = 8


@pytest.fixture
def hub(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[Hub]:
    """A project whose five trials take longer than its search may, and its workflows."""
    judged_forge.problems.clear()
    judged_forge.faults.clear()
    hub = Hub(judged_forge, tmp_path)
    workflows = dict(asked_of(YAML).files)
    search = f"{WORKFLOWS}/branchline-tune.yml"
    (line,) = [row for row in workflows[search].splitlines() if "DEADLINE: " in row]
    # Nobody waits for hours: all else is as it is generated.
    workflows[search] = workflows[search].replace(line, "          DEADLINE: 6s")
    train = TRAIN.format(trained=str(tmp_path / "trained"))
    files = {**FILES, "branchline.yaml": YAML, "train.py": train}
    hub.commit("main", {**workflows, **files}, "first")
    yield hub
    hub.close()
    assert judged_forge.problems == []


@pytest.mark.slow
def test_a_search_goes_on_in_the_next_run_until_it_is_done(hub: Hub) -> None:
    commit = hub.commit("tuning/x", {}, "search")

    rounds = [hub.pushed("tuning/x")["branchline-tune.yml"]]
    while (asked := hub.dispatched()) and asked[0]["workflow"] == "branchline-tune.yml":
        assert asked[0]["ref"] == "tuning/x"
        assert asked[0]["inputs"]["round"] == str(len(rounds) + 1)
        assert len(rounds) < MOST_ROUNDS, rounds[-1].log("search", "search")
        rounds.append(hub.start(asked[0]))

    for ran in rounds[:-1]:
        assert ran.jobs == {"search": "success", "go-on": "success", "open": "skipped"}
        assert "the next run goes on" in ran.summary("search")
    assert len(rounds) > 1
    last = rounds[-1]
    assert last.jobs == {"search": "success", "go-on": "skipped", "open": "success"}
    # Each was made, and none a second time: not even what is set, which each run begins with.
    made = Counter(float(row) for row in (hub.folder / "trained").read_text().split())
    assert made == dict.fromkeys(RATES, 1)
    (pull,) = hub.site.ask("GET", "/pulls")
    branch = f"training/{commit[:7]}"
    assert pull["head"]["ref"] == branch
    assert hub.git(hub.bare, "show", f"{branch}:params.yaml") == "lr: 0.9"
    assert [one["workflow"] for one in asked] == ["branchline.yml"]
    assert json.loads(asked[0]["inputs"]["pr"]) == pull["number"]
