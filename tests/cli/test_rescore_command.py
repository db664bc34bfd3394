"""The champion scored again by `branchline run`, on real repositories."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from branchline.adapters.local_process.processes import read_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Clone, Said

    Make = Callable[..., Clone]

SETTINGS = "model: m\ngate: {metrics: {acc: {max_regression: 0.01}}}\n"
PIPELINE = """\
stages:
  prepare:
    cmd: python prepare.py
    deps: [prepare.py, raw.txt]
    params: [scale]
    outs: [train.txt, test.txt]
  train:
    cmd: python train.py
    deps: [train.py, train.txt]
    params: [bias]
    outs: [model.pkl, vocabulary.txt]
  evaluate:
    cmd: python evaluate.py
    deps: [evaluate.py, test.txt, model.pkl, vocabulary.txt]
    params: [limit]
    metrics: [{metrics.json: {cache: false}}]
"""
PREPARE = """\
params = dict(line.split(": ") for line in open("params.yaml").read().splitlines())
rows = [int(row) * int(params["scale"]) for row in open("raw.txt")]
open("train.txt", "w").write("\\n".join(map(str, rows[::2])))
open("test.txt", "w").write("\\n".join(map(str, rows[1::2])))
"""
TRAIN = """\
import pickle
params = dict(line.split(": ") for line in open("params.yaml").read().splitlines())
rows = [int(row) for row in open("train.txt")]
pickle.dump(sum(rows) / len(rows) + int(params["bias"]), open("model.pkl", "wb"))
open("vocabulary.txt", "w").write(params["bias"])
"""
EVALUATE = """\
import json, pickle
params = dict(line.split(": ") for line in open("params.yaml").read().splitlines())
model = pickle.load(open("model.pkl", "rb"))
rows = [int(row) for row in open("test.txt")]
right = sum(abs(row - model) <= int(params["limit"]) for row in rows)
json.dump({"acc": right / len(rows)}, open("metrics.json", "w"))
"""
FILES = {
    "branchline.yaml": SETTINGS,
    "dvc.yaml": PIPELINE,
    "params.yaml": "scale: 1\nbias: 0\nlimit: 2\n",
    "prepare.py": PREPARE,
    "train.py": TRAIN,
    "evaluate.py": EVALUATE,
    "raw.txt": "\n".join(map(str, [5, 5, 5, 6, 5, 7, 5, 20])),
}
AGAIN = "scoring the champion"


@pytest.fixture
def clone(make_clone: Make) -> Clone:
    """A project whose first run is in production: 3 of 4 right, and a candidate with bias 1."""
    made = make_clone(FILES)
    champion(made)
    set_params(made, bias=1)
    return made


def champion(clone: Clone) -> str:
    """Run, and put it in production."""
    said = clone.call("run")
    assert said.code == 0, said.out + said.err
    clone.commit("what it made")
    assert clone.call("run").code == 0
    clone.git("tag", "-a", "m#production", "-m", "in use")
    return clone.git("rev-parse", "--short=7", "HEAD")


def set_params(clone: Clone, **values: int) -> None:
    found = dict(line.split(": ") for line in (clone.root / "params.yaml").read_text().splitlines())
    found |= {name: str(value) for name, value in values.items()}
    clone.write("params.yaml", "".join(f"{name}: {value}\n" for name, value in found.items()))


def ran(clone: Clone) -> tuple[Said, dict[str, Any]]:
    """Commit, run, and read the verdict."""
    clone.commit("a change")
    said = clone.call("run", "--json")
    return said, json.loads(said.out)["verdict"]


def finding(verdict: dict[str, Any]) -> tuple[str, float | None, float | None]:
    (only,) = verdict["findings"]
    return only["outcome"], only["value"], only["baseline"]


def leavings(clone: Clone) -> list[str]:
    """Names below the folder of the other tree."""
    folder = clone.root / ".branchline" / "champion"
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_where_nothing_of_the_evaluation_changed_the_recorded_numbers_stand(clone: Clone) -> None:
    said, verdict = ran(clone)

    assert finding(verdict) == ("passed", 0.75, 0.75)
    assert verdict["baseline"]["is_rescored"] is False
    assert AGAIN not in said.err
    assert leavings(clone) == []


def test_changed_evaluation_data_have_the_champion_scored_on_them(clone: Clone) -> None:
    clone.write("raw.txt", "\n".join(map(str, [5, 5, 5, 50, 5, 51, 5, 20])))

    said, verdict = ran(clone)

    baseline = verdict["baseline"]
    assert finding(verdict) == ("passed", 0.25, 0.25)
    assert baseline["is_rescored"] is True
    assert baseline["recorded_data"] != baseline["evaluation_data"] != ""
    for digest in (baseline["recorded_data"], baseline["evaluation_data"]):
        assert digest[:12] in verdict["summary"]
    assert clone.git("status", "--porcelain", "--", "dvc.yaml", "params.yaml", "raw.txt") == ""
    assert leavings(clone) == ["state"]
    assert said.code == 0
    report = clone.call("report").out
    assert "0.25" in report
    assert "0.75" not in report
    compared = json.loads(clone.call("compare", "HEAD", "--json").out)["metrics"]
    assert [row["values"] for row in compared] == [[0.25, 0.25]]


def test_it_is_said_while_it_happens(clone: Clone) -> None:
    clone.write("raw.txt", "\n".join(map(str, [5, 5, 5, 50, 5, 51, 5, 20])))
    clone.commit("other data")

    said = clone.call("run")

    assert f"{AGAIN} (run " in said.out + said.err
    assert "`test.txt` differs" in said.out + said.err
    assert "evaluate (champion) succeeded" in said.out + said.err


def test_a_bug_mended_in_the_metric_moves_both(clone: Clone) -> None:
    clone.write("evaluate.py", EVALUATE.replace("right / len(rows)", "right / len(rows) / 2"))

    _, verdict = ran(clone)

    assert finding(verdict) == ("passed", 0.375, 0.375)
    assert "`evaluate.py`" in verdict["summary"]


def test_evaluation_reads_todays_parameters(clone: Clone) -> None:
    set_params(clone, limit=100)

    _, verdict = ran(clone)

    assert finding(verdict) == ("passed", 1.0, 1.0)


def test_a_worse_model_fails_on_the_new_data_whatever_the_old_numbers_were(clone: Clone) -> None:
    # Recorded was 0.75; on these the champion has 1.0 and the candidate 0.75.
    clone.write("raw.txt", "\n".join(map(str, [5, 3, 5, 4, 5, 5, 5, 6])))

    _, verdict = ran(clone)

    assert finding(verdict) == ("failed", 0.75, 1.0)


def test_it_is_done_once_and_the_lock_file_keeps_the_runs_own(clone: Clone) -> None:
    clone.write("raw.txt", "\n".join(map(str, [5, 5, 5, 50, 5, 51, 5, 20])))
    _, before = ran(clone)
    lock = (clone.root / "dvc.lock").read_text()
    shutil.rmtree(clone.root / ".branchline" / "champion")

    said = clone.in_full("run", "--json")

    assert json.loads(said.out)["verdict"] == before
    assert leavings(clone) == []
    assert (clone.root / "dvc.lock").read_text() == lock
    clone.commit("again, on another branch")
    assert finding(ran(clone)[1]) == finding(before)
    assert leavings(clone) == []
    runs = json.loads(clone.call("runs", "--json").out)["runs"]
    assert not [run for run in runs if "scored" in run["run"]]


def test_uncommitted_changes_count(clone: Clone) -> None:
    clone.commit("candidate")
    clone.write("evaluate.py", EVALUATE.replace("right / len(rows)", "right / len(rows) / 2"))

    verdict = json.loads(clone.call("run", "--json").out)["verdict"]

    assert finding(verdict) == ("passed", 0.375, 0.375)


def test_data_that_git_ignores_are_todays(make_clone: Make) -> None:
    clone = make_clone({**FILES, ".gitignore": "raw.txt\nwords/\n"})
    clone.write("raw.txt", FILES["raw.txt"])
    clone.write("words/extra.txt", "0")
    clone.write(
        "evaluate.py", EVALUATE.replace("right /", "int(open('words/extra.txt').read()) + right /")
    )
    clone.write("dvc.yaml", PIPELINE.replace("deps: [evaluate.py,", "deps: [evaluate.py, words,"))
    clone.commit("words")
    champion(clone)
    set_params(clone, bias=1)
    clone.write("words/extra.txt", "1")

    _, verdict = ran(clone)

    assert finding(verdict) == ("passed", 1.75, 1.75)


@pytest.mark.slow
def test_files_that_git_keeps_apart_are_todays(make_clone: Make) -> None:
    """As Git LFS does: what git has of them is a pointer."""
    clone = make_clone(FILES)
    clone.git("config", "filter.apart.clean", "sha256sum")
    clone.write(".gitattributes", "declared.txt filter=apart\nread.txt filter=apart\n")
    clone.write("declared.txt", "0")
    clone.write("read.txt", "0")
    reads = "sum(int(open(name).read()) for name in ('declared.txt', 'read.txt')) + right /"
    clone.write("evaluate.py", EVALUATE.replace("right /", reads))
    clone.write("dvc.yaml", PIPELINE.replace("[evaluate.py,", "[evaluate.py, declared.txt,"))
    clone.commit("kept apart")
    champion(clone)
    set_params(clone, bias=1)
    clone.write("declared.txt", "1")
    clone.write("read.txt", "2")

    _, verdict = ran(clone)

    assert finding(verdict) == ("passed", 3.75, 3.75)


def test_a_model_that_cannot_be_loaded_leaves_the_verdict_open(make_clone: Make) -> None:
    clone = make_clone({**FILES, "old.py": "class Old(float): pass\n"})
    clone.write(
        "train.py",
        "import old\n"
        + TRAIN.replace("pickle.dump(", "pickle.dump(old.Old(").replace('"]), open', '"])), open'),
    )
    clone.commit("its own class")
    champion(clone)
    (clone.root / "old.py").unlink()
    clone.write("train.py", TRAIN)
    clone.write("evaluate.py", EVALUATE + "# token\nx = 1\n")

    said, verdict = ran(clone)

    problem = verdict["baseline"]["problem"]
    assert finding(verdict) == ("unknown", 0.75, None)
    assert "ModuleNotFoundError: No module named 'old'" in problem
    assert said.code == 4
    log = problem.partition("(the log: ")[2].partition(")")[0]
    assert "No module named 'old'" in (clone.root / log).read_text()
    clone.write("old.py", "class Old(float): pass\n")
    assert finding(ran(clone)[1]) == ("passed", 0.75, 0.75)


def test_a_model_that_is_in_no_store_is_named_with_how_to_bring_it(clone: Clone) -> None:
    clone.commit("candidate")
    assert clone.call("run").code == 0
    store = clone.root / ".branchline" / "store"
    keep = (clone.root / "model.pkl").read_bytes()
    for file in store.rglob("*"):
        if file.is_file() and file.stat().st_size == len(keep) and file.read_bytes() != keep:
            file.unlink()
    clone.write("evaluate.py", EVALUATE + "x = 1\n")

    said, verdict = ran(clone)

    assert finding(verdict) == ("unknown", 0.75, None)
    assert "`model.pkl` (md5 " in verdict["baseline"]["problem"]
    assert "not in the store" in verdict["baseline"]["problem"]
    assert said.code == 4


@pytest.mark.slow
def test_a_model_that_only_a_remote_has_is_fetched(make_clone: Make, tmp_path: Path) -> None:
    remote = tmp_path / "remote"
    config = f"[core]\n    remote = far\n['remote \"far\"']\n    url = {remote}\n"
    clone = make_clone({**FILES, ".dvc/config": config, ".dvc/.gitignore": "/cache\n/tmp\n"})
    champion(clone)
    shutil.copytree(clone.root / ".dvc" / "cache", remote)
    shutil.rmtree(clone.root / ".dvc" / "cache")
    set_params(clone, bias=1)
    clone.write("evaluate.py", EVALUATE.replace("right / len(rows)", "right / len(rows) / 2"))

    _, verdict = ran(clone)

    assert finding(verdict) == ("passed", 0.375, 0.375)
    assert verdict["baseline"]["is_rescored"] is True


@pytest.mark.slow
def test_what_training_left_and_evaluation_does_not_read_may_be_gone(make_clone: Make) -> None:
    pipeline = PIPELINE.replace(
        "outs: [model.pkl, vocabulary.txt]",
        "outs: [model.pkl, vocabulary.txt]\n    metrics: [{train.json: {cache: false}}]",
    )
    loss = "open('train.json', 'w').write('{\"loss\": 7' + params['bias'] + '}')\n"
    clone = make_clone({**FILES, "dvc.yaml": pipeline, "train.py": TRAIN + loss})
    champion(clone)
    for file in (clone.root / ".branchline" / "store").rglob("*"):
        if file.is_file() and file.read_bytes() == b'{"loss": 70}':
            file.unlink()
    set_params(clone, bias=1)
    clone.write("evaluate.py", EVALUATE.replace("right / len(rows)", "right / len(rows) / 2"))

    _, verdict = ran(clone)

    assert finding(verdict) == ("passed", 0.375, 0.375)


ALL_IN_ONE = """\
stages:
  fit:
    cmd: python fit.py
    deps: [fit.py, test.txt]
    params: [bias]
    outs: [model.txt]
    metrics: [{metrics.json: {cache: false}}]
