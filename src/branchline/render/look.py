"""A look at a model in production: for a terminal, an issue, a summary, and as JSON. Pure.

Names of columns and metrics come from anybody's file: cells, code spans and escapes hold them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.effects.alarms import AskForTraining, TellAlarm
from branchline.core.evidence.figures import figure
from branchline.core.values import Outcome
from branchline.core.verdict.health import Health
from branchline.core.verdict.health_json import look_to_json
from branchline.render.safe_markdown import code, cut, escape, fitted, sentence
from branchline.render.safe_markdown import table as markdown_table
from branchline.render.table import Align, Column, Line, Table, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.effects.alarms import AlarmEffect
    from branchline.core.evidence.watched import ColumnSeen
    from branchline.core.values import JsonValue
    from branchline.core.verdict.health import Look

_TONES = {Health.HEALTHY: Tone.GOOD, Health.DEGRADED: Tone.BAD, Health.UNKNOWN: Tone.UNSURE}
_OUTCOMES = {Outcome.PASSED: Tone.GOOD, Outcome.FAILED: Tone.BAD, Outcome.UNKNOWN: Tone.UNSURE}
_MOST_ROWS = 10
_MOST_BYTES = 60_000
_LAST = "*Written by `branchline monitor`; it follows the alarm, and closes when that is over.*"


def look_lines(look: Look, *, is_known: bool) -> list[Line]:
    """The state, since when, and why."""
    seen = look.seen
    found = [
        line(
            cell(seen.model, Tone.STRONG), ": ", cell(look.health.value, _TONES[look.health]),
            f" since {_moment(look.since)}",
        )
    ]  # fmt: skip
    found += [line(f"  {one}") for one in look.reasons]
    found += [line(cell(f"  {one}", Tone.DIM)) for one in remarks(look, is_known=is_known)]
    return found


def remarks(look: Look, *, is_known: bool = False) -> list[str]:
    """What else is worth a word: missed looks, the model, the alarm."""
    seen, found = look.seen, []
    if look.missed:
        looks = "1 look" if look.missed == 1 else f"{look.missed:,} looks"
        found.append(
            f"The schedule asked for {looks} that nobody made since {_moment(look.last)}; this one"
            " makes up for them."
        )
    found += seen.notes
    if seen.run:
        found.append(f"In production: run `{seen.run}`, by {seen.via}.")
    if look.alarm:
        found.append(f"The alarm began {_moment(look.alarm)}.")
    if is_known:
        found.append(
            f"The very same was seen at {_moment(seen.at)}: that look counts, and no other."
        )
    return found


def columns_table(look: Look) -> Table:
    """The columns that moved most."""
    columns = (
        Column(heading="column", is_kept=True),
        Column(heading="PSI", align=Align.RIGHT, is_kept=True),
        Column(heading="limit", align=Align.RIGHT),
        Column(heading="", is_kept=True),
        Column(heading="what moved", goes_below=True),
    )
    rows = tuple(
        (
            cell(cut(one.column, 60), Tone.STRONG),
            cell(_psi(one.psi)),
            cell(_psi(one.limit)),
            cell(_word(look, one), _column_tone(look, one)),
            cell(cut(one.why, 200)),
        )
        for one in (look.seen.columns[:_MOST_ROWS] if look.seen.is_judged else ())
    )
    return Table(columns=columns, rows=rows, title=_columns_title(look))


def metrics_table(look: Look) -> Table:
    """The metrics with bounds."""
    columns = (
        Column(heading="metric", is_kept=True),
        Column(heading="value", align=Align.RIGHT, is_kept=True),
        Column(heading="", is_kept=True),
        Column(heading="by its bounds", goes_below=True),
    )
    rows = tuple(
        (
            cell(cut(one.metric, 60), Tone.STRONG),
            cell(figure(one.value)),
            cell(one.outcome.value, _OUTCOMES[one.outcome]),
            cell(cut(one.sentence, 300)),
        )
        for one in look.seen.metrics
    )
    return Table(columns=columns, rows=rows, title="Metrics")


def alarm_title(look: Look) -> str:
    """Heading of the issue of an alarm."""
    if look.health is Health.DEGRADED:
        return f"{look.seen.model} is degraded in production"
    return f"{look.seen.model}: whether it is well in production is not known"


def alarm_markdown(look: Look, *, link: str = "") -> str:
    """Text of the issue of an alarm."""
    head = f"**{escape(look.seen.model)} is {look.health.value}** since {_moment(look.since)}."
    return fitted([head, *_blocks(look)], _foot(_LAST, link), most_bytes=_MOST_BYTES, rest="")


def recovery_markdown(look: Look, *, link: str = "") -> str:
    """Comment that closes the issue of an alarm."""
    head = (
        f"**The alarm is over**: {escape(look.seen.model)} is {look.health.value} since"
        f" {_moment(look.since)}."
    )
    return fitted([head, *_blocks(look)], _foot("", link), most_bytes=_MOST_BYTES, rest="")


def look_markdown(look: Look, said: Sequence[str]) -> str:
    """A look, for the summary of a job.

    Args:
        look: As it was judged.
        said: What was done about it, a sentence each.
    """
    head = (
        f"### {escape(look.seen.model)}: {look.health.value}\n\nSince {_moment(look.since)}, as of"
        f" {_moment(look.seen.at)}."
    )
    done = "\n".join(f"- {sentence(one)}" for one in said)
    return fitted([head, *_blocks(look)], done, most_bytes=_MOST_BYTES, rest="")


def watched_to_json(
    look: Look, *, is_known: bool, is_dry: bool, effects: Sequence[tuple[str, str, str]]
) -> dict[str, JsonValue]:
    """`monitor --json`: the look, and what became of what follows from it."""
    return {
        **look_to_json(look),
        "is_known": is_known,
        "is_dry_run": is_dry,
        "effects": [
            {"sentence": what, "holds": holds, "error": error} for what, holds, error in effects
        ],
    }


def alarm_effect_text(effect: AlarmEffect) -> str:
    """What an effect will make so, without a full stop."""
    if isinstance(effect, AskForTraining):
        return f"ask for a training of {effect.model}"
    if isinstance(effect, TellAlarm):
        return f"have one issue for the alarm of {effect.look.seen.model}"
    return f"close the issue of the alarm of {effect.look.seen.model} that is over"


def _blocks(look: Look) -> list[str]:
    blocks = []
    if look.reasons:
        blocks.append("\n".join(f"- {sentence(one)}" for one in look.reasons))
    if look.seen.metrics:
        found = [
            (code(one.metric), figure(one.value), one.outcome.value, sentence(one.sentence))
            for one in look.seen.metrics
        ]
        heads = ("metric", "value", "", "by its bounds")
        blocks.append(markdown_table(heads, found, (False, True, False, False)))
    if look.seen.columns and look.seen.is_judged:
        shown = [
            (
                code(one.column), _psi(one.psi), _psi(one.limit), _word(look, one),
                escape(cut(one.why, 200)),
            )
            for one in look.seen.columns[:_MOST_ROWS]
        ]  # fmt: skip
        names = ("column", "PSI", "limit", "", "what moved")
        text = markdown_table(names, shown, (False, True, True, False, False))
        blocks += [f"{_columns_title(look)}:", text]
    more = remarks(look)
    if more:
        blocks.append("\n".join(f"- {sentence(one)}" for one in more))
    return blocks


def _foot(text: str, link: str) -> str:
    return "\n\n".join(part for part in (f"[The look]({link})" if link else "", text) if part)


def _columns_title(look: Look) -> str:
    seen = look.seen
    rows = "" if seen.rows is None else f", {seen.rows:,} row{'' if seen.rows == 1 else 's'}"
    shown = min(_MOST_ROWS, len(seen.columns))
    most = f"; the {shown} that moved most" if seen.compared > shown else ""
    return f"Drift of {seen.compared} column{'' if seen.compared == 1 else 's'}{rows}{most}"


def _word(look: Look, one: ColumnSeen) -> str:
    if one.column in look.drifting:
        return "alarm"
    if one.is_drifted:
        return "drifts now"
    return "" if one.psi is None else "steady"


def _column_tone(look: Look, one: ColumnSeen) -> Tone:
    if one.column in look.drifting:
        return Tone.BAD
    return Tone.UNSURE if one.is_drifted else Tone.DIM


def _psi(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _moment(at: str) -> str:
    """`2026-11-28T00:17:00.000Z` as people write it."""
    return f"{at[:10]} {at[11:16]} UTC"
