"""Adapter `metric_readers`: what a stage printed, and plain text that reads like it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from branchline.adapters.metric_readers.dialect import Dialect, Steps, said
from branchline.adapters.metric_readers.dialects import (
    CatBoost,
    ClassificationReport,
    Dictionaries,
    Keras,
    LightGBM,
    XGBoost,
)
from branchline.adapters.metric_readers.drawn import Aligned, Boxes
from branchline.adapters.metric_readers.lines import lines_of
from branchline.adapters.metric_readers.pairs import Pairs
from branchline.core.evidence.found import Fit, Found
from branchline.core.evidence.written import NUMBER
from branchline.errors import DocumentError
from branchline.ports.metric_readers import MetricReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from branchline.adapters.metric_readers.lines import Line
    from branchline.ports.metric_readers import MetricSource

_ALL: tuple[type[Dialect], ...] = (
    ClassificationReport, LightGBM, XGBoost, CatBoost, Keras, Dictionaries, Boxes, Aligned, Pairs,
)  # fmt: skip
_MOST_NAMES = 2000
_MOST_SAID = 8
"""Different values of one name that are kept, to be quoted."""


def said_in(lines: Iterable[Line], dialects: Sequence[type[Dialect]] = _ALL) -> Sequence[Found]:
    """Every value that lines of text say.

    Raises:
        DocumentError: They name more metrics than anyone prints.
    """
    kept: dict[tuple[str, str], list[Found]] = {}
    for item in _each(lines, dialects):
        _keep(kept.setdefault((item.name, item.voice), []), item)
        if len(kept) > _MOST_NAMES:
            raise DocumentError(
                f"more than {_MOST_NAMES:,} names with numbers are printed up to {item.place}",
                todo="Let the stage leave its metrics in a file.",
            )
    return [item for items in kept.values() for item in items]


def _each(lines: Iterable[Line], dialects: Sequence[type[Dialect]]) -> Iterator[Found]:
    steps = Steps()
    speaking = [dialect(steps) for dialect in dialects]
    for line in lines:
        taken = False
        for dialect in speaking:
            found = None if taken else dialect.take(line)
            if found is None:
                yield from dialect.end()
                continue
            taken = True
            yield from found
        if not taken:
            steps.look(line.text)
    for dialect in speaking:
        yield from dialect.end()


def _keep(items: list[Found], item: Found) -> None:
    """Keep what can still count, so that memory stays bounded: of steps those of the last one."""
    last = items[-1] if items else None
    if (
        last is not None
        and None not in (item.step, last.step)
        and (item.voice or item.step != last.step)
    ):
        items.clear()
    if all(known.value != item.value or known.text != item.text for known in items):
        del items[_MOST_SAID:]
        items.append(item)


class PrintedText(MetricReader):
    """Everything that is printed, in whatever dialect."""

    name = "printed"
    reads = "what a program prints, in all of the dialects below and as `name: 0.93`, `name=0.93`"
    rule = (
        "Of what is said epoch by epoch the last counts; what is said once must not be said again "
        "with another value."
    )
    dialects: ClassVar[tuple[type[Dialect], ...]] = _ALL

    def fits(self, source: MetricSource, head: bytes) -> Fit:
        """See the port."""
        return Fit.LIKELY if _is_text(source, head, (".log", ".out")) else Fit.NO

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        try:
            return said_in(lines_of(source), self.dialects)
        except DocumentError as error:
            if error.message.startswith(source.path):
                raise
            raise DocumentError(f"{source.path}: {error.message}", todo=error.todo) from error


class _Named(PrintedText):
    """One dialect, read only where it is named."""

    def fits(self, source: MetricSource, head: bytes) -> Fit:  # noqa: ARG002 # never by itself
        """See the port."""
        return Fit.NO


class ClassificationReportText(_Named):
    """scikit-learn's report."""

    name = "classification_report"
    reads = "scikit-learn's `classification_report`, and nothing else of the text"
    rule = "`macro_avg.f1-score`, `weighted_avg.recall`, `accuracy`, and each class by its name."
    dialects = (ClassificationReport,)


class XGBoostText(_Named):
    """XGBoost's rounds."""

    name = "xgboost"
    reads = "XGBoost's lines `[99]  valid-auc:0.88`"
    rule = "The last round counts; the mean of `xgboost.cv`, without its spread."
    dialects = (XGBoost,)


class LightGBMText(_Named):
    """LightGBM's rounds."""

    name = "lightgbm"
    reads = "LightGBM's lines `[100]  valid_0's auc: 0.93`, as `valid_0.auc`"
    rule = "The round that is told last counts, after early stopping the best one."
    dialects = (LightGBM,)


class CatBoostText(_Named):
    """CatBoost's rounds."""

    name = "catboost"
    reads = "CatBoost's lines `99:  learn: 0.1  test: 0.2`"
    rule = "The last round counts."
    dialects = (CatBoost,)


class KerasText(_Named):
    """Keras' bars."""

    name = "keras"
    reads = "Keras' progress lines `750/750 ... - accuracy: 0.93 - val_loss: 0.12`"
    rule = "The end of the last epoch counts."
    dialects = (Keras,)


class DictionariesText(_Named):
    """Dictionaries a line."""

    name = "dictionaries"
    reads = "dictionaries and JSON objects on a line, as Hugging Face's Trainer prints them"
    rule = "The last one that says its epoch or step counts; others must agree."
    dialects = (Dictionaries,)


class TablesText(_Named):
    """Printed tables."""

    name = "drawn_tables"
    reads = "printed tables, with lines (Lightning, rich, tabulate) or spaces (pandas)"
    rule = "As in CSV."
    dialects = (Boxes, Aligned)


class PairsText(_Named):
    """Names and values."""

    name = "pairs"
    reads = "`name: 0.93`, `name = 0.93` in lines of text, and nothing else of the text"
    rule = PrintedText.rule
    dialects = (Pairs,)


class _Spoken(Dialect):
    """`name 0.93` on a line of its own."""

    _LINE = re.compile(rf"\s*([A-Za-z_][\w./@%-]{{0,99}})\s+({NUMBER})\s*(%|[a-zA-Zµ]{{1,3}})?\s*")

    def take(self, line: Line) -> Sequence[Found] | None:
        """See the base."""
        match = self._LINE.fullmatch(line.text)
        if match is None:
            return None
        return said(match[1], f"{match[2]}{match[3] or ''}", line, step=self.steps.now) or None


class TextFile(PrintedText):
    """Text with metrics."""

    name = "text"
    reads = "text: `name: 0.93`, `name = 0.93`, `name 0.93` and all that is printed"
    dialects = (*_ALL[:-1], _Spoken, Pairs)

    def fits(self, source: MetricSource, head: bytes) -> Fit:
        """See the port."""
        return Fit.LIKELY if _is_text(source, head, (".txt", ".text", ".dat")) else Fit.NO


def _is_text(source: MetricSource, head: bytes, endings: tuple[str, ...]) -> bool:
    return not source.is_folder and b"\0" not in head and source.path.lower().endswith(endings)
