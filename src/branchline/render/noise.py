"""What chance does to each metric: values, table, sentences, lines to write, JSON. Pure."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import duration, figure, percent
from branchline.core.policy import Goal
from branchline.core.run.student import t_quantile
from branchline.core.values import SCHEMA_VERSION
from branchline.render.table import Align, Cell, Column, Line, Table, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue
    from branchline.core.verdict.noise.moves import Moves
    from branchline.core.verdict.noise.trainings import Training

_SHOWN = 20
_MOST = 5
_SPARE = 1.5
_WIDE = 0.1
_PLAIN = re.compile(r"[A-Za-z$-][A-Za-z0-9_./$-]*")
_ROUND_S = ((60.0, 5.0), (600.0, 60.0), (math.inf, 600.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What training the same again and again gave.

    Attributes:
        model: Its name. commit: Full hash. seed: Parameter that was set; "" for none.
        confidence: Of the gate, one-sided.
        trainings: With the commit's own seed, then with others.
        again: With the commit's own seed, once more each.
        metrics: What each metric did, those of the gate first.
        has_replicates: Whether the gate trains again by itself.
        is_stopped: Whether it was stopped before all were made.
    """

    model: str
    commit: str
    seed: str
    confidence: float
    trainings: tuple[Training, ...] = ()
    again: tuple[Training, ...] = ()
    metrics: tuple[Moves, ...] = ()
    has_replicates: bool = False
    is_stopped: bool = False

    @property
    def run_s(self) -> float | None:
        """Seconds of one training; None when none was timed."""
        times = [t.duration_s for t in (*self.trainings[1:], *self.again) if t.duration_s]
        return sum(times) / len(times) if times else None

    @property
    def is_deterministic(self) -> bool | None:
        """Whether the very same gave the same outputs and numbers; None when it was not tried."""
        if not self.again or not self.trainings:
            return None
        own = self.trainings[0]
        moved = any(one.same_seed for one in self.metrics)
        return not moved and all(one.outputs == own.outputs for one in self.again)

    @property
    def ignores_seed(self) -> bool:
        """Whether every seed left the very same outputs."""
        return len(self.trainings) > 1 and len({one.outputs for one in self.trainings}) == 1

    @property
    def predictions_delta(self) -> float | None:
        """How far predictions of the very same are apart; None when there are none."""
        found = [t.predictions_delta for t in self.again if t.predictions_delta is not None]
        return max(found) if found else None

    def suggestions(self) -> tuple[Moves, ...]:
        """The metrics for which a bar is worth writing: those of the gate, else what has a goal."""
        with_bar = [one for one in self.metrics if one.suggested and one.bar is not None]
        others = [one for one in self.metrics if one.suggested and one.goal is not None]
        return tuple(with_bar or others[:_MOST])


def noise_table(measured: Measured) -> Table:
    """A row a metric."""
    sure = f"{percent(1 - measured.confidence):.3g} %"
    return Table(
        columns=(
            Column(heading="metric", is_kept=True),
            Column(heading="mean", align=Align.RIGHT),
            Column(heading="sd", align=Align.RIGHT),
            Column(heading="from", align=Align.RIGHT),
            Column(heading="to", align=Align.RIGHT),
            Column(heading=f"{sure} lose more than", align=Align.RIGHT),
            Column(heading="bar now", align=Align.RIGHT),
            Column(heading="refuses by chance", align=Align.RIGHT),
        ),
        rows=tuple(
            (
                cell(one.metric),
                cell(figure(one.mean)),
                cell("" if one.sd is None else _short(one.sd)),
                cell(figure(min(one.values))),
                cell(figure(max(one.values))),
                cell("" if one.harmless_loss is None else _short(one.harmless_loss)),
                cell("" if one.bar is None else figure(one.bar)),
                _refused(one, 1 - measured.confidence),
            )
            for one in measured.metrics[:_SHOWN]
        ),
    )


def _refused(one: Moves, allowed: float) -> Cell:
    if one.refused is None:
        return cell("")
    return cell(_share(one.refused), Tone.BAD if one.refused > allowed else Tone.GOOD)


def _short(value: float) -> str:
    """A spread with three digits: more of it says nothing."""
    return f"{value:.3g}"


def _share(value: float) -> str:
    """A share for people.

    >>> _share(0.1432), _share(0.0004), _share(0.0)
    ('14 %', '0.04 %', '0 %')
    """
    return f"{percent(value):.2g} %"


def noise_lines(measured: Measured) -> tuple[Line, ...]:
    """What the table means, and what to write."""
    found: list[Line] = []
    hidden = len(measured.metrics) - _SHOWN
    if hidden > 0:
        found.append(line(f"... and {hidden} more metrics: --json"))
    if not measured.metrics:
        return (*found, line("No metric is a finite number in every training."))
    found += [line(text) for text in _sentences(measured)]
    return tuple(found)


