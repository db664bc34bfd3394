"""`.gitignore` lines: one an output, none where git ignores it, an error where git tracks it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.git_ignore import ignore_outs
from branchline.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("before", "paths", "after"),
    [
        pytest.param(None, ["out"], "/out\n", id="new-file"),
        pytest.param("*.log", ["out"], "*.log\n/out\n", id="last-line-without-a-break"),
        pytest.param("/out\n", ["out"], "/out\n", id="there-already"),
        pytest.param("out*\n", ["out"], "out*\n", id="ignored-by-another-line"),
        pytest.param(None, ["b", "a"], "/b\n/a\n", id="in-the-order-given"),
        pytest.param(None, ["a[1]*"], "/a\\[1\\]\\*\n", id="special-letters"),
    ],
)
def test_lines(git_root: Path, before: str | None, paths: list[str], after: str) -> None:
    if before is not None:
        (git_root / ".gitignore").write_text(before)

    ignore_outs(str(git_root), paths)
    ignore_outs(str(git_root), paths)

    assert (git_root / ".gitignore").read_text() == after


def test_the_line_stands_beside_the_output(git_root: Path) -> None:
    (git_root / "sub").mkdir()

    ignore_outs(str(git_root), ["sub/out"])

    assert (git_root / "sub" / ".gitignore").read_text() == "/out\n"
    assert not (git_root / ".gitignore").exists()


@pytest.mark.parametrize("name", ["out", "out/inside"])
def test_a_tracked_output_is_refused(git_root: Path, name: str) -> None:
    file = git_root / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("x")
    subprocess.run(["git", "-C", str(git_root), "add", name], check=True)

    with pytest.raises(StoreError, match=f"output out is tracked by git .{name}"):
        ignore_outs(str(git_root), ["out"])


def test_nothing_happens_outside_of_a_repository(tmp_path: Path) -> None:
    ignore_outs(str(tmp_path), ["out"])

    assert list(tmp_path.iterdir()) == []
