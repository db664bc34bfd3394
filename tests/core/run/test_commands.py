"""The commands that a stage's `cmd` means."""

from __future__ import annotations

import pytest

from branchline.core.run import command_lines


@pytest.mark.parametrize(
    ("cmd", "is_list", "lines"),
    [
        pytest.param(("python train.py",), False, ("python train.py",), id="one-command"),
        pytest.param(("cd src\npwd\n",), False, ("cd src", "pwd"), id="string-runs-line-by-line"),
        pytest.param(("a\n\n  \nb",), False, ("a", "b"), id="empty-lines-start-no-shell"),
        pytest.param(("a", "b\nc"), True, ("a", "b\nc"), id="list-element-is-one-script"),
        pytest.param(("a", "b"), False, ("a", "b"), id="lines-split-before"),
        pytest.param((), True, (), id="nothing"),
    ],
)
def test_command_lines(cmd: tuple[str, ...], is_list: bool, lines: tuple[str, ...]) -> None:
    assert command_lines(cmd, is_list=is_list) == lines
