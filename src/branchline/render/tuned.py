"""A search at a terminal: its trials, the best of them, what was written. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.evidence.front import front_of
from branchline.core.run.confirming import spread_of
from branchline.core.run.trials import TrialState
from branchline.core.values import SCHEMA_VERSION
from branchline.render.table import Align, Cell, Column, Line, Table, Tone, cell, width_of
from branchline.render.trials import (
    change_words,
    choice_words,
    names_of,
    number_text,
    param_text,
    sentence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.policy import Goal
    from branchline.core.run.confirming import Confirmed
    from branchline.core.run.trials import Trial
    from branchline.core.values import JsonValue

_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What a search found.

    Attributes:
        metric, goal: What was searched for. trials: Best first.
        current: Values that were set when the search began.
        more, more_goals: Further objectives.
        asked: How many trials it was to make.
        is_stopped: Whether it ended before its trials did.
        is_unfinished: Whether its process had to end before its trials did.
        confirmed: What training the best again with fresh seeds told.
        chosen: Number of the trial that a person chose; None: the search does.
        before: Value that each parameter of the best has in the working tree.
        written: Files that hold the best values now; none where they held them already.
        is_dry: Whether they would be written only.
    """

    metric: str
    goal: Goal
    trials: tuple[Trial, ...] = ()
    current: Mapping[str, JsonValue] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    more_goals: tuple[Goal, ...] = ()
    asked: int = 0
    is_stopped: bool = False
    is_unfinished: bool = False
    confirmed: Confirmed | None = None
    chosen: int | None = None
    before: Mapping[str, JsonValue] = field(default_factory=dict)
    written: tuple[str, ...] = ()
    is_dry: bool = False

    @property
    def has_best(self) -> bool:
        """Whether any trial left a number."""
        return bool(self.trials) and self.trials[0].has_value

    @property
    def offered(self) -> Trial | None:
        """The trial whose values are written; None while the search goes on, or one must choose."""
        if self.is_stopped or self.is_unfinished or not self.has_best:
            return None
        if self.chosen is not None:
            return next((t for t in self.trials if t.number == self.chosen and t.has_value), None)
        if self.more:
            front = self.front()
            return front[0] if len(front) == 1 else None
        return self.trials[0]

    def front(self) -> tuple[Trial, ...]:
        """Trials that no other betters in every objective."""
        return front_of(self.trials, (self.goal, *self.more_goals))

    def with_best(
        self, before: Mapping[str, JsonValue], written: tuple[str, ...], *, is_dry: bool = False
    ) -> Tuned:
        """The same, with what became of the best values."""
        return replace(self, before=before, written=written, is_dry=is_dry)


def tuned_table(made: Tuned, *, width: int | None = None) -> Table:
    """The ranked trials, by the numbers that `--choose` takes.

    Args:
        made: The search.
        width: Columns of the terminal; names lose their groups where these are too few.
    """
    whole = _table(made, names_of(made.trials))
    if width is None or _width(whole) <= width:
        return whole
    return _table(made, _without_groups(names_of(made.trials)))


def _table(made: Tuned, headings: Sequence[str]) -> Table:
    names = names_of(made.trials)
    right = Align.RIGHT
    return Table(
        columns=(
            Column(heading="rank", align=right),
            Column(heading="trial", align=right, is_kept=True),
            Column(heading=made.metric, align=right, is_kept=True),
            *(Column(heading=name, align=right, is_kept=True) for name in made.more),
            *(Column(heading=heading, align=right, is_kept=True) for heading in headings),
            Column(heading="seconds", align=right),
            Column(heading="", goes_below=True),
        ),
        rows=tuple(
            (
                cell(rank),
                cell(trial.number),
                _value(trial, is_best=rank == 1 and not made.more),
                *(cell(_objective(trial, place)) for place in range(1, 1 + len(made.more))),
                *(cell(param_text(trial, n)) for n in names),
                cell(f"{trial.duration_s:.1f}"),
                cell(_remark(made, trial), Tone.DIM),
            )
            for rank, trial in enumerate(made.trials[:_ROWS], start=1)
        ),
    )


def _width(table: Table) -> int:
    """Columns that a table takes without what can go below its rows."""
    rows = [[item.text for item in row] for row in table.rows]
    rows.append([column.heading for column in table.columns])
    return sum(2 + max(width_of(row[i]) for row in rows) for i in range(len(table.columns) - 1))


def _without_groups(names: Sequence[str]) -> Sequence[str]:
    """Names of parameters without their groups, where these tell none apart.

    >>> _without_groups(["train.lr", "model.depth"]), _without_groups(["a.lr", "b.lr"])
    (['lr', 'depth'], ['a.lr', 'b.lr'])
    """
    short = [name.rpartition(".")[2] for name in names]
    return short if len(set(short)) == len(short) else names


def _objective(trial: Trial, place: int) -> str:
    """What a trial reached in one of several objectives."""
    return number_text(trial.objectives[place]) if len(trial.objectives) > place else ""


