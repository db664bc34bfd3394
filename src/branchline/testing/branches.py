"""Port `branches`: a fake without git. What every implementation must do: `branches_contract`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import RepositoryError
from branchline.ports.branches import Branches, Merge, MergeMethod, Signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ADA = Signature(name="Ada", email="ada@example.org", at=1_700_000_000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeCommit:
    """A commit of the fake: all its files, and where it came from."""

    files: Mapping[str, bytes]
    parents: tuple[str, ...] = ()
    message: str = ""


class FakeBranches(Branches):
    """Branches in memory. `commits` maps a name to a commit; `root` makes the first ones."""

    def __init__(self) -> None:
        self.commits: dict[str, FakeCommit] = {}
        self.branches: dict[str, str] = {}
        self.tags: dict[str, tuple[str, str, str]] = {}
        self.moved: list[tuple[str, str, str]] = []

    def root(self, files: Mapping[str, bytes]) -> str:
        """A commit without parents."""
        return self._add(FakeCommit(files=dict(files)), "")

    def heads(self) -> Mapping[str, str]:
        """See the port."""
        return dict(self.branches)

    def head(self, branch: str) -> str | None:
        """See the port."""
        return self.branches.get(branch)

    def moves(self, ref: str, old: str, new: str) -> int:
        """See the port. The fake's log is what `move` and `delete` did."""
        logged = self.moved.count((ref, old, new))
        return max(logged, int(self.branches.get(ref.removeprefix("refs/heads/"), "") == new))

    def tag(self, name: str, commit: str, *, message: str, by: Signature) -> bool:
        """See the port."""
        if commit not in self.commits or ".." in name:
            raise RepositoryError(f"`{commit}` cannot be tagged `{name}`")
        if name in self.tags:
            return False
        self.tags[name] = (commit, message, by.name)
        return True

    def tagged(self, name: str) -> str | None:
        """See the port."""
        return self.tags[name][0] if name in self.tags else None

    def commit_files(
        self, parent: str, files: Mapping[str, bytes | None], *, message: str, by: Signature
    ) -> str:
        """See the port."""
        if parent not in self.commits:
            raise RepositoryError(f"`{parent}` names no commit of this repository")
        held = dict(self.commits[parent].files)
        for path, content in files.items():
            parts = path.split("/")
            if any(part in ("", ".", "..", ".git") for part in parts):
                raise RepositoryError(f"a commit cannot hold a file named {path!r}")
            above = ["/".join(parts[:i]) for i in range(1, len(parts))]
            if any(folder in held for folder in above):
                raise RepositoryError(f"`{path}` stands below a file in that commit")
            if content is None:
                held.pop(path, None)
            else:
                held[path] = content
        return self._add(FakeCommit(files=held, parents=(parent,), message=message), repr(by))

    def move(self, branch: str, commit: str, *, expected: str | None) -> bool:
        """See the port."""
        if commit not in self.commits:
            raise RepositoryError(f"`{commit}` names no commit of this repository")
        if self.branches.get(branch) != expected:
            return False
        self.branches[branch] = commit
        self.moved.append((f"refs/heads/{branch}", expected or "", commit))
        return True

    def delete(self, branch: str, *, expected: str) -> bool:
        """See the port."""
        if self.branches.get(branch) != expected:
            return False
        del self.branches[branch]
        self.moved.append((f"refs/heads/{branch}", expected, ""))
        return True

    def merge(
        self, base: str, head: str, method: MergeMethod, *, message: str, by: Signature
    ) -> Merge:
        """See the port; whole files are merged, never lines."""
        common = self.merge_base(base, head)
        if common is None:
            return Merge(reason="the two branches share no history")
        if common == head:
            return Merge(reason="the base holds every commit of it already")
        if method is MergeMethod.FAST_FORWARD:
            if common != base:
                return Merge(reason="the base has commits that it lacks")
            return Merge(commit=head, tree=self._tree(self.commits[head].files))
        files, conflicts = self._merged(common, base, head)
        if conflicts:
            return Merge(conflicts=conflicts, reason="both sides changed the same lines")
        if method is MergeMethod.SQUASH and files == self.commits[base].files:
            return Merge(reason="the base holds the same content already")
        parents = (base,) if method is MergeMethod.SQUASH else (base, head)
        made = FakeCommit(files=files, parents=parents, message=message)
        return Merge(commit=self._add(made, repr(by)), tree=self._tree(files))

    def merge_base(self, one: str, other: str) -> str | None:
        """See the port."""
        mine = set(self._history(one))
        return next((commit for commit in self._history(other) if commit in mine), None)

    def diff(self, base: str, head: str, *, limit_bytes: int = 400_000) -> str:
        """See the port."""
        import difflib

        common = self.merge_base(base, head)
        old = self.commits[common].files if common else {}
        new = self.commits[head].files
        lines: list[str] = []
        for _, path in self.changed_files(base, head):
            before, after = (
                files.get(path, b"").decode("utf-8", "replace").splitlines(keepends=True)
                for files in (old, new)
            )
            lines += difflib.unified_diff(before, after, f"a/{path}", f"b/{path}")
        text = "".join(lines)
        return text[:limit_bytes] + "\n... cut off here\n" if len(text) > limit_bytes else text

    def changed_files(self, base: str, head: str) -> Sequence[tuple[str, str]]:
        """See the port."""
        common = self.merge_base(base, head)
        old = self.commits[common].files if common else {}
        new = self.commits[head].files
        return [
            ("A" if path not in old else "D" if path not in new else "M", path)
            for path in sorted({*old, *new})
            if old.get(path) != new.get(path)
        ]

    def _add(self, commit: FakeCommit, by: str) -> str:
        said = repr((sorted(commit.files.items()), commit.parents, commit.message, by))
        name = hashlib.sha1(said.encode(), usedforsecurity=False).hexdigest()
        self.commits[name] = commit
        return name

    def _tree(self, files: Mapping[str, bytes]) -> str:
        said = repr(sorted(files.items())).encode()
        return hashlib.sha1(said, usedforsecurity=False).hexdigest()

    def _history(self, start: str) -> list[str]:
        found, waiting = [], [start] if start in self.commits else []
        while waiting:
            commit = waiting.pop(0)
            if commit not in found:
                found.append(commit)
                waiting += self.commits[commit].parents
        return found

    def _merged(
        self, common: str, base: str, head: str
    ) -> tuple[dict[str, bytes], tuple[str, ...]]:
        before, ours, theirs = (self.commits[c].files for c in (common, base, head))
        files: dict[str, bytes] = {}
        conflicts = []
        for path in sorted({*before, *ours, *theirs}):
            old, mine, other = before.get(path), ours.get(path), theirs.get(path)
            if mine != other and old not in (mine, other):
                conflicts.append(path)
            held = other if mine == old else mine
            if held is not None:
                files[path] = held
        return files, tuple(conflicts)