def _sentences(measured: Measured) -> list[str]:
    first = measured.metrics[0]
    found = [_same(measured)] if measured.is_deterministic is not None else []
    if measured.ignores_seed:
        found.append(
            f"Every seed left the very same outputs: `{measured.seed}` moves nothing here. See that"
            " the training draws its chance from it."
        )
    if first.sd is None or not first.suggested:
        return found
    freedom = len(first.values) - 1
    found.append(
        f"One harmless change in {round(1 / (1 - measured.confidence))} loses more than"
        f" {_short(first.harmless_loss or 0.0)} of `{first.metric}` by chance: a change is the"
        f" difference of two trainings, so that is {t_quantile(measured.confidence, freedom):.2f}"
        f" x sqrt(2) x sd (Student's t, {freedom} degrees of freedom)."
    )
    if first.suggested > _WIDE * abs(first.mean):
        found.append(
            "That is so much that a bar of it lets nearly anything pass: steadier training (more"
            " data, more iterations, an average over seeds) tells more than any gate can."
        )
    found += [
        f"`{one.metric}`: a bar of {figure(one.bar)} on two plain numbers refuses"
        f" {_share(one.refused)} of changes that do nothing, and lets"
        f" {_share(one.refused)} of those pass that really lose twice as much."
        for one in measured.metrics
        if one.refused is not None
    ]
    if measured.has_replicates:
        found.append(
            "gate.replicates is set, so that the gate trains again where chance leaves it open, and"
            f" refuses at most {_share(1 - measured.confidence)} of changes that do nothing."
        )
    return found


def _same(measured: Measured) -> str:
    """What training the very same again gave."""
    what = "with the same seed" if measured.seed else "with nothing changed"
    if measured.is_deterministic:
        return f"Trained again {what}, it gave the same numbers and the same outputs."
    moved = [one for one in measured.metrics if one.same_seed]
    parts = [f"`{one.metric}` moved by up to {_short(one.same_seed or 0.0)}" for one in moved[:3]]
    if measured.predictions_delta:
        parts.append(f"predictions by up to {_short(measured.predictions_delta)}")
    if not parts:
        return (
            f"Trained again {what}, it gave the same numbers, but outputs of other bytes (a time or"
            " an order in a file is enough)."
        )
    unseeded = f" `{measured.seed}` is not all that chance comes from." if measured.seed else ""
    return (
        f"Warning, nondeterminism: trained again {what}, {', '.join(parts)}.{unseeded} Look for"
        " unseeded libraries, threads, GPU kernels and the order of sets and files."
    )


def settings_text(measured: Measured) -> str:
    """Lines for branchline.yaml; "" where there is nothing to suggest."""
    rows = measured.suggestions()
    if not rows:
        return ""
    lines = ["gate:", "  metrics:"]
    for one in rows:
        goal = ", goal: minimize" if one.goal is Goal.MINIMIZE else ""
        bar = f"{one.suggested:.12g}"
        lines.append(f"    {_written(one.metric)}: {{max_regression: {bar}{goal}}}")
    if measured.seed:
        run_s = measured.run_s
        budget = f", budget: {_budget(run_s * _MOST * _SPARE)}" if run_s else ""
        seed = _written(measured.seed)
        lines.append(f"  replicates: {{seed: {seed}, max: {_MOST}{budget}}}")
    return "\n".join(lines)


def _written(name: str) -> str:
    """A name as YAML takes it, also one that somebody made to break it.

    >>> _written("val.auc"), _written("a: b")
    ('val.auc', '"a: b"')
    """
    return name if _PLAIN.fullmatch(name) else json.dumps(name)


def _budget(seconds: float) -> str:
    """A time to write, rounded up.

    >>> _budget(33.0), _budget(400.0), _budget(7000.0)
    ('35s', '7m', '2h')
    """
    step = next(step for limit, step in _ROUND_S if seconds <= limit)
    whole = int(math.ceil(seconds / step) * step)
    if whole < 120:
        return f"{whole}s"
    return f"{math.ceil(whole / 60)}m" if whole < 7200 else f"{math.ceil(whole / 3600)}h"


def heading(measured: Measured) -> str:
    """What was measured, in one line."""
    count, repeats = len(measured.trainings) - 1, len(measured.again)
    parts = []
    if measured.seed:
        parts.append(f"{count} trainings with other seeds (`{measured.seed}`)")
    if repeats:
        once = "once more" if repeats == 1 else f"{repeats} times more"
        parts.append(f"the very same {once}")
    each = f", {duration(measured.run_s)} each" if measured.run_s else ""
    stopped = "; stopped, the same command goes on" if measured.is_stopped else ""
    return f"{measured.model} at {measured.commit[:7]}: {' and '.join(parts)}{each}{stopped}"


def noise_to_json(measured: Measured) -> Mapping[str, JsonValue]:
    """The same as plain JSON values, `schema_version` first."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": measured.model,
        "commit": measured.commit,
        "seed": measured.seed or None,
        "confidence": measured.confidence,
        "is_stopped": measured.is_stopped,
        "is_deterministic": measured.is_deterministic,
        "ignores_seed": measured.ignores_seed,
        "predictions_delta": measured.predictions_delta,
        "run_s": measured.run_s,
        "trainings": [
            {"seed": one.seed, "again": one.again, "duration_s": one.duration_s}
            for one in (*measured.trainings, *measured.again)
        ],
        "metrics": [
            {
                "metric": one.metric,
                "values": list(one.values),
                "mean": one.mean,
                "sd": one.sd,
                "min": min(one.values),
                "max": max(one.values),
                "goal": one.goal.value if one.goal else None,
                "harmless_loss": one.harmless_loss,
                "suggested": one.suggested,
                "bar": one.bar,
                "refused_share": one.refused,
                "missed_share": one.refused,
                "same_seed": one.same_seed,
            }
            for one in measured.metrics
        ],
        "settings": settings_text(measured),
    }