def _remark(made: Tuned, trial: Trial) -> str:
    if not trial.has_value:
        was = "as it was; " if trial.params == made.current else ""
        return f"{was}{trial.detail}"
    if trial.params == made.current:
        return "as it was"
    is_winner = made.confirmed is not None and made.confirmed.winner == trial.number
    return "confirmed with fresh seeds" if is_winner else ""


def _value(trial: Trial, *, is_best: bool) -> Cell:
    if not trial.has_value or trial.value is None:
        return cell(trial.state.value, Tone.BAD)
    spread = spread_of(trial.values)
    text = number_text(trial.value) if spread is None else f"{trial.value:.6g} ± {spread:.2g}"
    return cell(text, Tone.GOOD if is_best else Tone.PLAIN)


def tuned_lines(made: Tuned) -> tuple[Line, ...]:
    """What came of it."""
    lines = []
    if len(made.trials) > _ROWS:
        lines.append(_line(f"and {len(made.trials) - _ROWS} more", Tone.DIM))
    if made.is_stopped or made.is_unfinished:
        count = sum(trial.number > 0 for trial in made.trials)
        why = "Stopped" if made.is_stopped else "Not finished: the deadline is near"
        lines.append(
            _line(f"{why}; {count} of {made.asked} trials are made and kept.", Tone.UNSURE)
        )
        lines.append(_line("next: the same command goes on where this one ended", Tone.DIM))
        return tuple(lines)
    if not made.has_best:
        is_refused = any(trial.state is TrialState.REFUSED for trial in made.trials)
        keeps = " that keeps the constraint" if is_refused else ""
        lines.append(_line(f"No trial left a number for `{made.metric}`{keeps}.", Tone.BAD))
        if made.trials and not is_refused:
            first = min(made.trials, key=lambda trial: trial.number)
            lines.append(_line(f"The first of {len(made.trials)}: {first.detail}", Tone.PLAIN))
        return tuple(lines)
    best = made.offered
    if best is None:
        return (*lines, *_choice(made))
    found = f"{made.metric} {number_text(best.value)}"
    current = next((trial for trial in made.trials if trial.params == made.current), None)
    if current is not None and current is not best:
        found += f" (now {number_text(current.value)})"
    if made.confirmed is not None:
        tone = Tone.UNSURE if made.confirmed.winner is None else Tone.PLAIN
        lines.append(_line(sentence(made.confirmed.sentence), tone))
    changes = change_words(made.before, best.params)
    if not changes:
        lines.append(_line(f"The best, {found}, has the values that are set already.", Tone.GOOD))
        return tuple(lines)
    lines.append(_line(f"The best, {found}: {changes}", Tone.GOOD))
    verb = "Would be written" if made.is_dry else "Written"
    lines.append(_line(f"{verb}: {', '.join(made.written)}", Tone.PLAIN))
    if not made.is_dry:
        lines.append(_line("next: branchline run, whose training is known already", Tone.DIM))
    return tuple(lines)


def _choice(made: Tuned) -> tuple[Line, ...]:
    """What to do where several trials are best, each in its way."""
    front = made.front()
    head, *rows = choice_words(front, (made.metric, *made.more))
    lines = [_line(head, Tone.PLAIN), *(_line(row, Tone.GOOD) for row in rows)]
    number = front[0].number if front else 1
    lines.append(_line(f"next: branchline tune --choose {number} writes its values", Tone.DIM))
    return tuple(lines)


def _line(text: str, tone: Tone) -> Line:
    return Line(pieces=(cell(text, tone),))


def _confirmed_json(confirmed: Confirmed) -> JsonValue:
    is_known = math.isfinite(confirmed.margin)
    return {
        "winner": confirmed.winner,
        "gain": confirmed.gain if is_known else None,
        "margin": confirmed.margin if is_known else None,
        "seeds": confirmed.seeds,
        "sentence": confirmed.sentence,
    }


def tuned_to_json(made: Tuned) -> dict[str, JsonValue]:
    """`tune --json`."""
    best = made.offered
    return {
        "schema_version": SCHEMA_VERSION,
        "metric": made.metric,
        "goal": made.goal.value,
        "is_stopped": made.is_stopped,
        "is_unfinished": made.is_unfinished,
        "confirmed": None if made.confirmed is None else _confirmed_json(made.confirmed),
        "trials": [
            {
                "number": trial.number,
                "state": trial.state.value,
                "value": trial.value,
                "params": dict(trial.params),
                "values": list(trial.values),
                "objectives": list(trial.objectives),
                "metrics": dict(trial.metrics),
                "detail": trial.detail,
                "duration_s": trial.duration_s,
            }
            for trial in made.trials
        ],
        "best": None if best is None else {"number": best.number, "params": dict(best.params)},
        "before": dict(made.before),
        "written": list(made.written),
        "is_dry_run": made.is_dry,
    }
