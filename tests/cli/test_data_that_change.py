"""Data, and rules, that change while they are checked: nothing is kept of what stands nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cli.test_data_command import (
    BAD,
    SCHEMA,
    SETTINGS,
    TRAIN,
    project,
    table,
    trainings,
)

from branchline import wiring
from branchline.core.values import Outcome
from branchline.flows.data_checks import DataChecks

TRAINS = "train: {run: sh train.sh, deps: [data/train.csv]}\n"

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]


def outcome_of(clone: Clone, *, edits: Callable[[int], None] = lambda _look: None) -> Outcome:
    """What the check says; `edits` is called before each pass over the data."""
    looks = iter(range(10))
    with wiring.open_project(str(clone.root)) as opened:
        checks = DataChecks(opened, say=lambda _text: edits(next(looks)))
        checks.begin()
        (report,) = checks.reports
    return report.outcome


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        pytest.param("data/train.csv", table(bad=BAD), table(), id="the-data"),
        pytest.param("data/schema.yaml", SCHEMA.replace("120]", "1]"), SCHEMA, id="the-rules"),
    ],
)
def test_what_was_mended_while_it_was_checked_is_bad_again_where_it_comes_back(
    make_clone: MakeClone, path: str, before: str, after: str
) -> None:
    clone = make_clone(project(**{path: before}))

    def mend(look: int) -> None:
        if not look:
            clone.write(path, after)

    mended = outcome_of(clone, edits=mend)
    clone.write(path, before)
    back = outcome_of(clone)

    assert mended is Outcome.PASSED
    assert back is Outcome.FAILED


def test_data_that_never_stand_still_are_not_known(make_clone: MakeClone) -> None:
    clone = make_clone(project())

    outcome = outcome_of(clone, edits=lambda n: clone.write("data/train.csv", table(rows=n + 9)))

    assert outcome is Outcome.UNKNOWN
    assert outcome_of(clone) is Outcome.PASSED


def test_data_that_turned_bad_while_an_earlier_stage_ran_train_nothing(
    make_clone: MakeClone,
) -> None:
    clone = make_clone(
        {
            "branchline.yaml": SETTINGS.replace(TRAINS, ""),
            "dvc.yaml": "stages:\n"
            "  prep: {cmd: sh prep.sh, deps: [prep.sh], outs: [ready]}\n"
            "  fit: {cmd: sh fit.sh, deps: [data/train.csv, ready],"
            " metrics: [{metrics.json: {cache: false}}]}\n",
            # What somebody does meanwhile: the stage itself has nothing to do with these data.
            "prep.sh": "cp later.csv data/train.csv; touch ready\n",
            "fit.sh": TRAIN,
            "later.csv": table(bad=BAD),
            "data/train.csv": table(),
            "data/schema.yaml": SCHEMA,
        }
    )

    said = clone.call("run")

    assert said.code == 3
    assert "bad data, so nothing was trained on them" in said.out
    assert trainings(clone) == 0


def test_data_that_turned_bad_while_a_stage_waited_for_a_slot_train_nothing(
    make_clone: MakeClone,
) -> None:
    clone = make_clone(
        {
            "branchline.yaml": SETTINGS.replace(TRAINS, ""),
            "dvc.yaml": "stages:\n"
            "  first: {cmd: sh first.sh, deps: [first.sh], outs: [ready]}\n"
            "  then: {cmd: sh fit.sh, deps: [data/train.csv],"
            " metrics: [{metrics.json: {cache: false}}]}\n",
            "first.sh": "cp later.csv data/train.csv; touch ready\n",
            "fit.sh": TRAIN,
            "later.csv": table(bad=BAD),
            "data/train.csv": table(),
            "data/schema.yaml": SCHEMA,
        }
    )

    said = clone.call("run", "--jobs", "1")

    assert said.code == 3
    assert trainings(clone) == 0
