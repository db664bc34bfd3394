"""`.dvcignore`: our answers, and the real DVC's on drawn patterns and trees."""

from __future__ import annotations

import json
import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.cache_database import CacheDatabase
from branchline.adapters.dvc.ignore import IgnoreFiles
from branchline.adapters.dvc.workspace import DvcWorkspace
from branchline.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("lines", "path", "is_folder", "expected"),
    [
        pytest.param("*.log", "a/b.log", False, True, id="a-name-anywhere"),
        pytest.param("/b.log", "a/b.log", False, False, id="a-name-at-the-top-only"),
        pytest.param("b/", "a/b", True, True, id="a-folder"),
        pytest.param("b/", "a/b", False, False, id="a-folder-pattern-and-a-file"),
        pytest.param("a\n!a/b", "a/b", False, True, id="nothing-returns-from-an-ignored-folder"),
        pytest.param("*.log\n!x.log", "x.log", False, False, id="the-last-match-wins"),
        pytest.param("# note\n\n  a  ", "a", False, True, id="comments-and-spaces"),
        pytest.param("", ".git", False, True, id="git-file-of-a-worktree"),
        pytest.param("", ".dvc", True, True, id="dvc-folder"),
        pytest.param("", ".dvc", False, False, id="a-file-called-dvc"),
        pytest.param("", "a/__pycache__", True, False, id="bytecode-counts"),
    ],
)
def test_rules(tmp_path: Path, lines: str, path: str, is_folder: bool, expected: bool) -> None:
    (tmp_path / ".dvcignore").write_text(lines)

    assert IgnoreFiles(str(tmp_path)).ignores(path, is_folder=is_folder) is expected


def test_a_file_deeper_down_adds_to_those_above(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / ".dvcignore").write_text("*.log\n")
    (tmp_path / "a" / ".dvcignore").write_text("!keep.log\n/b\n")
    ignore_files = IgnoreFiles(str(tmp_path))

    answers = {
        path: ignore_files.ignores(path, is_folder=False)
        for path in ("x.log", "keep.log", "a/x.log", "a/keep.log", "a/b", "b")
    }

    ignored = {path for path, is_ignored in answers.items() if is_ignored}
    assert ignored == {"x.log", "keep.log", "a/x.log", "a/b"}


def test_a_dvcignore_inside_a_tracked_folder_is_refused(
    tmp_path: Path, workspace: DvcWorkspace
) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / ".dvcignore").write_text("x\n")

    with pytest.raises(StoreError, match=r"d/\.dvcignore"):
        workspace.content("d")


ORACLE = """
import json, os, sys
from dvc.fs import LocalFileSystem
from dvc.ignore import DvcIgnoreFilter
answers = []
for root in sys.argv[1:]:
    fs = LocalFileSystem()
    ignore = DvcIgnoreFilter(fs, root)
    top = os.path.join(root, "a")
    found = [os.path.relpath(p, top) for p in ignore.find(fs, top)]
    answers.append(sorted(found))
print(json.dumps(answers))
"""


@pytest.mark.peers
@pytest.mark.slow
def test_drawn_patterns_are_read_as_dvc_reads_them(
    tmp_path: Path, peers_environment: tuple[str, dict[str, str]]
) -> None:
    python, env = peers_environment
    roots = [tmp_path / str(seed) for seed in range(200)]
    for seed, root in enumerate(roots):
        draw_tree(root, random.Random(seed))

    done = subprocess.run(
        [python, "-c", ORACLE, *map(str, roots)], env=env, capture_output=True, check=True
    )

    for root, theirs in zip(roots, json.loads(done.stdout), strict=True):
        database = CacheDatabase(str(root / ".branchline" / "cache.db"))
        ours = [name for name, _ in DvcWorkspace(str(root), database).members("a")]
        assert sorted(ours) == theirs, (root / ".dvcignore").read_text()


def draw_tree(root: Path, draw: random.Random) -> None:
    names = ["x", "y.log", "b.log", "c.txt", ".git", "[z]", "é"]
    for _ in range(25):
        folder = "/".join(
            ["a", *(draw.choice(["b", "c.log", "d e"]) for _ in range(draw.randrange(4)))]
        )
        file = root / folder / draw.choice(names)
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text("x")
    pieces = ["*", "**", "x", "b", "c*", "a", "*.log", "[z]", "\\\\[z]", "?", "é", "d e"]
    lines = []
    for _ in range(draw.randrange(1, 7)):
        line = "/".join(draw.choice(pieces) for _ in range(draw.randrange(1, 4)))
        lines.append(draw.choice(["", "", "/", "!", "!/"]) + line + draw.choice(["", "", "/", " "]))
    (root / ".dvcignore").write_text("\n".join(lines) + "\n")
