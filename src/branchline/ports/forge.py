"""Port `forge`: pull requests, their checks and comments. Every writing method is an *ensure*.

Merging and pushing branches is git's work: port `branches`. Times are seconds since 1970 (UTC).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class PullState(Enum):
    """Where a pull request is."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


class CheckState(Enum):
    """How a check of a commit stands.

    Attributes:
        NEUTRAL: Noise leaves its verdict open, and the gate lets it go on with a warning.
        WAITING: Noise leaves its verdict open, and a person has to say yes.
    """

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    NEUTRAL = "neutral"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPull:
    """A pull request to be. `head` and `base` are short branch names of one repository."""

    title: str
    head: str
    base: str
    body: str = ""
    author: str = ""
    is_draft: bool = False
    labels: tuple[str, ...] = ()
    needs_approval: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request as it stands.

    Attributes:
        number: From 1. asked: What it is about. state: Open, merged, closed.
        commit: Head commit as last seen. approved_by: Who allowed the training or the merge; "".
        merged_as: Commit on the base that holds it; "" while it is open.
    """

    number: int
    asked: NewPull
    state: PullState
    commit: str = ""
    approved_by: str = ""
    merged_as: str = ""
    opened_at: float = 0.0
    updated_at: float = 0.0
    ended_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What one check says of a commit; the newest of a name counts."""

    name: str
    state: CheckState
    summary: str = ""
    job: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment. `marker` names a sticky one, of which a pull request has one."""

    body: str
    author: str
    marker: str = ""
    at: float = 0.0


class Forge(Protocol):
    """Pull requests of one repository."""

    @abstractmethod
    def ensure_pull(self, pull: NewPull, *, commit: str, at: float) -> tuple[Pull, bool]:
        """Open a pull request, or bring the open one of the same head and base up to date.

        Up to date are title, body, labels, draft, whether it needs an approval, and the head; who
        opened it stays. An approval of another head is void.

        Returns:
            The pull request, and whether it was opened by this call.
        """
        ...

    @abstractmethod
    def pull(self, number: int) -> Pull | None:
        """One pull request."""
        ...

    @abstractmethod
    def pulls(self, *, state: PullState | None = None, head: str = "") -> Sequence[Pull]:
        """Pull requests, newest first."""
        ...

    @abstractmethod
    def head_moved(self, branch: str, commit: str, *, at: float) -> Sequence[Pull]:
        """Note the new head of open pull requests from a branch.

        An approval of another head is void.

        Returns:
            The open pull requests from that branch, as they are now, newest first.
        """
        ...

    @abstractmethod
    def approve(self, number: int, *, by: str, commit: str, at: float) -> bool:
        """Approve one head commit; False when the pull request is not open or its head moved."""
        ...

    @abstractmethod
    def ended(self, number: int, state: PullState, *, merged_as: str = "", at: float) -> bool:
        """Note that it was merged or closed; False when it was not open."""
        ...

    @abstractmethod
    def set_check(self, commit: str, check: Check, *, at: float) -> None:
        """What a check says of a commit now; what was said later (by `at`) stays."""
        ...

    @abstractmethod
    def checks(self, commit: str) -> Sequence[Check]:
        """Checks of a commit, by name."""
        ...

    @abstractmethod
    def comment(self, number: int, comment: Comment) -> None:
        """Add a comment; one with a marker replaces the body of the one that has it.

        Raises:
            UnknownNameError: There is no such pull request.
        """
        ...

    @abstractmethod
    def comments(self, number: int) -> Sequence[Comment]:
        """Comments, oldest first."""
        ...
