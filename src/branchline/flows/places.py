"""Where things of the jobs of a box stand (docs/explanation/push-to-train.md); absolute paths."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one box.

    Attributes:
        box: Absolute path of the bare repository.
    """

    box: str

    @property
    def home(self) -> str:
        """What is ours in the repository."""
        return os.path.join(self.box, "branchline")

    @property
    def spool(self) -> str:
        """Pushes that were accepted and are not in the queue yet."""
        return os.path.join(self.home, "spool")

    @property
    def worker_pid(self) -> str:
        """`PID TICKS` of the worker."""
        return os.path.join(self.home, "worker.pid")

    @property
    def worker_lock(self) -> str:
        """Held by the worker."""
        return os.path.join(self.home, "worker.lock")

    @property
    def store(self) -> str:
        """Outputs by content, of all jobs."""
        return os.path.join(self.home, "store")

    @property
    def meanings(self) -> str:
        """Meanings by blob id, of all jobs."""
        return os.path.join(self.home, "cache.db")

    @property
    def studies(self) -> str:
        """Searches and their trials, of all jobs."""
        return os.path.join(self.home, "studies")

    @property
    def environments(self) -> str:
        """Environments by lock digest."""
        return os.path.join(self.home, "env")

    @property
    def jobs(self) -> str:
        """A folder for each job."""
        return os.path.join(self.home, "jobs")

    def job(self, number: int) -> str:
        """Folder of one job."""
        return os.path.join(self.jobs, str(number))

    def tree(self, number: int) -> str:
        """Worktree of a job while it runs."""
        return os.path.join(self.job(number), "tree")

    def state(self, number: int) -> str:
        """Ledger, logs and stat index of a job; they outlive its worktree and its runner."""
        return os.path.join(self.job(number), "state")

    def log(self, number: int) -> str:
        """What its pusher sees."""
        return os.path.join(self.job(number), "log")