"""
FIT = """\
import json
bias = int(open("params.yaml").read().split(": ")[1])
open("model.txt", "w").write(str(bias))
json.dump({"acc": int(open("test.txt").read()) + bias}, open("metrics.json", "w"))
"""


@pytest.fixture
def single(make_clone: Make) -> Clone:
    made = make_clone(
        {
            "branchline.yaml": SETTINGS,
            "dvc.yaml": ALL_IN_ONE,
            "fit.py": FIT,
            "params.yaml": "bias: 0\n",
            "test.txt": "1",
        }
    )
    champion(made)
    return made


def test_one_stage_that_does_both_is_compared_while_its_data_stay(single: Clone) -> None:
    single.write("params.yaml", "bias: 1\n")
    _, verdict = ran(single)
    single.write("fit.py", FIT + "x = 1\n")
    _, other = ran(single)

    assert finding(verdict) == ("passed", 2, 1)
    assert verdict["baseline"]["via"] == "alias `production`"
    assert finding(other) == ("passed", 2, 1)
    assert "code of `fit` changed and `fit` trains and evaluates in one" in other["summary"]


def test_one_stage_that_does_both_cannot_be_compared_on_other_data(single: Clone) -> None:
    single.write("test.txt", "2")

    said, verdict = ran(single)

    assert finding(verdict) == ("unknown", 2, None)
    assert "`fit` trains and evaluates in one" in verdict["baseline"]["problem"]
    assert "split it: a stage that leaves the model" in verdict["summary"]
    assert said.code == 4


def test_an_evaluation_that_names_this_very_folder_is_not_taken_along(clone: Clone) -> None:
    path = f'"{clone.root}/model.pkl"'
    clone.write("evaluate.py", EVALUATE.replace('"model.pkl"', path))

    _, verdict = ran(clone)

    assert finding(verdict) == ("unknown", 0.75, None)
    assert "write paths from the root instead" in verdict["baseline"]["problem"]


@pytest.mark.slow
def test_predictions_of_the_training_are_scored_again_but_not_on_other_data(
    make_clone: Make,
) -> None:
    train = """\
