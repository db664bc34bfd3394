"""Reports of tests: the lines that they write, and what records keep. Serves `evidence`.

Everything here is from outside: bounded, finite or named as not finite, never trusted to be of the
right type. A line that cannot be read is a problem, and a test with one has not passed.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.evidence.measured import (
    Measured,
    finite_or_name,
    measured_from_json,
    measured_to_json,
    number_of,
)
from branchline.core.evidence.model_tests import (
    CASES_AT_MOST,
    TEXT_AT_MOST,
    Case,
    CaseState,
    Examined,
    Reported,
)
from branchline.core.values import Outcome

if TYPE_CHECKING:
    from branchline.core.values import JsonValue

BYTES_AT_MOST = 4_000_000
"""Of one report; a longer one is not read to its end, and says so."""
_NAME_AT_MOST = 300
_NUMBERS_AT_MOST = 32
_MEASURED_AT_MOST = 64


def reported_of(data: bytes, *, source: str = "") -> Reported:
    """What a test wrote about itself.

    Args:
        data: JSON lines: `{"event": "start"}`, `{"event": "case", "name": ..., "state": ...}`,
            `{"event": "measured", "name": ..., "value": ...}`, `{"event": "end", "exit": 0}`.
        source: Name of the test.
    """
    reader = _Lines(source)
    for number, line in enumerate(data[:BYTES_AT_MOST].splitlines(), 1):
        if line.strip():
            reader.read(number, line)
    if len(data) > BYTES_AT_MOST:
        reader.problems.append(f"it is longer than {BYTES_AT_MOST} bytes")
    return reader.reported()


class _Lines:
    """Lines of one report, one by one."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._cases: list[Case] = []
        self._counts: Counter[CaseState] = Counter()
        self._measured: dict[str, Measured] = {}
        self._numbers: dict[str, dict[str, float]] = {}
        self._sessions: list[int | None] = []
        self.problems: list[str] = []

    def read(self, number: int, line: bytes) -> None:
        """Take one line."""
        try:
            fields = json.loads(line)
            event = fields["event"]
            if event == "start":
                self._sessions.append(None)
            elif event == "end":
                self._sessions[-1] = int(fields["exit"])
            elif event == "case":
                self._add(_case(fields))
            elif event == "numbers":
                name = _text(fields["name"])[:_NAME_AT_MOST]
                self._numbers[name] = _numbers(fields["numbers"])
            elif event == "uncollected":
                self.problems.append(f"`{_plain(fields['name'])}` could not be collected")
            elif event == "measured":
                found = measured_from_json(fields, source=self._source)
                if len(self._measured) < _MEASURED_AT_MOST:
                    self._measured[found.name] = found
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            self.problems.append(f"line {number} is none of ours")

    def _add(self, case: Case) -> None:
        self._counts[case.state] += 1
        if len(self._cases) < CASES_AT_MOST:
            self._cases.append(case)
        elif case.state is CaseState.FAILED:
            self._cases[-1] = case

    def reported(self) -> Reported:
        """All of it; what failed stands first."""
        told = [replace(c, numbers=self._numbers.get(c.name, c.numbers)) for c in self._cases]
        cases = sorted(told, key=lambda case: case.state is not CaseState.FAILED)
        return Reported(
            cases=tuple(cases),
            counts=dict(self._counts),
            measured=tuple(self._measured.values()),
            sessions=tuple(self._sessions),
            problems=tuple(self.problems[:5]),
        )


def examined_to_json(test: Examined) -> dict[str, JsonValue]:
    """A test as plain JSON values."""
    reported = test.reported
    return {
        "name": test.name,
        "outcome": test.outcome.value,
        "sentence": test.sentence,
        "duration_s": test.duration_s,
        "run": test.run,
        "counts": {state.value: number for state, number in reported.counts.items()},
        "cases": [
            {
                "name": case.name,
                "state": case.state.value,
                "duration_s": case.duration_s,
                "text": case.text,
                "numbers": {name: finite_or_name(v) for name, v in case.numbers.items()},
            }
            for case in reported.cases
        ],
        "measured": [measured_to_json(item) for item in reported.measured],
    }


def examined_from_json(value: object) -> Examined:
    """The test that `examined_to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: It is none.
    """
    fields = _dict(value)
    counts = {CaseState(name): int(str(n)) for name, n in _dict(fields["counts"]).items()}
    return Examined(
        name=_text(fields["name"]),
        outcome=Outcome(fields["outcome"]),
        sentence=_text(fields["sentence"]),
        duration_s=number_of(fields.get("duration_s", 0.0)),
        run=_text(fields.get("run", "")),
        reported=Reported(
            cases=tuple(_case(item) for item in _list(fields["cases"])),
            counts=counts,
            measured=tuple(measured_from_json(item) for item in _list(fields["measured"])),
        ),
    )


def _case(value: object) -> Case:
    fields = _dict(value)
    return Case(
        name=_text(fields["name"])[:_NAME_AT_MOST],
        state=CaseState(fields["state"]),
        duration_s=number_of(fields.get("duration_s", 0.0)),
        text=_text(fields.get("text", ""))[:TEXT_AT_MOST],
        numbers=_numbers(fields.get("numbers") or {}),
    )


def _numbers(value: object) -> dict[str, float]:
    named = list(_dict(value).items())[:_NUMBERS_AT_MOST]
    return {str(name)[:_NAME_AT_MOST]: number_of(item) for name, item in named}


def _plain(value: object) -> str:
    """A name from outside that stays one code span."""
    return _text(value).replace("`", "'")[:_NAME_AT_MOST]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _dict(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("no mapping")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value
