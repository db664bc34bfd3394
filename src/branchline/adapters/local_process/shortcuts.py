"""Adapter `local_process`: commands that need no shell, because theirs would only become them.

`sh -c "cp a b"` replaces itself by `cp` at once. Starting `cp` instead gives the same process, less
one start of a program: a third of what a trivial stage costs.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from branchline.core.policy import Trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.ports.executor import Task

_BECOMING = frozenset({"sh", "dash", "bash"})
"""Shells that replace themselves by a command that is all they were given."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN_COMMAND = re.compile(r"[A-Za-z0-9_./+-]+(?: +[A-Za-z0-9_./,:@%+=-]+)*")
_OWN_WORDS = frozenset(
    {
        ".", ":", "alias", "bg", "bind", "break", "builtin", "caller", "case", "cd", "chdir",
        "command", "compgen", "complete", "compopt", "continue", "coproc", "declare", "dirs",
        "disown", "do", "done", "echo", "elif", "else", "enable", "esac", "eval", "exec", "exit",
        "export", "false", "fc", "fg", "fi", "for", "function", "getopts", "hash", "help",
        "history", "if", "in", "jobs", "kill", "let", "local", "logout", "mapfile", "popd",
        "printf", "pushd", "pwd", "read", "readarray", "readonly", "return", "select", "set",
        "shift", "shopt", "source", "suspend", "test", "then", "time", "times", "trap", "true",
        "type", "typeset", "ulimit", "umask", "unalias", "unset", "until", "wait", "while",
    }
)  # fmt: skip
"""Words that are no programs, or that a shell has its own version of."""


def shortcut_of(
    task: Task,
    pairs: Sequence[tuple[str, str]],
    shell: Sequence[str],
    environment: dict[str, str],
) -> tuple[str, tuple[str, ...]] | None:
    """(program, arguments) of a stage that its shell would only become; None for any other.

    The program is looked for each time: a stage before may have put another one first on the path.

    Args:
        task: The stage.
        pairs: Its commands, as shown and as run.
        shell: As `shell_words` gives it.
        environment: Of its process; gets the variable PWD, which a shell sets.
    """
    if len(pairs) != 1 or task.trace is Trace.STRACE or task.cmd != (pairs[0][1],):
        return None
    words = _becoming_words(shell, pairs[0][1], environment)
    path = environment.get("PATH", "")
    program = None if words is None else _find_program(words[0], path, task.cwd)
    if words is None or program is None:
        return None  # the shell says in its own words what is missing
    environment["PWD"] = _folder_as_shells_name_it(task.cwd, environment.get("PWD", ""))
    return program, words


def _becoming_words(
    shell: Sequence[str], command: str, environment: Mapping[str, str]
) -> tuple[str, ...] | None:
    """The words of a command that its shell would only replace itself by.

    Plain words with nothing that any shell reads in a way of its own; None for all the rest.

    Args:
        shell: As `shell_words` gives it.
        command: The command line.
        environment: Of the shell; functions and start-up files in it need the shell.
    """
    if shell[0].rpartition("/")[2] not in _BECOMING or not _PLAIN_COMMAND.fullmatch(command):
        return None
    words = tuple(command.split())
    if words[0] in _OWN_WORDS or "BASH_ENV" in environment:
        return None
    # Exported functions; and shells do not agree on what becomes of a name that none could give.
    return words if all(map(_VARIABLE.fullmatch, environment)) else None


def _folder_as_shells_name_it(folder: str, inherited: str) -> str:
    """PWD: the inherited one where it names this folder, else the folder without links."""
    try:
        if inherited.startswith("/") and os.path.samefile(inherited, folder):
            return inherited
    except OSError:
        pass
    return os.path.realpath(folder)


def _find_program(name: str, path: str, cwd: str) -> str | None:
    """The program that a shell starts for a name, or for a path from the stage's folder.

    None where there is none, and where a folder of PATH is relative: that is seen from the stage's
    own folder.
    """
    if "/" in name:
        file = os.path.join(cwd, name)
        return name if os.path.isfile(file) and os.access(file, os.X_OK) else None
    for folder in path.split(os.pathsep):
        if not folder.startswith("/"):
            return None
        program = f"{folder}/{name}"
        if os.path.isfile(program) and os.access(program, os.X_OK):
            return program
    return None
