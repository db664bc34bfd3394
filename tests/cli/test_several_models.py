"""Commands without `--model` in a repository of several models: each has its turn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from branchline.cli.several import gravest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]

MODELS = """
models:
  churn:
    train: {run: python churn/train.py, outs: [churn/model], metrics: [churn/m.json]}
    gate: {metrics: {auc: {min: 0.5}}}
  fraud:
    train: {run: python fraud/train.py, outs: [fraud/model], metrics: [fraud/m.json]}
    gate: {metrics: {auc: {min: 0.5}}}
"""
TRAIN = """
import json
import pathlib
import sys
sys.path.insert(0, ".")
from %(shared)s import score
here = pathlib.Path("%(name)s")
here.joinpath("model").write_text("%(name)s")
here.joinpath("m.json").write_text(json.dumps({"auc": score()}))
"""


def files(*, churn: str = "shared", fraud: str = "shared") -> dict[str, str]:
    """Two models; each imports a module from the top of the repository."""
    return {
        "branchline.yaml": MODELS,
        "churn/train.py": TRAIN % {"name": "churn", "shared": churn},
        "fraud/train.py": TRAIN % {"name": "fraud", "shared": fraud},
        "shared.py": "def score():\n    return 0.9\n",
        "alone.py": "def score():\n    return 0.8\n",
        ".gitignore": "__pycache__/\n",
    }


def empty_by_model(clone: Clone) -> dict[str, bool]:
    """Of each model, whether nothing has to run."""
    said = json.loads(clone.call("plan", "--json").out)
    return {entry["model"]: entry["plan"]["is_empty"] for entry in said["models"]}


def test_each_model_runs_and_has_its_own_entry_and_reason(make_clone: MakeClone) -> None:
    clone = make_clone(files())

    planned, ran, again = clone.call("plan"), clone.call("run"), clone.call("run")

    assert [row for row in planned.out.splitlines() if row.startswith("model ")] == [
        "model churn",
        "model fraud",
    ]
    assert (planned.code, ran.code, again.code) == (0, 0, 0)
    assert "the command changed" not in ran.out  # what the other model's `train` was
    assert again.out.count("Nothing to run") == 2
    lock = (clone.root / "branchline.lock").read_text()
    assert "  churn/train:\n" in lock
    assert "  fraud/train:\n" in lock
    assert clone.call("plan", "--model", "churn").out.count("nothing changed") == 1


def test_the_lock_alone_vouches_for_each_model(make_clone: MakeClone) -> None:
    clone = make_clone(files())
    clone.call("run")
    for record in clone.git("for-each-ref", "--format=%(refname)", "refs/branchline").split():
        clone.git("update-ref", "-d", record)

    # The lock names neither code nor environment: `--trust-lock` takes its word.
    said = json.loads(clone.call("plan", "--trust-lock", "--json").out)

    assert [entry["plan"]["is_empty"] for entry in said["models"]] == [True, True]


def test_one_failure_does_not_stop_the_others_and_the_gravest_code_counts(
    make_clone: MakeClone,
) -> None:
    clone = make_clone(files(churn="gone_at_run_time"))
    clone.write("gone_at_run_time.py", "def score():\n    raise SystemExit(7)\n")
    clone.commit()

    said = clone.call("run")
    listed = json.loads(clone.call("run", "--json").out)["models"]

    assert said.code == 1
    assert "failed train" in said.out
    assert "Verdict: Passed" in said.out
    assert [(m["model"], m["exit_code"]) for m in listed] == [("churn", 1), ("fraud", 0)]
    assert listed[0]["run"]["failures"]["train"]["exit_code"] == 7
    assert listed[1]["run"]["verdict"]["outcome"] == "passed"


def test_an_error_of_one_model_stands_beside_the_plans_of_others(make_clone: MakeClone) -> None:
    clone = make_clone(files() | {"churn/train.py": "def (:\n"})

    said = clone.call("plan", "--json", "--exit-code")
    listed = json.loads(said.out)["models"]

    assert said.code == 1
    assert said.err.startswith("error: ")
    assert listed[0]["error"]["slug"] == "code"
    assert listed[0]["plan"] is None
    assert listed[1]["error"] is None
    assert listed[1]["exit_code"] == 10


def test_a_named_stage_asks_for_the_model(make_clone: MakeClone) -> None:
    clone = make_clone(files())

    said = clone.call("run", "train")

    assert said.code == 2
    assert "declares 2 models: churn, fraud" in said.err
    assert "hint: Name the model: branchline run --model churn train" in said.err


@pytest.mark.parametrize("words", [["why", "train"], ["tune"], ["noise"], ["env", "show"]])
def test_a_command_of_one_model_says_so(make_clone: MakeClone, words: list[str]) -> None:
    clone = make_clone(files())

    said = clone.call(*words)

    assert said.code == 2
    assert said.err == (
        "error: branchline.yaml declares 2 models: churn, fraud\nhint: Name one: --model churn\n"
    )


@pytest.mark.parametrize(
    ("edited", "wants"),
    [
        pytest.param("shared.py", {"churn", "fraud"}, id="what-both-import-plans-both"),
        pytest.param("alone.py", set(), id="what-none-imports-plans-none"),
        pytest.param("churn/train.py", {"churn"}, id="a-models-own-code-plans-it-alone"),
    ],
)
def test_a_change_plans_the_models_that_import_it(
    make_clone: MakeClone, edited: str, wants: set[str]
) -> None:
    clone = make_clone(files())
    clone.call("run")
    clone.commit()
    assert empty_by_model(clone) == {"churn": True, "fraud": True}

    text = (clone.root / edited).read_text()
    clone.write(edited, f"{text}\nADDED = len('x')\n")
    clone.commit()

    found = empty_by_model(clone)
    one_by_one = {
        name: json.loads(clone.call("plan", "--model", name, "--json").out)["is_empty"]
        for name in ("churn", "fraud")
    }
    assert {name for name, is_empty in found.items() if not is_empty} == wants
    assert found == one_by_one


def test_a_module_that_one_model_imports_plans_that_model(make_clone: MakeClone) -> None:
    clone = make_clone(files(fraud="alone"))
    clone.call("run")

    clone.write("alone.py", "def score():\n    return 0.7\n")

    assert empty_by_model(clone) == {"churn": True, "fraud": False}


def test_runs_of_several_models_say_whose_they_are(make_clone: MakeClone) -> None:
    clone = make_clone(files())
    clone.call("run")

    all_of_them, own = clone.call("runs"), clone.call("runs", "--model", "fraud")

    assert all_of_them.out.splitlines()[0].split()[:2] == ["run", "model"]
    assert {row.split()[1] for row in all_of_them.out.splitlines()[1:]} == {"churn", "fraud"}
    assert len(own.out.splitlines()) == 2
    assert "no run of the model `spam`" in clone.call("runs", "--model", "spam").err


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        pytest.param([0, 0], 0, id="all-fine"),
        pytest.param([0, 10, 0], 10, id="one-has-to-run"),
        pytest.param([10, 4], 4, id="unknown-before-pending"),
        pytest.param([4, 3], 3, id="failed-before-unknown"),
        pytest.param([3, 2, 1], 1, id="an-error-before-all-verdicts"),
        pytest.param([1, 130], 130, id="stopped-before-all"),
    ],
)
def test_the_gravest_code(codes: list[int], code: int) -> None:
    assert gravest(codes) == code
    assert gravest(codes[::-1]) == code


FOLDER_TRAIN = """
import json
import pathlib
import sys
sys.path.insert(0, "../..")
from shared import score
pathlib.Path("model").write_text("%(name)s")
pathlib.Path("metrics.json").write_text(json.dumps({"auc": score()}))
"""
FOLDERS = {
    "services/churn/branchline.yaml": "model: churn\ntrain: python train.py\n"
    "gate: {metrics: {auc: {min: 0.5}}}\n",
    "services/churn/train.py": FOLDER_TRAIN % {"name": "churn"},
    "services/fraud/branchline.yaml": "model: fraud\n",
    "services/fraud/dvc.yaml": "stages: {train: {cmd: python train.py, deps: [train.py],"
    " outs: [model], metrics: [{metrics.json: {cache: false}}]}}\n",
    "services/fraud/train.py": FOLDER_TRAIN % {"name": "fraud"},
    "shared.py": "def score():\n    return 0.9\n",
    ".gitignore": "__pycache__/\n",
}


def test_models_of_folders_are_all_found_from_the_root(make_clone: MakeClone) -> None:
    clone = make_clone(FOLDERS)

    ran = clone.call("run")
    clone.commit()

    assert ran.code == 0
    assert empty_by_model(clone) == {"churn": True, "fraud": True}
    assert "  train:\n" in (clone.root / "services/churn/branchline.lock").read_text()
    assert "  train:\n" in (clone.root / "services/fraud/dvc.lock").read_text()
    assert (clone.root / "services/churn/model").read_text() == "churn"
    assert (clone.root / "services/fraud/model").read_text() == "fraud"
    assert clone.call().out.startswith("project   2 models, ")
    clone.write("shared.py", "def score():\n    return 0.7\n")
    assert empty_by_model(clone) == {"churn": False, "fraud": False}
    clone.git("checkout", "-q", "shared.py")
    clone.write("services/churn/train.py", FOLDERS["services/churn/train.py"] + "ADDED = 1\n")
    assert empty_by_model(clone) == {"churn": False, "fraud": True}


@pytest.mark.parametrize("name", ["churn", "fraud"])
def test_in_a_folder_it_is_that_folders_model(
    make_clone: MakeClone, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    clone = make_clone(FOLDERS)
    monkeypatch.chdir(clone.root / "services" / name)

    planned = clone.call("plan", "train")
    ran = clone.call("run", "--json")
    why = clone.call("why", "train")

    assert planned.code == ran.code == why.code == 0
    assert f"services/{name}/" in planned.out
    assert json.loads(ran.out)["ran"][0].startswith(f"services/{name}/")
    assert "nothing changed" in why.out
    assert clone.call("plan", "--model", "spam").code == 2
    other = {"churn": "fraud", "fraud": "churn"}[name]
    monkeypatch.chdir(clone.root / "services" / other)
    assert "last run  none is recorded here" in clone.call().out
    monkeypatch.chdir(clone.root)
    assert empty_by_model(clone) == {"churn": name == "churn", "fraud": name == "fraud"}


def test_the_doctor_knows_the_files_of_folders(make_clone: MakeClone) -> None:
    clone = make_clone(FOLDERS)

    said = json.loads(clone.call("doctor", "--json").out)

    (settings,) = [check for check in said["checks"] if check["name"] == "settings"]
    assert settings["sentence"] == "services/churn/branchline.yaml, services/fraud/branchline.yaml"
    gates = [box["sentence"] for box in said["checklist"] if box["name"] == "gate"]
    assert gates == ["no bar says what a model must reach of fraud"]  # churn has one


def test_two_folders_may_not_have_one_models_name(make_clone: MakeClone) -> None:
    clone = make_clone(FOLDERS | {"services/fraud/branchline.yaml": "model: churn\n"})

    said = clone.call("plan")

    assert said.code == 1
    assert "services/fraud/branchline.yaml:1: model is `churn`" in said.err
    assert "services/churn/branchline.yaml" in said.err


def test_a_file_of_a_folder_that_is_not_in_force_is_named(
    make_clone: MakeClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = {"branchline.yaml": "model: whole\ntrain: echo 1 > model\n"}
    clone = make_clone(FOLDERS | root)
    monkeypatch.chdir(clone.root / "services" / "churn")

    said = clone.call("plan")

    assert said.code == 0
    assert "services/churn/branchline.yaml is not read: the root declares the models" in said.err


def test_workflows_and_replay_know_the_models_of_folders(make_clone: MakeClone) -> None:
    clone = make_clone(FOLDERS)
    clone.write("shared.py", "def score():\n    return 0.7\n")
    clone.commit("shared")
    clone.write("services/churn/train.py", FOLDERS["services/churn/train.py"] + "ADDED = 1\n")
    clone.commit("churn")

    written, checked = clone.call("workflows", "write"), clone.call("workflows", "check")
    found = json.loads(clone.call("replay", "--json").out)

    assert (written.code, checked.code) == (0, 0)
    answers = [{m["model"]: m["answer"] for m in push["models"]} for push in found["pushes"]]
    assert answers == [
        {"churn": "train", "fraud": "train"},
        {"churn": "train", "fraud": "train"},
        {"churn": "train", "fraud": "skip"},
    ]


WORKFLOW = """\
name: churn
on: {push: {branches: [main], paths: ["services/churn/**"]}}
jobs:
  train:
    runs-on: ubuntu-24.04
    steps: [{run: python train.py, working-directory: services/churn}]
