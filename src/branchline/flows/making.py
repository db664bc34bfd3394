"""Flow of a box: the settings that it is made with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.run.jobs import JobState
from branchline.core.trigger.refnames import bad_characters, shown, why_no_branch
from branchline.errors import BoxError, UsageError
from branchline.ports.queue import QueueQuery

if TYPE_CHECKING:
    from branchline.flows.remotes import BoxOptions
    from branchline.ports.box import BoxFiles, BoxSettings
    from branchline.ports.queue import Queue

_LEDGERS = ("sqlite:///", "postgresql://", "postgres://")


def plan_settings(
    files: BoxFiles, options: BoxOptions, this_side: BoxSettings, head: str
) -> BoxSettings:
    """What box.json is to say: what it says, with what was asked for and today's interpreter.

    Args:
        files: The box, which need not exist.
        options: What was asked for.
        this_side: Interpreter and surroundings of whoever makes it.
        head: Branch of the HEAD of a repository that is there; "" elsewhere.

    Raises:
        UsageError: An option does not fit.
    """
    check_options(options)
    if any(ord(char) < 32 or ord(char) == 127 for char in files.path):
        raise UsageError(f"{files.path!a} holds control characters", todo="Give another path.")
    try:
        old = files.settings()
    except BoxError:
        wanted = options.branch_if_new or this_side.default_branch
        old = replace(this_side, default_branch=head or wanted)
    settings = replace(
        old,
        python=this_side.python,
        python_path=this_side.python_path,
        environment={**old.environment, **this_side.environment},
    )
    asked = {
        key: value
        for key in ("name", "default_branch", "ledger", "ref_characters", "most_bytes", "user")
        if (value := getattr(options, key)) is not None
    }
    return replace(settings, **asked)


def check_options(options: BoxOptions) -> None:
    """See that options can be those of a box.

    Raises:
        UsageError: One cannot.
    """
    for option, branch in (
        ("--default-branch", options.default_branch),
        ("--branch-if-new", options.branch_if_new),
    ):
        why = "" if branch is None else why_no_branch(branch)
        if why:
            raise UsageError(f"{option}: {why}", todo="Name a branch, e.g. main.")
    bad = bad_characters(options.ref_characters or "")
    if bad:
        raise UsageError(
            f"--ref-characters: {shown(bad)} may never stand in a name",
            todo="Letters and digits beyond ASCII and `@ + = , % #` may be allowed.",
        )
    if options.ledger and not options.ledger.startswith(_LEDGERS):
        raise UsageError(
            f"--ledger {shown(options.ledger)} is no URL of a database",
            todo="Write postgresql://USER@HOST/DATABASE; without it a file in the box is used.",
        )
    if options.most_bytes is not None and options.most_bytes < 0:
        raise UsageError(f"--most-bytes {options.most_bytes} is below 0", todo="0 means no limit.")


def refuse_busy(files: BoxFiles, queue: Queue) -> None:
    """See that a box has nothing to do, before it is removed.

    Raises:
        BoxError: Jobs have not ended, or pushes are not in the queue yet.
    """
    waiting = len(files.spool()) + len(files.begun())
    if waiting:
        raise BoxError(
            f"{waiting} pushes to the box are not in its queue yet",
            todo="Let it work them off: branchline serve, then try again.",
        )
    open_jobs = queue.jobs(QueueQuery(states=tuple(s for s in JobState if not s.is_end)))
    if open_jobs:
        numbers = ", ".join(str(job.job) for job in sorted(open_jobs, key=lambda job: job.job)[:5])
        raise BoxError(
            f"jobs of the box have not ended: {numbers}",
            todo="Wait for them, or stop each: branchline cancel JOB",
        )
