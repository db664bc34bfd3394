"""A plan as lines for a terminal: what happens to each stage, and why. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.changes.values import ChangeEffect, InputKind
from branchline.core.plan.values import ABSENT, PRESENT, Action, DataState, Source
from branchline.render.table import Cell, Column, Line, Table, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.changes.values import Input
    from branchline.core.plan.values import Observed, Plan, StagePlan

_WORDS = {
    Action.RUN: ("run", Tone.STRONG),
    Action.MAY_RUN: ("may run", Tone.UNSURE),
    Action.REUSE: ("reuse", Tone.GOOD),
    Action.SKIP: ("skip", Tone.DIM),
}
_VOUCHERS = {
    Source.RECORD: "a recorded run",
    Source.LOCK: "dvc.lock",
    Source.RUN_CACHE: "DVC's run cache",
}


def plan_table(plan: Plan) -> Table:
    """One row a stage: what happens, to which stage, why."""
    return Table(
        columns=(Column(heading="action"), Column(heading="stage"), Column(heading="why")),
        rows=tuple(_row(entry) for entry in plan.stages),
    )


def _row(entry: StagePlan) -> tuple[Cell, ...]:
    word, tone = _WORDS[entry.action]
    return (cell(word, tone), cell(entry.stage), cell(entry.reason, _quiet(entry)))


def _quiet(entry: StagePlan) -> Tone:
    return Tone.PLAIN if entry.action in (Action.RUN, Action.MAY_RUN) else Tone.DIM


def plan_summary(plan: Plan) -> str:
    """One sentence about the whole plan.

    >>> from branchline.core.plan.values import Plan
    >>> plan_summary(Plan(stages=()))
    'There are no stages.'
    """
    total = len(plan.stages)
    if not total:
        return "There are no stages."
    run = sum(entry.action is Action.RUN for entry in plan.stages)
    may = sum(entry.action is Action.MAY_RUN for entry in plan.stages)
    if not run and not may:
        return "Nothing to run." if total > 1 else "Nothing to run: the one stage has its result."
    parts = []
    if run:
        parts.append(f"{run} of {total} {_stages(total)} {'has' if run == 1 else 'have'} to run")
    if may:
        parts.append(f"{may} may" if run else f"{may} of {total} {_stages(total)} may run")
    known = [
        entry.estimate_s
        for entry in plan.stages
        if entry.action in (Action.RUN, Action.MAY_RUN) and entry.estimate_s is not None
    ]
    cost = f"; about {_seconds(sum(known))} by the last runs" if len(known) == run + may else ""
    return ", ".join(parts) + cost + "."


def _stages(count: int) -> str:
    return "stage" if count == 1 else "stages"


def _seconds(seconds: float) -> str:
    if 0 < seconds < 0.1:
        return "0.1 s"  # "about 0.0 s" reads as a mistake
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.0f} min"


def plan_data_lines(plan: Plan) -> tuple[Line, ...]:
    """What is not known to be good of the data that are checked before training; bad ones first."""
    bad = [one for one in plan.data if one.state is DataState.BAD]
    open_ones = [one for one in plan.data if one.state is DataState.UNCHECKED]
    lines = [line(cell("Data: ", Tone.BAD), one.sentence) for one in bad]
    if bad:
        lines.append(line("  `branchline run` starts nothing that comes after bad data."))
    return (*lines, *(line(cell("Data: ", Tone.UNSURE), one.sentence) for one in open_ones))


def plan_notes(plan: Plan) -> tuple[str, ...]:
    """Remarks of all stages, each once, with the stage's name."""
    found = dict.fromkeys(plan.notes)
    for entry in plan.stages:
        found.update(dict.fromkeys(f"{entry.stage}: {note}" for note in entry.notes))
    return tuple(found)


def why_lines(entry: StagePlan) -> tuple[Line, ...]:
    """One stage's decision: the answer first, who vouches for it, and what changed."""
    word, tone = _WORDS[entry.action]
    lines = [
        line(cell(entry.stage, Tone.STRONG), ": ", cell(word, tone), " - ", cell(entry.reason))
    ]
    if entry.result is not None and entry.source is not None:
        run = f" (run {entry.result.run})" if entry.result.run else ""
        lines.append(line(f"  vouched for by {_VOUCHERS[entry.source]}{run}"))
    lines.append(line(f"  key {entry.key or 'not known yet: an input is still to be made'}"))
    lines.extend(_changes(entry))
    lines.extend(_observed(entry))
    if entry.notes:
        lines.append(line())
        lines.extend(line(cell("note: ", Tone.UNSURE), note) for note in entry.notes)
    lines.append(line())
    return tuple(lines)


def _observed(entry: StagePlan) -> list[Line]:
    """What the run read besides, and what it looked for."""
    lines: list[Line] = []
    for heading, paths in (
        ("seen to be read by that run, not declared", [o.path for o in _reads(entry)]),
        ("looked for by that run in vain", [o.path for o in entry.observed if o.digest == ABSENT]),
        ("found by that run, not read", [o.path for o in entry.observed if o.digest == PRESENT]),
    ):
        if paths:
            lines += [line(), line(cell(heading, Tone.STRONG))]
            lines.extend(line(f"  {path}") for path in paths)
    return lines


def _reads(entry: StagePlan) -> list[Observed]:
    return [item for item in entry.observed if not item.is_look]


def _changes(entry: StagePlan) -> list[Line]:
    if not entry.compared_with:
        return [line("  there is no earlier result to compare with")]
    lines = [line(), line(cell(f"changed since {_run(entry.compared_with)}", Tone.STRONG))]
    if not entry.changes:
        return [*lines, line("  nothing")]
    tones = {
        ChangeEffect.MODEL: Tone.BAD,
        ChangeEffect.UNKNOWN: Tone.UNSURE,
        ChangeEffect.COSMETIC: Tone.GOOD,
        ChangeEffect.NONE: Tone.DIM,
    }
    words = {
        ChangeEffect.MODEL: "matters",
        ChangeEffect.UNKNOWN: "may matter",
        ChangeEffect.COSMETIC: "cosmetic",
        ChangeEffect.NONE: "no effect",
    }
    for change in entry.changes:
        word = cell(words[change.effect].ljust(11), tones[change.effect])
        lines.append(line("  ", word, change.sentence))
    return lines


def _run(name: str) -> str:
    return name if name == "dvc.lock" else f"run {name}"


def inputs_table(inputs: Sequence[Input]) -> Table:
    """Everything that a stage's result depends on: kind, name, what it holds, how it came in."""
    order = {kind: index for index, kind in enumerate(InputKind)}
    return Table(
        columns=(
            Column(heading="input"),
            Column(heading="name"),
            Column(heading="holds"),
            Column(heading="how it counts"),
        ),
        rows=tuple(
            _input_row(item) for item in sorted(inputs, key=lambda i: (order[i.kind], i.name))
        ),
    )


def _input_row(item: Input) -> tuple[Cell, ...]:
    if item.kind is InputKind.COMMAND:
        first, _, rest = item.value.partition("\n")
        return (cell("command"), cell(first + (" ..." if rest else "")), cell(""), cell(""))
    if item.pending:
        holds = cell(f"made by `{item.pending}` in this run", Tone.UNSURE)
    else:
        holds = cell(item.value or (item.digest or "not known")[:12], Tone.DIM)
    return (cell(item.kind.value), cell(item.name), holds, cell(item.via, Tone.DIM))
