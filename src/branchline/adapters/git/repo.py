"""Serves the port `repo` by git's plumbing commands. Reads only; decides nothing."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from branchline.adapters.git.plumbing import is_object_name, read_text, refusal
from branchline.errors import RepositoryError
from branchline.ports.repo import Head, Repo, Tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.git.plumbing import Git

_PATHS_AT_ONCE = 400


class GitRepo(Repo):
    """One git repository, read through its program and, where that is safe, its files."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self.root = git.places.root
        self.git_dir = git.places.git_dir
        self.common_dir = git.places.common_dir
        self._details: dict[str, tuple[str, str, str, str]] = {}

    def head(self, *, details: bool = True) -> Head:
        """Where HEAD stands; see the port. Without `details` no git process is needed."""
        commit, branch = self._position()
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
            committed_at=_iso(stamp),
        )

    def head_files(self) -> Sequence[str]:
        """See the port."""
        head = os.path.join(self.git_dir, "HEAD")
        branch = (read_text(head) or "").strip().removeprefix("ref: ")
        is_branch = branch.startswith("refs/")
        return [head, os.path.join(self.common_dir, branch)] if is_branch else [head]

    def actor(self) -> str:
        """Who is at work; see the port."""
        answer = self._git.ask(["config", "-z", "--get-regexp", r"^user\.(name|email)$"])
        known = {}
        for item in answer.out.decode("utf-8", "replace").split("\0"):
            key, _, value = item.partition("\n")
            known[key] = value
        name, address = known.get("user.name", ""), known.get("user.email", "")
        return f"{name} <{address}>".strip() if name or address else ""

    def dirty_paths(self) -> Sequence[str]:
        """Tracked files that differ and untracked ones; see the port."""
        if self._git.places.is_bare:
            return ()
        args = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"]
        out = self._git.run([*args, "--ignore-submodules=none"])
        return sorted(os.fsdecode(entry[3:]) for entry in out.split(b"\0") if entry)

    def default_branch(self) -> str:
        """The repository's default branch; see the port. A bare repository's is its HEAD's."""
        if self._git.places.is_bare:
            branch = self._position()[1]
            return branch or "main"
        wanted = os.fsdecode(self._git.ask(["config", "--get", "init.defaultBranch"]).out).strip()
        names = [name for name in (wanted, "main", "master") if name]
        heads = [f"refs/heads/{name}" for name in names]
        remote = [f"refs/remotes/origin/{name}" for name in ("HEAD", *names)]
        out = os.fsdecode(
            self._git.run(["for-each-ref", "--format=%(refname)%00%(symref)", *heads, *remote])
        )
        found = dict(row.split("\0", 1) for row in out.splitlines())
        prefix = "refs/remotes/origin/"
        pointed = found.get(prefix + "HEAD", "")
        if pointed.startswith(prefix):
            return pointed.removeprefix(prefix)
        for name in names:
            if f"refs/heads/{name}" in found or prefix + name in found:
                return name
        return wanted or "main"

    def tags(self, pattern: str) -> Sequence[Tag]:
        """Annotated tags that match a glob, oldest first; see the port."""
        from fnmatch import fnmatchcase

        fields = (
            "%(refname:strip=2)%00%(objecttype)%00%(*objecttype)%00%(*objectname)"
            "%00%(taggerdate:unix)%00%(taggername) %(taggeremail)"
        )
        out = os.fsdecode(self._git.run(["for-each-ref", f"--format={fields}", "refs/tags/"]))
        found = []
        for row in out.splitlines():
            name, kind, target_kind, target, stamp, tagger = row.split("\0")
            if kind != "tag" or not fnmatchcase(name, pattern):
                continue
            commit = target if target_kind == "commit" else self.resolve(f"refs/tags/{name}")
            if commit is not None:
                tag = Tag(name=name, commit=commit, tagged_at=_iso(stamp), tagger=tagger.strip())
                found.append((int(stamp or 0), _by_number(name), tag))
        return [tag for *_, tag in sorted(found, key=lambda entry: entry[:2])]

    def show(self, revision: str, path: str) -> bytes | None:
        """A file of a commit; see the port."""
        commit = self.resolve(revision)
        if commit is None:
            raise RepositoryError(
                f"`{revision}` names no commit of this repository",
                todo="Give a branch, a tag or a commit that `git rev-parse` knows.",
            )
        if "\0" in path:
            return None
        answer = self._git.ask(["cat-file", "blob", f"{commit}:{path}"])
        return answer.out if answer.code == 0 else None

    def blob(self, blob: str) -> bytes | None:
        """Bytes of a blob by its id; see the port."""
        if not is_object_name(blob):
            return None
        answer = self._git.ask(["cat-file", "blob", blob])
        return answer.out if answer.code == 0 else None

    def resolve(self, revision: str) -> str | None:
        """Full commit hash of a revision; see the port."""
        if not revision or "\0" in revision:
            return None
        args = ["rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"]
        answer = self._git.ask(args)
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
        try:
            with open(os.path.join(self.git_dir, "index"), "rb") as file:
                index = file.read()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        is_plain = index[:4] == b"DIRC" and index[4:8] in (b"\0\0\0\2", b"\0\0\0\3")
        if not is_plain or b"link" in index[-4096:] or b"sdir" in index[-4096:]:
            return True
        return folder.encode() + b"/" in index

    def is_tracked(self, paths: Sequence[str]) -> Sequence[bool]:
        """Whether git tracks each path, or a file below it; see the port."""
        if self._git.places.is_bare:
            return [False for _ in paths]
        tracked: set[str] = set()
        asked = sorted({path for path in paths if path and "\0" not in path})
        for start in range(0, len(asked), _PATHS_AT_ONCE):
            some = asked[start : start + _PATHS_AT_ONCE]
            out = self._git.run(["--literal-pathspecs", "ls-files", "-z", "--cached", "--", *some])
            for entry in out.split(b"\0"):
                tracked.update(_with_parents(os.fsdecode(entry)))
        return [path.rstrip("/") in tracked for path in paths]

    def _describe(self, commit: str) -> tuple[str, str, str, str]:
        """(short name, subject, author, seconds since 1970) of a commit."""
        fields = "%h%x00%s%x00%an <%ae>%x00%ct"
        args = ["log", "-1", "--no-show-signature", "--encoding=UTF-8", f"--format={fields}"]
        out = self._git.run([*args, "--end-of-options", commit, "--"])
        short, subject, author, stamp = out.decode("utf-8", "replace").rstrip("\n").split("\0")
        return short, subject, author, stamp

    def _position(self) -> tuple[str | None, str | None]:
        """(commit, branch) of HEAD, from git's files; from git itself where they do not tell."""
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
            commit = self._packed(reference) or ""
        if commit and not is_object_name(commit):
            return None
        return commit or None, _branch(reference)

    def _packed(self, reference: str) -> str | None:
        text = read_text(os.path.join(self._git.places.common_dir, "packed-refs")) or ""
        found = re.search(rf"^([0-9a-f]+) {re.escape(reference)}$", text, re.MULTILINE)
        return found[1] if found else None


def _branch(reference: str) -> str | None:
    head = "refs/heads/"
    return reference.removeprefix(head) if reference.startswith(head) else None


def _with_parents(path: str) -> list[str]:
    paths = [path]
    while "/" in path:
        path = path.rpartition("/")[0]
        paths.append(path)
    return paths


def _by_number(name: str) -> list[tuple[int, str]]:
    """A sort key by which `m#prod#9` stands before `m#prod#10`."""
    return [(int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)]


def _iso(stamp: str) -> str:
    """UTC in ISO 8601 of seconds since 1970; "" when there are none."""
    from datetime import UTC, datetime

    if not stamp.lstrip("-").isdigit():
        return ""
    return datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
