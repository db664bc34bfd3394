"""A verdict that knows noise, from the command line, in real repositories."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Done, Project

if TYPE_CHECKING:
    from pathlib import Path

# A model of the standard library: whose score is the truth with some of it turned round.
TRAIN = """
import csv, json, random, sys
import mine
values = dict(line.split(": ") for line in open("params.yaml").read().split("\\n") if line)
wrong, seed = int(values["wrong"]), int(values["seed"])
chance = random.Random(0)
up = chance.random
truth = [chance.randrange(2) for _ in range(1500)]
flipped = set(random.Random(seed).sample(range(1500), wrong))
score = [
    round(abs((n in flipped) - (0.55 + 0.4 * up() if y else 0.45 - 0.4 * up())), 4)
    for n, y in enumerate(truth)
]
with open("predictions.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["id", "y_true", "y_score", "site"])
    rows.writerows((n, y, s, "ABC"[n % 3]) for n, (y, s) in enumerate(zip(truth, score)))
said = [int(s > 0.5) for s in score]
metrics = {
    "accuracy": sum(s == y for s, y in zip(said, truth)) / 1500,
    "cost": mine.cost(truth, score),
}
json.dump(metrics, open("metrics.json", "w"))
open("model.pkl", "w").write(str(score))
"""
MINE = """
def cost(truth, score):
    lost = [5 * (s <= 0.5) if y else (s > 0.5) for y, s in zip(truth, score)]
    return float(sum(lost) / len(lost))
"""
SETTINGS = """
model: demo
train:
  run: python train.py
  params: [wrong, seed]
  outs: [model.pkl, predictions.csv]
  metrics: [metrics.json]
gate:
  metrics:
    accuracy: {max_regression: 0.01}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(
        tmp_path / "project",
        {
            "train.py": TRAIN,
            "mine.py": MINE,
            "params.yaml": "wrong: 150\nseed: 1\n",
            "branchline.yaml": SETTINGS,
            ".gitignore": "metrics.json\n",
        },
    )
    made.git("config", "user.name", "Ada")
    made.git("config", "user.email", "ada@example.org")
    assert made.branchline("run").code == 0
    made.commit("champion")
    return made


def changed(project: Project, *, wrong: int, seed: int = 1) -> Done:
    """Commit another model, and what the run says of it."""
    project.write("params.yaml", f"wrong: {wrong}\nseed: {seed}\n")
    project.commit("change")
    done = project.branchline("run")
    project.commit("run")
    return done


def verdict_bytes(project: Project) -> bytes:
    """The newest verdict.json as it stands in git."""
    (run,) = json.loads(project.branchline("show", "--json").stdout)["run"].split()
    return project.git("show", f"refs/branchline/runs/{run}:verdict.json").encode()


@pytest.mark.slow
def test_better_worse_and_open(project: Project) -> None:
    fine = changed(project, wrong=151)
    worse = changed(project, wrong=230)
    still_open = changed(project, wrong=160, seed=2)

    assert fine.code == 0
    assert "passed `accuracy` is no worse" in fine.stdout
    assert worse.code == 3
    assert "failed `accuracy` is worse: 0.8467 after 0.8993 (-0.0527)" in worse.stdout
    assert still_open.code == 0
    assert "open It cannot be told yet whether `accuracy` is worse" in still_open.stdout
    assert "goes on with a warning" in still_open.stdout


@pytest.mark.slow
def test_the_same_content_gives_the_same_bytes(project: Project) -> None:
    project.replace("branchline.yaml", "accuracy:", "f1: {max_regression: 0.05}\n    accuracy:")
    project.replace("train.py", '"cost"', '"f1": 0.9, "cost"')
    changed(project, wrong=160, seed=2)
    first = verdict_bytes(project)

    project.branchline("run", "--force")

    assert verdict_bytes(project) == first


@pytest.mark.slow
def test_an_open_verdict_waits_for_a_person(project: Project) -> None:
    project.write("branchline.yaml", f"{SETTINGS}  on_inconclusive: approve\n")

    project.write("params.yaml", "wrong: 160\nseed: 2\n")
    project.commit("change")
    waits = project.branchline("run")
    run = json.loads(project.branchline("show", "--json").stdout)["run"]
    before = project.branchline("apply", run, "--dry-run")
    approved = project.branchline("approve", run, "--reason", "the set is small")
    goes_on = project.branchline("run")
    again = project.branchline("approve", run)
    shown = project.branchline("show", run)
    after = project.branchline("apply", run, "--dry-run")

    assert waits.code == 4
    assert f"To let it pass: `branchline approve {run}`." in waits.stdout
    assert "not registered" in before.text
    assert f"waits for approval: `branchline approve {run}`" in before.text
    assert approved.code == 0
    assert f"Approved run {run} by Ada <ada@example.org>" in approved.stdout
    assert goes_on.code == 0
    assert "A person approved it" in goes_on.stdout
    assert "Approved before" in again.stdout
    assert "approved  by Ada <ada@example.org>, " in shown.stdout
    assert " UTC: the set is small" in shown.stdout
    held = json.loads(project.git("cat-file", "blob", f"refs/branchline/approvals/{run}"))
    assert (held["by"], held["reason"]) == ("Ada <ada@example.org>", "the set is small")
    assert "would register" in after.stdout


@pytest.mark.slow
def test_what_a_run_of_another_model_wrote_makes_no_run_a_dirty_one(tmp_path: Path) -> None:
    """The first run of the second model is its champion, though those of the first wait."""
    metrics = "import json, sys\nopen('{0}/m.txt', 'w').write('m')\n"
    metrics += "json.dump({{'auc': AUC}}, open('{0}/metrics.json', 'w'))\n"
    models = "".join(
        f"  {name}:\n    train: {{run: python {name}/train.py, outs: [{name}/m.txt],"
        f" metrics: [{name}/metrics.json]}}\n"
        for name in "ab"
    )
    project = Project.create(
        tmp_path / "project",
        {
            **{f"{name}/train.py": f"AUC = 0.9\n{metrics.format(name)}" for name in "ab"},
            "branchline.yaml": "gate: {selftest: false, metrics: {auc: {max_regression: 0.01}}}\n"
            f"models:\n{models}",
        },
    )

    first = [project.branchline("run", "--model", name) for name in "ab"]
    project.write("b/train.py", f"AUC = 0.5\n{metrics.format('b')}")
    worse = project.branchline("run", "--model", "b")

    assert [done.code for done in first] == [0, 0]
    assert "uncommitted changes" not in first[1].text
    assert worse.code == 3, worse.text


@pytest.mark.slow
def test_what_is_not_open_cannot_be_approved(project: Project) -> None:
    project.write("branchline.yaml", f"{SETTINGS}  on_inconclusive: approve\n")
    worse = changed(project, wrong=230)

    done = project.branchline("approve", "main")

    assert worse.code == 3
    assert done.code == 1
    assert "cannot be approved: its verdict is failed" in done.stderr


@pytest.mark.slow
def test_a_function_of_the_project_is_a_metric(project: Project) -> None:
    rule = "cost: {goal: minimize, max_regression: 0.01, computed_as: 'mine:cost'}"
    project.replace("branchline.yaml", "accuracy: {max_regression: 0.01}", rule)

    done = changed(project, wrong=230)

    assert done.code == 3
    assert "failed `cost` is worse" in done.stdout
    assert "where less is better" in done.stdout


@pytest.mark.slow
def test_examples_that_changed_are_never_compared(project: Project) -> None:
    project.replace("train.py", "for _ in range(1500)", "for _ in range(1499)")
    project.replace("train.py", "range(1500), wrong", "range(1499), wrong")

    done = changed(project, wrong=150)

    assert done.code == 4
    assert "1,499 examples here, 1,500 in the baseline, 1,499 of them in both" in done.stdout


EVALUATE = """
import csv, json, random
model = json.load(open("model.json"))
rows = []
for name in open("eval.txt").read().split():
    chance = random.Random(int(name))
    truth = chance.randrange(2)
    score = 0.55 + 0.4 * chance.random() if truth else 0.45 - 0.4 * chance.random()
    if random.Random(f"{model['seed']} {name}").random() < model["wrong"]:
        score = 1 - score
    rows.append((name, truth, round(score, 4)))
with open("predictions.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["id", "y_true", "y_score"])
    table.writerows(rows)
right = sum((score > 0.5) == truth for _, truth, score in rows)
json.dump({"accuracy": right / len(rows)}, open("metrics.json", "w"))
"""
PIPELINE = """
stages:
  train: {cmd: cp params.json model.json, deps: [params.json], outs: [model.json]}
  evaluate:
    cmd: python3 evaluate.py
    deps: [evaluate.py, model.json, eval.txt]
    outs: [predictions.csv]
    metrics: [{metrics.json: {cache: false}}]
"""


@pytest.mark.slow
def test_a_champion_that_is_scored_again_is_compared_on_todays_examples(tmp_path: Path) -> None:
    project = Project.create(
        tmp_path / "project",
        {
            "evaluate.py": EVALUATE,
            "dvc.yaml": PIPELINE,
            "eval.txt": "\n".join(map(str, range(1000))),
            "params.json": '{"wrong": 0.1, "seed": 1}',
            "branchline.yaml": "model: m\ngate: {metrics: {accuracy: {max_regression: 0.01}}}\n",
        },
    )
    assert project.branchline("run").code == 0
    project.commit("champion")
    project.write("eval.txt", "\n".join(map(str, range(3000))))
    project.write("params.json", '{"wrong": 0.15, "seed": 1}')
    project.commit("more examples, another model")

    done = project.branchline("run")

    assert done.code == 3
    assert "failed `accuracy` is worse" in done.stdout
    assert "3,000 examples" in done.stdout
    assert "scored again on today's evaluation data" in done.stdout
