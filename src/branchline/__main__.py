"""The way in: `branchline` and `python -m branchline`.

Answers `--help` and `--version` itself (see `cli.commands`), and `plan` and `run` where nothing
was touched (see `cli.quick`); it loads the rest only when it is needed. Knows no command and
handles no error.
"""

from __future__ import annotations

import sys

from branchline.cli.commands import answer_at_once

__all__ = ["main"]


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


if __name__ == "__main__":
    if not sys.flags.safe_path:
        # `python -m` looks in the user's folder first, where a `json/` would shadow Python's own.
        del sys.path[0]
    sys.exit(main())