bias = int(open("params.yaml").read().split(": ")[1])
open("model.txt", "w").write(str(bias))
open("predictions.txt", "w").write(str(int(open("test.txt").read()) + bias))
"""
    score = """\
import json
json.dump({"acc": int(open("predictions.txt").read())}, open("metrics.json", "w"))
"""
    pipeline = """\
stages:
  train:
    cmd: python train.py
    deps: [train.py, test.txt]
    params: [bias]
    outs: [model.txt, predictions.txt]
  score:
    cmd: python score.py
    deps: [score.py, predictions.txt]
    metrics: [{metrics.json: {cache: false}}]
"""
    clone = make_clone(
        {
            "branchline.yaml": f"{SETTINGS}registry: {{paths: [model.txt]}}\n",
            "dvc.yaml": pipeline,
            "train.py": train,
            "score.py": score,
            "params.yaml": "bias: 0\n",
            "test.txt": "1",
        }
    )
    champion(clone)
    clone.write("params.yaml", "bias: 1\n")
    as_recorded = ran(clone)[1]
    clone.write("score.py", score.replace("int(", "10 * int("))
    scored = ran(clone)[1]
    clone.write("test.txt", "5")
    on_other_data = ran(clone)[1]

    assert (finding(as_recorded), finding(scored)) == (("passed", 2, 1), ("passed", 20, 10))
    assert finding(on_other_data) == ("unknown", 60, None)
    assert "predictions that training made" in on_other_data["baseline"]["problem"]


def test_data_are_no_model_though_training_leaves_none(make_clone: Make) -> None:
    """Else today's training on the champion's data would be its evaluation."""
    pipeline = """\
