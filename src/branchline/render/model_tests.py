"""Tests of the model as tables and lines. Pure. Every text of a test is from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.figures import duration
from branchline.core.evidence.model_tests import Case, CaseState
from branchline.core.policy import TESTS
from branchline.core.values import Outcome
from branchline.render.table import Align, Column, Line, Table, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.model_tests import Examined

_TONES = {
    Outcome.PASSED: Tone.GOOD,
    Outcome.FAILED: Tone.BAD,
    Outcome.UNKNOWN: Tone.UNSURE,
}
_STATES = {
    CaseState.PASSED: Tone.GOOD,
    CaseState.FAILED: Tone.BAD,
    CaseState.SKIPPED: Tone.UNSURE,
    CaseState.NO_CHAMPION: Tone.DIM,
}
_CASES_SHOWN = 5
_LINES_SHOWN = 8
_ROWS = 40


def table_of_tests(tests: Sequence[Examined]) -> Table:
    """One row a test."""
    rows = tuple(
        (
            cell(test.name, Tone.STRONG),
            cell(test.outcome.value, _TONES[test.outcome]),
            cell(duration(test.duration_s) if test.duration_s else "-"),
            cell(test.run),
            cell(test.said),
        )
        for test in tests
    )
    columns = (
        Column(heading="test"),
        Column(heading="outcome"),
        Column(heading="took", align=Align.RIGHT),
        Column(heading="from run"),
        Column(heading="finding"),
    )
    return Table(columns=columns, rows=rows, title="Tests of the model")


def cases_table(tests: Sequence[Examined]) -> Table:
    """One row a case, failed ones first in each test, with the first line of what it says."""
    cases = [case for test in tests for case in test.reported.cases]
    rows = tuple(
        (
            cell(case.name),
            cell(case.state.value, _STATES[case.state]),
            cell(duration(case.duration_s)),
            cell(_numbers(case)),
            cell(case.text.partition("\n")[0][:200]),
        )
        for case in cases[:_ROWS]
    )
    columns = (
        Column(heading="case"),
        Column(heading="outcome"),
        Column(heading="took", align=Align.RIGHT),
        Column(heading="measured"),
        Column(heading="said"),
    )
    more = f" (the first {_ROWS} of {len(cases)})" if len(cases) > _ROWS else ""
    return Table(columns=columns, rows=rows, title=f"Cases of the tests{more}")


def _numbers(case: Case) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in case.numbers.items())


def failed_cases(tests: Sequence[Examined]) -> list[Case]:
    """The first failed cases of all tests, as many as a reader looks at."""
    return [
        case for test in tests for case in test.reported.cases if case.state is CaseState.FAILED
    ][:_CASES_SHOWN]


def failed_case_lines(tests: Sequence[Examined]) -> list[Line]:
    """What failed cases say, for a terminal, and where the whole of it is."""
    lines: list[Line] = []
    for case in failed_cases(tests):
        lines.append(line("    ", cell(case.name.rpartition("::")[2], Tone.STRONG)))
        texts = case.text.splitlines() or ["it says nothing"]
        lines += [line(cell("      | ", Tone.DIM), text) for text in texts[:_LINES_SHOWN]]
        if len(texts) > _LINES_SHOWN:
            lines.append(line(cell("      | ", Tone.DIM), f"... {len(texts) - _LINES_SHOWN} more"))
    for test in tests:
        if test.outcome is not Outcome.PASSED and test.duration_s:
            lines.append(line(f"    the whole log: branchline logs {TESTS}@{test.name}"))
    return lines
