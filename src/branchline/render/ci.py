"""What a CI job says of its walk: the summary of a step, and sentences at lines of files. Pure.

Nothing from outside is trusted: names stand in code spans, sentences are escaped (`safe_markdown`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.core.plan.values import Action
from branchline.core.policy import Do
from branchline.core.values import Outcome
from branchline.ports.ci import Note, NoteLevel
from branchline.render.plan import plan_notes, plan_summary
from branchline.render.safe_markdown import code, fitted, sentence, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.pipeline import Stage
    from branchline.core.plan.asked import AskedModel
    from branchline.core.plan.values import Plan
    from branchline.core.policy import Gate
    from branchline.core.trigger.events import Event
    from branchline.core.verdict.values import Verdict
    from branchline.errors import BranchlineError

MOST_BYTES = 900_000
"""Of a summary; GitHub takes 1 MiB of a step."""
_MOST_NOTES = 50
_MOST_STAGES = 500
_HASH = 7
_WHERE = re.compile(
    r"(?P<file>[^\s:][^:\n]{0,300}):(?P<line>[1-9]\d{0,6})(?::\d+)?: (?P<text>.+)", re.S
)
_WORDS = {
    Action.RUN: "**run**",
    Action.MAY_RUN: "may run",
    Action.REUSE: "reuse",
    Action.SKIP: "skip",
}
_LEVELS = {Outcome.FAILED: NoteLevel.ERROR, Outcome.UNKNOWN: NoteLevel.WARNING}


def plan_markdown(
    event: Event, asked: Sequence[AskedModel], notes: Sequence[str] = (), *, reason: str
) -> str:
    """What would run and why, for the summary of the deciding job."""
    blocks = [f"## Branchline: {_headline(asked)}", f"{_commit(event)}{sentence(reason)}."]
    for one in asked:
        if len(asked) > 1:
            blocks.append(f"### {code(one.model)}")
            blocks.append(f"{sentence(one.decision.reason)}.")
        if one.plan is not None:
            blocks += [sentence(plan_summary(one.plan)), _stages(one.plan)]
            blocks.append(_list(plan_notes(one.plan)))
    blocks.append(_list(notes))
    return _fit(blocks)


def run_markdown(event: Event, reports: Sequence[str], notes: Sequence[str] = ()) -> str:
    """The reports of a job that walked, and what was lost.

    Args:
        event: What woke it.
        reports: Markdown that is safe already, one a model.
        notes: Remarks, as they are.
    """
    return _fit([_commit(event).rstrip(), *(r.rstrip("\n") for r in reports), _list(notes)])


def applied_markdown(
    rows: Sequence[tuple[str, str, str]], notes: Sequence[str] = (), *, is_dry: bool
) -> str:
    """What the world knows now.

    Args:
        rows: What an effect is, what holds now, why it failed; texts as they are.
        notes: Remarks, as they are.
        is_dry: Whether nothing was applied.
    """
    title = "## Branchline: effects" + (" (dry run)" if is_dry else "")
    lines = [
        f"- ❌ {sentence(what)}: {sentence(error)}"
        if error
        else f"- {'▫️' if is_dry else '✅'} {sentence(holds or what)}"
        for what, holds, error in rows
    ]
    return _fit([title, "\n".join(lines) or "Nothing follows.", _list(notes)])


def failure_markdown(model: str, sentences: Sequence[str]) -> str:
    """That a model's walk came to no verdict, and why."""
    name = f" · {code(model)}" if model else ""
    return f"## ❌ No verdict{name}\n\n{_list(sentences)}\n"


def nothing_markdown(model: str, reason: str) -> str:
    """That nothing was trained, and why."""
    name = f" · {code(model)}" if model else ""
    return f"## Nothing to train{name}\n\n{sentence(reason)}.\n"


def stage_remarks(failures: Mapping[str, str], stages: Mapping[str, Stage]) -> tuple[Note, ...]:
    """At each stage that failed, how."""
    return tuple(
        Note(
            level=NoteLevel.ERROR,
            file=stages[address].file if address in stages else "",
            line=stages[address].line if address in stages else 0,
            title=f"{address} failed",
            text=detail,
        )
        for address, detail in failures.items()
    )