stages:
  prepare:
    cmd: python prepare.py
    deps: [prepare.py, raw.txt]
    outs: [data.pkl]
  train:
    cmd: python train.py
    deps: [train.py, data.pkl]
    metrics: [{metrics.json: {cache: false}}]
"""
    train = """\
import json
json.dump({"acc": int(open("data.pkl").read())}, open("metrics.json", "w"))
"""
    clone = make_clone(
        {
            "branchline.yaml": SETTINGS,
            "dvc.yaml": pipeline,
            "prepare.py": "open('data.pkl', 'w').write(open('raw.txt').read())\n",
            "train.py": train,
            "raw.txt": "3",
        }
    )
    champion(clone)
    clone.write("train.py", train.replace("int(", "-1 + int("))

    _, verdict = ran(clone)

    assert finding(verdict) == ("failed", 2, 3)
    assert verdict["baseline"]["is_rescored"] is False
    assert "it cannot be told which output is the model" in verdict["summary"]


def test_a_first_model_has_no_champion(make_clone: Make) -> None:
    clone = make_clone(FILES)

    assert finding(ran(clone)[1]) == ("passed", 0.75, None)
    assert leavings(clone) == []


def test_features_that_the_champion_never_learned_from_do_not_make_it_worse(clone: Clone) -> None:
    set_params(clone, scale=10, limit=20)

    _, verdict = ran(clone)

    assert finding(verdict)[0] == "unknown"
    assert "`acc` fell from 0.75 to 0.0; `prepare` changed too" in verdict["baseline"]["problem"]


@pytest.mark.slow
def test_who_names_the_evaluation_set_has_features_belong_to_the_model(make_clone: Make) -> None:
    clone = make_clone({**FILES, "branchline.yaml": f"{SETTINGS[:-2]}, data: raw.txt}}\n"})
    champion(clone)
    clone.write("prepare.py", PREPARE.replace("int(row) *", "2 - 2 + int(row) + 1 - 1 + 0 *"))
    set_params(clone, bias=1, scale=10)

    _, verdict = ran(clone)

    assert verdict["baseline"]["is_rescored"] is False
    assert finding(verdict)[2] == 0.75


def test_a_named_evaluation_set_that_changed_is_no_reason_to_trust_the_record(
    make_clone: Make,
) -> None:
    clone = make_clone({**FILES, "branchline.yaml": f"{SETTINGS[:-2]}, data: raw.txt}}\n"})
    champion(clone)
    set_params(clone, bias=1)
    clone.write("raw.txt", "\n".join(map(str, [5, 3, 5, 4, 5, 5, 5, 6])))

    _, verdict = ran(clone)

    assert verdict["baseline"]["is_rescored"] is True
    assert finding(verdict) == ("failed", 0.75, 1.0)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGKILL, -signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGINT, 130, id="interrupted"),
    ],
)
def test_an_end_in_between_leaves_nothing_half(
    clone: Clone, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    mark = tmp_path / "asleep"
    slow = f"""import os, time
