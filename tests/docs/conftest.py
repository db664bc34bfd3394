"""The site of docs/, made once, and a browser that looks at it."""

from __future__ import annotations

import os
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Build = Callable[..., subprocess.CompletedProcess[str]]

__all__ = ["address", "browser", "build", "made"]  # `browser` is the dashboard's

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def build() -> Build:
    """Calls the generator: the folder to write, and the working tree to read."""
    python = os.environ.get("BRANCHLINE_SITE_PYTHON") or str(ROOT / ".venv-site/bin/python")
    if not os.path.exists(python):
        if os.environ.get("CI") == "true":
            pytest.fail("the environment with the generator of the site is missing: make site")
        pytest.skip("no generator of the site: make site")

    def call(out: Path, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
        words = [python, str(ROOT / "docs/website/build.py"), str(out), "--root", str(root)]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    return call


@pytest.fixture(scope="session")
def made(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site."""
    out = tmp_path_factory.mktemp("site") / "out"
    done = build(out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


class Silent(SimpleHTTPRequestHandler):
    """Says nothing about what it hands out."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
        pass


@pytest.fixture(scope="module")
def address(made: Path) -> Iterator[str]:
    """Where the site is served, on this machine only."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(made)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
