"""What a metric reader found, and how that becomes metrics. Serves the station `evidence`. Pure.

The rules that all readers share stand here, so that a printed line and a table agree on them:

- What is said step by step (epochs, rounds, rows) counts by its last step.
- What is said once counts as it stands. Said again with the same value, it is the same.
- Two different values for one name are no value: the metric is kept without one, and says both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.evidence.units import unit_of
from branchline.core.evidence.values import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_NAMES = 100_000
"""More metrics than this are none: somebody named a table of data."""
_MOST_QUOTED = 3
_LONGEST = 60


class Fit(Enum):
    """How sure a reader is that a file is its own; ordered, the surest wins."""

    NO = 0
    MAYBE = 1
    """By the file's ending alone."""
    LIKELY = 2
    """By what stands at its beginning."""
    CERTAIN = 3
    """By a mark or name that only its writer leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One value that stands somewhere.

    Attributes:
        name: Of the metric, parts joined by dots.
        value: The number; None where something else stands there.
        text: As written.
        place: Where it stands in its file, in words: `line 3`, `cell 4`; "" where that is unknown.
        unit: As written beside it; "" for none.
        step: Epoch, round or row that it belongs to; None when it is said once.
        voice: Who says it, as one file may hold several: a progress bar, a table, a sentence.
            Within a voice a step may be said again, and the later value counts.
    """

    name: str
    value: float | int | None
    text: str
    place: str = ""
    unit: str = ""
    step: int | None = None
    voice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read from one source.

    Attributes:
        metrics: In the order of the source.
        reader: Name of the reader that read it; "" where none did.
        problem: Why there is no metric, as a whole sentence; "" when there is one.
    """

    metrics: tuple[Metric, ...] = ()
    reader: str = ""
    problem: str = ""


def metrics_from(found: Sequence[Found], *, file: str, stage: str = "") -> tuple[Metric, ...]:
    """The metrics of one source, in the order in which their names first stand there.

    Args:
        found: Everything that its reader found, in the order of the source.
        file: Where it was read, from the root.
        stage: Address of the stage that wrote it.

    >>> said = [Found(name="loss", value=v, text=str(v), step=s) for s, v in enumerate([0.9, 0.4])]
    >>> [(m.name, m.value) for m in metrics_from(said, file="train.log")]
    [('loss', 0.4)]
    """
    by_name: dict[str, list[Found]] = {}
    for item in found:
        by_name.setdefault(item.name, []).append(item)
    return tuple(_metric(items, file, stage) for items in by_name.values())


def _metric(items: list[Found], file: str, stage: str) -> Metric:
    told = _told(items)
    last = told[-1]
    problem = ""
    if len({_said(item) for item in told}) > 1:
        shown = [f"{item.text[:_LONGEST]} ({item.place or 'once'})" for item in told]
        more = [f"{len(shown) - _MOST_QUOTED} more"] if len(shown) > _MOST_QUOTED else []
        both = " and ".join([", ".join(shown[:_MOST_QUOTED]), *more]) if more else _and(shown)
        problem = f"has different values in `{file}`: {both}"
    return Metric(
        name=last.name,
        value=None if problem else last.value,
        text=" or ".join(item.text for item in told[:_MOST_QUOTED]) if problem else last.text,
        file=file,
        stage=stage,
        place=last.place,
        unit=last.unit or unit_of(last.name),
        problem=problem,
    )


def _told(items: list[Found]) -> list[Found]:
    """What counts of everything that was said of one name; several of these must agree."""
    steps = {item.step for item in items if item.step is not None}
    kept: dict[object, Found] = {}
    if steps and all(item.step is not None for item in items):
        # Several voices may each end at a step of their own: a bar of training, one of testing.
        last = {voice: _last_step(items, voice) for voice in {item.voice for item in items}}
        items = [item for item in items if item.step == last[item.voice]]
    for item in items:
        is_series = item.step is not None and item.voice
        key = item.voice if is_series else (item.voice, _said(item))
        kept[key] = item
    return list(kept.values())


def _last_step(items: list[Found], voice: str) -> int:
    return max(item.step for item in items if item.voice == voice and item.step is not None)


def _said(item: Found) -> object:
    """What is compared: NaN is itself, and 0.93 is 0.930."""
    value = item.value
    return item.text if value is None or value != value else value


def _and(shown: list[str]) -> str:
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
