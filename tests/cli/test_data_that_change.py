"""Data, and rules, that change while they are checked: nothing is kept of what stands nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cli.test_data_command import BAD, SCHEMA, project, table

from branchline import wiring
from branchline.core.values import Outcome
from branchline.flows.data_checks import DataChecks

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
