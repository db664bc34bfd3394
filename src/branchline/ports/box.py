"""Port `box`: the files of a box beside its repository: settings, hooks, spool, rules, worker.

A box is a bare git repository that trains what is pushed to it; see
docs/explanation/push-to-train.md. Times are seconds since 1970 (UTC).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxSettings:
    """box.json: what a box needs to know before anything of its repository is read.

    Attributes:
        name: What its maker calls it; messages to pushers name it.
        python: Absolute path of the interpreter that hooks start.
        python_path: Folder that holds `branchline` where it is not installed; "" elsewhere.
        default_branch: Short name; the box's HEAD.
        ledger: URL of the ledger; "" is the file `ledger.db` of the box.
        ref_characters: Characters that names may hold besides the usual ones.
        most_bytes: Largest push that is taken; 0 means no limit.
        user: Account that works for the box, and owns it; "" is whoever starts the worker.
        environment: Variables of what hooks start; nothing else of the pusher's gets through.
        more: Keys of box.json that belong to others (limits of jobs, secrets); kept as they are.
    """

    python: str
    name: str = "box"
    python_path: str = ""
    default_branch: str = "main"
    ledger: str = ""
    ref_characters: str = ""
    most_bytes: int = 0
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, JsonValue] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        """The whole environment of what hooks start."""
        kept = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **self.environment}
        return {**kept, "PYTHONPATH": self.python_path} if self.python_path else kept


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedRef:
    """One reference of a push, from what to what; "" where it does not exist."""

    ref: str
    old: str = ""
    new: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushEvent:
    """One accepted push, as its hook wrote it down.

    Attributes:
        event: Its name, `NANOSECONDS-PID`; sorts by time. at: When.
        pusher: Who, as the transport knows them. transport: `path`, `ssh` or `http`.
        updates: What it moved, in git's order. options: As the pusher gave them.
    """

    event: str
    at: float
    pusher: str
    transport: str
    updates: tuple[PushedRef, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunPush:
    """A push that was accepted, and of which git has not said yet that it moved anything.

    Attributes:
        event: What it asked for, under the name that it will have in the spool.
        is_going_on: Whether its git lives; else it was killed, before or after it moved something.
    """

    event: PushEvent
    is_going_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProcess:
    """The process that works for a box. `started_ticks`: field 22 of /proc/PID/stat; 0 without."""

    pid: int
    started_ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxFacts:
    """How a box stands, as found.

    Attributes:
        version: Of the Branchline that the box's interpreter has; "" when it does not start.
        complaint: What the interpreter said then.
        head: Branch of the repository's HEAD; "" when detached.
        git: Values of `receive.advertisePushOptions`, `core.hooksPath`.
        free_bytes: Space on its disk.
        missing, closed: Folders of it that are not there, or that this account cannot write.
        spooled, bad: Pushes that wait to be queued; files that no hook wrote.
        worker_words: The last lines that workers left on their standard error.
    """

    version: str
    complaint: str = ""
    head: str = ""
    git: Mapping[str, str] = field(default_factory=dict)
    free_bytes: int = 0
    missing: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    spooled: int = 0
    bad: int = 0
    worker_words: tuple[str, ...] = ()


class BoxFiles(Protocol):
    """The files of one box.

    Attributes:
        path: Absolute path of the bare repository. state_dir: Its folder `branchline`.
    """

    path: str
    state_dir: str

    @abstractmethod
    def settings(self) -> BoxSettings:
        """What box.json says.

        Raises:
            BoxError: This is no box, or the file cannot be read.
        """
        ...

    @abstractmethod
    def create(self, settings: BoxSettings, hooks: Mapping[str, str]) -> bool:
        """Make the repository where there is none, and settings and hooks; twice is once.

        Args:
            settings: Replaces what box.json said.
            hooks: Name -> text.

        Returns:
            Whether the repository was made by this call.

        Raises:
            BoxError: The folder holds something else, or hooks that are not ours.
        """
        ...

    @abstractmethod
    def hooks(self) -> Mapping[str, str]:
        """Name -> text of the two hooks that are there and can be executed."""
        ...

    @abstractmethod
    def spool(self) -> Sequence[PushEvent]:
        """Accepted pushes that are not in the queue yet, oldest first.

        A file that no hook of ours wrote is put aside into `spool/bad/`, for people.
        """
        ...

    @abstractmethod
    def begun(self) -> Sequence[BegunPush]:
        """Pushes that are about to move something, or were killed at it, oldest first."""
        ...

    @abstractmethod
    def unspool(self, event: str) -> None:
        """Forget one push: the queue has it, or it came to nothing. Twice is once."""
        ...

    @abstractmethod
    def rules(self) -> str:
        """What pre-receive knows of the branch rules; "" when nothing was written yet."""
        ...

    @abstractmethod
    def write_rules(self, text: str) -> None:
        """Replace that in one step."""
        ...

    @abstractmethod
    def worker(self) -> WorkerProcess | None:
        """The worker that lives; None when there is none."""
        ...

    @abstractmethod
    def set_worker(self, pid: int) -> None:
        """Say that a process works for the box."""
        ...

    @abstractmethod
    def clear_worker(self, pid: int) -> None:
        """Take that back, if it is still said of this process."""
        ...

    @abstractmethod
    def wake(self) -> bool:
        """Start a worker where none lives, free of this process and its pipes.

        Returns:
            Whether one was started.
        """
        ...

    @abstractmethod
    def stop_worker(self) -> None:
        """Ask the worker to end, if one lives, and wait until it has; what it started goes on.

        Raises:
            BoxError: It does not end.
        """
        ...

    @abstractmethod
    def facts(self) -> BoxFacts:
        """Look at everything that can go wrong; changes nothing."""
        ...

    @abstractmethod
    def delete(self) -> None:
        """Remove the whole repository.

        Raises:
            BoxError: It is no box, or its worker lives.
        """
        ...

    @abstractmethod
    def job_dir(self, job: int) -> str:
        """Folder of a job's worktree and log."""
        ...

    @abstractmethod
    def log_path(self, job: int) -> str:
        """The log of a job, which its pusher sees."""
        ...
