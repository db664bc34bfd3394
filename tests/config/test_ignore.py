"""Ignore files by git's grammar, compared with git itself."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from branchline.config.ignore import Patterns, is_ignored

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("data\n", id="a-name-at-any-depth"),
        pytest.param("/data\n", id="anchored"),
        pytest.param("sub/data\n", id="a-slash-anchors"),
        pytest.param("data/\n", id="folders-only"),
        pytest.param("*.csv\n!keep.csv\n", id="negation"),
        pytest.param("**/deep/*.csv\n", id="leading-stars"),
        pytest.param("sub/**\n", id="trailing-stars"),
        pytest.param("sub/**/x.csv\n", id="stars-in-the-middle"),
        pytest.param("[a-k]*.csv\n[!a-w].csv\n", id="classes"),
        pytest.param("# note\n\\#odd\n?.csv\n", id="comments-escapes-question-marks"),
    ],
)
def test_same_answers_as_git(tmp_path: Path, text: str) -> None:
    paths = [
        "data/a.csv",
        "sub/data/b.csv",
        "sub/deep/x.csv",
        "keep.csv",
        "x.csv",
        "#odd",
        "sub/x.csv",
    ]
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / ".gitignore").write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-o", "--exclude-standard"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip

    stack = [Patterns(text, ".")]
    kept = [path for path in paths if not _ignored_with_parents(stack, path)]

    assert kept == [path for path in paths if path in listed]


def _ignored_with_parents(stack: list[Patterns], path: str) -> bool:
    parts = path.split("/")
    return any(
        is_ignored(stack, "/".join(parts[: n + 1]), is_folder=n < len(parts) - 1)
        for n in range(len(parts))
    )


def test_a_deeper_file_decides_first() -> None:
    stack = [Patterns("*.dvc\n", "."), Patterns("!a.dvc\n", "sub")]

    assert not is_ignored(stack, "sub/a.dvc", is_folder=False)
    assert is_ignored(stack, "sub/b.dvc", is_folder=False)