"""


def test_a_workflow_of_one_model_is_not_counted_for_the_others(make_clone: MakeClone) -> None:
    clone = make_clone(FOLDERS | {".github/workflows/churn.yml": WORKFLOW})
    clone.write("shared.py", "def score():\n    return 0.7\n")
    clone.commit("shared")
    clone.write("services/churn/train.py", FOLDERS["services/churn/train.py"] + "ADDED = 1\n")
    clone.commit("churn")

    found = json.loads(clone.call("replay", "--json").out)
    said = clone.call("replay").out

    (counts,) = [one for one in found["policies"] if one["policy"] == "churn.yml"]
    assert (counts["pushes"], counts["trainings"]) == (2, 2)  # the first push, and the last
    assert [missed["model"] for missed in counts["missed"]] == ["churn"]  # shared.py
    assert "`churn.yml` is taken to train churn only, which it names" in found["notes"]
    of_fraud = said.partition("Model fraud")[2].partition("push ")[0]
    assert "always" in of_fraud
    assert "churn.yml" not in of_fraud


def test_stages_of_one_name_have_the_times_of_their_own_model(make_clone: MakeClone) -> None:
    given = files()
    given["fraud/train.py"] += "\nimport time\ntime.sleep(1.5)\n"
    clone = make_clone(given)
    assert clone.call("run").code == 0

    found = clone.call("replay").out

    def minutes(model: str) -> float:
        table = found.partition(f"Model {model}\n")[2]
        row = next(line for line in table.splitlines() if line.startswith("always"))
        return float(row.split()[5])

    assert minutes("fraud") > minutes("churn") + 0.01
