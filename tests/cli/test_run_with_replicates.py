"""`branchline run` where the gate trains again with other seeds, on real repositories."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.cli.noisy import SETTINGS, TRAIN, noisy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Clone

    Make = Callable[..., Clone]

PIPELINE = """\
stages:
  prepare:
    cmd: python prepare.py
    deps: [prepare.py, raw.txt]
    outs: [data.txt]
  train:
    cmd: python train.py --seed 1 --rate 0.9
    deps: [train.py, data.txt]
    outs: [model.txt]
  evaluate:
    cmd: python evaluate.py
    deps: [evaluate.py, model.txt, data.txt]
    metrics: [{metrics.json: {cache: false}}]
"""
_PATIENCE_S = 60.0


def test_a_true_drop_fails_and_nothing_but_records_moves(make_clone: Make, tmp_path: Path) -> None:
    """The trainings are neither the run's own result nor in any lock file."""
    made = noisy(make_clone, tmp_path / "log")
    made.set(base=0.8)

    said = made.clone.call("run")

    assert said.code == 3, said.out + said.err
    assert 2 + 2 <= made.trained <= 2 + 5
    assert "is worse" in said.out
    assert "is trained again with another seed (1 of at most 5" in said.out
    (finding,) = made.verdict()["findings"]
    assert finding["answer"] == "worse"
    assert finding["noise"]["training"] > 0
    assert finding["noise"]["sampling"] is None
    assert finding["noise"]["runs"] == made.trained
    assert json.loads((made.clone.root / "params.json").read_text())["seed"] == 1
    lock = (made.clone.root / "branchline.lock").read_text()
    assert "seed: 1\n" in lock
    assert len(made.clone.git("for-each-ref", "refs/branchline/runs").splitlines()) == 2


def test_the_same_question_again_trains_nothing(make_clone: Make, tmp_path: Path) -> None:
    """And has the same answer to the byte."""
    made = noisy(make_clone, tmp_path / "log")
    made.set(base=0.8)
    made.clone.call("run")
    first, trained = made.verdict(), made.trained

    made.clone.in_full("run")

    assert made.trained == trained
    assert made.verdict() == first


def test_the_same_content_needs_no_training(make_clone: Make, tmp_path: Path) -> None:
    """Where the outputs are the champion's there is nothing that chance could have moved."""
    made = noisy(make_clone, tmp_path / "log")
    made.clone.write("README.md", "words\n")
    made.clone.commit("words")

    said = made.clone.in_full("run")

    assert said.code == 0, said.out
    assert made.trained == 1
    assert "the same as in the baseline" in said.out


def test_what_noise_measured_spares_trainings(make_clone: Make, tmp_path: Path) -> None:
    """The spread of the champion is known, and a gross loss is told after one training or two."""
    made = noisy(make_clone, tmp_path / "log")
    made.clone.call("noise")
    trained = made.trained
    made.set(base=0.6)

    said = made.clone.call("run")

    assert said.code == 3, said.out + said.err
    assert made.trained - trained <= 2


def test_what_noise_measured_counts_where_the_gate_does_not_train_again(
    make_clone: Make, tmp_path: Path
) -> None:
    """Two plain numbers are compared no more: chance alone explains such a loss."""
    settings = SETTINGS.replace("  replicates: REPLICATES\n", "")
    made = noisy(make_clone, tmp_path / "log", settings=settings)
    made.clone.call("noise", "--seed", "seed")
    trained = made.trained
    made.set(base=0.88)

    said = made.clone.call("run")

    assert made.trained == trained + 1
    assert said.code == 0, said.out
    (finding,) = made.verdict()["findings"]
    assert finding["answer"] in ("cannot tell yet", "no worse")
    assert finding["noise"]["training"] > 0


def test_a_budget_that_is_too_small_leaves_it_open(make_clone: Make, tmp_path: Path) -> None:
    """Not known is not passed: it says what one more would take."""
    made = noisy(make_clone, tmp_path / "log", replicates="{seed: seed, max: 5, budget: 10ms}")
    made.set(base=0.91, sleep=0.3)

    said = made.clone.call("run")

    assert made.trained == 2
    assert "gate.replicates.budget has" in said.out
    assert made.verdict()["outcome"] == "unknown"
    (finding,) = made.verdict()["findings"]
    assert finding["answer"] == "cannot tell yet"


def test_a_training_that_fails_is_no_pass(make_clone: Make, tmp_path: Path) -> None:
    """What another seed does is not known then, and that is the verdict."""
    train = TRAIN.replace("moved =", 'assert values["seed"] == 1, "odd seed"\nmoved =')
    made = noisy(make_clone, tmp_path / "log", train=train)
    made.set(base=0.95)

    said = made.clone.call("run")

    assert said.code == 4, said.out
    assert "what another seed does to it is not known: `train` failed" in said.out


