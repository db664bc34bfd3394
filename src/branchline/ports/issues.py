"""Port `issues`: one issue of a forge for each alarm. Both methods are an *ensure*.

An alarm is named by a key; the issue of a key is found again by it, whoever wrote others since.
Times are seconds since 1970 (UTC).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssue:
    """An issue to be.

    Attributes:
        key: Names the alarm; another alarm has another one.
        began: When it began; the issue is no older than that.
        title, body: Of the issue; Markdown that is harmless already.
    """

    key: str
    began: float
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue as it stands: its number, from 1, and whether it is open."""

    number: int
    is_open: bool


class Issues(Protocol):
    """Issues of one repository."""

    @abstractmethod
    def ensure_open(self, issue: NewIssue) -> tuple[Issue, bool]:
        """Have one issue of an alarm, with this title and text.

        One that a person closed stays closed, and gets no other beside it.

        Returns:
            The issue, and whether it was made by this call.

        Raises:
            ForgeError: The forge refused, or has no issues.
        """
        ...

    @abstractmethod
    def ensure_closed(self, key: str, *, began: float, comment: str) -> Issue | None:
        """Close the issue of an alarm that is over, with one comment.

        Args:
            key: Of the alarm.
            began: When it began.
            comment: Markdown; said once, also where the issue was closed by a person.

        Returns:
            The issue; None where the alarm never had one.
        """
        ...
