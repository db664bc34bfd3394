"""Where a project stands, in four lines, and what to type next. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.plan.values import Action
from branchline.render.plan import plan_summary
from branchline.render.runs import outcome_cell
from branchline.render.table import Line, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.plan.values import Plan
    from branchline.ports.repo import Head
    from branchline.render.run_view import RunView

__all__ = ["next_command", "status_lines"]

_MOST_OTHERS = 10


def status_lines(
    *,
    model: str,
    head: Head,
    is_dirty: bool,
    plan: Plan,
    last: RunView | None,
    others: Sequence[str] = (),
) -> list[Line]:
    """Four lines: the project, what would run, the last run, what to type; one more for others.

    Args:
        model: Name of the model.
        head: Where HEAD stands.
        is_dirty: Whether the working tree differs from it.
        plan: What would run now.
        last: The newest recorded run of the model; None when there is none.
        others: Names of the other models that are declared.
    """
    place = f"branch {head.branch}" if head.branch else "no branch"
    commit = head.short or "no commit yet"
    dirty = ", with uncommitted changes" if is_dirty and head.commit else ""
    lines = [
        _line("project", f"{model}, {place}, {commit}{dirty}"),
        _line("plan", _plan_text(plan)),
    ]
    if others:
        named = ", ".join(others[:_MOST_OTHERS]) + (", ..." if others[_MOST_OTHERS:] else "")
        text = f"{len(others)} more: {named}; see branchline plan --model {others[0]}"
        lines.insert(1, _line("models", text))
    if last is None:
        lines.append(_line("last run", "none is recorded here"))
    else:
        summary = f": {last.verdict.summary}" if last.verdict and last.verdict.findings else ""
        lines.append(line(_name("last run"), f"{last.run}, ", outcome_cell(last), summary))
    command = next_command(plan, last)
    if others and command == "branchline run":
        command = f"{command} --model {model}"
    elif others and last is not None and command == "branchline show":
        command = f"{command} {last.run}"  # the newest of all may be another's
    lines.append(line(_name("next"), cell(command, Tone.STRONG)))
    return lines


def next_command(plan: Plan, last: RunView | None) -> str:
    """The command that goes on from here."""
    if not plan.is_empty or last is None:
        return "branchline run"
    was_judged = last.verdict is None or last.verdict.findings
    if was_judged and last.outcome in ("failed", "unknown"):
        return "branchline show"
    return "branchline runs"


def _plan_text(plan: Plan) -> str:
    first = next((entry for entry in plan.stages if entry.action is Action.RUN), None)
    because = f" First {first.stage}: {first.reason}." if first is not None else ""
    return plan_summary(plan) + because


def _line(name: str, text: str) -> Line:
    return line(_name(name), text)


def _name(name: str) -> str:
    return f"{name.ljust(8)}  "
