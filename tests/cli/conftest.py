"""A real repository, and the command line called in this process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@dataclass(frozen=True)
class Said:
    """How one command ended, and whether it was answered from the last walk."""

    code: int
    out: str
    err: str
    is_quick: bool


@dataclass(frozen=True)
class Clone:
    """A repository in which commands are called as a user would, one after the other."""

    root: Path

    def write(self, path: str, text: str) -> None:
        """Write a file; folders are made."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def git(self, *words: str) -> str:
        """Call git."""
        done = subprocess.run(
            ["git", *words], cwd=self.root, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, message: str = "more") -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def call(self, *words: str) -> Said:
        """Call the command line in this process."""
        from branchline.cli import quick
        from branchline.cli.dispatch import dispatch

        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = quick.answer(words)
            is_quick = code is not None
            if code is None:
                code = dispatch(words)
        return Said(code, out.getvalue(), err.getvalue(), is_quick)

    def in_full(self, *words: str) -> Said:
        """Call the command line without what it remembers."""
        from branchline.cli import quick_memory

        quick_memory.forget(str(self.root))
        return self.call(*words)

    def settle(self) -> None:
        """Let the file system's clock tick: what was written lies in the past."""
        time.sleep(0.025)


@pytest.fixture
def make_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Clone]:
    """Makes the test's repository, with these files in one commit; the tests stand in it."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SHELL", "/bin/sh")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PATH", f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}")
    made: list[Path] = []

    def make(files: Mapping[str, str]) -> Clone:
        root = tmp_path / f"clone{len(made)}"
        made.append(root)
        root.mkdir()
        clone = Clone(root)
        clone.git("init", "-q", "-b", "main")
        for path, text in files.items():
            clone.write(path, text)
        clone.commit("first")
        monkeypatch.chdir(root)
        return clone

    return make


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """Nothing that a command does to signals reaches the next test."""
    import signal

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
