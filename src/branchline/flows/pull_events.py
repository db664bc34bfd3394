"""What verbs of pull requests tell the intake, and the names of these events.

Decides nothing: what an event asks for is the intake's question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from branchline.ports.forge import Pull


class Intake(Protocol):
    """Takes what we did to a branch as a box takes a push: once for one event."""

    def pushed(
        self, branch: str, *, old: str, new: str, by: str, event: str, held: str = ""
    ) -> None:
        """A branch was moved.

        Args:
            branch: Short name.
            old: What it held; "" for a new branch.
            new: What it holds.
            by: Who asked for it.
            event: Its name; the same again does nothing.
            held: Why nothing is to be started for now; "" starts what the branch rules say.
        """
        ...

    def opened(self, pull: Pull, *, by: str, event: str) -> None:
        """A pull request was opened from a branch that was pushed before.

        Args:
            pull: It.
            by: Who opened it.
            event: Its name; the same again does nothing.
        """
        ...


def opened_event(number: int) -> str:
    """Name of the event that a pull request was opened."""
    return f"opened:{number}"


def approved_event(number: int, commit: str) -> str:
    """Name of the event that a head commit was approved."""
    return f"approve:{number}:{commit}"


def merged_event(commit: str) -> str:
    """Name of the event that a base got the commit of a merge."""
    return f"merge:{commit}"
