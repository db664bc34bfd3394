"""Real files in a scratch folder, and the real DVC where it is installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.cache_database import CacheDatabase
from branchline.adapters.dvc.store import DvcStore
from branchline.adapters.dvc.workspace import DvcWorkspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOUSE = Path(__file__).resolve().parents[3]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[CacheDatabase]:
    """A fresh cache database."""
    found = CacheDatabase(str(tmp_path / ".branchline" / "cache.db"))
    yield found
    found.close()


@pytest.fixture
def workspace(tmp_path: Path, database: CacheDatabase) -> DvcWorkspace:
    """An empty working tree."""
    return DvcWorkspace(str(tmp_path), database)


@pytest.fixture
def store(workspace: DvcWorkspace) -> DvcStore:
    """Its store."""
    return DvcStore(workspace)


@pytest.fixture
def git_root(tmp_path: Path) -> Path:
    """A git repository."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def peers_python() -> str | None:
    """The Python beside which the real DVC is installed."""
    candidates = [os.environ.get("BRANCHLINE_PEERS_PYTHON"), str(HOUSE / ".venv-peers/bin/python")]
    return next((path for path in candidates if path and os.path.exists(path)), None)


@pytest.fixture
def peers_environment(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """The peers' Python and the environment in which it leaves nothing outside of the test."""
    python = peers_python()
    if python is None:
        if os.environ.get("CI") == "true":
            pytest.fail("the peers' environment is missing: run `make peers`")
        pytest.skip("no peers' environment: make peers, or set BRANCHLINE_PEERS_PYTHON")
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    site = str(home / "site")
    return python, {
        **kept,
        "HOME": str(home),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": site,
    }


@pytest.fixture
def dvc(git_root: Path, peers_environment: tuple[str, dict[str, str]]) -> Callable[..., str]:
    """Run the real DVC in `git_root`, a DVC repository; returns what it printed."""
    python, env = peers_environment

    def run(*arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            [python, "-m", "dvc", *arguments], cwd=git_root, env=env, capture_output=True, text=True
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("init", "-q")
    return run
