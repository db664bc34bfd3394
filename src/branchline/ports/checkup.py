"""Port `checkup`: facts about a machine and a repository, for `branchline doctor`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TRUST_ISSUER = "token.actions.githubusercontent.com"
"""Who vouches for a job of GitHub Actions: stands in documents that say who may take a role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was found. None always means: could not be told.

    Attributes:
        git_version: Of the git on PATH; None without git.
        root: The repository's root; None outside of one.
        user: `user.name <user.email>` as git knows them; "" when it knows none.
        has_commits, is_shallow: Of the repository.
        python: Version of the `python` that stages find on PATH; None without one.
        own_python: Version of the Python that runs Branchline.
        free_bytes: Free space where results are kept.
        store: Folder where results are kept, from the root.
        cache_types: DVC's `cache.type`, in order; empty when not set.
        has_dvc: Whether there is a `.dvc` folder.
        can_reflink, can_hardlink: Whether files can be linked from the store into the workspace.
        has_strace: Whether strace is there and may trace (containers often forbid it).
        has_proc: Whether /proc can be read, by which leftover processes are told apart.
        lock_files: Lock or requirement files found at the root.
        large_files: Tracked files above 10 MB, largest first: (path, bytes).
        runs: Number of recorded runs.
        gpus: One line a device as the driver names it; None without a driver.
        stale_locks: Locks whose owner is gone or that are older than an hour.
        settings: "branchline.yaml", or "" when there is none.
        workflows: (path, content) of each workflow of GitHub Actions in the working tree.
        trust_documents: (path, content) of tracked files that name `TRUST_ISSUER`.
        branches: Of this clone. remote_branches: Of each remote, as they were last fetched.
    """

    git_version: tuple[int, ...] | None = None
    root: str | None = None
    user: str = ""
    has_commits: bool = False
    is_shallow: bool = False
    python: str | None = None
    own_python: str = ""
    free_bytes: int | None = None
    store: str = ""
    cache_types: Sequence[str] = ()
    has_dvc: bool = False
    can_reflink: bool | None = None
    can_hardlink: bool | None = None
    has_strace: bool = False
    has_proc: bool = True
    lock_files: Sequence[str] = ()
    large_files: Sequence[tuple[str, int]] = ()
    runs: int | None = None
    gpus: Sequence[str] | None = None
    stale_locks: Sequence[str] = ()
    settings: str = ""
    workflows: Sequence[tuple[str, bytes]] = ()
    trust_documents: Sequence[tuple[str, bytes]] = ()
    branches: Sequence[str] = ()
    remote_branches: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Checkup(Protocol):
    """Looks at the machine."""

    def facts(self) -> Facts:
        """Look; changes nothing, starts no network traffic, takes about a second."""
        ...
