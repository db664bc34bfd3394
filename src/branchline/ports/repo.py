"""Port `repo`: the git repository, read only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where HEAD stands.

    Attributes:
        commit: Full hash; None before the first commit.
        short: As `git rev-parse --short` says; "" before the first commit.
        branch: Short name; None when detached.
        subject: First line of the commit's message.
        author: `Name <address>`; committed_at: UTC, ISO 8601.
    """

    commit: str | None
    short: str = ""
    branch: str | None = None
    subject: str = ""
    author: str = ""
    committed_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One annotated tag: its name, the commit it points at, when and by whom it was made."""

    name: str
    commit: str
    tagged_at: str
    tagger: str


class Repo(Protocol):
    """One git repository."""

    root: str
    git_dir: str
    common_dir: str

    def head(self, *, details: bool = True) -> Head:
        """Where HEAD stands.

        Args:
            details: False fills commit and branch only, which costs no process.
        """
        ...

    def head_files(self) -> Sequence[str]:
        """Absolute paths of the files that say where HEAD stands (packed references left out)."""
        ...

    def actor(self) -> str:
        """Who is at work: `user.name <user.email>`; "" when git does not know."""
        ...

    def dirty_paths(self) -> Sequence[str]:
        """Tracked files that differ from HEAD, and untracked ones not ignored, sorted."""
        ...

    def default_branch(self) -> str:
        """`origin/HEAD`'s branch, else `init.defaultBranch` if it exists, else main or master."""
        ...

    def tags(self, pattern: str) -> Sequence[Tag]:
        """Annotated tags that match a glob, oldest first; lightweight tags do not count."""
        ...

    def show(self, revision: str, path: str) -> bytes | None:
        """A file of a commit; None when it is not there.

        Raises:
            RepositoryError: The revision does not exist.
        """
        ...

    def paths(self, revision: str) -> Sequence[str]:
        """Paths of all files of a commit, sorted by their bytes; none where it names no commit."""
        ...

    def blob(self, blob: str) -> bytes | None:
        """Bytes of a blob by its id; None when this clone does not have it."""
        ...

    def object_kinds(self, names: Sequence[str]) -> Mapping[str, str]:
        """Full object name -> commit, tree, blob or tag; those that are not here are left out."""
        ...

    def resolve(self, revision: str) -> str | None:
        """Full commit hash of a revision; None when it names none."""
        ...

    def tree(self, revision: str) -> str | None:
        """Full hash of a revision's tree; None when it names no commit."""
        ...

    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """Whether one commit is in the history of another; None when history is missing."""
        ...

    def is_ignored(self, paths: Sequence[str]) -> Sequence[bool]:
        """Whether git ignores each path."""
        ...

    def tracked(self) -> Sequence[str]:
        """All paths that git tracks (in the index)."""
        ...

    def edited(self, paths: Sequence[str]) -> Sequence[str]:
        """Of these paths, those that differ from the commit before HEAD (HEAD, if it is the first).

        Paths that git does not track are left out.
        """
        ...

    def is_tracked(self, paths: Sequence[str]) -> Sequence[bool]:
        """Whether git tracks each path (in the index)."""
        ...
