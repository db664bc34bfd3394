"""A git repository from nothing, and its first commit. Serves `branchline new`; decides nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.adapters.git.plumbing import Git, Places

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["UNKNOWN_USER", "commit_first", "make_repository"]

UNKNOWN_USER = "git does not know your name"
_BRANCH = "main"


def make_repository(folder: str) -> Git:
    """Make a repository of a folder that is none, on the branch `main`.

    Args:
        folder: Absolute path.

    Raises:
        RepositoryError: git refused. MissingToolError: There is no git.
    """
    git_dir = os.path.join(folder, ".git")
    git = Git(Places(root=folder, git_dir=git_dir, common_dir=git_dir))
    git.run(["init", "--quiet", "-b", _BRANCH])
    return git


def commit_first(git: Git, paths: Sequence[str], message: str) -> tuple[str, str]:
    """Commit files for the first time, also those that the user's own git would ignore.

    Args:
        git: Of a repository without a commit.
        paths: From the root.
        message: Of the commit.

    Returns:
        Short hash of the commit and "", or "" and why there is none. The files are staged.

    Raises:
        RepositoryError: They cannot be staged.
    """
    listed = b"\0".join(os.fsencode(path) for path in paths)
    from_input = ["--pathspec-from-file=-", "--pathspec-file-nul"]
    git.run(["--literal-pathspecs", "add", "--force", *from_input], listed)
    known = [
        # git would make up a name from the machine's; a first commit should not carry that.
        git.ask(["-c", "user.useConfigOnly=true", "var", name]).code == 0
        for name in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT")
    ]
    if not all(known):
        return "", UNKNOWN_USER
    answer = git.ask(["commit", "--quiet", "-m", message])
    if answer.code != 0:
        return "", f"git refused: {(answer.complaint.splitlines() or ['no reason given'])[0]}"
    return git.run(["rev-parse", "--short", "HEAD"]).decode().strip(), ""