def test_a_seed_without_a_number_is_no_pass(make_clone: Make, tmp_path: Path) -> None:
    """The training that left NaN may be the one that went worst."""
    train = TRAIN.replace("moved =", 'values["base"] /= values["seed"] == 1 or 1\nmoved =')
    train = train.replace(
        'json.dump({{"auc": round(values["base"] + moved, 6)}}',
        'json.dump({{"auc": values["base"] + moved if values["seed"] == 1 else float("nan")}}',
    )
    made = noisy(make_clone, tmp_path / "log", train=train)
    made.set(base=0.95)

    said = made.clone.call("run")

    assert said.code == 4, said.out
    assert "it is no finite number" in said.out


def test_a_seed_that_stands_nowhere_is_no_pass(make_clone: Make, tmp_path: Path) -> None:
    """The finding says where it was looked for."""
    made = noisy(make_clone, tmp_path / "log", replicates="{seed: train.sed}")
    made.set(base=0.95)

    said = made.clone.call("run")

    assert said.code == 4, said.out
    assert "gate.replicates.seed names `train.sed`" in said.out


def test_a_killed_run_does_no_training_twice(make_clone: Make, tmp_path: Path) -> None:
    """Each is recorded when it ends."""
    made = noisy(make_clone, tmp_path / "log")
    made.set(base=0.88, sleep=0.4)
    command = [sys.executable, "-m", "branchline", "run"]
    before = made.trained
    with subprocess.Popen(
        command,
        cwd=made.clone.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + _PATIENCE_S
        while made.trained < before + 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    recorded = made.clone.git("for-each-ref", "refs/branchline/noise").splitlines()
    done = sum("seed-" in row for row in recorded)

    said = made.clone.call("run")

    assert done >= 1
    assert said.code in (0, 3, 4), said.out + said.err
    (finding,) = made.verdict()["findings"]
    # Own two, those that were done, the one that was killed, and the rest.
    assert made.trained <= 2 + done + 1 + (finding["noise"]["runs"] - 2 - done)


def test_an_interrupt_ends_it_and_the_next_run_goes_on(make_clone: Make, tmp_path: Path) -> None:
    """There is no verdict then, and exit code 130."""
    made = noisy(make_clone, tmp_path / "log")
    made.set(base=0.88, sleep=0.4)
    before = made.trained
    with subprocess.Popen(
        [sys.executable, "-m", "branchline", "run"],
        cwd=made.clone.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + _PATIENCE_S
        while made.trained < before + 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=_PATIENCE_S)

    said = made.clone.call("run")

    assert code == 130
    assert said.code in (0, 3, 4), said.out + said.err
    assert len(made.clone.git("for-each-ref", "refs/branchline/runs").splitlines()) == 2


def test_of_several_stages_only_what_the_seed_moves_is_made_again(
    make_clone: Make, tmp_path: Path
) -> None:
    """And what was measured of the champion counts, whatever its model's file is called."""
    prepared, trained = tmp_path / "prepared", tmp_path / "trained"
    clone = make_clone(
        {
            "raw.txt": "1\n",
            "prepare.py": f"open({str(prepared)!r}, 'a').write('x')\n"
            "open('data.txt', 'w').write(open('raw.txt').read())\n",
            "train.py": f"open({str(trained)!r}, 'a').write('x')\n"
            "import random, sys\nrandom.seed(int(sys.argv[2]))\n"
            "value = float(sys.argv[4]) + random.gauss(0, 0.01)\n"
            "open('model.txt', 'w').write(str(value))\n",
            "evaluate.py": "import json\nvalue = float(open('model.txt').read())\n"
            "json.dump({'loss': 1 - value}, open('metrics.json', 'w'))\n",
            "dvc.yaml": PIPELINE,
            "branchline.yaml": "model: m\ngate:\n"
            "  metrics: {loss: {max_regression: 0.02, goal: minimize}}\n"
            "  replicates: {seed: --seed}\n",
        }
    )
    assert clone.call("run").code == 0
    clone.commit("what it made")
    assert clone.call("noise").code == 0
    before = len(trained.read_text())
    clone.write("dvc.yaml", PIPELINE.replace("--rate 0.9", "--rate 0.7"))
    clone.commit("worse")

    said = clone.call("run")

    assert said.code == 3, said.out + said.err
    assert "`loss` is worse" in said.out
    assert "the champion is trained again" not in said.out
    assert before + 1 <= len(trained.read_text()) <= before + 3
    # Once by the run, and once by the very same once more of `noise`.
    assert prepared.read_text() == "xx"
