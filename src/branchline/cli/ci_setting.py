"""What the commands of `branchline ci` share: the event and its rules, and how errors are told."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from branchline.errors import BranchlineError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from branchline.flows.ci_setting import CiSetting
    from branchline.ports.ci import CiJob, Note

_COMMAND = re.compile(r"^(\s*:)(:)|(#)(#\[)", re.MULTILINE)


def shielded(text: str) -> str:
    """A text in which a runner finds no command: `::name::` that begins a line, `##[name]`.

    >>> shielded("a ##[add-mask]b").isascii(), shielded("  ::error::c").isascii(), shielded("d::e")
    (False, False, 'd::e')
    """
    return _COMMAND.sub(lambda found: "\u200b".join(part for part in found.groups() if part), text)


@contextmanager
def told(job: CiJob) -> Iterator[list[Note]]:
    """Shield what is printed, and annotate at the end; an error is annotated, and told.

    What a step prints may begin with what a runner takes for a command.
    """
    from branchline.render.ci import error_remarks, failure_markdown

    notes: list[Note] = []
    job.quiet()
    try:
        yield notes
    except BranchlineError as error:
        notes.extend(error_remarks(error))
        sentences = [error.message, *error.details, error.todo]
        job.write_summary(failure_markdown("", [text for text in sentences if text]))
        # It is printed when nothing is shielded any more, and may hold what a stranger typed.
        error.message, error.todo = shielded(error.message), shielded(error.todo)
        error.details = tuple(map(shielded, error.details))
        raise
    finally:
        job.loud()
        job.annotate(notes)


def open_setting(
    options: argparse.Namespace,
    job: CiJob,
    environ: dict[str, str],
    *,
    is_trusted: bool = False,
) -> CiSetting:
    """The event, its rules, and what the checkout lacks.

    Args:
        options: With `model` and `force`, where the command has them.
        job: The job.
        environ: Of the process.
        is_trusted: Whether the checkout may hold the default branch, whatever the event is about.
    """
    from dataclasses import replace

    from branchline.flows.ci_setting import look
    from branchline.wiring import ci

    remote = ci.open_remote(environ)
    setting = look(job, remote, ci.open_repo(), ci.opener(), is_trusted=is_trusted)
    event = setting.event
    force = event.force or getattr(options, "force", False)
    model = getattr(options, "model", None) or event.model
    return replace(setting, event=replace(event, force=force, model=model))