def plan_remarks(
    asked: Sequence[AskedModel], stages: Mapping[tuple[str, str], Stage]
) -> tuple[Note, ...]:
    """At each stage that will run, why; `stages` by model and address."""
    return tuple(
        Note(
            level=NoteLevel.NOTICE,
            file=stages[one.model, entry.stage].file,
            line=stages[one.model, entry.stage].line,
            title=f"{entry.stage} runs",
            text=entry.reason,
        )
        for one in asked
        if one.plan is not None and one.decision.do is not Do.NOTHING
        for entry in one.plan.stages
        if entry.action is Action.RUN and (one.model, entry.stage) in stages
    )


def verdict_remarks(verdict: Verdict, gate: Gate, file: str) -> tuple[Note, ...]:
    """At each bar that did not hold, what was found.

    Args:
        verdict: Of the run.
        gate: Knows the lines of its bars.
        file: That they stand in; "" where these are the lines of another tree.
    """
    lines = {rule.name: rule.line for rule in gate.metrics}
    return tuple(
        Note(
            level=_LEVELS[finding.outcome],
            file=file if lines.get(finding.metric) else "",
            line=lines.get(finding.metric, 0) if file else 0,
            title=f"{finding.metric}: {finding.outcome.value}",
            text=finding.sentence,
        )
        for finding in verdict.findings
        if finding.outcome in _LEVELS and finding.counts
    )


def error_remarks(error: BranchlineError) -> tuple[Note, ...]:
    """An error at the lines that it names; one without a line where it names none."""
    found = [note for text in (error.message, *error.details) if (note := _at_line(text))]
    if found:
        return tuple(dict.fromkeys(found))
    text = ". ".join(part.rstrip(".") for part in (error.message, error.todo) if part) + "."
    return (Note(level=NoteLevel.ERROR, text=text, title="Branchline"),)


def _at_line(text: str) -> Note | None:
    found = _WHERE.fullmatch(text.strip())
    if found is None or found["file"].startswith("/") or "//" in found["file"]:
        return None
    return Note(
        level=NoteLevel.ERROR,
        file=found["file"],
        line=int(found["line"]),
        text=found["text"],
        title="Branchline",
    )


def _headline(asked: Sequence[AskedModel]) -> str:
    walking = [one for one in asked if one.walks]
    if any(one.decision.do is Do.TUNE for one in walking):
        return "a search begins"
    if any(one.trains for one in walking):
        return "training is needed"
    if walking:
        return "nothing to train, the result is judged"
    if any(one.trains for one in asked):
        return "training is withheld"
    return "nothing to train"


def _commit(event: Event) -> str:
    """Which commit is meant: of a pull request its head, and the merge that is tested."""
    if not event.head:
        return ""
    head = code(event.head[:_HASH])
    merged = event.tested and event.tested != event.head
    tested = f", tested as merge {code(event.tested[:_HASH])}" if merged else ""
    into = f" into {code(event.base_branch)}" if event.base_branch else ""
    return f"Commit {head}{tested}{into}.\n\n"


def _stages(plan: Plan) -> str:
    rows = [
        [_WORDS[entry.action], code(entry.stage, most=160), sentence(entry.reason)]
        for entry in plan.stages[:_MOST_STAGES]
    ]
    return table(("", "stage", "why"), rows, (False, False, False)) if rows else ""


def _list(texts: Sequence[str]) -> str:
    lines = [f"- {sentence(text)}" for text in dict.fromkeys(texts)]
    if len(lines) > _MOST_NOTES:
        lines = [*lines[:_MOST_NOTES], f"- {len(lines) - _MOST_NOTES} more."]
    return "\n".join(lines)


def _fit(blocks: Sequence[str]) -> str:
    kept = [block for block in blocks if block.strip()] or ["Nothing to do."]
    return fitted(kept[:-1], kept[-1], most_bytes=MOST_BYTES, rest="The rest does not fit here.")
