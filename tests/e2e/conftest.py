"""Projects in scratch git repositories, the real command line, and real DVC beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests import ready_branchline

import branchline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
HOUSE = HERE.parent.parent
SOURCE = Path(branchline.__file__).parent.parent


def clean_environment() -> dict[str, str]:
    """The environment of every child: no configuration of the person who runs the tests."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    return kept | {
        "HOME": "/nonexistent",
        "SHELL": "/bin/sh",
        "PYTHONPATH": str(SOURCE),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "DVC_NO_ANALYTICS": "1",
        "NO_COLOR": "1",
    }


@dataclass(frozen=True)
class Done:
    """How one command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Both streams, for looking for words."""
        return self.stdout + self.stderr


@dataclass(frozen=True)
class Project:
    """A git repository in a scratch folder."""

    root: Path

    @classmethod
    def create(cls, root: Path, files: dict[str, str]) -> Project:
        """A repository with these files in one commit."""
        root.mkdir(parents=True, exist_ok=True)
        project = cls(root)
        project.git("init", "-q", "-b", "main")
        for path, text in files.items():
            project.write(path, text)
        project.commit("first")
        return project

    def write(self, path: str, text: str) -> None:
        """Write a file; folders are made."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() or target.exists():
            target.unlink()  # what a link to the store points at must not be written through
        target.write_text(text, encoding="utf-8", newline="")

    def read(self, path: str) -> str:
        """The text of a file; "" when there is none."""
        target = self.root / path
        return target.read_text(encoding="utf-8") if target.exists() else ""

    def replace(self, path: str, old: str, new: str) -> None:
        """Edit a file; the old text must stand there."""
        text = self.read(path)
        assert old in text, f"{old!r} is not in {path}"
        self.write(path, text.replace(old, new))

    def git(self, *arguments: str) -> str:
        """Run git; its output."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env=clean_environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def commit(self, message: str) -> None:
        """Commit everything that is not ignored."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def branchline(self, *arguments: str, timeout_s: float = 120) -> Done:
        """Run the real command line."""
        done = ready_branchline.call(
            arguments, cwd=self.root, env=clean_environment(), timeout=timeout_s
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def plan(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """`plan --json`: address -> the stage's entry."""
        done = self.branchline("plan", "--json", *arguments)
        assert done.code in (0, 10), done.text
        return {entry["stage"]: entry for entry in json.loads(done.stdout)["stages"]}

    def pending(self) -> dict[str, str]:
        """Address -> action of the stages that the plan would run."""
        return {
            name: entry["action"]
            for name, entry in self.plan().items()
            if entry["action"] in ("run", "may_run")
        }

    def executed(self) -> list[str]:
        """Lines of ran.log since the last call: one a command that was executed."""
        lines = self.read("ran.log").split()
        (self.root / "ran.log").unlink(missing_ok=True)
        return lines

    def copy(self, root: Path) -> Project:
        """A second repository with the same content, times and links."""
        shutil.copytree(self.root, root, symlinks=True)
        return Project(root)


def peers_python() -> str | None:
    """Python of the environment with DVC; None when there is none."""
    candidates = [os.environ.get("BRANCHLINE_PEERS_PYTHON"), str(HOUSE / ".venv-peers/bin/python")]
    return next((path for path in candidates if path and os.path.exists(path)), None)


class Dvc:
    """Real DVC in a process of its own that serves many calls."""

    def __init__(self, python: str, cache: Path) -> None:
        self._process = subprocess.Popen(
            [python, str(HERE / "dvc_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={
                **{k: v for k, v in clean_environment().items() if k != "PYTHONPATH"},
                "HOME": str(cache),
                "DVC_SITE_CACHE_DIR": str(cache / "site"),
            },
        )

    def call(self, operation: str, root: Path, **options: object) -> tuple[bool, Any]:
        """(True, value) or (False, DVC's message)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"op": operation, "root": str(root), "options": options}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline())
        return reply["ok"], reply.get("value", reply.get("error"))

    def reproduce(self, root: Path, **options: object) -> list[str]:
        """Stages that DVC reproduced."""
        fine, value = self.call("reproduce", root, **options)
        assert fine, value
        return list(value)

    def status(self, root: Path) -> dict[str, Any]:
        """`dvc status`; empty when all is up to date."""
        fine, value = self.call("status", root)
        assert fine, value
        return dict(value)

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=30)


@pytest.fixture(scope="session")
def dvc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dvc]:
    """Real DVC, or a skip that says how to get it; in CI a failure."""
    python = peers_python()
    if python is None:
        if os.environ.get("CI") == "true":
            pytest.fail("the peers' environment is missing: make peers")
        pytest.skip("no peers' environment: make peers, or set BRANCHLINE_PEERS_PYTHON")
    server = Dvc(python, tmp_path_factory.mktemp("dvc"))
    yield server
    server.close()


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[[dict[str, str]], Project]:
    """Makes the test's project from its files."""

    def make(files: dict[str, str]) -> Project:
        return Project.create(tmp_path / "project", files)

    return make


@pytest.fixture(scope="session")
def make_project_in() -> Callable[[Path, dict[str, str]], Project]:
    """Makes a project in a given folder, for projects that several tests share."""
    return Project.create
