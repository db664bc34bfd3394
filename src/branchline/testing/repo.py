"""Port `repo`: a fake without git, and what every implementation must do.

To check an implementation, inherit `RepoContract` in a test module and give it the fixtures that
its methods name.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

import hashlib
import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from branchline.errors import RepositoryError
from branchline.ports.repo import Head, Repo, Tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FakeRepo(Repo):
    """A repository that is what the test says.

    Args:
        root: Its folder.
        head: Where HEAD stands.
        branches: Short branch name -> commit; HEAD's own is added.
        files: (commit, path) -> content, for `show` and `is_tracked`.
        history: Commit -> its ancestors, itself included.
        tags, dirty, ignored, default, who: What the methods answer.
    """

    def __init__(
        self,
        root: str = "/repository",
        *,
        head: Head | None = None,
        branches: Mapping[str, str] | None = None,
        files: Mapping[tuple[str, str], bytes] | None = None,
        history: Mapping[str, Sequence[str]] | None = None,
        tags: Sequence[Tag] = (),
        dirty: Sequence[str] = (),
        ignored: Sequence[str] = (),
        default: str = "main",
        who: str = "Ada <ada@example.org>",
    ) -> None:
        self.root = root
        self.git_dir = self.common_dir = root + "/.git"
        self.at = head or Head(commit=None, branch=default)
        self.branches = dict(branches or {})
        if self.at.branch and self.at.commit:
            self.branches.setdefault(self.at.branch, self.at.commit)
        self.files = dict(files or {})
        self.history = dict(history or {})
        self.all_tags = list(tags)
        self.dirty, self.ignored = list(dirty), list(ignored)
        self.default, self.who = default, who

    def head(self, *, details: bool = True) -> Head:
        """See the port."""
        return self.at if details else Head(commit=self.at.commit, branch=self.at.branch)

    def actor(self) -> str:
        """See the port."""
        return self.who

    def dirty_paths(self) -> Sequence[str]:
        """See the port."""
        return sorted(self.dirty)

    def default_branch(self) -> str:
        """See the port."""
        return self.default

    def tags(self, pattern: str) -> Sequence[Tag]:
        """See the port."""
        found = [tag for tag in self.all_tags if fnmatchcase(tag.name, pattern)]
        return sorted(found, key=lambda tag: tag.tagged_at)

    def show(self, revision: str, path: str) -> bytes | None:
        """See the port."""
        commit = self.resolve(revision)
        if commit is None:
            raise RepositoryError(f"`{revision}` names no commit of this repository")
        return self.files.get((commit, path))

    def paths(self, revision: str) -> Sequence[str]:
        """See the port."""
        commit = self.resolve(revision)
        return sorted((path for holder, path in self.files if holder == commit), key=os.fsencode)

    def blob(self, blob: str) -> bytes | None:
        """See the port."""
        for content in self.files.values():
            named = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
            if named.hexdigest() == blob:
                return content
        return None

    def object_kinds(self, names: Sequence[str]) -> Mapping[str, str]:
        """See the port. The fake has commits, and tags of them."""
        tags = {tag.name for tag in self.all_tags}
        return {name: "tag" if name in tags else "commit" for name in names}

    def resolve(self, revision: str) -> str | None:
        """See the port."""
        if revision == "HEAD":
            return self.at.commit
        tagged = {tag.name: tag.commit for tag in self.all_tags}
        commit = self.branches.get(revision) or tagged.get(revision)
        known = {*self.branches.values(), *tagged.values(), *self.history, self.at.commit or ""}
        whole = [name for name in known if len(revision) >= 4 and name.startswith(revision)]
        return commit or (whole[0] if len(whole) == 1 else None)

    def tree(self, revision: str) -> str | None:
        """See the port; a tree is named by what its commit holds."""
        commit = self.resolve(revision)
        if commit is None:
            return None
        files = sorted(
            (path, data) for (holder, path), data in self.files.items() if holder == commit
        )
        return hashlib.sha1(repr(files).encode(), usedforsecurity=False).hexdigest()

    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """See the port."""
        first, second = self.resolve(older), self.resolve(newer)
        if first is None or second is None or second not in self.history:
            return None
        return first in self.history[second]

    def head_files(self) -> Sequence[str]:
        """See the port."""
        return [f"{self.git_dir}/HEAD"]

    def is_ignored(self, paths: Sequence[str]) -> Sequence[bool]:
        """See the port."""
        return [path in self.ignored for path in paths]

    def tracked(self) -> Sequence[str]:
        """See the port."""
        return sorted(path for commit, path in self.files if commit == self.at.commit)

    def edited(self, paths: Sequence[str]) -> Sequence[str]:
        """See the port; what `dirty` names."""
        return [path for path in paths if path in self.dirty]

    def is_tracked(self, paths: Sequence[str]) -> Sequence[bool]:
        """See the port."""
        tracked = {path for commit, path in self.files if commit == self.at.commit}
        return [
            path in tracked or any(name.startswith(path + "/") for name in tracked)
            for path in paths
        ]


class RepoContract:
    """What every implementation must do.

    The fixture `repo` gives a repository on branch `main` with one commit that holds `a.txt` with
    the bytes `one` and a newline; an untracked file `b.txt`; an ignored file `c.log`; an annotated
    tag `m@v0.0.1` of that commit.
    """

    def test_head_stands_on_the_branch(self, repo: Repo) -> None:
        """Commit, short name and branch fit together."""
        head = repo.head()

        assert head.branch == "main"
        assert head.commit is not None
        assert head.short
        assert head.commit.startswith(head.short)
        assert repo.head(details=False) == Head(commit=head.commit, branch="main")

    def test_a_revision_resolves_or_does_not(self, repo: Repo) -> None:
        """A name that is none is no error."""
        assert repo.resolve("main") == repo.resolve("HEAD") == repo.head().commit
        assert repo.resolve("no-such-branch") is None

    def test_a_commit_has_a_tree_of_its_own(self, repo: Repo) -> None:
        """A tree is no commit, and what names no commit has none."""
        tree = repo.tree("HEAD")
        assert tree is not None
        assert len(tree) == 40
        assert tree not in (repo.head().commit, None)
        assert repo.tree("no-such-branch") is None

    def test_a_file_of_a_commit(self, repo: Repo) -> None:
        """A missing file is None, a missing revision an error."""
        assert repo.show("HEAD", "a.txt") == b"one\n"
        assert repo.show("HEAD", "b.txt") is None
        message = ""
        try:
            repo.show("no-such-branch", "a.txt")
        except RepositoryError as error:
            message = error.message
        assert "no-such-branch" in message

    def test_a_commit_lists_its_files(self, repo: Repo) -> None:
        """What is untracked is not among them, and no commit has none."""
        assert {"a.txt"} <= set(repo.paths("HEAD")) <= {".gitignore", "a.txt"}
        assert list(repo.paths("no-such-branch")) == []

    def test_a_blob_is_found_by_its_id(self, repo: Repo) -> None:
        """The bytes alone make the id; an unknown one is None."""
        assert repo.blob("5626abf0f72e58d7a153368ba57db4c673c0e171") == b"one\n"
        assert repo.blob("0" * 40) is None
        assert repo.blob("main") is None

    def test_what_differs_from_head(self, repo: Repo) -> None:
        """Ignored files do not count."""
        assert list(repo.dirty_paths()) == ["b.txt"]

    def test_tracked_and_ignored_are_told_apart(self, repo: Repo) -> None:
        """Answers come in the order of the question."""
        assert list(repo.is_tracked(["b.txt", "a.txt", "c.log"])) == [False, True, False]
        assert list(repo.is_ignored(["b.txt", "a.txt", "c.log"])) == [False, False, True]

    def test_edited_files_are_those_that_differ(self, repo: Repo) -> None:
        """From the commit before; nothing is asked of what was not named."""
        assert "a.txt" not in repo.edited(["none.txt"])
        assert list(repo.edited([])) == []

    def test_annotated_tags_are_found_by_glob(self, repo: Repo) -> None:
        """With the commit that they point at."""
        (tag,) = repo.tags("m@*")

        assert (tag.name, tag.commit) == ("m@v0.0.1", repo.head().commit)
        assert list(repo.tags("x*")) == []

    def test_a_commit_is_its_own_ancestor(self, repo: Repo) -> None:
        """And nothing is known of revisions that do not exist."""
        assert repo.is_ancestor("HEAD", "main") is True
        assert repo.is_ancestor("no-such-branch", "main") is None

    def test_the_default_branch(self, repo: Repo) -> None:
        """`main` where it exists and nothing says otherwise."""
        assert repo.default_branch() == "main"
