"""`reproduce` of numbers that differ: within the noise, by chance, a variable, packages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.adapters.environments.test_local import wheel
from tests.cli.test_reproduce_command import Project

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = """\
import json, os, random
values = dict(line.split(": ") for line in open("params.yaml").read().splitlines())
random.seed(int(values["seed"]) if not os.environ.get("CHANCE") else None)
try:
    import tiny
    more = float(tiny.VERSION)
except ImportError:
    more = 0
value = float(values["rate"]) + random.random() / 100 + more
if folder := os.environ.get("COUNTED"):
    # What threads or a GPU do, by a rule that a test can rely on.
    value += (len(os.listdir(folder)) % 4 - 1.5) / 500
    os.mkdir(f"{folder}/{len(os.listdir(folder))}")
for name in ("SHIFT", "HIDDEN"):
    value += float(os.environ.get(name, "0"))
open("model.txt", "w").write(str(value))
json.dump({"auc": value}, open("metrics.json", "w"))
"""
PIPELINE = """\
stages:
  train:
    cmd: python train.py
    deps: [train.py]
    params: [rate, seed]
    outs: [model.txt]
    metrics: [{metrics.json: {cache: false}}]
"""
SETTINGS = """\
model: m
pipeline: dvc.yaml
gate: {metrics: {auc: {min: 0.1, max_regression: 0.01}}, replicates: {seed: seed, max: 5}}
environment: {variables: [SHIFT, OTHER]}
"""


def recorded(folder: Path, *, more: dict[str, str] | None = None, **environ: str) -> Project:
    """A repository with one recorded run."""
    made = Project(folder)
    files = {
        "train.py": TRAIN,
        "dvc.yaml": PIPELINE,
        "branchline.yaml": SETTINGS,
        "params.yaml": "rate: 0.5\nseed: 1\n",
        **(more or {}),
    }
    made.begin(files)
    usual, made.environ = made.environ, made.environ | environ
    made.call("run")
    made.environ = usual
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return recorded(tmp_path_factory.mktemp("blames") / "work")


def test_a_variable_is_put_back_and_proved(project: Project) -> None:
    said = project.call("reproduce", code=3, SHIFT="0.2", OTHER="x")
    told = json.loads(project.call("reproduce", "--json", code=3, SHIFT="0.2"))

    assert "training it once more, to see whether chance is to blame" in said
    assert "To blame: `$SHIFT`, which was not set and is now. Put back, the recorded" in said
    assert "It began in `train`." in said
    assert told["outcome"] == "different"
    assert told["suspects"] == [
        {
            "kind": "variable",
            "name": "$SHIFT",
            "sentence": "`$SHIFT`, which was not set and is now",
            "is_proved": True,
        }
    ]
    assert told["began_in"] == ["train"]


def test_chance_shows_in_a_second_training(project: Project) -> None:
    assert "To blame: chance." in project.call("reproduce", code=3, CHANCE="1")


def test_what_no_record_holds_is_said(project: Project) -> None:
    said = project.call("reproduce", code=3, HIDDEN="0.2")
    once = project.call("reproduce", "--once", code=3, HIDDEN="0.2")

    assert "To blame is something that the record does not hold" in said
    assert "training it once more" not in once
    assert "What is left is chance, packages" in once


def test_a_number_within_the_noise(tmp_path: Path) -> None:
    (tmp_path / "counted").mkdir()
    counted = str(tmp_path / "counted")
    project = recorded(tmp_path / "work", COUNTED=counted)
    project.call("noise", "--runs", "4", COUNTED=counted)

    said = project.call("reproduce", COUNTED=counted)
    told = json.loads(project.call("reproduce", "--json", COUNTED=counted))
    beyond = json.loads(project.call("reproduce", "--json", "--once", code=3, SHIFT="0.2"))

    assert "came out the same within the noise." in said
    assert "the very same, trained again, moves it by up to" in said
    assert told["outcome"] == "within_noise"
    assert (told["is_reproduced"], told["is_same"]) == (True, False)
    assert beyond["outcome"] == "different"


EVALUATE = """\
import csv, json, os, random
random.seed(1)
rows = [(n, int(random.random() < 0.5)) for n in range(300)]
said = [(n, truth, min(1, max(0, truth + random.gauss(0, 0.5)))) for n, truth in rows]
wrong = int(os.environ.get("WRONG", "0"))
said = [(n, truth, 1 - score if n < wrong else score) for n, truth, score in said]
with open("predictions.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["id", "y_true", "y_score"])
    writer.writerows(said)
right = sum((score > 0.5) == bool(truth) for _, truth, score in said)
json.dump({"accuracy": right / len(said)}, open("metrics.json", "w"))
open("model.txt", "w").write("model")
"""


def test_a_number_within_the_noise_of_the_same_examples(tmp_path: Path) -> None:
    pytest.importorskip("numpy", reason="needs the extra `gate`")
    project = recorded(
        tmp_path / "work",
        more={
            "train.py": EVALUATE,
            "dvc.yaml": PIPELINE.replace("model.txt]", "model.txt, predictions.csv]"),
            "branchline.yaml": "model: m\npipeline: dvc.yaml\n"
            "gate: {metrics: {accuracy: {min: 0.5, max_regression: 0.05}}}\n",
        },
    )

    said = project.call("reproduce", WRONG="3")
    beyond = project.call("reproduce", "--once", code=3, WRONG="100")

    assert "came out the same within the noise." in said
    assert "on the same 300 examples, 90 % interval" in said
    assert "came out otherwise." in beyond


@pytest.mark.slow
def test_the_packages_of_an_exact_lock_are_installed(tmp_path: Path) -> None:
    wheel(tmp_path, "1.0")
    (tmp_path / "then").mkdir()
    (tmp_path / "then" / "tiny.py").write_text("VERSION = '1.0'\n")
    project = recorded(
        tmp_path / "work",
        more={"requirements.txt": "tiny==1.0\n"},
        PYTHONPATH=str(tmp_path / "then"),
    )
    project.environ |= {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "UV_OFFLINE": "1",
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(tmp_path),
    }

    said = project.call("reproduce")
    here = project.call("reproduce", "--environment", "here", code=3)
    project.environ |= {"PIP_FIND_LINKS": "", "UV_FIND_LINKS": "", "XDG_CACHE_HOME": str(tmp_path)}
    failed = project.call("reproduce", code=1)

    assert "came out the same, byte for byte." in said
    assert "note: made with the packages that `requirements.txt` names" in said
    assert "packages (no lock" in here
    assert "`branchline reproduce --environment here` uses the packages that are here" in failed
