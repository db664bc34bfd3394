"""Readers of logs that grow: bytes in as they come, numbers out as their lines are whole. Pure.

What is no line of such a log is passed over without a word: logs hold other things, too.
"""

from __future__ import annotations

import csv
import json
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from branchline.core.evidence.steps.forms import Form
from branchline.core.evidence.steps.lines import LineReader
from branchline.core.evidence.steps.values import Step, flat_numbers, step_of, steps_of, tidy_name

if TYPE_CHECKING:
    from collections.abc import Callable


class StepParser(ABC):
    """Reads one log from its beginning; a log that starts again gets another reader."""

    def __init__(self, *, has_returns: bool = False) -> None:
        self._lines = LineReader(has_returns=has_returns)

    def feed(self, data: bytes) -> list[Step]:
        """Numbers of the lines that the bytes complete."""
        return [step for line in self._lines.feed(data) for step in self._read(line)]

    @abstractmethod
    def _read(self, line: str) -> list[Step]:
        """Numbers of one line."""


class JsonLines(StepParser):
    """Objects, one a line; nested names are joined by dots.

    The step stands under `step`, `epoch` or `iteration`; where no line has one, lines are counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self._row = 0

    def _read(self, line: str) -> list[Step]:
        if not line.lstrip().startswith("{"):
            return []
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            return []
        numbers = flat_numbers(document)
        found = steps_of(numbers, row=self._row)
        self._row += 1 if numbers else 0
        return found


class Table(StepParser):
    """CSV or TSV with a header; an empty cell is no value.

    Args:
        prefix: What names begin with.
    """

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self._prefix = prefix
        self._names: list[str] = []
        self._delimiter = ","
        self._row = 0

    def _read(self, line: str) -> list[Step]:
        if not line.strip():
            return []
        if not self._names:
            self._begin(line)
            return []
        numbers = {}
        for name, cell in zip(self._names, self._cells(line), strict=False):
            try:
                numbers[name] = float(cell)
            except ValueError:
                continue
        found = steps_of(numbers, row=self._row)
        self._row += 1
        return [
            Step(step=step.step, name=self._prefix + step.name, value=step.value) for step in found
        ]

    def _begin(self, header: str) -> None:
        self._delimiter = max("\t,;", key=header.count)
        self._names = [tidy_name(name) for name in self._cells(header)]

    def _cells(self, line: str) -> list[str]:
        try:
            return next(csv.reader([line], delimiter=self._delimiter), [])
        except csv.Error:
            return []


class MlflowMetric(StepParser):
    """A metric's file of MLflow's file store: `timestamp value step`.

    Args:
        name: Of the metric.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def _read(self, line: str) -> list[Step]:
        words = line.split()
        try:
            value = float(words[1])
            step = step_of(float(words[2]))
        except (IndexError, ValueError):
            return []
        return [] if step is None else [Step(step=step, name=self._name, value=value)]


_STEP = re.compile(
    r"\b(?:epoch|global[ _]?step|step|iteration|iter|round)\b"
    r"[ \t]{0,8}[:=#\[(]?[ \t]{0,8}(\d{1,15})\b",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"(?<![\w./-])([A-Za-z_][\w./-]{0,99})[ \t]{0,8}[:=][ \t]{0,8}"
    r"([+-]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:[eE][+-]?\d{1,4})?|[+-]?(?:nan|inf(?:inity)?))"
    r"(?![\w.])",
    re.IGNORECASE,
)
_MOST_PRINTED = 4096
_NO_METRICS = frozenset({"epoch", "step", "global_step", "iteration", "iter", "round"})


class Printed(StepParser):
    """Lines for people, such as `epoch 3: val_auc=0.91 loss: 0.2`.

    A line without a step belongs to the last step that was said (Keras prints `Epoch 3/10` first).
    """

    def __init__(self) -> None:
        super().__init__(has_returns=True)
        self._step: int | None = None

    def _read(self, line: str) -> list[Step]:
        if len(line) > _MOST_PRINTED:
            return []
        said = _STEP.search(line)
        if said is not None:
            self._step = int(said[1])
        if self._step is None:
            return []
        return [
            Step(step=self._step, name=tidy_name(name), value=float(value))
            for name, value in _PAIR.findall(line)
            if name.lower() not in _NO_METRICS
        ]


def parser_of(form: Form, prefix: str = "") -> StepParser | None:
    """The reader of a log; None for a form that does not grow line by line."""
    made: dict[Form, Callable[[], StepParser]] = {
        Form.JSON_LINES: JsonLines,
        Form.TABLE: lambda: Table(prefix),
        Form.PRINTED: Printed,
        Form.MLFLOW_METRIC: lambda: MlflowMetric(prefix),
    }
    return made[form]() if form in made else None
