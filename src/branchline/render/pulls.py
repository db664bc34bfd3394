"""Pull requests as tables and lines for a terminal. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.ports.forge import CheckState, PullState
from branchline.render.diff_view import diff_files
from branchline.render.table import Align, Cell, Column, Line, Table, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.ports.forge import Check, Pull
    from branchline.render.pull_view import PullView

_STATES = {
    PullState.OPEN: Tone.GOOD,
    PullState.MERGED: Tone.STRONG,
    PullState.CLOSED: Tone.DIM,
}
CHECK_TONES = {
    CheckState.PASSED: Tone.GOOD,
    CheckState.FAILED: Tone.BAD,
    CheckState.UNKNOWN: Tone.UNSURE,
    CheckState.PENDING: Tone.UNSURE,
    CheckState.NEUTRAL: Tone.UNSURE,
    CheckState.WAITING: Tone.UNSURE,
    CheckState.SKIPPED: Tone.DIM,
}
_NO_CHECK = cell("no check", Tone.DIM)
_FILES = 40


def pulls_table(pulls: Sequence[Pull], states: Mapping[int, CheckState | None]) -> Table:
    """One row a pull request.

    Args:
        pulls: In the order to show.
        states: Number -> what its checks say in one word; None without any.
    """
    columns = (
        Column(heading="#", align=Align.RIGHT),
        Column(heading="title"),
        Column(heading="branch"),
        Column(heading="into"),
        Column(heading="state"),
        Column(heading="checks"),
        Column(heading="updated (UTC)"),
    )
    rows = tuple(
        (
            cell(pull.number, Tone.STRONG),
            cell(pull.asked.title),
            cell(pull.asked.head),
            cell(pull.asked.base),
            state_cell(pull),
            _check_cell(states.get(pull.number)),
            cell(when(pull.updated_at)),
        )
        for pull in pulls
    )
    return Table(columns=columns, rows=rows)


def state_word(pull: Pull) -> str:
    """Where a pull request is: open, draft, merged, closed."""
    is_draft = pull.state is PullState.OPEN and pull.asked.is_draft
    return "draft" if is_draft else pull.state.value


def state_cell(pull: Pull) -> Cell:
    """The same as a cell."""
    return cell(state_word(pull), _STATES[pull.state])


def pull_lines(view: PullView) -> list[Line]:
    """The head of one pull request: where it is, its checks, what stands against a merge."""
    pull = view.pull
    lines = [
        line(cell(f"#{pull.number} {pull.asked.title}", Tone.STRONG)),
        line("  state     ", state_cell(pull), f"  {pull.asked.head} into {pull.asked.base}"),
        line("  commit    ", pull.commit),
        line("  opened    ", f"{when(pull.opened_at)} UTC", _by(pull.asked.author)),
    ]
    if pull.approved_by:
        lines.append(line("  approved  ", f"by {pull.approved_by}"))
    elif pull.asked.needs_approval and pull.state is PullState.OPEN:
        lines.append(line("  approved  ", cell("not yet: nothing trains until then", Tone.UNSURE)))
    if pull.merged_as:
        lines.append(line("  merged    ", f"{when(pull.ended_at or 0.0)} UTC as {pull.merged_as}"))
    lines += [
        line("  check     ", _check_cell(check.state), f"  {_said(check)}") for check in view.checks
    ]
    lines += [line("  blocked   ", cell(text, Tone.BAD)) for text in view.refusals]
    if pull.state is PullState.OPEN:
        lines += [line("  waits     ", cell(text, Tone.UNSURE)) for text in view.objections]
    if view.can_merge:
        todo = f"it can be merged: `branchline pr merge {pull.number}`"
        lines.append(line("  next      ", cell(todo, Tone.GOOD)))
    elif pull.state is PullState.OPEN and pull.asked.needs_approval and not pull.approved_by:
        todo = f"read it, then approve it: `branchline pr approve {pull.number}`"
        lines.append(line("  next      ", cell(todo)))
    lines += [line(), *(line(f"  {text}") for text in pull.asked.body.splitlines())]
    return lines if pull.asked.body.strip() else lines[: len(lines) - 1]


def pull_tables(view: PullView) -> list[Table]:
    """Parameters and files that the change touches; empty ones left out."""
    parameters = Table(
        title="Parameters",
        columns=(Column(heading="parameter"), Column(heading="old"), Column(heading="new")),
        rows=tuple(
            (
                cell(f"{change.file}:{change.name}", Tone.STRONG),
                cell("-" if change.old is None else change.old),
                cell("-" if change.new is None else change.new, Tone.GOOD),
            )
            for change in view.parameters
        ),
    )
    words = {"A": "added", "D": "deleted", "M": "changed", "T": "type changed"}
    counts = {file.path: (file.added, file.removed) for file in diff_files(view.diff)}
    files = Table(
        title=f"Files ({len(view.files)})",
        columns=(
            Column(heading="file"),
            Column(heading="what"),
            Column(heading="+", align=Align.RIGHT),
            Column(heading="-", align=Align.RIGHT),
        ),
        rows=tuple(
            (
                cell(path),
                cell(words.get(letter, letter)),
                *_count_cells(counts.get(path)),
            )
            for letter, path in view.files[:_FILES]
        ),
    )
    return [table for table in (parameters, files) if table.rows]


def when(at: float) -> str:
    """A time in UTC to the minute; "unknown" for 0.

    >>> when(1_700_000_000.0)
    '2023-11-14 22:13'
    """
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") if at else "unknown"


def _count_cells(count: tuple[int, int] | None) -> tuple[Cell, Cell]:
    if count is None:
        return cell(""), cell("")
    return cell(count[0] or "", Tone.GOOD), cell(count[1] or "", Tone.BAD)


def _check_cell(state: CheckState | None) -> Cell:
    return _NO_CHECK if state is None else cell(state.value, CHECK_TONES[state])


def _said(check: Check) -> str:
    job = f" (job {check.job})" if check.job is not None else ""
    return f"{check.name}{job}" + (f": {check.summary}" if check.summary else "")


def _by(author: str) -> str:
    return f" by {author}" if author else ""
