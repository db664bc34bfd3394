"""The log of a box's job as plain lines: what its pusher sees as `remote:` lines. Pure.

Each line begins with the station of the walk that it is about. What a stage printed comes from
code of the pusher, so terminal escapes and other control characters are taken out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.plain_text import plain
from branchline.core.plan.values import Action
from branchline.render.findings import finding_lines
from branchline.render.plan import plan_notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.data.values import DataReport
    from branchline.core.plan.values import Plan
    from branchline.core.verdict.values import Verdict

_WORDS = {
    Action.RUN: "runs",
    Action.MAY_RUN: "may run",
    Action.REUSE: "reused",
    Action.SKIP: "skipped",
}


def job_line(station: str, text: str) -> str:
    """One line of the log.

    >>> job_line("plan", "train: runs")
    'plan     train: runs'
    """
    return f"{station:<8} {plain(text)}".rstrip()


def plan_lines(plan: Plan) -> tuple[str, ...]:
    """What happens to each stage and why, and remarks."""
    lines = [
        job_line("plan", f"{entry.stage}: {_WORDS[entry.action]}, {entry.reason}")
        for entry in plan.stages
    ]
    return (*lines, *(job_line("plan", f"note: {note}") for note in plan_notes(plan)))


def data_lines(reports: Sequence[DataReport]) -> tuple[str, ...]:
    """What was held against the data, and what of it is a warning; the verdict tells the rest."""
    if not reports:
        return ()
    from branchline.render.data_checks import headline

    lines = []
    for report in reports:
        lines.append(job_line("evidence", f"{report.outcome.value}: {headline(report)}"))
        lines += [job_line("evidence", f"warning: {f.sentence}") for f in report.warnings[:10]]
    return tuple(lines)


def verdict_lines(verdict: Verdict) -> tuple[str, ...]:
    """Each finding with its numbers, and the verdict."""
    if not verdict.findings:
        return (job_line("verdict", "none: branchline.yaml has no `gate`, nothing was judged"),)
    lines = [
        job_line("verdict", f"{shown.word}: {shown.sentence}")
        for shown in finding_lines(verdict.findings)
    ]
    lines += [job_line("verdict", f"note: {remark}") for remark in verdict.remarks]
    return (*lines, job_line("verdict", verdict.summary))


def error_lines(message: str, details: Sequence[str], todo: str) -> tuple[str, ...]:
    """An error with what it names and what helps."""
    lines = [job_line("error", message), *(job_line("", f"  {text}") for text in details[:20])]
    if todo:
        lines.append(job_line("", f"  {todo}"))
    return tuple(lines)


def how_to_see_more(job: int, run: str, *, remote: str) -> tuple[str, ...]:
    """What a pusher types to see more of a job that has ended.

    Args:
        job: Its number.
        run: Id of its record; "" when it has none.
        remote: How pushers call the box.
    """
    if not run:
        return (job_line("done", f"more: `branchline logs --job {job}`"),)
    fetch = f"branchline records fetch {remote}"
    return (job_line("done", f"more: `{fetch}`, then `branchline show {run}`"),)
