"""What a stage printed, left as a metrics file of it where its declaration asks for that.

Serves the station `run`. It is an output like any other from then on: kept by the store, put back
with a result that is reused, read by metric readers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.errors import ConfigError, StageFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from branchline.core.pipeline import Stage
    from branchline.flows.project import Project
    from branchline.flows.walked import Attempt
    from branchline.ports.executor import Task

_MOST_BYTES = 64 << 20
_HEAD_BYTES = 4 << 20


def leave_printed(project: Project, attempt: Attempt) -> None:
    """Write the log of an attempt to each output that is declared as printed.

    Raises:
        StageFailedError: The log cannot be read.
        StoreError: The output cannot be written.
    """
    for out in attempt.stage.outs:
        if out.is_printed:
            project.workspace.replace(out.path, _said(attempt.task))
            project.workspace.forget([out.path])


def refuse_unknown_readers(project: Project, stages: Iterable[Stage]) -> None:
    """See that every reader that a stage names is there, before hours are spent on its metrics.

    Raises:
        ConfigError: One is not; names the line.
    """
    for stage in stages:
        for out in stage.outs:
            if out.reader and out.reader not in project.metric_readers.names():
                from branchline.core.evidence.find import nearest_name

                names = list(project.metric_readers.names())
                near = nearest_name(out.reader, names)
                meant = f"did you mean `{near}`?" if near else f"there are {', '.join(names)}"
                raise ConfigError(
                    f"{stage.file}:{out.line}: `{out.spelled}` names the metric reader"
                    f" `{out.reader}`, which is not there; {meant}",
                    todo="Write a reader of docs/reference/metric-readers.md, or install the"
                    " package that brings it.",
                )


def _said(task: Task) -> bytes:
    """What the commands of a task printed, without the lines that announce them in its log."""
    text = _log(task.log)
    for command in task.cmd:
        text = text.replace(f"$ {command}\n".encode(errors="surrogateescape"), b"", 1)
    return text


def _log(path: str) -> bytes:
    """A log; of one that is too large its beginning and its end, and a line that says so."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= _MOST_BYTES:
                return file.read(_MOST_BYTES)
            head = file.read(_HEAD_BYTES)
            tail_bytes = _MOST_BYTES - _HEAD_BYTES
            file.seek(size - tail_bytes)
            left_out = f"\n[{size - _MOST_BYTES} bytes left out here]\n".encode()
            return head + left_out + file.read(tail_bytes)
    except OSError as error:
        raise StageFailedError(
            f"what it printed cannot be kept: {error.strerror or error}"
        ) from error
