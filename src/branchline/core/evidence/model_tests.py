"""Tests of the model as evidence: what each said, and whether it passed. Serves `evidence`.

A test passes only where it said so. One that could not run, collected nothing, skipped everything
or was stopped by the clock is not known, which is no yes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.run.values import Failure
from branchline.core.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence.measured import Measured
    from branchline.core.run.values import Ended

CONTEXT_FILE = "BRANCHLINE_TESTS"
"""Variable that names the file by which a test is told where model, data and champion are."""
CASES_AT_MOST = 200
"""Cases that a record names, the failed ones first; the counts hold all."""
TEXT_AT_MOST = 2000
"""Characters of what one case says."""
_NOT_FOUND = (126, 127)
_NOT_COLLECTED = {
    2: "its tests could not be collected, or it was interrupted",
    3: "pytest failed inside",
    4: "pytest does not understand the command",
    5: "it collected no test",
}


class CaseState(Enum):
    """How one case of a test ended.

    Attributes:
        NO_CHAMPION: Skipped, because it compares with the champion and there is none yet.
    """

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    NO_CHAMPION = "no champion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case, such as a test function.

    Attributes:
        name: As the tool names it: `tests/model/test_speed.py::test_is_fast`.
        state: How it ended.
        duration_s: Seconds.
        text: Why it failed or was skipped, at most `TEXT_AT_MOST` characters; from outside.
        numbers: What it measured, by name.
    """

    name: str
    state: CaseState
    duration_s: float = 0.0
    text: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What the commands of one test wrote about themselves.

    Attributes:
        cases: The first ones; failed ones first where there are too many.
        counts: Of all cases, by state.
        measured: Numbers for the gate.
        sessions: Exit codes of the runs of pytest, in order; None for one that did not end.
        problems: What could not be read.
    """

    cases: tuple[Case, ...] = ()
    counts: Mapping[CaseState, int] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()
    sessions: tuple[int | None, ...] = ()
    problems: tuple[str, ...] = ()

    def count(self, state: CaseState) -> int:
        """How many cases ended so."""
        return self.counts.get(state, 0)

    @property
    def is_told(self) -> bool:
        """Whether anything was reported."""
        return bool(self.sessions or self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One test of `tests:`, and what came of it.

    Attributes:
        name: As in branchline.yaml.
        outcome: Passed, failed or unknown.
        sentence: Why, with its numbers.
        reported: Cases and numbers.
        duration_s: Seconds.
        run: Id of the run that made the result, where it is reused; else "".
    """

    name: str
    outcome: Outcome
    sentence: str
    reported: Reported = field(default_factory=Reported)
    duration_s: float = 0.0
    run: str = ""

    @property
    def said(self) -> str:
        """The sentence without the name of the test."""
        return self.sentence.partition(": ")[2] or self.sentence


def examined(name: str, ended: Ended, reported: Reported) -> Examined:
    """What came of a test whose commands ended.

    Args:
        name: Of the test.
        ended: How.
        reported: What it wrote about itself; empty for a command that is not pytest.
    """
    outcome, why = _judged(ended, reported)
    return Examined(
        name=name,
        outcome=outcome,
        sentence=f"test `{name}`: {why}",
        reported=reported,
        duration_s=round(ended.duration_s, 3),
    )


def not_run(name: str, why: str) -> Examined:
    """A test that was declared and did not run: not known."""
    return Examined(
        name=name, outcome=Outcome.UNKNOWN, sentence=f"test `{name}` did not run: {why}"
    )


def _judged(ended: Ended, reported: Reported) -> tuple[Outcome, str]:
    failed = reported.count(CaseState.FAILED)
    if failed:
        # Also where the command hid it: `pytest ... || true`.
        return Outcome.FAILED, f"{_of(reported)} failed: {_named(reported.cases)}"
    broken = _broken(ended, reported)
    if broken:
        return Outcome.UNKNOWN, broken
    if ended.failure is not None:
        said = f": {ended.said}" if ended.said else ""
        return Outcome.FAILED, f"{ended.detail or 'it failed'}{said}"
    if not reported.is_told:
        return Outcome.PASSED, "its command ended with exit code 0"
    return _passed(reported)


def _broken(ended: Ended, reported: Reported) -> str:
    """Why nothing can be said about the model; "" where something can."""
    if ended.failure is Failure.TIMEOUT:
        return f"it was stopped, which tells nothing about the model: {ended.detail}"
    if ended.failure not in (None, Failure.EXIT_CODE):
        return f"it tells nothing about the model: {ended.detail}"
    for code in reported.sessions:
        if code is None:
            return "pytest began and did not end"
        if code in _NOT_COLLECTED:
            which = f": {reported.problems[0]}" if reported.problems else ""
            return f"{_NOT_COLLECTED[code]} (exit code {code}){which}"
    if not reported.sessions and ended.exit_code in _NOT_FOUND:
        return f"its command cannot be run ({ended.detail})"
    if reported.problems:
        return f"its report cannot be read: {reported.problems[0]}"
    return ""


def _passed(reported: Reported) -> tuple[Outcome, str]:
    passed, skipped = reported.count(CaseState.PASSED), reported.count(CaseState.SKIPPED)
    waiting = reported.count(CaseState.NO_CHAMPION)
    rest = []
    if skipped:
        rest.append(f"{skipped} skipped")
    if waiting:
        rest.append(f"{waiting} skipped because there is no champion yet")
    more = f", {', '.join(rest)}" if rest else ""
    if passed:
        return Outcome.PASSED, f"{_of(reported)} passed{more}"
    if waiting and not skipped:
        return Outcome.PASSED, f"{_cases(waiting)} skipped because there is no champion yet"
    if rest:
        return Outcome.UNKNOWN, f"no case ran: {', '.join(rest)}"
    return Outcome.UNKNOWN, "it ran no case"


def _of(reported: Reported) -> str:
    """`2 of 5 cases`, about those whose state is told next."""
    total = sum(reported.counts.values())
    number = reported.count(CaseState.FAILED) or reported.count(CaseState.PASSED)
    return _cases(number) if number == total else f"{number} of {_cases(total)}"


def _cases(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"


def _named(cases: Sequence[Case]) -> str:
    """The first failed cases by the last part of their names."""
    names = [case.name.rpartition("::")[2] for case in cases if case.state is CaseState.FAILED]
    shown = ", ".join(f"`{name.replace('`', '')[:100]}`" for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
