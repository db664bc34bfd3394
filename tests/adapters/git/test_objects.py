from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.adapters.git import Git
from branchline.adapters.git.objects import ObjectReader, ObjectWriter
from branchline.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
@pytest.mark.parametrize("number", [1, 500])
def test_what_is_written_is_what_git_reads(
    clone_of: Callable[..., Path], git: Callable[..., str], hash_name: str, number: int
) -> None:
    folder = clone_of("work", None, f"--object-format={hash_name}")
    repository = Git.open(str(folder))
    contents = [b"x" * (size * 37) + b"%d" % size for size in range(number)]

    writer = ObjectWriter(repository)
    names = [writer.blob(content) for content in contents]
    tree = writer.tree({"b": b"1", "b.c": b"2", "b-d/x": b"3", "B/y/z": b"", "ü": b"4"})
    writer.write()

    with ObjectReader(repository) as reader:
        assert reader.read(names) == [
            (name, "blob", content) for name, content in zip(names, contents, strict=True)
        ]
        assert reader.read([f"{tree}:ü", "0" * 40, "a\nb", f"{tree}:no such"]) == [
            (git(folder, "rev-parse", f"{tree}:ü"), "blob", b"4"),
            None,
            None,
            None,
        ]
    assert git(folder, "fsck", "--strict", "--no-dangling") == ""
    assert git(folder, "-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", tree) == (
        "B/y/z\nb\nb-d/x\nb.c\nü"
    )


@pytest.mark.parametrize("path", ["", "/x", "a//b", "../x", "a/./b", ".git/config", "a/.GIT"])
def test_paths_that_git_would_refuse(clone_of: Callable[..., Path], path: str) -> None:
    writer = ObjectWriter(Git.open(str(clone_of("work"))))

    with pytest.raises(RecordError, match="cannot hold"):
        writer.tree({path: b""})


def test_large_answers_do_not_block(clone_of: Callable[..., Path]) -> None:
    repository = Git.open(str(clone_of("work")))
    writer = ObjectWriter(repository)
    name = writer.blob(b"x" * 1_000_000)
    writer.write()

    with ObjectReader(repository) as reader:
        assert all(answer is not None for answer in reader.read([name] * 300))
