"""A box behind each transport that git has, and a clone that pushes to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import branchline
from branchline.adapters.box import LocalBox

if TYPE_CHECKING:
    from collections.abc import Iterator

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:  # `pytest` instead of `python -m`
    sys.path.append(str(HOUSE))
from tests import ready_branchline
from tests.servers.git_servers import http_server, ssh_server

SOURCE = str(Path(branchline.__file__).parent.parent)
TRANSPORTS = ("path", "ssh", "http", "http-password")


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of whoever pushes."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    people = {
        f"GIT_{who}_{what}": text
        for who in ("AUTHOR", "COMMITTER")
        for what, text in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
    }
    return (
        kept
        | people
        | {
            "HOME": str(home),
            "PYTHONPATH": SOURCE,
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_TERMINAL_PROMPT": "0",
            "NO_COLOR": "1",
        }
    )


@dataclass
class Scene:
    """A clone, and a box that it pushes to.

    Attributes:
        clone: Its folder. box: The bare repository. transport: How it gets there.
        environment: Of every command.
    """

    clone: Path
    box: Path
    transport: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> LocalBox:
        """The box's files."""
        return LocalBox(str(self.box))

    def git(self, *words: str, code: int | None = 0, **more: str) -> str:
        """Run git in the clone; both streams, in the order in which they were written."""
        done = subprocess.run(
            ["git", *words],
            cwd=self.clone,
            env=self.environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        text = done.stdout.decode("utf-8", "replace")
        assert code is None or done.returncode == code, text
        return text

    def push(self, *words: str, code: int = 0) -> str:
        """Push without waiting for the run; what the pusher reads, without git's own margin."""
        text = self.git("push", "-o", "wait=no", "box", *words, code=code)
        return "\n".join(line.rstrip() for line in text.splitlines())

    def branchline(self, *words: str, code: int | None = 0) -> str:
        """Run branchline in the clone."""
        done = ready_branchline.call(words, cwd=self.clone, env=self.environment)
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def commit(self, files: dict[str, str] | None = None, message: str = "change") -> str:
        """Commit files, or nothing; the commit."""
        for name, text in (files or {}).items():
            (self.clone / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def heads(self) -> dict[str, str]:
        """Branches of the box."""
        text = self.git(
            "--git-dir",
            str(self.box),
            "for-each-ref",
            "--format=%(refname) %(objectname)",
            "refs/heads/",
        )
        rows = [line.split() for line in text.splitlines()]
        return {ref.removeprefix("refs/heads/"): commit for ref, commit in rows}

    def events(self) -> list[Any]:
        """What stands in the spool, as JSON, oldest first."""
        found = sorted((self.box / "branchline" / "spool").glob("*.json"))
        return [json.loads(file.read_text()) for file in found]

    def close_the_shop(self) -> None:
        """Let hooks believe that a worker lives, so that what they spool stays to be looked at."""
        self.files.set_worker(os.getpid())


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Servers that were asked for so far, by transport; all stop at the end."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("servers")
        running: dict[str, Any] = {}

        def server(transport: str) -> Any:
            if transport not in running:
                place = folder / transport
                made = {
                    "ssh": lambda: ssh_server(place),
                    "http": lambda: http_server(place),
                    "http-password": lambda: http_server(place, password="secret"),
                }[transport]()
                running[transport] = stack.enter_context(made)
            return running[transport]

        yield {"get": server}


def make_scene(tmp_path: Path, transport: str, servers: dict[str, Any]) -> Scene:
    """A clone with one commit and a box that takes pushes over a transport."""
    home = tmp_path / "home"
    home.mkdir()
    environment = clean_environment(home)
    clone, box = tmp_path / "clone", tmp_path / "box.git"
    scene = Scene(clone, box, transport, environment)
    clone.mkdir()
    scene.git("init", "-q", "-b", "main")
    scene.commit({"train.py": "print(1)\n"}, "first")
    if transport == "path":
        scene.branchline("remote", "add", "box", str(box))
    elif transport == "ssh":
        server = servers["get"]("ssh")
        environment.update(server.environment)
        url = f"{server.prefix}{box}"
        # The other side has no PYTHONPATH of ours: an interpreter that knows where Branchline is.
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH="{SOURCE}" exec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        scene.branchline("remote", "add", "box", url, "--python", str(python))
    else:
        server = servers["get"](transport)
        scene.branchline("remote", "init", "--box", str(box))
        if transport == "http":
            scene.git("--git-dir", str(box), "config", "http.receivepack", "true")
        scene.git("remote", "add", "box", f"{server.prefix}{box}")
    scene.close_the_shop()
    return scene


@pytest.fixture(params=TRANSPORTS)
def scene(request: pytest.FixtureRequest, tmp_path: Path, servers: dict[str, Any]) -> Scene:
    """A clone and a box, over each transport in turn."""
    return make_scene(tmp_path, request.param, servers)


@pytest.fixture
def near(tmp_path: Path, servers: dict[str, Any]) -> Scene:
    """A clone and a box of one machine."""
    return make_scene(tmp_path, "path", servers)
