"""What looks at a folder that need not be a project yet. Imported where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.ports.checkup import Checkup
    from branchline.ports.tree import Tree


def open_tree(root: str) -> Tree:
    """The files below a folder that is no project yet, for `init`.

    Args:
        root: Absolute path.
    """
    from branchline.adapters.folder import FolderTree

    return FolderTree(root)


def open_checkup(folder: str) -> Checkup:
    """What looks at this machine, for `doctor`.

    Args:
        folder: Absolute path of the folder to look at.
    """
    from branchline.adapters.checkup import LocalCheckup

    return LocalCheckup(folder)


def tracked_files(root: str) -> frozenset[str]:
    """Files that git holds, from the root.

    Args:
        root: Absolute root of a clone.
    """
    from branchline.adapters.git import Git

    listed = Git.open(root).run(["ls-files", "-z"])
    return frozenset(listed.decode("utf-8", errors="surrogateescape").split("\0")) - {""}
