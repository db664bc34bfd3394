"""What every step of the demo needs: show a command, run it, check what it did."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).resolve().parents[1] / "tumour-classifier"
SOURCE = Path(__file__).resolve().parents[2] / "src"
WIDTH = 78
PATIENCE_S = 60

# `python` as the stages call it: this interpreter, and a note of every script that was started.
PYTHON = """#!/bin/sh
case "$1" in src/*) echo "$1" >> {log} ;; esac
exec {python} "$@"
"""
BRANCHLINE = """#!/bin/sh
{path}exec {python} -m branchline "$@"
"""


@dataclass
class Story:
    """The scratch repository, its box, and what was seen so far."""

    root: Path
    colour: bool
    began: float = field(default_factory=time.monotonic)
    wrong: list[str] = field(default_factory=list)
    told: int = 0

    @property
    def bin(self) -> Path:
        """Folder with the two commands."""
        return self.root.parent / "bin"

    @property
    def box(self) -> Path:
        """The bare repository that trains."""
        return self.root.parent / "box.git"

    @property
    def started(self) -> Path:
        """Note of the scripts that were started, here and in the box."""
        return self.root.parent / "started.log"

    def environment(self) -> dict[str, str]:
        """The user's environment, with our two commands and a name for the commits."""
        return {
            **os.environ,
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "GIT_AUTHOR_NAME": "Demo",
            "GIT_AUTHOR_EMAIL": "demo@example.org",
            "GIT_COMMITTER_NAME": "Demo",
            "GIT_COMMITTER_EMAIL": "demo@example.org",
        }

    # Telling

    def chapter(self, title: str) -> None:
        """A line that parts the chapters."""
        line = f"━━ {title} ".ljust(WIDTH, "━")
        print("\n" + (f"\033[1;35m{line}\033[0m" if self.colour else line), flush=True)

    def heading(self, title: str, text: str) -> None:
        """The number and title of a step, and a paragraph."""
        self.told += 1
        line = f"── {self.told}. {title} ".ljust(WIDTH, "─")
        print("\n" + (f"\033[1;36m{line}\033[0m" if self.colour else line))
        self.say(text)

    def say(self, text: str) -> None:
        """A paragraph."""
        print(textwrap.fill(" ".join(text.split()), WIDTH), flush=True)

    def command(self, *argv: str, expect: int = 0) -> None:
        """Show a command, run it with its output on the screen, check its exit code."""
        words = " ".join(f'"{word}"' if " " in word else shlex.quote(word) for word in argv)
        print("\n" + (f"\033[1m$ {words}\033[0m" if self.colour else f"$ {words}"), flush=True)
        began = time.monotonic()
        done = subprocess.run(argv, cwd=self.root, env=self.environment(), check=False)
        took = f"  ({time.monotonic() - began:.2f} s, exit code {done.returncode})"
        if argv[0] == "branchline" or argv[:2] == ("git", "push"):
            print(f"\033[2m{took}\033[0m" if self.colour else took, flush=True)
        self.check(done.returncode == expect, f"{words}: exit {done.returncode}, not {expect}")

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        """Replace text in a file, and show the change as git does."""
        target = self.root / path
        text = target.read_text(encoding="utf-8")
        for old, new in changes:
            self.check(old in text, f"{path} does not hold {old!r}")
            text = text.replace(old, new)
        target.write_text(text, encoding="utf-8")
        colour = "--color=always" if self.colour else "--color=never"
        diff = ["git", "--no-pager", "diff", "-U0", colour, "--", path]
        shown = subprocess.run(diff, cwd=self.root, capture_output=True, text=True, check=True)
        print(f"\n    {path}:")
        for line in shown.stdout.splitlines()[4:]:
            if "@@" not in line:
                print(f"    {line}")
        sys.stdout.flush()

    def commit(self, message: str, *options: str) -> None:
        """Commit everything."""
        subprocess.run(["git", "add", "-A"], cwd=self.root, check=True)
        self.command("git", "commit", "-q", *options, "-m", message)

    # Checking

    def check(self, is_so: object, otherwise: str) -> None:
        """Remember, and say at once, when something is not as told."""
        if not is_so:
            self.amiss(otherwise)

    def amiss(self, what: str) -> None:
        """Something is not as told."""
        self.wrong.append(what)
        print(f"\033[1;31m! {what}\033[0m" if self.colour else f"! {what}", flush=True)

    def scripts(self, *expected: str) -> None:
        """Check which stages' scripts were started since the last call."""
        text = self.started.read_text(encoding="utf-8") if self.started.exists() else ""
        self.started.unlink(missing_ok=True)
        seen = sorted(Path(line).stem for line in text.split())
        self.check(seen == sorted(expected), f"started {seen}, expected {sorted(expected)}")

    def trained(self, job: int, *expected: str) -> None:
        """Check which stages a job ran: a search forks them from one Python, unseen by the note."""
        logs = (self.box / "branchline" / "jobs" / str(job) / "state" / "logs").glob("*/*.log")
        seen = sorted(path.stem for path in logs)
        self.started.unlink(missing_ok=True)
        self.check(seen == sorted(expected), f"job {job} ran {seen}, expected {sorted(expected)}")

    def ask(self, *words: str) -> dict[str, Any]:
        """The answer of a `branchline` command as JSON, not shown."""
        done = subprocess.run(
            ["branchline", *words, "--json"], cwd=self.root, env=self.environment(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            self.amiss(f"branchline {' '.join(words)} --json: {done.stderr.strip()}")
            return {}
        return answer if isinstance(answer, dict) else {}

    def until(self, what: str, *words: str, holds: str) -> dict[str, Any]:
        """Wait until a list in an answer is as long as told; what follows a job takes a moment.

        Args:
            what: What is waited for, for the message.
            words: The command.
            holds: `LIST=LENGTH`.
        """
        name, _, length = holds.partition("=")
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = self.ask(*words)
            if self.wrong or len(answer.get(name, ())) >= int(length):
                return answer
            if time.monotonic() > until:
                self.amiss(f"{what} did not come within {PATIENCE_S} s")
                return answer
            time.sleep(0.2)

    def job(self) -> dict[str, Any]:
        """The newest job of the box that is no skip."""
        jobs = [job for job in self.ask("queue", "--all")["jobs"] if job["state"] != "skipped"]
        return max(jobs, key=lambda job: int(job["job"]))

    def stop_worker(self) -> None:
        """End the worker of the box; else it leaves after a minute without work."""
        note = self.box / "branchline" / "worker.pid"
        until = time.monotonic() + PATIENCE_S
        while note.exists() and time.monotonic() < until:
            pid = (note.read_text(encoding="utf-8").split() or ["0"])[0]
            if str(self.box) not in _words_of(pid):
                return
            os.kill(int(pid), signal.SIGTERM)
            time.sleep(0.5)

    def git(self, *words: str) -> str:
        """What a git command says, not shown."""
        done = subprocess.run(
            ["git", *words], cwd=self.root, env=self.environment(),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()


def _words_of(pid: str) -> str:
    """The command line of a process; "" when it is gone."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
    asked = ["ps", "-o", "args=", "-p", pid]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout


def prepare(folder: Path, *, colour: bool) -> Story:
    """The scratch repository with the example in it, not yet committed."""
    folder.mkdir(parents=True, exist_ok=True)
    story = Story(root=folder / "tumour-classifier", colour=colour)
    shutil.copytree(
        EXAMPLE, story.root, ignore=shutil.ignore_patterns("__pycache__", ".branchline")
    )
    story.bin.mkdir()
    installed = importlib.util.find_spec("branchline") is not None
    path = "" if installed else f'PYTHONPATH="{SOURCE}" '
    python = f'"{sys.executable}"'
    for name, text in (
        ("python", PYTHON.format(python=python, log=f'"{story.started}"')),
        ("branchline", BRANCHLINE.format(python=python, path=path)),
    ):
        target = story.bin / name
        target.write_text(text, encoding="utf-8")
        target.chmod(0o755)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=story.root, check=True)
    return story
