"""What a look at a model in production saw, and what `monitor` asks for. Serves `evidence`.

Texts in here come from files that anybody may have written: whoever shows them makes them harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.values import Outcome, digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import MetricRule, PredictionColumns

TRAINING = "training"
"""The reference that is the profile in the record of the model in production."""
MOST_COLUMNS = 50
"""Columns of a look that are recorded; how many there were is said."""
_STRONGEST = 10
"""Columns that are kept because they moved most, however many drifted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrain:
    """That drift asks for a training.

    Attributes:
        cooldown_s: Least seconds between two. force: Although a result may exist.
    """

    cooldown_s: float = 7 * 86400.0
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """What `monitor` of one model asks for. Paths are from the root.

    Attributes:
        schedule: Five fields of cron, UTC; "" for none.
        run: Command before each look; "" for none. timeout_s: Most seconds of it.
        source: New data; "" where only metrics are watched.
        reference: `training`, or data or a profile. trained_on: Path in the model's record.
        min_rows: Rows below which drift is not judged.
        limit: PSI that a column may have. limits: Of single columns.
        only: Columns to compare; all when empty. exclude: Not these.
        metrics: Bounds. metrics_from: Their file; "" for none.
        labels: Rows with the truth, to compute them from; None for none.
        opens_issue: Whether an issue tells of an alarm. retrain: None where nothing is trained.
    """

    schedule: str = ""
    run: str = ""
    timeout_s: float = 1800.0
    source: str = ""
    reference: str = TRAINING
    trained_on: str = ""
    min_rows: int = 500
    limit: float = 0.1
    limits: tuple[tuple[str, float], ...] = ()
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    metrics: tuple[MetricRule, ...] = ()
    metrics_from: str = ""
    labels: PredictionColumns | None = None
    opens_issue: bool = True
    retrain: Retrain | None = None

    def limit_of(self, column: str) -> float:
        """PSI that a column may have."""
        return dict(self.limits).get(column, self.limit)

    def asks_for(self, column: str) -> bool:
        """Whether a column is compared."""
        return column not in self.exclude and (not self.only or column in self.only)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSeen:
    """How far one column was from the reference.

    Attributes:
        psi: Population stability index; None where it could not be judged.
        limit: What it may be: the settings', or what chance does where that is more.
        is_drifted: Above it, material and confirmed by a second distance.
        why: What moved, in words.
    """

    column: str
    psi: float | None
    limit: float
    is_drifted: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSeen:
    """One metric and what its bounds say: unknown is unknown, never healthy."""

    metric: str
    value: float | None
    outcome: Outcome
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look saw, before anything is made of it.

    Attributes:
        model: Its name. at: UTC, ISO 8601.
        due: When the schedule asked for this look, ISO 8601; "" without a schedule.
        run: Of the model in production; "" when not known. via: How it was found.
        window: Digest of the data, the reference and the rules; "" where no data were compared.
        rows: Of the window; None when not counted.
        is_judged: Whether the window had rows enough to judge drift.
        compared: How many columns were compared. columns: `most_telling`.
        metrics: With bounds.
        problems: Why something could not be looked at; a sentence each.
        waits: Why something is not to be looked at yet, which is nobody's fault.
        notes: What else is worth a word.
    """

    model: str
    at: str
    due: str = ""
    run: str = ""
    via: str = ""
    window: str = ""
    rows: int | None = None
    is_judged: bool = False
    compared: int = 0
    columns: tuple[ColumnSeen, ...] = ()
    metrics: tuple[MetricSeen, ...] = ()
    problems: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """Digest of what was seen: the same again, in the same period, is one look."""
        metrics = [[one.metric, repr(one.value), one.outcome.value] for one in self.metrics]
        said = [*self.problems, *self.waits]
        return digest_of([self.model, self.due, self.run, self.window, self.rows, metrics, said])

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of the columns that drifted in this window."""
        return tuple(column.column for column in self.columns if column.is_drifted)


def most_telling(columns: Sequence[ColumnSeen]) -> tuple[ColumnSeen, ...]:
    """The columns that a look keeps, those that moved most first.

    Where more drifted than are kept, most of them are the same ones each time, by name: a column is
    in alarm by several windows, and of a thousand that drift chance would choose others for each.
    """
    ordered = sorted(columns, key=lambda one: (not one.is_drifted, -(one.psi or 0.0)))
    if sum(one.is_drifted for one in ordered) <= MOST_COLUMNS:
        return tuple(ordered[:MOST_COLUMNS])
    first, rest = ordered[:_STRONGEST], ordered[_STRONGEST:]
    by_name = sorted((one for one in rest if one.is_drifted), key=lambda one: one.column)
    kept = {one.column for one in by_name[: MOST_COLUMNS - len(first)]}
    return (*first, *(one for one in rest if one.column in kept))
