"""Adapter `local_process`: the program that runs the commands of a stage.

Pure: it makes argument lists and looks at nothing.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPTIONS = {
    "bash": ("--noprofile", "--norc"),
    "zsh": ("--no-rcs",),
    "fish": ("--no-config",),
    "sh": (),
    "dash": (),
    "ash": (),
    "ksh": (),
    "mksh": (),
    "yash": (),
}
"""Shells that take `-c`, and what keeps each from reading the user's start-up files."""

_EACH = (
    """while [ $# -gt 0 ]; do printf '$ %s\\n' "$1"; {shell} -c "$2" || exit $?; shift 2; done"""
)


def shell_words(shell: str | None) -> tuple[str, ...]:
    """The shell and its options, to be followed by `-c` and a command.

    Args:
        shell: The variable SHELL; anything that is not a known shell gives /bin/sh.

    >>> shell_words("/usr/bin/zsh"), shell_words("/usr/sbin/nologin"), shell_words(None)
    (('/usr/bin/zsh', '--no-rcs'), ('/bin/sh',), ('/bin/sh',))
    """
    name = (shell or "").rpartition("/")[2].lower()
    if not shell or name not in _OPTIONS:
        return ("/bin/sh",)
    return (shell, *_OPTIONS[name])


def stage_words(shell: Sequence[str], commands: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Arguments of the one process that runs all commands of a stage and is its group's leader.

    One command needs no more than its own shell. Several run below a /bin/sh that writes
    `$ command` before each and ends with the first exit code that is not 0.

    Args:
        shell: As `shell_words` gives it.
        commands: (as shown, as run), at least one.
    """
    if len(commands) == 1:
        return (*shell, "-c", commands[0][1])
    script = _EACH.format(shell=" ".join(shlex.quote(word) for word in shell))
    return ("/bin/sh", "-c", script, "branchline", *(text for pair in commands for text in pair))
