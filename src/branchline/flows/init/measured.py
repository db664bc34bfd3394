"""What the metrics of a script will be called once they are read. Serves `init`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.flows.init.bars import Named
from branchline.flows.init.printed import NUMBER, REPORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.flows.init.touched import Measure
    from branchline.ports.metric_readers import MetricReaders

__all__ = ["names_read", "unread"]

_CLASS_ROW = "0."  # of the sample of a report: the classes of the user are not known
_AVERAGES = ("macro_avg", "weighted_avg", "micro_avg")


def names_read(
    measures: Sequence[Measure], path: str, readers: MetricReaders | None
) -> list[Named]:
    """The metrics of one file, as its reader will call them.

    Texts are read by the reader itself, with a number where a value will be.

    Args:
        measures: What goes into the file.
        path: The file.
        readers: What reads metrics; None: names are taken as they stand in the code.
    """
    plain = [
        Named(name=m.name, where=_where(m), is_percent=f"{NUMBER}%" in m.sample)
        for m in measures
        if not m.sample or readers is None
    ]
    texts = list({m.sample: m for m in measures if m.sample}.values())
    if readers is None or not texts:
        return plain
    whole = "\n".join(m.sample for m in texts) + "\n"
    reading = readers.read(readers.held(path, whole.encode()))
    first = texts[0]
    found = []
    for metric in reading.metrics:
        if metric.value is None or metric.name.startswith(_CLASS_ROW):
            continue
        if metric.name.endswith(".support"):
            continue  # how many there were: no quality
        own = next((m for m in measures if _same(m.name, metric.name)), first)
        if metric.name.startswith(_AVERAGES):
            own = next((m for m in measures if m.sample == REPORT), own)
        found.append(Named(name=metric.name, where=_where(own), is_percent=metric.unit == "%"))
    return [*plain, *found]


def unread(measures: Sequence[Measure], found: Sequence[Named]) -> list[str]:
    """A sentence for each metric that is printed in a form that is not read."""
    return [
        f"{_where(m)}: it prints {m.name} in a form that is not read; `{m.name}: VALUE` is."
        for m in measures
        if not any(_same(m.name, item.name) for item in found)
    ]


def _where(measure: Measure) -> str:
    return f"{measure.file}:{measure.line}"


def _same(name: str, read: str) -> bool:
    """Whether a reader's name is what is printed: `Best accuracy` is read as `accuracy`."""
    return "".join(filter(str.isalnum, name)).endswith("".join(filter(str.isalnum, read)))
