"""Port `past`: what was pushed to a branch, one push after the other, and the files of each.

With it, what a replay of that history takes for done: results that nobody made.

A repository keeps commits, not pushes. A commit of the branch's first-parent line counts as one
push, so that a merge is one, whatever it brought.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from branchline.ports.records import Records
from branchline.ports.store import Store
from branchline.ports.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from branchline.core.pipeline import Content

LINK_MODE, SUBMODULE_MODE, EXECUTABLE_MODE = 0o120000, 0o160000, 0o100755
"""Modes that git gives to links, to commits of other repositories, and to executable files."""


@dataclass(frozen=True, slots=True)
class Held:
    """What stands at a path of a commit: git's mode, and the object's full name."""

    mode: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPush:
    """One push.

    Attributes:
        commit: Full hash of the tip.
        parents: Full hashes; the first is the tip before.
        pushed_at: When the tip was committed: UTC, ISO 8601.
        author: Name only.
        message: Whole.
        changes: Path -> what stands there now, None where it is gone; against the tip before.
    """

    commit: str
    parents: tuple[str, ...]
    pushed_at: str
    author: str
    message: str
    changes: Mapping[str, Held | None]

    @property
    def short(self) -> str:
        """The hash as people say it."""
        return self.commit[:7]

    @property
    def subject(self) -> str:
        """First line of the message."""
        return self.message.partition("\n")[0]

    @property
    def is_merge(self) -> bool:
        """Whether the tip has more than one parent."""
        return len(self.parents) > 1

    @property
    def is_empty(self) -> bool:
        """Whether the tip is a commit without a change, by which people ask for a training."""
        return len(self.parents) == 1 and not self.changes


class Past(Protocol):
    """The history of one repository, read only."""

    @abstractmethod
    def pushes(self, tip: str) -> Sequence[PastPush]:
        """The first-parent line that ends in a commit, oldest first.

        Args:
            tip: Full hash.

        Raises:
            RepositoryError: git refused.
        """
        ...

    @abstractmethod
    def files(self, commit: str) -> Mapping[str, Held]:
        """All files of a commit, by path."""
        ...

    @abstractmethod
    def blob(self, name: str) -> bytes | None:
        """Bytes of a file by its object's name; None when this clone does not have it."""
        ...

    @abstractmethod
    def count(self, older: str, newer: str) -> int:
        """How many commits `newer` has that `older` has not."""
        ...

    @abstractmethod
    def is_cut(self) -> bool:
        """Whether this clone is shallow, so that older pushes are not in it."""
        ...

    @abstractmethod
    def close(self) -> None:
        """End what was started to read objects."""
        ...


class PastFiles(Workspace, Protocol):
    """The files of one commit after the other, of which nothing can be changed."""

    moved: set[str]
    """Paths that the last `move` changed, folders that came or went included."""

    @property
    @abstractmethod
    def submodules(self) -> Mapping[str, str]:
        """Path of each submodule -> the commit it stands at; what that holds is not here."""
        ...

    @abstractmethod
    def paths(self) -> Iterable[str]:
        """All files of the commit, links and submodules included."""
        ...

    @abstractmethod
    def move(self, changes: Mapping[str, Held | None]) -> None:
        """Go to the commit that differs from this one in these paths; None takes one away."""
        ...

    @abstractmethod
    def watch(self) -> object:
        """Begin to note what is asked for; gives what `may_have_moved` takes."""
        ...

    @abstractmethod
    def may_have_moved(self, asked: object) -> bool:
        """Whether the last `move` may have changed an answer to what was asked since a `watch`."""
        ...


class PretendedRecords(Records, Protocol):
    """Results that are taken for recorded."""

    world: str
    """What no key knows of (submodules), as a text: results of another world do not count."""


class PretendedStore(Store, Protocol):
    """A store that has what was taken for made."""

    @abstractmethod
    def make(self, content: Content, members: Iterable[tuple[str, Content]] = ()) -> None:
        """Take an output for made, with the files inside of it that a later stage names."""
        ...