if os.environ.get("SLOW") and open("vocabulary.txt").read() == "0":  # the champion's
    open({str(mark)!r}, "w").write(str(os.getpid()))
    time.sleep(60)
"""
    clone.write("evaluate.py", slow + EVALUATE)
    clone.commit("slow")
    before = clone.git("for-each-ref", "refs/branchline/runs")
    walk = subprocess.Popen(
        [sys.executable, "-m", "branchline", "run"],
        cwd=clone.root,
        env=os.environ | {"SLOW": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    asleep = int(mark.read_text())

    walk.send_signal(number)
    said, _ = walk.communicate()

    assert walk.returncode == code, said
    assert clone.git("for-each-ref", "refs/branchline/runs") == before
    verdict = json.loads(clone.call("run", "--json").out)["verdict"]
    assert finding(verdict) == ("passed", 0.75, 0.75)
    assert verdict["baseline"]["is_rescored"] is True
    assert leavings(clone) == ["state"]
    left = read_process(asleep)
    assert left is None or left.is_zombie


def test_it_has_the_time_that_the_stage_has(clone: Clone) -> None:
    slow = "import time\ntime.sleep(60 * (open('vocabulary.txt').read() == '0'))\n"
    clone.write("evaluate.py", slow + EVALUATE)
    clone.write("branchline.yaml", f"{SETTINGS}resources: {{evaluate: {{timeout: 2s}}}}\n")

    said, verdict = ran(clone)

    assert finding(verdict) == ("unknown", 0.75, None)
    assert "timeout" in verdict["baseline"]["problem"]
    assert said.code == 4
