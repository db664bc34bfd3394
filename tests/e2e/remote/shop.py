"""A clone and the box that it pushes to, with real git, real hooks and a real worker."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests import ready_branchline

import branchline
from branchline import wiring
from branchline.flows.places import Places
from branchline.ports.queue import QueueQuery
from branchline.server.holding import noted

if TYPE_CHECKING:
    from branchline.core.run.jobs import QueuedJob

SOURCE = Path(branchline.__file__).parent.parent

SETTINGS = """\
model: toy
stages:
  train:
    cmd: python train.py
    deps: [train.py]
    params: [lr]
    outs: [model.pkl]
    metrics: [{metrics.json: {cache: false}}]
gate: {metrics: {auc: {min: 0.5}}}
"""

# Waits while a file is there, so that a test decides how long a run takes.
TRAIN = """\
import json, os, sys, time
from helper import score
print("epoch 1", flush=True)
with open({started!r}, "a") as log:
    log.write("x\\n")
while os.path.exists({hold!r}):
    time.sleep(0.02)
lr = float(open("params.yaml").read().split("lr:")[1].split()[0])
open("model.pkl", "w").write(f"model {{score(lr)}}")
json.dump({{"auc": score(lr)}}, open("metrics.json", "w"))
"""

HELPER = "def score(lr):\n    return round(0.9 - abs(lr - 0.3), 4)\n"


def environment() -> dict[str, str]:
    """No configuration of the person who runs the tests; short idle time."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    person = {"NAME": "Ada", "EMAIL": "ada@example.org"}
    return kept | {
        "HOME": "/nonexistent",
        "SHELL": "/bin/sh",
        "PYTHONPATH": str(SOURCE),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        **{f"GIT_AUTHOR_{key}": value for key, value in person.items()},
        **{f"GIT_COMMITTER_{key}": value for key, value in person.items()},
        "NO_COLOR": "1",
    }


@dataclass(frozen=True)
class Shop:
    """One clone, one box.

    Attributes:
        root: The clone. box: The bare repository. hold: While this file is there, trainings wait.
        started: A line a training.
    """

    root: Path
    box: Path
    hold: Path
    started: Path

    @classmethod
    def create(
        cls, folder: Path, files: dict[str, str] | None = None, *, branch: str = "main"
    ) -> Shop:
        """A clone with one commit on a branch, and a box that nothing was pushed to."""
        shop = cls(folder / "clone", folder / "box.git", folder / "hold", folder / "started")
        shop.root.mkdir()
        shop.git("init", "-q", "-b", branch)
        given = {
            "branchline.yaml": SETTINGS,
            "train.py": TRAIN.format(hold=str(shop.hold), started=str(shop.started)),
            "helper.py": HELPER,
            "params.yaml": "lr: 0.1  # the rate\n",
            "README.md": "toy\n",
            **(files or {}),
        }
        for path, text in given.items():
            shop.write(path, text)
        shop.commit("first")
        shop.branchline("remote", "add", "box", str(shop.box))
        return shop

    def write(self, path: str, text: str) -> None:
        """Write a file of the clone."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Edit a file; the old text must stand there."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text, text
        self.write(path, text.replace(old, new))

    def git(self, *words: str, cwd: Path | None = None) -> str:
        """Run git; its output."""
        done = subprocess.run(
            ["git", *words],
            cwd=cwd or self.root,
            env=environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything; the hash."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def branchline(self, *words: str) -> str:
        """Run the command line; both streams."""
        done = ready_branchline.call(words, cwd=self.root, env=environment())
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def push(self, *words: str, wait: bool = True, refused: bool = False) -> str:
        """Push to the box; what git printed, with what the box said."""
        options = [] if wait else ["-o", "wait=no"]
        done = subprocess.run(
            ["git", "push", *options, "box", *words],
            cwd=self.root,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode != 0) is refused, done.stderr
        return done.stderr

    # The box

    def jobs(self) -> list[QueuedJob]:
        """All jobs, oldest first."""
        with wiring.open_box(str(self.box)) as box:
            return sorted(box.queue.jobs(QueueQuery(limit=0)), key=lambda job: job.job)

    def job(self, number: int) -> QueuedJob:
        """One job."""
        found = next((job for job in self.jobs() if job.job == number), None)
        assert found is not None, f"there is no job {number}"
        return found

    def log(self, number: int) -> str:
        """The log of a job; "" when there is none."""
        path = self.box / "branchline" / "jobs" / str(number) / "log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def until(self, number: int, *states: str, within_s: float = 90) -> QueuedJob:
        """Wait for a job to be in one of these states; any end when none is named."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            found = [job for job in self.jobs() if job.job == number]
            if found and (found[0].state.value in states if states else found[0].state.is_end):
                return found[0]
            time.sleep(0.1)
        shown = [(job.job, job.state.value) for job in self.jobs()]
        raise AssertionError(f"job {number}: {shown}\n{self.log(number)}\n{self.complaints()}")

    def until_tag(self, name: str, within_s: float = 30) -> None:
        """Wait for a tag of the box."""
        until = time.monotonic() + within_s
        while name not in self.git("tag", cwd=self.box).split():
            assert time.monotonic() < until, f"{self.git('tag', cwd=self.box)}\n{self.complaints()}"
            time.sleep(0.1)

    def trainings(self) -> int:
        """How often the training was started."""
        return len(self.started.read_text().split()) if self.started.exists() else 0

    def until_trainings(self, count: int, within_s: float = 60) -> None:
        """Wait for so many trainings to have been started."""
        until = time.monotonic() + within_s
        while self.trainings() < count:
            assert time.monotonic() < until, self.complaints()
            time.sleep(0.05)

    def complaints(self) -> str:
        """What workers and runners complained of."""
        home = self.box / "branchline"
        files = [home / "worker.err", *home.glob("jobs/*/runner.err"), *home.glob("jobs/*/crash*")]
        return "\n".join(f"{file}:\n{file.read_text()}" for file in files if file.exists())

    def worker(self) -> int | None:
        """The worker's process."""
        with wiring.open_box(str(self.box)) as box:
            found = box.box.worker()
            return None if found is None else found.pid

    def runner(self, number: int) -> int:
        """Process of the runner of a job."""
        text = (self.box / "branchline" / "jobs" / str(number) / "runner").read_text()
        return int(text.split()[0])

    def processes(self) -> list[int]:
        """Living processes of jobs of this box: what a runner started, and runners."""
        mark = f"BRANCHLINE_JOB={self.box}:".encode()
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                variables = Path(f"/proc/{name}/environ").read_bytes().split(b"\0")
                if any(variable.startswith(mark) for variable in variables):
                    found.append(int(name))
        jobs = self.box / "branchline" / "jobs"
        numbers = os.listdir(jobs) if jobs.exists() else []
        runners = (noted(Places(str(self.box)), int(number)) for number in numbers)
        return [*found, *(pid for pid in runners if pid is not None)]

    def until_gone(self, within_s: float = 15) -> None:
        """Wait until no process of a job is left."""
        until = time.monotonic() + within_s
        while self.processes():
            assert time.monotonic() < until, self.processes()
            time.sleep(0.1)

    def settings(self, **more: object) -> None:
        """Set keys of box.json."""
        file = self.box / "branchline" / "box.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **more}))

    def stop(self) -> None:
        """End the worker and what it started."""
        self.hold.unlink(missing_ok=True)
        pid = self.worker() if (self.box / "branchline" / "box.json").exists() else None
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
