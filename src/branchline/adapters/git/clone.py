"""A user's clone: its branch, and files of it sent to a new branch of a box.

Serves `branchline pr`. The working tree and its index stay as they are.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from branchline.adapters.git.branches import GitBranches
from branchline.adapters.git.plumbing import refusal
from branchline.adapters.git.repo import GitRepo
from branchline.errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.adapters.git.plumbing import Git
    from branchline.errors import BranchlineError
    from branchline.ports.branches import Signature


class GitClone:
    """One clone.

    Args:
        git: Its repository.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self.root = git.places.root

    def branch(self) -> str:
        """The branch that is checked out.

        Raises:
            RepositoryError: There is none.
        """
        branch = GitRepo(self._git).head(details=False).branch
        if not branch:
            raise RepositoryError("no branch is checked out here", todo="Name one: --head BRANCH.")
        return branch

    def changed_files(self, patterns: Sequence[str]) -> list[str]:
        """Files that differ from the index or are new, and are not ignored, by folder or pattern.

        Args:
            patterns: From where the user stands: folders, or globs in which `*` stops at `/` and
                `**` does not.

        Returns:
            Paths from the root, sorted; deleted files are left out.
        """
        import os

        if not patterns:  # git takes none for all
            return []
        below = os.path.relpath(os.path.realpath("."), os.path.realpath(self.root))
        words = [f":(top,glob){_joined(below, pattern)}" for pattern in patterns]
        args = ["ls-files", "-z", "--full-name", "--modified", "--others", "--exclude-standard"]
        out = os.fsdecode(self._git.run([*args, "--", *words]))
        names = sorted(set(filter(None, out.split("\0"))))
        return [name for name in names if os.path.isfile(os.path.join(self.root, name))]

    def push_files(
        self,
        files: Mapping[str, bytes],
        *,
        to: str,
        branch: str,
        message: str,
        by: Signature,
    ) -> str:
        """Commit files on top of HEAD and push that commit; no local branch moves.

        Args:
            files: Path from the root -> content.
            to: Remote or path.
            branch: Its branch; "" names one after the content.
            message: Of the commit.
            by: Who commits.

        Returns:
            The branch; "" when HEAD holds these files already, and nothing was pushed.

        Raises:
            RepositoryError: There is no commit yet, or the push was refused.
        """
        repo, branches = GitRepo(self._git), GitBranches(self._git)
        parent = repo.head(details=False).commit
        if parent is None:
            raise RepositoryError("there is no commit here yet", todo="Commit something first.")
        commit = branches.commit_files(parent, files, message=message, by=by)
        if not branches.changed_files(parent, commit):
            return ""
        name = branch or f"pr/{parent[:7]}-{_digest(files)[:7]}"
        # The branch is new, or moves on: git itself refuses to drop commits of it.
        args = ["push", "--quiet", "--end-of-options", to, f"{commit}:refs/heads/{name}"]
        answer = self._git.ask(args)
        if answer.code != 0:
            self._replace_own(to, name, parent, commit, by, refused=refusal(["push"], answer))
        return name

    def _replace_own(
        self,
        to: str,
        name: str,
        parent: str,
        commit: str,
        by: Signature,
        *,
        refused: BranchlineError,
    ) -> None:
        """Put a commit where one stands that the same committer made of the same parent before.

        Raises:
            RepositoryError: The branch holds something else; nothing was changed.
        """
        ref = f"refs/heads/{name}"
        args = ["fetch", "--quiet", "--no-tags", "--no-auto-gc", "--refmap=", "--end-of-options"]
        if self._git.ask([*args, to, ref]).code != 0:
            raise refused
        shown = ["log", "-1", "--format=%H%x00%P%x00%T%x00%cn <%ce>", "FETCH_HEAD", "--"]
        held, parents, tree, who = self._git.run(shown).decode("utf-8", "replace").split("\0")
        if parents != parent or who.strip() != f"{by.name} <{by.email}>":
            raise refused
        if tree == GitRepo(self._git).tree(commit):
            return
        lease = f"--force-with-lease={ref}:{held}"
        self._git.run(["push", "--quiet", lease, "--end-of-options", to, f"{commit}:{ref}"])


def _joined(below: str, pattern: str) -> str:
    """A folder or glob as a pattern from the root; a folder means all that it holds."""
    import os

    path = os.path.normpath(os.path.join(below, pattern))
    if os.path.isdir(pattern):
        return "**" if path == "." else f"{path}/**"
    return path


def _digest(files: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for path, content in sorted(files.items()):
        whole.update(f"{len(path.encode())} {len(content)} {path}".encode() + content)
    return whole.hexdigest()
