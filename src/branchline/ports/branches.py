"""Port `branches`: what we write to branches, by compare-and-swap, in no working tree."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class MergeMethod(Enum):
    """How a branch gets into another."""

    MERGE = "merge"
    SQUASH = "squash"
    FAST_FORWARD = "fast_forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who commits: a name and an address; `at` in seconds since 1970."""

    name: str
    email: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What merging gives.

    Attributes:
        commit: The commit that the base would hold; "" when it cannot be merged.
        tree: Its tree. conflicts: Paths that both sides changed.
        reason: Why it cannot be merged; "" when it can.
    """

    commit: str = ""
    tree: str = ""
    conflicts: tuple[str, ...] = ()
    reason: str = ""


class Branches(Protocol):
    """Branches of one repository, bare or not."""

    @abstractmethod
    def heads(self) -> Mapping[str, str]:
        """Branch -> commit, of all branches."""
        ...

    @abstractmethod
    def head(self, branch: str) -> str | None:
        """Commit of a branch; None when there is none."""
        ...

    @abstractmethod
    def moves(self, ref: str, old: str, new: str) -> int:
        """How many times a reference was moved so, as far as can be told.

        Args:
            ref: Full name.
            old: What it held before; "" where it did not exist.
            new: What it held after that; "" where it was deleted.

        Returns:
            As its log says, and 1 at least where it holds `new` now; a tag has no log.
        """
        ...

    @abstractmethod
    def tag(self, name: str, commit: str, *, message: str, by: Signature) -> bool:
        """Make an annotated tag, which is created and never moved.

        Returns:
            False when there is one of this name already.

        Raises:
            RepositoryError: There is no such commit, or the name is none.
        """
        ...

    @abstractmethod
    def tagged(self, name: str) -> str | None:
        """Commit of a tag; None when there is no such tag."""
        ...

    @abstractmethod
    def commit_files(
        self, parent: str, files: Mapping[str, bytes | None], *, message: str, by: Signature
    ) -> str:
        """Make a commit on top of another that sets (or with None removes) files; moves no branch.

        The same arguments make the same commit. Modes of existing files stay.

        Raises:
            RepositoryError: The parent does not exist, or a path cannot stand in a tree.
        """
        ...

    @abstractmethod
    def move(self, branch: str, commit: str, *, expected: str | None) -> bool:
        """Set a branch; `expected` is what it holds now, None for a branch that does not exist.

        Returns:
            False when it holds something else; nothing was changed then.
        """
        ...

    @abstractmethod
    def delete(self, branch: str, *, expected: str) -> bool:
        """Remove a branch that still holds `expected`."""
        ...

    @abstractmethod
    def merge(
        self, base: str, head: str, method: MergeMethod, *, message: str, by: Signature
    ) -> Merge:
        """Make, in the object store only, the commit that merges `head` into `base` (commits)."""
        ...

    @abstractmethod
    def merge_base(self, one: str, other: str) -> str | None:
        """Newest common ancestor; None when there is none."""
        ...

    @abstractmethod
    def diff(self, base: str, head: str, *, limit_bytes: int = 400_000) -> str:
        """Unified diff from the merge base to `head`.

        Cut off at a limit, with a last line that says so; bytes that are no UTF-8 are replaced.
        """
        ...

    @abstractmethod
    def changed_files(self, base: str, head: str) -> Sequence[tuple[str, str]]:
        """(status letter, path) of what differs between the merge base and `head`."""
        ...
