"""Serves the port `branches` by git's plumbing: no working tree, no index, no hook, no editor.

Commits and trees are made in the object store; a branch moves by one compare-and-swap of
`update-ref`. Decides nothing.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from branchline.adapters.git.commits import commit_object, commit_with_files
from branchline.adapters.git.objects import ObjectWriter
from branchline.adapters.git.plumbing import is_object_name, killed, read_text, refusal
from branchline.adapters.git.references import list_references
from branchline.adapters.git.tags import TagShelf
from branchline.errors import RecordError, RegistryError, RepositoryError
from branchline.ports.branches import Branches, Merge, MergeMethod

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.adapters.git.plumbing import Git
    from branchline.ports.branches import Signature

_HEADS = "refs/heads/"
_WORDS_OF_A_MOVE = 2
_CUT = "\n... cut off here after {} of the diff\n"


class GitBranches(Branches):
    """The branches of one repository.

    Args:
        git: The repository.
    """

    def __init__(self, git: Git) -> None:
        self._git = git

    def heads(self) -> Mapping[str, str]:
        """See the port."""
        found = list_references(self._git, [_HEADS])
        return {name.removeprefix(_HEADS): commit for name, commit in found.items()}

    def head(self, branch: str) -> str | None:
        """See the port."""
        reference = _HEADS + branch
        # for-each-ref takes a name for a prefix or a glob, so only the exact answer counts.
        return list_references(self._git, [reference]).get(reference)

    def moves(self, ref: str, old: str, new: str) -> int:
        """See the port."""
        held = list_references(self._git, [ref]).get(ref, "")
        logged = sum(pair == (old, new) for pair in self._logged(ref))
        return max(logged, int(held == new))

    def _logged(self, ref: str) -> list[tuple[str, str]]:
        """What a reference's log says that it moved from and to; "" where it did not exist."""
        if not self._git.has_reference_files():
            args = ["reflog", "show", "--format=%H", ref, "--"]
            newest_first = self._git.ask(args).out.decode("ascii", "replace").split()
            return list(zip([*newest_first[1:], ""], newest_first, strict=False))
        log = read_text(os.path.join(self._git.places.common_dir, "logs", ref)) or ""
        pairs = (line.split(" ", 2)[:2] for line in log.splitlines())
        return [
            (_object(pair[0]), _object(pair[1])) for pair in pairs if len(pair) == _WORDS_OF_A_MOVE
        ]

    def tag(self, name: str, commit: str, *, message: str, by: Signature) -> bool:
        """See the port."""
        tagger = f"{by.name} <{by.email}>"
        try:
            return TagShelf(self._git).create(
                name, commit, message=message, tagger=tagger, at=int(by.at)
            )
        except (RegistryError, RecordError) as error:
            raise RepositoryError(error.message, details=error.details) from error

    def tagged(self, name: str) -> str | None:
        """See the port."""
        args = ["rev-parse", "--verify", "--quiet", f"refs/tags/{name}^{{commit}}"]
        answer = self._git.ask(args)
        return answer.out.decode("ascii").strip() if answer.code == 0 else None

    def commit_files(
        self, parent: str, files: Mapping[str, bytes | None], *, message: str, by: Signature
    ) -> str:
        """See the port."""
        if not is_object_name(parent):
            raise RepositoryError(f"`{parent}` names no commit of this repository")
        return commit_with_files(self._git, parent, files, message=message, by=by)

    def move(self, branch: str, commit: str, *, expected: str | None) -> bool:
        """See the port."""
        name = _HEADS + branch
        if expected is None:
            return self._swap(f"create {name}\0{commit}\0")
        return self._swap(f"update {name}\0{commit}\0{expected}\0")

    def delete(self, branch: str, *, expected: str) -> bool:
        """See the port."""
        return self._swap(f"delete {_HEADS}{branch}\0{expected}\0")

    def merge(
        self, base: str, head: str, method: MergeMethod, *, message: str, by: Signature
    ) -> Merge:
        """See the port."""
        common = self.merge_base(base, head)
        if common is None:
            return Merge(reason="the two branches share no history")
        if common == head:
            return Merge(reason="the base holds every commit of it already")
        if method is MergeMethod.FAST_FORWARD:
            if common != base:
                return Merge(reason="the base has commits that it lacks")
            return Merge(commit=head, tree=self._tree(head))
        tree, conflicts = self._merged_tree(base, head)
        if conflicts:
            return Merge(conflicts=conflicts, reason="both sides changed the same lines")
        if method is MergeMethod.SQUASH and tree == self._tree(base):
            return Merge(reason="the base holds the same content already")
        parents = (base,) if method is MergeMethod.SQUASH else (base, head)
        writer = ObjectWriter(self._git)
        commit = writer.commit(commit_object(tree, parents, message=message, by=by))
        writer.write()
        return Merge(commit=commit, tree=tree)

    def merge_base(self, one: str, other: str) -> str | None:
        """See the port."""
        if not (is_object_name(one) and is_object_name(other)):
            return None
        answer = self._git.ask(["merge-base", one, other])
        # 1: no common ancestor. 128: one of the two is no commit here.
        return answer.out.decode("ascii").strip() or None

    def diff(self, base: str, head: str, *, limit_bytes: int = 400_000) -> str:
        """See the port."""
        import subprocess

        args = ["diff-tree", "-p", "-r", "-M", "--no-ext-diff", "--no-textconv", "--no-color"]
        process = subprocess.Popen(
            self._git.command([*args, self._start(base, head), head]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._git.places.root,
            env=self._git.environ,
        )
        with process:
            out = process.stdout.read(limit_bytes + 1) if process.stdout else b""
            is_cut = len(out) > limit_bytes
            if is_cut:
                process.kill()
        if process.returncode < 0 and not is_cut:
            raise killed(args, -process.returncode)
        if process.returncode != 0 and not (is_cut and process.returncode == -9):
            raise RepositoryError(f"`git diff-tree` refused to compare {base} with {head}")
        text = out[:limit_bytes].decode("utf-8", "replace")
        return text.rpartition("\n")[0] + _CUT.format(f"{limit_bytes} bytes") if is_cut else text

    def changed_files(self, base: str, head: str) -> Sequence[tuple[str, str]]:
        """See the port."""
        args = ["diff-tree", "-r", "-z", "--name-status", "--no-renames"]
        out = self._git.run([*args, self._start(base, head), head]).decode("utf-8", "replace")
        words = out.split("\0")
        return list(zip(words[0:-1:2], words[1::2], strict=True))

    def _start(self, base: str, head: str) -> str:
        """What a diff of `head` starts from: the merge base, nothing where there is none."""
        for commit in (base, head):
            if not is_object_name(commit):
                raise RepositoryError(f"`{commit}` names no commit of this repository")
        return self.merge_base(base, head) or self._empty_tree()

    def _empty_tree(self) -> str:
        # git knows this object in every repository.
        name = self._git.object_format()
        return hashlib.new(name, b"tree 0\0", usedforsecurity=False).hexdigest()

    def _tree(self, commit: str) -> str:
        out = self._git.run(["rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}"])
        return out.decode("ascii").split()[-1]

    def _merged_tree(self, base: str, head: str) -> tuple[str, tuple[str, ...]]:
        """Tree of the merge, and the paths in conflict."""
        args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", base, head]
        answer = self._git.ask(args)
        if answer.code not in (0, 1):
            if "usage:" in answer.complaint:
                raise RepositoryError(
                    "this git cannot merge without a working tree",
                    todo="Install git 2.38 or newer where the repository is.",
                )
            raise refusal(args, answer)
        tree, *paths = answer.out.decode("utf-8", "replace").split("\0")
        return tree, tuple(dict.fromkeys(path for path in paths if path)) if answer.code else ()

    def _swap(self, line: str) -> bool:
        stdin = line.encode("utf-8", "surrogateescape")
        answer = self._git.ask(["update-ref", "--stdin", "-z"], stdin)
        if answer.code == 0:
            return True
        said = answer.complaint
        if "cannot create" in said and "exists" in said and "reference already" not in said:
            raise RepositoryError(
                "git holds no branch beside another whose name continues it with a slash",
                todo="Choose another branch name, e.g. `models/main` beside `models/x`.",
                details=said.splitlines(),
            )
        if "cannot lock ref" in said and ("but expected" in said or "already exists" in said):
            return False
        if "unable to resolve reference" in said:
            return False
        raise refusal(["update-ref"], answer)


def _object(name: str) -> str:
    """An object name of a log; "" for the one that means none."""
    return name if name.strip("0") else ""
