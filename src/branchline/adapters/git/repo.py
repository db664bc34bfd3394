"""Serves the port `repo` by git's plumbing commands. Reads only; decides nothing."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, TypeVar

from branchline.adapters.git.plumbing import is_object_name, read_text, refusal
from branchline.adapters.git.references import list_references
from branchline.adapters.git.spelling import by_number, is_spelled, iso, with_parents
from branchline.errors import RepositoryError
from branchline.ports.repo import Head, Repo, Tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.adapters.git.plumbing import Git

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_AT_HEAD = re.compile(r"(HEAD|@)(?![\w./-])")
_PLAIN_BRANCH = re.compile(r"refs/heads/[0-9A-Za-z][0-9A-Za-z._/-]*")
_PATHS_AT_ONCE = 400
_KINDS = frozenset({"commit", "tree", "blob", "tag"})
_WORDS = 2
_MOST_REMEMBERED = 256
_LARGEST_REMEMBERED_BYTES = 1_000_000
_SCAN_BYTES = 20_000_000  # Bytes looked through in a time in which git itself could have answered.


class GitRepo(Repo):
    """One git repository, read through its program and, where that is safe, its files.

    Args:
        git: Where it is.
        branch: What a detached HEAD stands for: a job's worktree was made for a branch.
        default_branch: Its name, where the caller knows it; "" asks git.
        shared: The repository whose branches and tags count, where that is another one.
        commit: What HEAD stands for, whatever somebody made of it since; "" asks git.
    """

    def __init__(
        self,
        git: Git,
        *,
        branch: str = "",
        default_branch: str = "",
        shared: Git | None = None,
        commit: str = "",
    ) -> None:
        self._git = git
        self._commit = commit
        self._shared = shared or git
        self._branch = branch
        self._default_branch = default_branch
        self.root = git.places.root
        self.git_dir = git.places.git_dir
        self.common_dir = git.places.common_dir
        self._details: dict[str, tuple[str, str, str, str]] = {}
        self._settings: dict[str, str] | None = None
        # By commit: neither that it is one nor what its files hold can change.
        self._commits: dict[str, str] = {}
        self._shown: dict[tuple[str, str], bytes] = {}

    def head(self, *, details: bool = True) -> Head:
        """Where HEAD stands; see the port. Without `details` no git process is needed."""
        commit, branch = self._position()
        branch = branch or self._branch or None
        if commit is None or not details:
            return Head(commit=commit, branch=branch)
        # A commit never changes, so what is said about it is asked for once.
        if commit not in self._details:
            self._details[commit] = self._describe(commit)
        short, subject, author, stamp = self._details[commit]
        return Head(
            commit=commit,
            short=short,
            branch=branch,
            subject=subject,
            author=author,
            committed_at=iso(stamp),
        )

    def head_files(self) -> Sequence[str]:
        """See the port."""
        head = os.path.join(self.git_dir, "HEAD")
        branch = (read_text(head) or "").strip().removeprefix("ref: ")
        is_branch = branch.startswith("refs/")
        return [head, os.path.join(self.common_dir, branch)] if is_branch else [head]

    def actor(self) -> str:
        """Who is at work; see the port."""
        known = self._configured()
        name, address = known.get("user.name", ""), known.get("user.email", "")
        return f"{name} <{address}>".strip() if name or address else ""

    def _configured(self) -> dict[str, str]:
        """The settings that anybody here asks for, read once."""
        if self._settings is None:
            wanted = r"^(user\.(name|email)|init\.defaultbranch)$"
            out = self._git.ask(["config", "-z", "--get-regexp", wanted]).out
            items = (item.partition("\n") for item in out.decode("utf-8", "replace").split("\0"))
            self._settings = {key: value for key, _, value in items}
        return self._settings

    def dirty_paths(self) -> Sequence[str]:
        """Tracked files that differ and untracked ones; see the port."""
        if self._git.places.is_bare:
            return ()
        if self._commit:
            moved = self._git.run(["diff", "--name-only", "--no-ext-diff", "-z", self._commit])
            others = self._git.run(["ls-files", "--others", "--exclude-standard", "-z"])
            found = {*moved.split(b"\0"), *others.split(b"\0")} - {b""}
            return sorted(os.fsdecode(name) for name in found)
        args = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"]
        out = self._git.run([*args, "--ignore-submodules=none"])
        return sorted(os.fsdecode(entry[3:]) for entry in out.split(b"\0") if entry)

    def default_branch(self) -> str:
        """The repository's default branch; see the port. A bare repository's is its HEAD's."""
        if self._default_branch:
            return self._default_branch
        if self._git.places.is_bare:
            branch = self._position()[1]
            return branch or "main"
        wanted = self._configured().get("init.defaultbranch", "").strip()
        names = [name for name in (wanted, "main", "master") if name]
        heads = [f"refs/heads/{name}" for name in names]
        remote = [f"refs/remotes/origin/{name}" for name in ("HEAD", *names)]
        found = self._symbolic([*heads, *remote])
        prefix = "refs/remotes/origin/"
        pointed = found.get(prefix + "HEAD", "")
        if pointed.startswith(prefix):
            return pointed.removeprefix(prefix)
        for name in names:
            if f"refs/heads/{name}" in found or prefix + name in found:
                return name
        return wanted or "main"

    def _symbolic(self, names: Sequence[str]) -> dict[str, str]:
        """Those references that exist -> what each points at by name; "" when it holds a commit."""
        if self._git.has_reference_files():
            known = {name: self._in_files(name) for name in names}
            pointed = {name: held[5:] for name, held in known.items() if held.startswith("ref: ")}
            if all(self._in_files(target) for target in pointed.values()):
                return {name: pointed.get(name, "") for name, held in known.items() if held}
        out = self._git.run(["for-each-ref", "--format=%(refname)%00%(symref)", "--", *names])
        return dict(row.split("\0", 1) for row in os.fsdecode(out).splitlines())

    def _in_files(self, reference: str) -> str:
        """What git's files say that a reference holds; "" when there is none."""
        held = (read_text(os.path.join(self.common_dir, reference)) or "").strip()
        return held or _packed(self._git, reference) or ""

    def tags(self, pattern: str) -> Sequence[Tag]:
        """Annotated tags that match a glob, oldest first; see the port."""
        from fnmatch import fnmatchcase

        if not list_references(self._shared, ["refs/tags/"]):
            return []
        fields = (
            "%(refname:strip=2)%00%(objecttype)%00%(*objecttype)%00%(*objectname)"
            "%00%(taggerdate:unix)%00%(taggername) %(taggeremail)"
        )
        out = os.fsdecode(self._shared.run(["for-each-ref", f"--format={fields}", "refs/tags/"]))
        found = []
        for row in out.splitlines():
            name, kind, target_kind, target, stamp, tagger = row.split("\0")
            if kind != "tag" or not fnmatchcase(name, pattern):
                continue
            commit = target if target_kind == "commit" else self.resolve(f"refs/tags/{name}")
            if commit is not None:
                tag = Tag(name=name, commit=commit, tagged_at=iso(stamp), tagger=tagger.strip())
                found.append((int(stamp or 0), by_number(name), tag))
        return [tag for *_, tag in sorted(found, key=lambda entry: entry[:2])]

    def show(self, revision: str, path: str) -> bytes | None:
        """A file of a commit; see the port."""
        commit = self.resolve(revision)
        if commit is None:
            todo = "Give a branch, a tag or a commit that `git rev-parse` knows."
            raise RepositoryError(f"`{revision}` names no commit of this repository", todo=todo)
        if "\0" in path:
            return None
        if (known := self._shown.get((commit, path))) is not None:
            return known
        answer = self._git.ask(["cat-file", "blob", f"{commit}:{path}"])
        if answer.code != 0:
            return None
        if len(answer.out) <= _LARGEST_REMEMBERED_BYTES:
            _remember(self._shown, (commit, path), answer.out)
        return answer.out

    def paths(self, revision: str) -> Sequence[str]:
        """See the port."""
        from branchline.adapters.git.listing import paths_of

        return paths_of(self._git, self.resolve(revision))

    def blob(self, blob: str) -> bytes | None:
        """Bytes of a blob by its id; see the port."""
        if not is_object_name(blob):
            return None
        answer = self._git.ask(["cat-file", "blob", blob])
        return answer.out if answer.code == 0 else None

    def object_kinds(self, names: Sequence[str]) -> Mapping[str, str]:
        """See the port."""
        asked = [name for name in dict.fromkeys(names) if is_object_name(name)]
        args = ["cat-file", "--batch-check=%(objectname) %(objecttype)"]
        out = self._git.run(args, "".join(f"{name}\n" for name in asked).encode()) if asked else b""
        pairs = (line.split(" ") for line in out.decode("ascii", "replace").splitlines())
        return {pair[0]: pair[1] for pair in pairs if len(pair) == _WORDS and pair[1] in _KINDS}

    def resolve(self, revision: str) -> str | None:
        """Full commit hash of a revision; see the port. A branch's full name costs no process."""
        if not revision or "\0" in revision:
            return None
        if self._commit and _AT_HEAD.match(revision):
            revision = _AT_HEAD.sub(self._commit, revision)
        known = self._commits.get(revision) or self._branch_in_files(revision)
        if known:
            return known
        args = ["rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"]
        answer = self._whose(revision).ask(args)
        if answer.code != 0:
            return None
        commit = answer.out.decode("ascii").strip()
        if is_object_name(revision):
            _remember(self._commits, revision, commit)
        return commit

    def _branch_in_files(self, revision: str) -> str:
        """The commit of a branch that is named in full, where a file of git's says it; or ""."""
        is_plain = _PLAIN_BRANCH.fullmatch(revision) and ".." not in revision
        if not is_plain or not self._shared.has_reference_files():
            return ""
        place = os.path.join(self._shared.places.common_dir, revision)
        held = (read_text(place) or "").strip() or _packed(self._shared, revision) or ""
        return held if is_object_name(held) else ""

    def _whose(self, revision: str) -> Git:
        """The repository that knows what a revision names: HEAD and objects are the tree's own."""
        is_own = is_object_name(revision) or _AT_HEAD.match(revision)
        return self._git if is_own else self._shared

    def tree(self, revision: str) -> str | None:
        """Full hash of a revision's tree; see the port."""
        if not revision or "\0" in revision:
            return None
        args = ["rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{tree}"]
        answer = self._whose(revision).ask(args)
        return answer.out.decode("ascii").strip() if answer.code == 0 else None

    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """Whether one commit is in the history of another; see the port."""
        ends = [self.resolve(older), self.resolve(newer)]
        if ends[0] is None or ends[1] is None:
            return None
        answer = self._git.ask(["merge-base", "--is-ancestor", ends[0], ends[1]])
        if answer.code == 0:
            return True
        # A shallow clone ends somewhere: "not found" there is "not known".
        shallow = os.path.exists(os.path.join(self._git.places.common_dir, "shallow"))
        return None if shallow or answer.code != 1 else False

    def is_ignored(self, paths: Sequence[str]) -> Sequence[bool]:
        """Whether git ignores each path; see the port. A tracked file is not ignored."""
        asked = [path for path in paths if path and path != "." and "\0" not in path]
        if not asked or self._git.places.is_bare:
            return [False for _ in paths]
        args = ["check-ignore", "-z", "--stdin"]
        # "./" keeps git from reading `:(...)` as pathspec magic, which this command refuses.
        answer = self._git.ask(args, b"".join(b"./%s\0" % os.fsencode(path) for path in asked))
        if answer.code not in (0, 1):
            raise refusal(args, answer)
        ignored = {os.fsdecode(path[2:]) for path in answer.out.split(b"\0")}
        return [path in ignored for path in paths]

    def tracked(self) -> Sequence[str]:
        """See the port."""
        if self._git.places.is_bare:
            return ()
        out = self._git.run(["ls-files", "-z", "--cached"])
        return [os.fsdecode(entry) for entry in out.split(b"\0") if entry]

    def may_track(self, folder: str) -> bool:
        """Whether git might track something below a top folder; costs no process.

        A plain index (version 2 or 3, not split, not sparse) spells every path in full, so that a
        folder whose name does not occur in it is not tracked. Any other index answers "perhaps".
        """
        index = self._plain_index()
        return index is None or folder.encode() + b"/" in index

    def _plain_index(self) -> bytes | None:
        """The bytes of the index where they spell every path; None for any other index."""
        try:
            with open(os.path.join(self.git_dir, "index"), "rb") as file:
                index = file.read()
        except FileNotFoundError:
            return b""
        except OSError:
            return None
        is_plain = index[:4] == b"DIRC" and index[4:8] in (b"\0\0\0\2", b"\0\0\0\3")
        if not is_plain or b"link" in index[-4096:] or b"sdir" in index[-4096:]:
            return None
        return index

    def edited(self, paths: Sequence[str]) -> Sequence[str]:
        """Of these paths, those that differ from the commit before HEAD; see the port."""
        base = self.resolve("HEAD~1") or self.resolve("HEAD")
        if self._git.places.is_bare or base is None or not paths:
            return []
        args = ["--literal-pathspecs", "diff", "--name-only", "--no-renames", "--no-ext-diff", "-z"]
        found: list[str] = []
        for start in range(0, len(paths), _PATHS_AT_ONCE):
            out = self._git.run([*args, base, "--", *paths[start : start + _PATHS_AT_ONCE]])
            found += [os.fsdecode(name) for name in out.split(b"\0") if name]
        return found

    def is_tracked(self, paths: Sequence[str]) -> Sequence[bool]:
        """Whether git tracks each path, or a file below it; see the port."""
        if self._git.places.is_bare:
            return [False for _ in paths]
        tracked: set[str] = set()
        asked = self._perhaps_tracked({path for path in paths if path and "\0" not in path})
        for start in range(0, len(asked), _PATHS_AT_ONCE):
            some = asked[start : start + _PATHS_AT_ONCE]
            out = self._git.run(["--literal-pathspecs", "ls-files", "-z", "--cached", "--", *some])
            for entry in out.split(b"\0"):
                tracked.update(with_parents(os.fsdecode(entry)))
        return [path.rstrip("/") in tracked for path in paths]

    def _perhaps_tracked(self, paths: set[str]) -> list[str]:
        """Paths without those that occur nowhere in a plain index, sorted; costs no process."""
        index = self._plain_index()
        if index is None or len(index) * len(paths) > _SCAN_BYTES:
            return sorted(paths)
        return sorted(path for path in paths if is_spelled(os.fsencode(path.rstrip("/")), index))

    def _describe(self, commit: str) -> tuple[str, str, str, str]:
        """(short name, subject, author, seconds since 1970) of a commit."""
        fields = "%h%x00%s%x00%an <%ae>%x00%ct"
        args = ["log", "-1", "--no-show-signature", "--encoding=UTF-8", f"--format={fields}"]
        out = self._git.run([*args, "--end-of-options", commit, "--"])
        short, subject, author, stamp = out.decode("utf-8", "replace").rstrip("\n").split("\0")
        return short, subject, author, stamp

    def _position(self) -> tuple[str | None, str | None]:
        """(commit, branch) of HEAD, from git's files; from git itself where they do not tell."""
        if self._commit:
            return self._commit, None
        position = self._position_in_files()
        if position is not None:
            return position
        answer = self._git.ask(["symbolic-ref", "--quiet", "HEAD"])
        reference = os.fsdecode(answer.out).strip() if answer.code == 0 else ""
        return self.resolve("HEAD"), _branch(reference)

    def _position_in_files(self) -> tuple[str | None, str | None] | None:
        places = self._git.places
        path = os.path.join(places.git_dir, "HEAD")
        text = None if os.path.islink(path) else read_text(path)
        if text is None or not self._git.has_reference_files():
            return None
        text = text.strip("\n")
        if is_object_name(text):
            return text, None
        if not text.startswith("ref: refs/heads/"):
            return None
        reference = text.removeprefix("ref: ").strip()
        commit = (read_text(os.path.join(places.common_dir, reference)) or "").strip()
        if not commit:
            commit = _packed(self._git, reference) or ""
        if commit and not is_object_name(commit):
            return None
        return commit or None, _branch(reference)


def _packed(git: Git, reference: str) -> str | None:
    found = re.search(
        rf"^([0-9a-f]+) {re.escape(reference)}$", git.packed_references(), re.MULTILINE
    )
    return found[1] if found else None


def _remember(known: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    """Keep an answer that cannot change; a server lives long, so only so many of them."""
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = value


def _branch(reference: str) -> str | None:
    head = "refs/heads/"
    return reference.removeprefix(head) if reference.startswith(head) else None
