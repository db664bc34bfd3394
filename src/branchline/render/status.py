"""Where a project stands, and what to type next. Pure."""

from __future__ import annotations

from dataclasses import dataclass
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

__all__ = ["ModelStatus", "next_command", "several_lines", "status_lines"]


def status_lines(
    *,
    model: str,
    head: Head,
    is_dirty: bool,
    plan: Plan,
    last: RunView | None,
) -> list[Line]:
    """Four lines: the project, what would run, the last run, what to type.

    Args:
        model: Name of the model.
        head: Where HEAD stands.
        is_dirty: Whether the working tree differs from it.
        plan: What would run now.
        last: The newest recorded run of the model; None when there is none.
    """
    return [
        _line("project", f"{model}, {_place(head, is_dirty=is_dirty)}"),
        _line("plan", _plan_text(plan)),
        _last_line(last),
        line(_name("next"), cell(next_command(plan, last), Tone.STRONG)),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """Where one of several models stands.

    Attributes:
        model: Its name.
        plan: What would run now; None where that cannot be said.
        problem: Why it cannot; "" where it can.
        last: The newest recorded run of the model; None when there is none.
    """

    model: str
    plan: Plan | None = None
    problem: str = ""
    last: RunView | None = None


def several_lines(models: Sequence[ModelStatus], *, head: Head, is_dirty: bool) -> list[Line]:
    """One line on the project, three a model, what to type.

    Args:
        models: In the order in which they are declared, at least one.
        head: Where HEAD stands.
        is_dirty: Whether the working tree differs from it.
    """
    lines = [_line("project", f"{len(models)} models, {_place(head, is_dirty=is_dirty)}")]
    for one in models:
        lines.append(line(_name("model"), cell(one.model, Tone.STRONG)))
        text = one.problem if one.plan is None else _plan_text(one.plan)
        lines += [_line("plan", text), _last_line(one.last)]
    lines.append(line(_name("next"), cell(_next_of_several(models), Tone.STRONG)))
    return lines


def _next_of_several(models: Sequence[ModelStatus]) -> str:
    """What helps the first model whose plan cannot be made, else the first with something to do."""
    broken = next((one for one in models if one.plan is None), None)
    if broken is not None:
        return f"branchline plan --model {broken.model}"
    wanted = [(one, next_command(one.plan, one.last)) for one in models if one.plan is not None]
    to_run = [one.model for one, command in wanted if command == "branchline run"]
    if to_run:
        return "branchline run" + (f" --model {to_run[0]}" if len(to_run) == 1 else "")
    for one, command in wanted:
        if one.last is not None and command == "branchline show":
            return f"{command} {one.last.run}"  # the newest of all may be another's
    return "branchline runs"


def _place(head: Head, *, is_dirty: bool) -> str:
    branch = f"branch {head.branch}" if head.branch else "no branch"
    commit = head.short or "no commit yet"
    return f"{branch}, {commit}" + (
        ", with uncommitted changes" if is_dirty and head.commit else ""
    )


def _last_line(last: RunView | None) -> Line:
    if last is None:
        return _line("last run", "none is recorded here")
    summary = f": {last.verdict.summary}" if last.verdict and last.verdict.findings else ""
    return line(_name("last run"), f"{last.run}, ", outcome_cell(last), summary)


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
