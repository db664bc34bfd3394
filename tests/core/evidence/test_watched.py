from __future__ import annotations

import random

import pytest

from branchline.core.evidence.watched import MOST_COLUMNS, ColumnSeen, most_telling


def window(seed: int, *, drifted: int, steady: int = 0) -> list[ColumnSeen]:
    """Columns of one window; how far each moved is chance."""
    draw = random.Random(seed)
    return [
        ColumnSeen(column=f"c{i:04}", psi=draw.uniform(1, 9), limit=0.1, is_drifted=i < drifted)
        for i in range(drifted + steady)
    ]


def test_those_that_drifted_come_first_and_the_strongest_before_others() -> None:
    kept = most_telling(window(1, drifted=3, steady=100))

    assert len(kept) == MOST_COLUMNS
    assert [one.is_drifted for one in kept[:4]] == [True, True, True, False]
    assert [one.psi for one in kept[3:]] == sorted((one.psi or 0 for one in kept[3:]), reverse=True)


@pytest.mark.parametrize("count", [51, 1000])
def test_of_many_that_drift_two_windows_keep_the_same(count: int) -> None:
    windows = [most_telling(window(seed, drifted=count)) for seed in range(3)]

    names = [{one.column for one in kept} for kept in windows]
    assert [len(one) for one in names] == [MOST_COLUMNS] * 3
    assert len(names[0] & names[1] & names[2]) >= 30
    for seed, kept in enumerate(windows):
        strongest = max(window(seed, drifted=count), key=lambda one: one.psi or 0)
        assert kept[0] == strongest


def test_nothing_is_nothing() -> None:
    assert most_telling([]) == ()
