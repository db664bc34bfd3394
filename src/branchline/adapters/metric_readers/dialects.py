"""Adapter `metric_readers`: output of well-known libraries, each told by a mark of its own."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING

from branchline.adapters.metric_readers.dialect import NO_METRICS, Dialect, said
from branchline.core.evidence.flatten import number_of, paths_of
from branchline.core.evidence.written import NUMBER, WRAPPED, name_of, number_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.metric_readers.lines import Line
    from branchline.core.evidence.found import Found

_MOST_DICT = 200


class ClassificationReport(Dialect):
    """scikit-learn's `classification_report`: `macro_avg.f1-score`, `accuracy`, one row a class."""

    _HEADER = re.compile(r"\s*precision\s+recall\s+f1-score\s+support\s*")
    _ROW = re.compile(rf"\s*(\S.{{0,100}}?)\s{{2,}}((?:(?:{NUMBER})\s+){{1,3}})(\d+)\s*", re.I)
    _NAMES = ("precision", "recall", "f1-score")
    _inside = False

    def take(self, line: Line) -> Sequence[Found] | None:
        """See the base."""
        if self._HEADER.fullmatch(line.text):
            self._inside = True
            return ()
        match = self._ROW.fullmatch(line.text) if self._inside else None
        if match is None:
            self._inside = False
            return None
        label, numbers = match[1], match[2].split()
        if len(numbers) == 1:  # the row `accuracy`
            return said(label, numbers[0], line, step=self.steps.now)
        if len(numbers) != 3:
            return ()
        found: list[Found] = []
        for name, number in zip(self._NAMES, numbers, strict=True):
            found += said(f"{name_of(label)}.{name}", number, line, step=self.steps.now)
        return [*found, *said(f"{name_of(label)}.support", match[3], line, step=self.steps.now)]


class XGBoost(Dialect):
    """XGBoost's `[99]  train-auc:0.99  valid-auc:0.88`: the last round counts."""

    _ROUND = re.compile(r"(?:.{0,60}?\s)?\[(\d{1,9})\]\s+(\S.*)")
    _PAIR = re.compile(rf"(\S+?):({NUMBER})(?:\+{NUMBER})?(?=\s|$)", re.IGNORECASE)

    def take(self, line: Line) -> Sequence[Found] | None:
        """See the base."""
        match = self._ROUND.fullmatch(line.text)
        pairs = self._PAIR.findall(match[2]) if match is not None else []
        if not pairs:
            return None
        step = self.steps.next()
        return [item for name, value in pairs for item in said(name, value, line, step=step)]


class LightGBM(Dialect):
    """LightGBM's `[100]  valid_0's auc: 0.93`: the round told last, which is the best one it says.

    With early stopping it repeats the best round at the end, and predicts with it.
    """

    _ROUND = re.compile(r"(?:.{0,60}?\s)?\[(\d{1,9})\]\s+(\S.*'s .*)")
    _PAIR = re.compile(
        rf"([^\t:]{{1,80}}?)'s ([^\t:]{{1,80}}?): ({NUMBER})(?: \+ {NUMBER})?(?:\s+|$)", re.I
    )

    def take(self, line: Line) -> Sequence[Found] | None:
        """See the base."""
        match = self._ROUND.fullmatch(line.text)
        pairs = self._PAIR.findall(match[2]) if match is not None else []
        if not pairs:
            return None
        step = self.steps.next()
        return [
            item
            for data, name, value in pairs
            for item in said(f"{name_of(data)}.{name_of(name)}", value, line, step=step)
        ]


class CatBoost(Dialect):
    """CatBoost's `99:  learn: 0.1  test: 0.2  best: 0.2 (80)`: the last round counts."""

    _ROUND = re.compile(r"\d{1,9}:\s+(learn: .*)")
    _PAIR = re.compile(rf"(learn|test\d*|best): ({NUMBER})(?=\s|$)", re.IGNORECASE)

    def take(self, line: Line) -> Sequence[Found] | None:
        """See the base."""
        match = self._ROUND.fullmatch(line.text.strip())
        if match is None:
            return None
        step = self.steps.next()
        pairs = self._PAIR.findall(match[1])
        return [item for name, value in pairs for item in said(name, value, line, step=step)]


class Keras(Dialect):
    """Keras' progress lines: what a bar says at its end, of the last epoch."""

    _BAR = re.compile(r"\s*(\d{1,9})/(\d{1,9}|Unknown|None)\s+(?=[\[━─╸\d-])(.*)")
    _PAIR = re.compile(rf"\s-\s([A-Za-z_][\w./@-]{{0,99}}): ({NUMBER})(?=\s|$)", re.IGNORECASE)

    def take(self, line: Line) -> Sequence[Found] | None:
        """See the base."""
        match = self._BAR.fullmatch(line.text)
        if match is None:
            return None
        if match[2].isdigit() and int(match[1]) < int(match[2]):
            return ()
        pairs = self._PAIR.findall(f" {match[3]}")
        step = self.steps.now
        return [item for name, value in pairs for item in said(name, value, line, step=step)]


class Dictionaries(Dialect):
    """Dictionaries and JSON objects on one line, as Hugging Face's Trainer prints them.

    Of those that say their epoch or step, the last one counts; others must agree.
    """

    _LINE = re.compile(r"(?:[^{}]{0,120}?[\s:=]|\[)?(\{.*\})\]?,?\s*")

    def take(self, line: Line) -> Sequence[Found] | None:
        """See the base."""
        match = self._LINE.fullmatch(line.text) if "{" in line.text else None
        document = _mapping(match[1]) if match is not None else None
        if not document:
            return None
        leaves = [(".".join(map(str, path)), value) for path, value in paths_of(document)]
        if len(leaves) > _MOST_DICT:
            return ()
        is_step = any(name.lower() in NO_METRICS for name, _ in leaves)
        step = self.steps.next() if is_step else self.steps.now
        found: list[Found] = []
        for name, value in leaves:
            written = number_in(value) if isinstance(value, str) else None
            number = number_of(value) if written is None else written.value
            if number is not None or value is None:
                shown = "null" if value is None else str(value)
                items = said(name, shown, line, step=step)
                found += items
        return found


def _mapping(text: str) -> dict[object, object] | None:
    """A dictionary as Python or JSON writes it; nothing of it is run."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        try:
            document = ast.literal_eval(WRAPPED.sub(r"\1", text))
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            return None
    return document if isinstance(document, dict) else None
