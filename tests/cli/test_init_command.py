"""`branchline init` in a real repository."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def branchline(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "branchline", *words],
        cwd=folder, capture_output=True, text=True, check=False, env=os.environ,
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "train.py").write_text('open("model.bin", "wb")\n')
    return tmp_path


def test_it_writes_the_file_and_says_what_it_found(project: Path) -> None:
    done = branchline(project, "init")

    assert done.returncode == 0, done.stderr
    assert "train.py:1  the model, model.bin" in done.stdout
    assert "outs: [model.bin]" in (project / "branchline.yaml").read_text()


def test_it_writes_nothing_else(project: Path) -> None:
    branchline(project, "init")

    assert sorted(p.name for p in project.iterdir()) == [".git", "branchline.yaml", "train.py"]


def test_an_existing_file_is_kept(project: Path) -> None:
    (project / "branchline.yaml").write_text("model: mine\n")

    done = branchline(project, "init")

    assert done.returncode == 2
    assert "--force" in done.stderr
    assert (project / "branchline.yaml").read_text() == "model: mine\n"


def test_force_replaces_it(project: Path) -> None:
    (project / "branchline.yaml").write_text("model: mine\n")

    assert branchline(project, "init", "--force", "--yes").returncode == 0
    assert "outs: [model.bin]" in (project / "branchline.yaml").read_text()


def test_diff_prints_and_writes_nothing(project: Path) -> None:
    done = branchline(project, "init", "--diff")

    assert "+  outs: [model.bin]" in done.stdout
    assert not (project / "branchline.yaml").exists()


def test_from_a_subfolder_the_root_gets_the_file(project: Path) -> None:
    (project / "sub").mkdir()

    assert branchline(project / "sub", "init").returncode == 0
    assert (project / "branchline.yaml").exists()


def test_outside_a_repository_it_says_so(tmp_path: Path) -> None:
    done = branchline(tmp_path, "init")

    assert done.returncode == 1
    assert "not inside a git repository" in done.stderr
