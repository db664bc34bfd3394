"""Port `ci_remote`: the repository that a CI job's checkout came from, and what both exchange."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.ports.records import Exchange


class CiRemote(Protocol):
    """The remote of a checkout that may hold one commit only."""

    @abstractmethod
    def has_commit(self, commit: str) -> bool:
        """Whether a commit is here, with its files."""
        ...

    @abstractmethod
    def parents(self, commit: str) -> Sequence[str]:
        """Parents of a commit that is here, also where a shallow checkout lacks these."""
        ...

    @abstractmethod
    def bring_branch(self, branch: str) -> str:
        """Get the newest commit of a branch, no history where the checkout has none.

        Returns:
            The commit; "" where there is no such branch.

        Raises:
            RepositoryError: git refused.
        """
        ...

    @abstractmethod
    def bring_commit(self, commit: str) -> bool:
        """Get a commit with its files; False where the other side does not give it."""
        ...

    @abstractmethod
    def bring_tags(self, prefixes: Sequence[str]) -> None:
        """Get the tags that begin so, e.g. `model@`.

        Raises:
            RepositoryError: git refused.
        """
        ...

    @abstractmethod
    def same_files(self, one: str, other: str) -> bool:
        """Whether two commits that are here hold the same files, whatever history is missing."""
        ...

    @abstractmethod
    def is_empty_commit(self, commit: str) -> bool:
        """Whether a commit has one parent, and the same files as that; False when not known."""
        ...

    @abstractmethod
    def branch_head(self, branch: str) -> str:
        """What a branch of the remote holds now; "" where there is none.

        Raises:
            RepositoryError: git refused.
        """
        ...

    @abstractmethod
    def push_branch(self, branch: str, commit: str, *, expected: str) -> bool:
        """Move a branch of the remote; False where it does not hold what was expected.

        Args:
            branch: Short name.
            commit: That is here.
            expected: What it holds; "" for a new one.

        Raises:
            RepositoryError: git refused, most often for want of permission.
        """
        ...

    @abstractmethod
    def tagged(self, name: str) -> str:
        """The commit that a tag of the remote stands on; "" where there is no such tag.

        Raises:
            RepositoryError: git refused.
        """
        ...

    @abstractmethod
    def push_tag(self, name: str) -> bool:
        """Give the remote a tag that is here; False where it has another one of that name.

        Raises:
            RepositoryError: git refused, most often for want of permission.
        """
        ...

    @abstractmethod
    def committer(self, commit: str) -> str:
        """Address of who made a commit that is here; "" where it is not."""
        ...

    @abstractmethod
    def fetch_records(self) -> Exchange:
        """Get records; see port `records`.

        Raises:
            RecordError: git refused.
        """
        ...

    @abstractmethod
    def push_records(self) -> Exchange:
        """Send records; see port `records`.

        Raises:
            RecordError: git refused, most often for want of permission.
        """
        ...

    @abstractmethod
    def drop_looks(self, places: Sequence[str]) -> None:
        """Forget looks there, as `records.drop_looks` does here; one that is gone is forgotten.

        What cannot be forgotten stays: the next look tries again.
        """
        ...

    @abstractmethod
    def record_names(self) -> frozenset[tuple[str, str]]:
        """(reference, object) of all records that are here."""
        ...

    @abstractmethod
    def pack_records(self, names: Sequence[str], path: str) -> int:
        """Write some records into one file for another job.

        Returns:
            Its size in bytes; 0 where there is nothing to write, and no file.
        """
        ...

    @abstractmethod
    def unpack_records(self, path: str) -> Exchange:
        """Take over records of a file that a stranger's code may have written.

        Only runs and results, each a well-formed object of moderate size; what is here stays.

        Raises:
            RecordError: It is damaged, too large, or holds something else.
        """
        ...
