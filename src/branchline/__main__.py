"""The way in: `branchline` and `python -m branchline`.

Answers `--help` and `--version` itself (see `cli.commands`), and `plan` and `run` where nothing
was touched (see `cli.quick`); it loads the rest only when it is needed. Knows no command and
handles no error but an output that takes nothing.
"""

from __future__ import annotations

import os
import sys

from branchline.cli.commands import answer_at_once

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["enter", "main"]


def main() -> int:
    """Run the command that the command line names.

    Returns:
        The exit code: 0 fine, 1 error, 2 usage, 3 verdict failed, 4 verdict unknown, 130 stopped.
    """
    arguments = sys.argv[1:]
    code = answer_at_once(arguments)
    if code is None and len(arguments) == 1:
        from branchline.cli.quick import answer

        code = answer(arguments)
    if code is None:
        from branchline.cli.dispatch import dispatch

        code = dispatch(arguments)
    return code


def enter() -> NoReturn:
    """Run the command, and end without taking Python apart: a tenth of what a short run costs."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_standard_files()
    try:
        code = main()
        sys.stdout.flush()
    except OSError as error:
        if os.environ.get("BRANCHLINE_DEBUG") == "1":
            raise
        from branchline.cli.dispatch import tell_unwritten

        code = tell_unwritten(error)
    threads = sys.modules.get("threading")
    try:
        if threads is None or threads.active_count() == 1:
            import atexit

            atexit._run_exitfuncs()  # noqa: SLF001 # what Python itself calls first
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    except (OSError, ValueError):
        pass  # The reader of a pipe has gone: Python says what it always says.
    sys.exit(code)


def _open_standard_files() -> None:
    """Open what a shell has closed (`>&-`), on nothing; else a database may get its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            file = open(os.devnull, "w" if number else "r", encoding="utf-8")  # noqa: SIM115 - it stays open
            if file.fileno() != number:
                os.dup2(file.fileno(), number)
            setattr(sys, name, file)


if __name__ == "__main__":
    if not sys.flags.safe_path:
        # `python -m` looks in the user's folder first, where a `json/` would shadow Python's own.
        del sys.path[0]
    enter()
