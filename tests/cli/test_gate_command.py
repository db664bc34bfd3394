"""`branchline gate selftest`, and the self-test before a first model, on real repositories."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Clone

pytest.importorskip("numpy", reason="needs the extra `gate`")
pytest.importorskip("duckdb", reason="needs the extra `gate`")

PREPARE = """\
import csv, random
random.seed(1)
def rows(count, first):
    for number in range(first, first + count):
        y = random.randrange(2)
        yield [number, random.gauss(y * 1.5, 1), random.gauss(0, 1), y]
def write(name, made):
    with open(name, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "a", "b", "y"])
        writer.writerows(made)
train = list(rows(400, 0))
test = list(rows(200, 1000))
#leak
write("train.csv", train)
write("test.csv", test)
"""
TRAIN = """\
import csv
rows = list(csv.DictReader(open("train.csv")))
mean = sum(float(row["a"]) for row in rows) / len(rows)
open("model.txt", "w").write(str(mean))
"""
EVALUATE = """\
import csv, json, math
middle = float(open("model.txt").read())
rows = list(csv.DictReader(open("test.csv")))
scores = [1 / (1 + math.exp(middle - float(row["a"]))) for row in rows]
with open("predictions.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["id", "y_true", "y_score"])
    writer.writerows([r["id"], r["y"], s] for r, s in zip(rows, scores))
right = sum((s > 0.5) == (r["y"] == "1") for r, s in zip(rows, scores))
json.dump({"accuracy": right / len(rows)}, open("metrics.json", "w"))
"""
PIPELINE = """\
stages:
  prepare: {cmd: python prepare.py, outs: [train.csv, test.csv]}
  train: {cmd: python train.py, deps: [train.csv], outs: [model.txt]}
  evaluate:
    cmd: python evaluate.py
    deps: [test.csv, model.txt]
    outs: [predictions.csv]
    metrics: [metrics.json]
"""
LEAK = "for number in range(20):\n    test[number][1:] = train[number][1:]"


@pytest.fixture
def clone(make_clone: Callable[..., Clone]) -> Clone:
    """A repository with one commit."""
    return make_clone({".gitignore": "*.csv\nmodel.txt\n"})


def made(clone: Clone, gate: str, *, leak: str = "") -> Clone:
    """The project with a gate, committed."""
    clone.write("prepare.py", PREPARE.replace("#leak", leak))
    clone.write("train.py", TRAIN)
    clone.write("evaluate.py", EVALUATE)
    clone.write("dvc.yaml", PIPELINE)
    clone.write("branchline.yaml", f"model: toy\ngate: {gate}\n")
    clone.commit("made")
    return clone


def test_an_honest_gate_passes_every_probe(clone: Clone) -> None:
    made(clone, "{metrics: {accuracy: {min: 0.6, max_regression: 0.05}}}")
    first = clone.call("run")

    said = clone.call("gate", "selftest")

    assert first.code == 0, first.out + first.err
    assert "6 of 6 probes passed" in first.out + first.err
    assert said.code == 0, said.out
    assert "refused 20 of 20" in said.out


def test_a_gate_that_chance_passes_fails_the_first_run(clone: Clone) -> None:
    made(clone, "{metrics: {accuracy: {min: 0.2}}}")

    first = clone.call("run")

    assert first.code == 3, first.out + first.err
    assert "shuffled" in first.out
    assert "the self-test of the gate found `shuffled_labels`" in first.out


def test_evaluation_rows_that_were_trained_on_fail_it(clone: Clone) -> None:
    made(clone, "{metrics: {accuracy: {min: 0.6}}}", leak=LEAK)

    first = clone.call("run")
    said = clone.call("gate", "selftest", "--json")

    assert first.code == said.code == 3
    probes = {probe["probe"]: probe for probe in json.loads(said.out)["probes"]}
    assert probes["train_test_overlap"]["numbers"]["exact"] == 20
    assert probes["train_test_overlap"]["examples"][0] == "test.csv:2"
    assert "20 of 200 rows of test.csv stand in train.csv, too" in first.out


@pytest.mark.parametrize("how", ["accept: [train_test_overlap]", "selftest: false"])
def test_what_was_looked_into_is_accepted(clone: Clone, how: str) -> None:
    made(clone, f"{{metrics: {{accuracy: {{min: 0.6}}}}, {how}}}", leak=LEAK)

    first = clone.call("run")

    assert first.code == 0, first.out + first.err


def test_the_second_model_is_not_asked_again(clone: Clone) -> None:
    made(clone, "{metrics: {accuracy: {min: 0.6, max_regression: 0.05}}}")
    clone.call("run")
    clone.write("train.py", TRAIN.replace("mean = sum", "mean = 0.01 + sum"))
    clone.commit("moved")

    second = clone.call("run")

    assert "Self-test" not in second.out + second.err


def test_without_predictions_what_cannot_be_asked_is_said(clone: Clone) -> None:
    made(clone, "{metrics: {accuracy: {min: 0.6}}}")
    clone.write("evaluate.py", EVALUATE.replace("predictions.csv", "said.txt"))
    clone.write("dvc.yaml", PIPELINE.replace("predictions.csv", "said.txt"))
    clone.commit("no predictions")
    first = clone.call("run")

    said = clone.call("gate", "selftest")

    assert first.code == 0, first.out + first.err
    assert said.code == 0
    assert "the run left no predictions" in said.out
    assert "gate.predictions" in said.out


def test_without_a_gate_there_is_nothing_to_test(clone: Clone) -> None:
    made(clone, "{baseline: production}")
    clone.call("run")

    said = clone.call("gate", "selftest")

    assert said.code == 1
    assert "no gate is declared" in said.err
