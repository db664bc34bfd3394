"""A search as charts of a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.render.search.sample import hostile, searched_of, trial_of

from branchline.core.policy import Goal
from branchline.core.run.trials import TrialState, ranked
from branchline.render.search.terminal import search_lines
from branchline.render.table import Tone

if TYPE_CHECKING:
    from branchline.render.search.facts import Searched


def drawn(searched: Searched, width: int = 80, *, is_unicode: bool = True) -> list[str]:
    """The lines without their tones."""
    return [line.text for line in search_lines(searched, width=width, is_unicode=is_unicode)]


def test_the_best_so_far_only_gets_better() -> None:
    lines = search_lines(searched_of(), width=80, is_unicode=False)

    heights = {
        column: row
        for row, line in reversed(list(enumerate(lines[2:10])))
        for column, char in enumerate(line.text)
        if char == "#"
    }
    rows = [heights[column] for column in sorted(heights)]
    assert rows == sorted(rows, reverse=True)
    assert rows[-1] == 0


def test_a_pipe_gets_plain_letters() -> None:
    assert all(line.isascii() for line in drawn(searched_of(), is_unicode=False))
    assert not all(line.isascii() for line in drawn(searched_of()))


@pytest.mark.parametrize("width", [20, 36, 50, 80, 200])
def test_lines_keep_to_the_width(width: int) -> None:
    lines = drawn(searched_of(), max(width, 36))

    chart = [line for line in lines if "│" in line or "%" in line]
    assert max(map(len, chart)) <= max(width, 36)


def test_the_line_of_the_best_has_a_tone_of_its_own() -> None:
    lines = search_lines(searched_of(), width=80, is_unicode=True)

    assert Tone.GOOD in {piece.tone for piece in lines[2].pieces}


def test_a_diverged_trial_does_not_press_the_others_flat() -> None:
    trials = [
        replace(trial_of(n), state=TrialState.SUCCEEDED, value=1e9 if n == 7 else 1.0 + n % 5)
        for n in range(1, 40)
    ]

    lines = drawn(searched_of(trials=tuple(ranked(trials, Goal.MINIMIZE)), goal=Goal.MINIMIZE))

    assert "smaller is better" in lines[1]
    assert float(lines[2].split()[0]) < 20


def test_what_cannot_be_told_is_said() -> None:
    assert drawn(searched_of(9))[-1] == "Which parameter matters cannot be told from 7 trials."


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_trials_have_no_chart(count: int) -> None:
    trials = tuple(trial_of(number) for number in range(count))

    assert drawn(searched_of(trials=trials)) == []


def test_equal_values_are_a_level_line() -> None:
    trials = [replace(trial_of(n), state=TrialState.SUCCEEDED, value=0.0) for n in range(20)]

    assert "none explains more alone" in drawn(searched_of(trials=tuple(trials)))[-1]


def test_hostile_names_drive_no_terminal() -> None:
    assert all(line.isprintable() for line in drawn(hostile(60, 6)))
