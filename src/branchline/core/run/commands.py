"""Station `run`: the commands that a stage's `cmd` means."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def command_lines(cmd: Sequence[str], *, is_list: bool) -> tuple[str, ...]:
    r"""Commands in the order in which they run, each in a shell of its own.

    A string runs line by line, so a `cd` does not reach the next line; an element of a list runs
    as one script, line breaks included. That is DVC's reading.

    Args:
        cmd: As in `Stage.cmd`.
        is_list: As in `Stage.cmd_is_list`.

    >>> command_lines(["cd src\npython train.py\n"], is_list=False)
    ('cd src', 'python train.py')
    >>> command_lines(["if true\nthen echo a\nfi", "echo b"], is_list=True)
    ('if true\nthen echo a\nfi', 'echo b')
    """
    lines = list(cmd) if is_list else [line for text in cmd for line in text.splitlines()]
    return tuple(line for line in lines if line.strip())
