"""Files that a command leaves for people: a report, a page. Written at once, or not at all."""

from __future__ import annotations

import contextlib
import os

from branchline.errors import UsageError


def refuse_no_folder(command: str, path: str) -> None:
    """See that a file can stand there, before hours of work.

    Raises:
        UsageError: There is no such folder, or the path is one.
    """
    if os.path.isdir(path) or not os.path.isdir(os.path.dirname(path) or os.curdir):
        raise UsageError(
            f"{command}: {path} cannot be written: "
            + ("it is a folder" if os.path.isdir(path) else "its folder does not exist"),
            todo="Name a file in a folder that exists.",
        )


def write_page(command: str, path: str, text: str) -> None:
    """Write a file at once: a reader sees the old page or the new one.

    Raises:
        UsageError: It cannot be written.
    """
    partial = f"{path}.{os.getpid()}.tmp"
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            partial = path  # a pipe or a device: nothing to rename
        with open(partial, "w", encoding="utf-8") as file:
            file.write(text)
        if partial != path:
            os.replace(partial, path)
    except OSError as error:
        if partial != path:
            with contextlib.suppress(OSError):
                os.unlink(partial)
        raise UsageError(
            f"{command}: {path} cannot be written: {error.strerror}",
            todo="Name a file in a folder that exists.",
        ) from None
