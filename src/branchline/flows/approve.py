"""Verb: approve a run whose verdict noise leaves open. Recorded in git; applies nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.policy import OnInconclusive
from branchline.core.verdict.standing import Approval, approval_from_json, approval_to_json
from branchline.errors import RecordError

if TYPE_CHECKING:
    from branchline.flows.project import Project
    from branchline.render.run_view import RunView

_LONGEST = 2000


def approval_of(project: Project, run: str) -> Approval | None:
    """Who let a run pass; None when nobody did.

    Raises:
        RecordError: What is recorded cannot be read.
    """
    content = project.records.approval(run)
    return None if content is None else _read(content, run)


def approve(project: Project, view: RunView, *, reason: str = "") -> tuple[Approval, bool]:
    """Record that the person at work lets a run pass.

    Args:
        project: Ports and policy.
        view: The run.
        reason: In that person's words.

    Returns:
        The approval that stands, and whether it is this one.

    Raises:
        RecordError: The run's verdict is not one that waits, or git does not know who is at work.
    """
    verdict = view.verdict
    if view.problems or verdict is None:
        what = view.problems[0] if view.problems else f"run {view.run} was not judged"
        raise RecordError(what, todo="Run again; what is up to date is reused.")
    if not verdict.is_inconclusive:
        raise RecordError(
            f"run {view.run} cannot be approved: its verdict is {verdict.outcome.value}, and only"
            " one that chance alone leaves open can be",
            todo=f"`branchline show {view.run}` says what was found.",
        )
    if project.policy.gate.on_inconclusive is not OnInconclusive.APPROVE:
        value = project.policy.gate.on_inconclusive.value
        raise RecordError(
            f"run {view.run} needs no approval: `gate.on_inconclusive` is {value}",
            todo="`on_inconclusive: approve` in branchline.yaml makes open verdicts wait.",
        )
    if len(reason) > _LONGEST:
        raise RecordError(f"the reason has {len(reason):,} characters, at most {_LONGEST:,} fit")
    by = project.repo.actor()
    if not by:
        raise RecordError(
            "git does not know who you are, and an approval has a name",
            todo='Type: git config user.name "NAME"; git config user.email ADDRESS.',
        )
    mine = Approval(run=view.run, by=by, at=project.machine.now(), reason=reason.strip())
    content = (json.dumps(approval_to_json(mine), indent=1, ensure_ascii=False) + "\n").encode()
    standing = _read(project.records.add_approval(view.run, content), view.run)
    return standing, standing == mine


def _read(content: bytes, run: str) -> Approval:
    try:
        value = json.loads(content)
    except ValueError:
        raise RecordError(f"the approval of run {run} cannot be read") from None
    approval = approval_from_json(value)
    if approval.run != run:
        raise RecordError(f"the approval of run {run} names run {approval.run!r:.40}")
    return approval
