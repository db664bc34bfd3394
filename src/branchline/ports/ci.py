"""Port `ci`: the job of a forge's CI that this process runs in, and what it hands to later jobs."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.trigger.events import Event

MOST_NOTES = 10
"""Annotations of one step that GitHub shows; more are dropped by it, so we choose ours."""


class NoteLevel(Enum):
    """How loud an annotation is."""

    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An annotation: a sentence at a line of a file.

    Attributes:
        level: How loud. text: A sentence; may hold names that strangers chose.
        file: From the root; "" for none. line: From 1; 0 for none. title: A few words.
    """

    level: NoteLevel
    text: str
    file: str = ""
    line: int = 0
    title: str = ""


class CiJob(Protocol):
    """One job of a forge's CI."""

    number: int
    """Of the run of the workflow, from 1; 0 when it is not told."""
    url: str
    """Of the run's page; "" when it is not told."""

    @abstractmethod
    def event(self) -> Event:
        """What woke the job.

        Raises:
            CiError: It is not told, or cannot be read.
        """
        ...

    @abstractmethod
    def write_outputs(self, outputs: Mapping[str, str]) -> bool:
        """Hand values to later jobs, whatever they hold; False where there is nowhere to.

        Raises:
            CiError: A name is none, or the values are too large.
        """
        ...

    @abstractmethod
    def write_summary(self, text: str) -> bool:
        """Add Markdown to the summary of the step; False where there is none.

        What is too large is left out with a sentence that says so.
        """
        ...

    @abstractmethod
    def annotate(self, notes: Sequence[Note]) -> None:
        """Show sentences at lines of files, the loudest `MOST_NOTES` of them."""
        ...

    @abstractmethod
    def quiet(self) -> None:
        """From now on what is printed is text, whatever it looks like, until `loud`."""
        ...

    @abstractmethod
    def loud(self) -> None:
        """End what `quiet` began."""
        ...


class ResultsFolder(Protocol):
    """A folder that one job leaves and another one reads, as a stranger's."""

    path: str
    """Absolute."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Write a file of it; the folder is made."""
        ...

    @abstractmethod
    def read(self, name: str, *, most_bytes: int) -> bytes | None:
        """A file of it; None when there is none.

        Raises:
            CiError: It is no plain file, or larger than that.
        """
        ...

    @abstractmethod
    def checked(self, name: str, *, most_bytes: int) -> str:
        """Absolute path of a plain file of it that is not larger; "" when there is none.

        Raises:
            CiError: It is no plain file, or larger than that.
        """
        ...
