"""`branchline noise` on real repositories."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.cli.noisy import SETTINGS, TRAIN, noisy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Clone

    Make = Callable[..., Clone]


def test_it_tells_how_much_a_metric_moves_and_what_to_write(
    make_clone: Make, tmp_path: Path
) -> None:
    """Five seeds and the very same once more; nothing of the repository but records moves."""
    made = noisy(make_clone, tmp_path / "log")
    runs = made.clone.call("runs", "--json").out

    said = made.clone.call("noise")

    assert said.code == 0, said.err
    assert made.trained == 1 + 5 + 1
    assert "5 trainings with other seeds (`seed`) and the very same once more" in said.out
    assert "it gave the same numbers and the same outputs" in said.out
    assert "    auc: {max_regression: 0.0" in said.out
    assert "  replicates: {seed: seed, max: 5, budget: " in said.out
    assert made.clone.git("status", "--porcelain") == ""
    assert made.clone.call("runs", "--json").out == runs


def test_what_is_known_is_not_trained_again(make_clone: Make, tmp_path: Path) -> None:
    """The same question costs nothing, a larger one only what is new; the numbers are the same."""
    made = noisy(make_clone, tmp_path / "log")
    first = json.loads(made.clone.call("noise", "--runs", "3", "--json").out)
    trained = made.trained

    again = json.loads(made.clone.call("noise", "--runs", "3", "--json").out)
    made.clone.call("noise", "--runs", "4", "--json")

    assert again == first
    assert made.trained == trained + 1


def test_two_plain_numbers_refuse_by_chance_as_often_as_said(
    make_clone: Make, tmp_path: Path
) -> None:
    """The share is that of a bar of 0.02 where one training moves by about 0.01."""
    made = noisy(make_clone, tmp_path / "log")

    (metric,) = json.loads(made.clone.call("noise", "--json").out)["metrics"]

    assert metric["metric"] == "auc"
    assert metric["bar"] == 0.02
    assert 0.004 < metric["sd"] < 0.02
    assert 0.005 < metric["refused_share"] < 0.25
    assert metric["suggested"] >= metric["harmless_loss"] > metric["sd"]


def test_without_a_seed_the_same_is_trained_again(make_clone: Make, tmp_path: Path) -> None:
    """What moves then is said to be nondeterminism, with its size."""
    settings = SETTINGS.replace("  replicates: REPLICATES\n", "")
    train = TRAIN.replace('random.seed(values["seed"])', "random.seed()")
    made = noisy(make_clone, tmp_path / "log", train=train, settings=settings)

    said = made.clone.call("noise", "--runs", "2")

    assert said.code == 0, said.err
    assert made.trained == 1 + 2
    assert "the very same 2 times more" in said.out
    assert "Warning, nondeterminism: trained again with nothing changed, `auc` moved" in said.out
    # What was forced serves no run.
    assert "Nothing to run" in made.clone.in_full("run").out


def test_a_seed_that_moves_nothing_is_said(make_clone: Make, tmp_path: Path) -> None:
    """Its spread of 0 is no good news."""
    train = TRAIN.replace('random.seed(values["seed"])', "random.seed(5)")
    made = noisy(make_clone, tmp_path / "log", train=train)

    said = made.clone.call("noise", "--runs", "2")

    assert "Every seed left the very same outputs: `seed` moves nothing here" in said.out
    assert "max_regression" not in said.out


@pytest.mark.parametrize(
    ("command", "seed"),
    [
        pytest.param("python train.py --seed 1", "--seed", id="an-option"),
        pytest.param("SEED=1 python train.py", "$SEED", id="a-variable"),
    ],
)
def test_the_seed_may_stand_in_the_command(
    make_clone: Make, tmp_path: Path, command: str, seed: str
) -> None:
    """As for a search."""
    train = TRAIN.replace('values["seed"]', 'os.environ.get("SEED") or sys.argv[2]').replace(
        "import json,", "import os, sys, json,"
    )
    settings = SETTINGS.replace("python train.py", command)
    made = noisy(
        make_clone,
        tmp_path / "log",
        train=train,
        settings=settings,
        replicates=f"{{seed: '{seed}', max: 2}}",
    )

    found = json.loads(made.clone.call("noise", "--runs", "2", "--json").out)

    assert found["seed"] == seed
    assert len(set(found["metrics"][0]["values"])) == 3


def test_a_seed_that_stands_nowhere_is_refused(make_clone: Make, tmp_path: Path) -> None:
    """With the nearest name, before anything is trained."""
    made = noisy(make_clone, tmp_path / "log")

    said = made.clone.call("noise", "--seed", "sed")

    assert said.code == 1
    assert "--seed names `sed`, which is not set in params.json" in said.err
    assert "`seed`" in said.err
    assert made.trained == 1


def test_one_training_is_no_spread(make_clone: Make, tmp_path: Path) -> None:
    """It is refused as a mistake of use."""
    made = noisy(make_clone, tmp_path / "log")

    said = made.clone.call("noise", "--runs", "1")

    assert said.code == 2
    assert "at least 2" in said.err


def test_a_training_that_fails_is_told_with_its_reason(make_clone: Make, tmp_path: Path) -> None:
    """What ended before it is kept."""
    train = TRAIN.replace("moved =", 'assert values["seed"] == 1, "odd seed"\nmoved =')
    made = noisy(make_clone, tmp_path / "log", train=train)

    said = made.clone.call("noise")

    assert said.code == 1
    assert "it could not be trained again: `train` failed" in said.err
    assert "odd seed" in said.err
