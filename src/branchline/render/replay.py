"""A replayed history at a terminal: what policies come to and miss, and each push. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.plan.replay import ALWAYS, BRANCHLINE, Answer
from branchline.render.table import Align, Column, Line, Table, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.plan.replay import Missed, ModelAnswer, PushAnswer, Replay, Totals
    from branchline.render.table import Cell

MOST_MISSED = 20
_SUBJECT = 44
_NAMES = 2
TONES = {
    Answer.TRAIN: Tone.STRONG,
    Answer.UNKNOWN: Tone.UNSURE,
    Answer.REUSE: Tone.GOOD,
    Answer.SKIP: Tone.DIM,
}
WORDS = {
    Answer.TRAIN: "train",
    Answer.UNKNOWN: "train, not known",
    Answer.REUSE: "reuse",
    Answer.SKIP: "skip",
}


def heading(replay: Replay) -> str:
    """What was replayed."""
    count = len(replay.pushes)
    if not count:
        return f"`{replay.branch}` has no push in this time."
    pushes = "1 push" if count == 1 else f"{count:,} pushes"
    days = replay.since if replay.since == replay.until else f"{replay.since} to {replay.until}"
    models = replay.models
    rest = f"; models: {', '.join(models)}" if len(models) > 1 else ""
    return f"{pushes} to `{replay.branch}`, {days}{rest}"


def summary(replay: Replay) -> str:
    """What it comes to, in a few sentences."""
    own, always = replay.totals(BRANCHLINE), replay.totals(ALWAYS)
    if not replay.pushes:
        return ""
    said = f"Branchline would have trained {times(own.trainings)} where every push trains"
    said += f" {times(always.trainings)}"
    saved = saved_text(own, always)
    said += f": {share(own, always)} of it{f', {saved} saved' if saved else ''}."
    said += "".join(_beside(replay.totals(name)) for name in replay.policies)
    if own.unknown:
        those = "one of them depends" if own.unknown == 1 else f"{own.unknown:,} of them depend"
        said += f" What {those} on cannot be known from git."
    return said


def _beside(totals: Totals) -> str:
    """A sentence about a filter."""
    if totals.policy in (ALWAYS, BRANCHLINE):
        return ""
    said = f" `{totals.policy}` trains {times(totals.trainings)}"
    if totals.wasted:
        said += f", {totals.wasted:,} of them needless"
    missed = len(totals.missed)
    changes = "1 change" if missed == 1 else f"{missed:,} changes"
    return f"{said}, and misses {changes} of a model." if missed else f"{said}."


def totals_table(replay: Replay, *, model: str = "") -> Table:
    """A row a policy.

    Args:
        replay: The history.
        model: Only of this model; "" counts all.
    """
    always = replay.totals(ALWAYS, model=model)
    about = [name for name in replay.policies if not model or replay.is_about(name, model)]
    found = [replay.totals(policy, model=model) for policy in about]
    heads = ("trains on", "trainings", "share", "minutes", "money", "saved", "needless", "missed")
    columns = (
        Column(heading="policy", is_kept=True),
        *(Column(heading=head, align=Align.RIGHT) for head in heads),
    )
    rows = [_totals_row(totals, always) for totals in found]
    # What no policy knows is said once, below; a narrow terminal has no room to say it in each row.
    unknown = {
        "minutes": all(totals.seconds is None for totals in found),
        "money": all(totals.usd is None for totals in found),
    }
    kept = [at for at, column in enumerate(columns) if not unknown.get(column.heading)]
    return Table(
        columns=tuple(columns[at] for at in kept),
        rows=tuple(tuple(row[at] for at in kept) for row in rows),
        title=f"Model {model}" if model else "",
    )


def _totals_row(totals: Totals, always: Totals) -> tuple[Cell, ...]:
    own = totals.policy == BRANCHLINE
    missed = len(totals.missed)
    return (
        cell(totals.policy, Tone.STRONG if own else Tone.PLAIN),
        cell(f"{totals.pushes:,} pushes" if totals.pushes != 1 else "1 push"),
        cell(f"{totals.trainings:,}", Tone.STRONG if own else Tone.PLAIN),
        cell(share(totals, always)),
        cell(minutes_text(totals.seconds)),
        cell(money_text(totals.usd)),
        cell(saved_text(totals, always) or "–", Tone.GOOD if own else Tone.PLAIN),
        cell(f"{totals.wasted:,}", Tone.UNSURE if totals.wasted else Tone.DIM),
        cell(f"{missed:,}", Tone.BAD if missed else Tone.DIM),
    )


def missed_table(replay: Replay, *, most: int = MOST_MISSED) -> Table:
    """Changes of a model that a policy would not have trained, the newest first."""
    place = {push.commit: number for number, push in enumerate(replay.pushes)}
    rows = [
        (policy, missed) for policy in replay.policies for missed in replay.totals(policy).missed
    ]
    rows.sort(key=lambda row: place[row[1].push.commit], reverse=True)
    columns = (
        Column(heading="policy"),
        Column(heading="push", is_kept=True),
        Column(heading="model"),
        Column(heading="what changed"),
        Column(heading="why it would not have trained", goes_below=True),
    )
    return Table(
        columns=columns,
        rows=tuple(_missed_row(policy, missed) for policy, missed in rows[:most]),
        title="Missed: the model changed, and the policy would not have trained",
    )


def _missed_row(policy: str, missed: Missed) -> tuple[Cell, ...]:
    return (
        cell(policy),
        cell(f"{missed.push.short} {missed.push.pushed_at[:10]}"),
        cell(missed.model.model),
        cell(changed_text(missed.model), Tone.BAD),
        cell(missed.why_not),
    )


def pushes_table(replay: Replay, *, most: int) -> Table:
    """The newest pushes: what each policy does, and why Branchline does what it does.

    Args:
        replay: The history.
        most: How many; 0 for all.
    """
    chosen = replay.pushes[-most:] if most else replay.pushes
    others = [policy for policy in replay.policies if policy != BRANCHLINE]
    columns = (
        Column(heading="push", is_kept=True),
        Column(heading="day"),
        Column(heading="subject"),
        *(Column(heading=policy) for policy in others),
        Column(heading="branchline"),
        Column(heading="why", goes_below=True),
    )
    rows = [row for push in reversed(chosen) for row in _push_rows(replay, push, others)]
    return Table(columns=columns, rows=tuple(rows))


def _push_rows(replay: Replay, push: PushAnswer, others: Sequence[str]) -> list[tuple[Cell, ...]]:
    rows = []
    for index, model in enumerate(push.models):
        is_first = index == 0
        name = f"{model.model}: " if len(push.models) > 1 else ""
        rows.append(
            (
                cell(push.short if is_first else ""),
                cell(push.pushed_at[:10] if is_first else ""),
                cell(cut(push.subject, _SUBJECT) if is_first else ""),
                *(_started(replay, push, policy, model, is_first=is_first) for policy in others),
                cell(WORDS[model.answer], TONES[model.answer]),
                cell(f"{name}{model.reason}"),
            )
        )
    return rows


def _started(
    replay: Replay, push: PushAnswer, policy: str, model: ModelAnswer, *, is_first: bool
) -> Cell:
    """In the first row for all models; in each where a policy trains some of them only."""
    if policy in replay.concerns:
        if not replay.is_about(policy, model.model):
            return cell("")
        trains, is_missed = model.answer.trains, model.is_change
    elif is_first:
        trains, is_missed = push.trains, any(one.is_change for one in push.models)
    else:
        return cell("")
    if push.started[policy].is_started:
        return cell("train", Tone.PLAIN if trains else Tone.UNSURE)
    return cell("–", Tone.BAD if is_missed else Tone.DIM)


def note_lines(replay: Replay) -> list[Line]:
    """What minutes and money were counted with, and what was assumed."""
    return [line(cell(f"- {text}", Tone.DIM)) for text in notes(replay)]


def notes(replay: Replay) -> list[str]:
    """The same as sentences."""
    found = [_duration_note(replay)]
    price = replay.price
    if price is None:
        found.append("money: no price is known; give one with --price (see --help)")
    else:
        dated = f", read {price.dated}" if price.dated else ""
        source = f" ({price.source}{dated})" if price.source else ""
        rounded = ", each job by whole minutes" if price.rounds_up else ""
        found.append(
            f"money: `{price.name}`, ${price.usd_per_minute * 60:.2f} an hour{rounded}{source}"
        )
    return [*found, *replay.notes]


def _duration_note(replay: Replay) -> str:
    durations = replay.durations
    given = ""
    if durations.minutes is not None:
        given = f"{durations.minutes:g} for a training, as given with --minutes"
    if durations.stages:
        recorded = "minutes: as the newest recorded run of each stage took, without set-up"
        return f"{recorded}; where none is recorded {given}" if given else recorded
    if given:
        return f"minutes: {given}"
    return "minutes: no run is recorded here, so none are counted; give --minutes N a training"


def share(totals: Totals, always: Totals) -> str:
    """Trainings as a share of those of every push."""
    if not always.trainings:
        return "–"
    return f"{100 * totals.trainings / always.trainings:.0f}%"


def saved_text(totals: Totals, always: Totals) -> str:
    """What a policy saves beside training on every push: money, else minutes, else trainings."""
    if totals.policy == ALWAYS:
        return ""
    if totals.usd is not None and always.usd is not None:
        return money_text(always.usd - totals.usd)
    if totals.seconds is not None and always.seconds is not None:
        return f"{minutes_text(always.seconds - totals.seconds)} min"
    saved = always.trainings - totals.trainings
    return f"{saved:,} training{'s' if saved != 1 else ''}" if saved else ""


def minutes_text(seconds: float | None) -> str:
    """Minutes; "not known" for None."""
    if seconds is None:
        return "not known"
    minutes = seconds / 60
    return f"{minutes:,.0f}" if abs(minutes) >= 10 or minutes == 0 else f"{minutes:.2g}"


def money_text(usd: float | None) -> str:
    """US dollars; "not known" for None."""
    if usd is None:
        return "not known"
    return f"-${-usd:,.2f}" if usd < 0 else f"${usd:,.2f}"


def times(count: int) -> str:
    """How often, as people say it."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count:,} times")


def changed_text(model: ModelAnswer) -> str:
    """The inputs that changed, the first ones by name."""
    names = model.changed
    if not names:
        return model.reason
    rest = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(f"`{name}`" for name in names[:_NAMES]) + rest


def cut(text: str, most: int) -> str:
    """A text of at most so many letters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
