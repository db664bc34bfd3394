"""A search as Markdown, for the pull request that proposes its best values. Pure.

A forge takes 65,536 characters: few rows and columns, long values cut, and what still does not fit
is left out, with a sentence that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.render.plots import mermaid_label, plain_number
from branchline.render.safe_markdown import code, escape, sentence
from branchline.render.search.facts import (
    Facts,
    against,
    best_so_far,
    brief,
    facts_of,
    foot_words,
    in_order,
    losses_of,
    spread,
    value_words,
)
from branchline.render.trials import missing_text, number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.run.trials import Trial
    from branchline.render.search.facts import Loss, Searched

MOST_CHARACTERS = 60_000
_ROWS = 10
_COLUMNS = 8
_BARS = 12
_LOSSES = 8
_POINTS = 40
_LONGEST = 48
_CUT = "\n\nThe rest of this report does not fit here: `branchline tune --html FILE` has all of it."


def search_markdown(searched: Searched, *, most: int = MOST_CHARACTERS) -> str:
    """The report of a search: the best trials, history, importance, failures, time, command.

    Args:
        searched: What it found.
        most: Characters that it may have.

    Returns:
        Markdown with a newline at its end.
    """
    facts = facts_of(searched)
    parts = [
        _ranked(searched, facts),
        _history(searched),
        _importance(facts),
        _losses(searched),
        _foot(searched),
    ]
    text = ""
    for part in filter(None, parts):
        if len(text) + len(part) + len(_CUT) + 4 > most:
            return text.lstrip("\n")[: max(0, most - len(_CUT) - 1)] + _CUT + "\n"
        text += f"\n\n{part}"
    return text.lstrip("\n") + "\n"


def _ranked(searched: Searched, facts: Facts) -> str:
    if not searched.trials:
        return "No trial was made."
    shown = list(enumerate(searched.trials[:_ROWS], start=1))
    for rank, trial in enumerate(searched.trials, start=1):
        if trial is facts.current and rank > _ROWS:
            shown.append((rank, trial))
    trials = [trial for _, trial in shown]
    names = facts.varying[:_COLUMNS]
    has_spread, has_step = any(map(spread, trials)), facts.current is not None
    objectives = [name for name, _ in searched.objectives]
    heads = ["rank", *map(_code, objectives or [searched.metric])]
    heads += ["spread"] * has_spread + ["against now"] * has_step
    heads += [*map(_code, names), "seconds", ""]
    rows = [heads, ["---:"] * (len(heads) - 1) + ["---"]]
    for rank, trial in shown:
        cells = [str(rank), *_values(trial, len(objectives))]
        cells += [spread(trial)] * has_spread + [escape(against(trial, facts.current))] * has_step
        cells += [_parameter(trial, name) for name in names]
        cells.append(f"{trial.duration_s:.1f}")
        is_best = trial is facts.best
        rows.append([*(_bold(cell, is_best=is_best) for cell in cells), _marks(trial, facts)])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"### Trials\n\n{table}{_left_out(searched, facts, len(shown))}"


def _values(trial: Trial, objectives: int) -> list[str]:
    if objectives and len(trial.objectives) == objectives and trial.has_value:
        return [code(number_text(value)) for value in trial.objectives]
    return [code(value_words(trial)), *["–"] * (objectives - 1)]


def _parameter(trial: Trial, name: str) -> str:
    has_it = name in trial.params
    return _code(brief(trial.params[name])) if has_it else missing_text(trial, "–")


def _bold(cell: str, *, is_best: bool) -> str:
    return f"**{cell}**" if is_best and cell else cell


def _marks(trial: Trial, facts: Facts) -> str:
    marks = ["best"] if trial is facts.best else []
    marks += ["as it was"] if trial is facts.current else []
    marks += ["beaten by none"] if trial.number in facts.front else []
    return ", ".join(marks)


def _left_out(searched: Searched, facts: Facts, shown: int) -> str:
    notes = []
    more = len(searched.trials) - shown
    if more > 0:
        notes.append(f"{more:,} more trial{'' if more == 1 else 's'} not shown.")
    hidden = facts.varying[_COLUMNS:]
    if hidden:
        notes.append(f"{len(hidden)} more parameters that vary not shown: {_names(hidden)}.")
    if facts.constant:
        notes.append(f"The same in all trials: {_names(tuple(facts.constant))}.")
    return "\n\n" + " ".join(notes) if notes else ""


def _names(names: Sequence[str]) -> str:
    more = len(names) - _COLUMNS
    listed = ", ".join(map(_code, names[:_COLUMNS]))
    return f"{listed} and {more} more" if more > 0 else listed


def _history(searched: Searched) -> str:
    """The best value so far as a line that the forge draws; "" when there is none to draw."""
    points = best_so_far(searched.trials, searched.goal)
    numbers = [trial.number for trial in in_order(searched.trials)]
    if len(points) < 2:
        return ""
    first, last = points[0][0], numbers[-1]
    count = min(_POINTS, last - first + 1)
    steps = [first + (last - first) * n / (count - 1) for n in range(count)]
    values, place = [], 0
    for step in steps:
        while place + 1 < len(points) and points[place + 1][0] <= step:
            place += 1
        values.append(points[place][1])
    low, high = min(values), max(values)
    margin = (high - low) / 10 or abs(high) / 10 or 1.0
    drawn = [plain_number(value) for value in values]
    ends = [plain_number(low - margin), plain_number(high + margin)]
    if "" in [*drawn, *ends] or ends[0] == ends[1]:
        return ""
    return "\n".join(
        [
            "### History",
            "",
            "```mermaid",
            "xychart-beta",
            f'    title "best {mermaid_label(_short(searched.metric))} so far"',
            f'    x-axis "trial" {first} --> {last}',
            f"    y-axis {ends[0]} --> {ends[1]}",
            f"    line [{', '.join(drawn)}]",
            "```",
        ]
    )


def _importance(facts: Facts) -> str:
    head = "### What matters\n\n"
    made = facts.importance
    if made.problem:
        return f"{head}Which parameter matters {escape(made.problem)}."
    rows = ["| parameter | explains | |", "| --- | ---: | --- |"]
    for share in made.shares[:_BARS]:
        bar = "█" * max(1, round(20 * share.share))
        rows.append(f"| {_code(share.parameter)} | {share.share:.0%} | {bar} |")
    others = sum(share.share for share in made.shares[_BARS:])
    if others:
        rows.append(f"| {len(made.shares) - _BARS} others | {others:.0%} | |")
    rows.append(f"| none alone | {made.rest:.0%} | |")
    table = "\n".join(rows)
    return f"{head}{table}\n\nOf the variance of the ranks of {made.trials:,} trials."


def _losses(searched: Searched) -> str:
    losses = losses_of(searched.trials)
    if not losses:
        return ""
    rows = ["| trials | | why |", "| ---: | --- | --- |", *map(_loss, losses[:_LOSSES])]
    more = len(losses) - _LOSSES
    end = f"\n\n{more} more reasons not shown." if more > 0 else ""
    return "### Without a final value\n\n" + "\n".join(rows) + end


def _loss(loss: Loss) -> str:
    detail = loss.detail if len(loss.detail) <= 200 else f"{loss.detail[:199]}…"
    numbers = ", ".join(map(str, loss.numbers[:5])) + (", …" if len(loss.numbers) > 5 else "")
    why = sentence(detail) if detail else "no reason was left"
    return f"| {len(loss.numbers):,} | {loss.state.value} | {why} (trial {numbers}) |"


def _foot(searched: Searched) -> str:
    facts = list(foot_words(searched))
    if searched.command:
        facts.append(f"again: {code(searched.command[:500])}")
    return "---\n\n" + " · ".join(facts)


def _code(text: str) -> str:
    return code(_short(text))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
