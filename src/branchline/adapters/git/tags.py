"""Annotated tags of the registry: listed, read, made. A tag is created and never moved.

Serves the adapters beside it. Where a remote is named the truth is there: its names are asked for,
only those tags that are not here are fetched, and a new one is pushed create-only.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from branchline.adapters.git import references as refs
from branchline.adapters.git.objects import ObjectReader
from branchline.adapters.git.plumbing import is_object_name, refusal
from branchline.core.values import without_secrets
from branchline.core.verdict.registered import read_tag
from branchline.errors import RegistryError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.adapters.git.plumbing import Answer, Git

HOME = "refs/tags/"
LOBBY = "refs/branchline-incoming/"
_TAGGER = re.compile(rb"(?P<who>.*) (?P<at>-?\d+) [+-]\d{4}")
_TAKEN = ("already exists", "reference already exists", "cannot lock ref", "failed to update ref")


@dataclass(frozen=True, slots=True, kw_only=True)
class TagObject:
    """An annotated tag of the registry.

    Attributes:
        name: Without `refs/tags/`. id: Of the tag object. commit: That it points at.
        tagged_at: UTC, ISO 8601; "" when the tag object is not here. tagger, message: Likewise.
    """

    name: str
    id: str
    commit: str
    tagged_at: str = ""
    tagger: str = ""
    message: str = ""


class TagShelf:
    """The registry's tags of one repository, or of a remote of it.

    Args:
        git: The repository.
        remote: Name or URL of the remote that holds the truth; "" when this repository does.
    """

    def __init__(self, git: Git, *, remote: str = "") -> None:
        if remote.startswith("-") or "\0" in remote:
            raise UsageError(f"{remote!r} cannot name a remote")
        self._git = git
        self._remote = remote
        # By object id, for a tag object never changes; None for one that tags no commit.
        self._seen: dict[str, TagObject | None] = {}

    def read(self) -> list[TagObject]:
        """All annotated tags in the registry's grammar, oldest first.

        Raises:
            RegistryError: The remote does not answer.
        """
        named = self._remote_tags() if self._remote else self._local_tags()
        wanted = [(name, id_) for name, id_, _ in named if id_ not in self._seen]
        if wanted:
            if self._remote:
                self._fetch(wanted)
            self._look_at(wanted)
        found = []
        for name, id_, commit in named:
            tag = self._seen.get(id_)
            if id_ not in self._seen and commit:
                tag = TagObject(name=name, id=id_, commit=commit)
            if tag is not None:
                found.append(tag)
        return sorted(found, key=lambda tag: (tag.tagged_at, *_by_number(tag.name)))

    def strays(self) -> list[str]:
        """Names in the registry's grammar that stand, and are no annotated tags.

        Nobody registered anything with them; a tag cannot be made beside them all the same.
        """
        if self._remote:
            held = self._ls_remote()
            found = [name for name in held if name + "^{}" not in held and "^" not in name]
        else:
            args = ["for-each-ref", "--format=%(refname)%00%(objecttype)", HOME]
            out = os.fsdecode(self._git.run(args, error=RegistryError))
            rows = [row.split("\0") for row in out.splitlines()]
            found = [name for name, kind in rows if kind != "tag"]
        names = [name.removeprefix(HOME) for name in found]
        return [name for name in names if _is_ours(name)]

    def create(self, name: str, commit: str, *, message: str, tagger: str, at: int) -> bool:
        """Make an annotated tag; False when there is one of that name already.

        Raises:
            RegistryError: git or the remote refused for another reason.
        """
        text = (
            f"object {commit}\ntype commit\ntag {name}\ntagger {_clean(tagger)} {at} +0000\n\n"
            f"{message}\n"
        )
        made = self._git.run(["mktag"], text.encode("utf-8", "replace"), error=RegistryError)
        id_ = made.decode("ascii").strip()
        if self._remote:
            return self._push(name, id_)
        return refs.transact(self._git, create={HOME + name: id_})

    def lock_of(self, name: str) -> str:
        """The lock file that stands in the way of a tag here; "" when there is none.

        git removes its own, unless it was killed: then somebody has to.
        """
        path = os.path.join(self._git.places.common_dir, HOME + name + ".lock")
        return path if os.path.exists(path) else ""

    def _local_tags(self) -> list[tuple[str, str, str]]:
        """(name, object, commit) of annotated tags here; commit is "" when it is not a commit."""
        fields = "%(refname:strip=2)%00%(objectname)%00%(objecttype)%00%(*objectname)"
        args = ["for-each-ref", f"--format={fields}", HOME]
        out = os.fsdecode(self._git.run(args, error=RegistryError))
        rows = [row.split("\0") for row in out.splitlines()]
        return [(n, i, commit) for n, i, kind, commit in rows if kind == "tag" and _is_ours(n)]

    def _ls_remote(self) -> dict[str, str]:
        """Full name of each tag of the remote, and of what it points at -> object."""
        args = ["ls-remote", "--quiet", "--tags", "--", self._remote, f"{HOME}*"]
        answer = self._git.ask(args)
        if answer.code != 0:
            raise _unreachable(self._remote, answer)
        rows = answer.out.decode("utf-8", "surrogateescape").splitlines()
        return {name: id_ for id_, _, name in (row.partition("\t") for row in rows)}

    def _remote_tags(self) -> list[tuple[str, str, str]]:
        """The same of the remote; `^{}` lines say what annotated tags point at."""
        held = self._ls_remote()
        return [
            (name.removeprefix(HOME), id_, held[name + "^{}"])
            for name, id_ in held.items()
            if name + "^{}" in held and _is_ours(name.removeprefix(HOME))
        ]

    def _look_at(self, wanted: Sequence[tuple[str, str]]) -> None:
        with ObjectReader(self._git) as reader:
            found = reader.read([id_ for _, id_ in wanted])
        for (name, id_), held in zip(wanted, found, strict=True):
            if held is not None:
                self._seen[id_] = _parsed(name, id_, held[2]) if held[1] == "tag" else None

    def _fetch(self, wanted: Sequence[tuple[str, str]]) -> None:
        """Get tag objects that are not here, and give those whose names are free their names."""
        with ObjectReader(self._git) as reader:
            held = reader.read([id_ for _, id_ in wanted])
        missing = {name for (name, _), found in zip(wanted, held, strict=True) if found is None}
        lobby = f"{LOBBY}{os.getpid()}-{os.urandom(4).hex()}/"
        if missing:
            args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc"]
            args += ["--refmap=", "--no-recurse-submodules", "--stdin"]
            if os.path.exists(os.path.join(self._git.places.common_dir, "shallow")):
                args.append("--depth=1")  # a shallow clone stays as small as it was
            specs = "".join(f"+{HOME}{name}:{lobby}{name}\n" for name in sorted(missing))
            answer = self._git.ask([*args, "--", self._remote], os.fsencode(specs))
            if answer.code != 0:
                refs.transact(self._git, delete=refs.list_references(self._git, [lobby]))
                raise _unreachable(self._remote, answer)
        ours = refs.list_references(self._git, [HOME])
        for name, id_ in wanted:
            if HOME + name not in ours:
                refs.transact(self._git, create={HOME + name: id_})
        if missing:
            refs.transact(self._git, delete=refs.list_references(self._git, [lobby]))

    def _push(self, name: str, id_: str) -> bool:
        args = ["push", "--porcelain", "--no-verify", "--", self._remote, f"{id_}:{HOME}{name}"]
        answer = self._git.ask(args)
        rows = [row.split("\t") for row in answer.out.decode("utf-8", "replace").splitlines()]
        states = {
            row[1].rpartition(":")[2]: (row[0].strip(), row[2]) for row in rows if len(row) == 3
        }
        flag, why = states.get(HOME + name, ("", ""))
        if flag == "*":
            refs.transact(self._git, create={HOME + name: id_})
            return True
        if flag == "=" or (flag == "!" and any(word in why for word in _TAKEN)):
            return False
        if flag == "!":
            lines = [line for line in answer.complaint.splitlines() if line.startswith("remote: ")]
            raise RegistryError(
                f"`{without_secrets(self._remote)}` refused the tag {name}: {why}",
                todo="See that you may write tags there.",
                details=lines,
            )
        raise _unreachable(self._remote, answer)


def iso(seconds: int) -> str:
    """UTC in ISO 8601 of seconds since 1970.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""


def seconds_of(at: str) -> int:
    """The reverse of `iso`; 0 for ""."""
    if not at:
        return 0
    return int(datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())


def _is_ours(name: str) -> bool:
    # Cheap first: a repository may have thousands of release tags.
    return ("@" in name or "#" in name) and read_tag(
        TagObject(name=name, id="", commit="")
    ) is not None


def _parsed(name: str, id_: str, content: bytes) -> TagObject | None:
    """A tag object; None when it tags no commit."""
    head, _, message = content.partition(b"\n\n")
    fields: Mapping[bytes, bytes] = {
        key: value for key, _, value in (line.partition(b" ") for line in head.split(b"\n"))
    }
    commit = fields.get(b"object", b"").decode("ascii", "replace")
    if fields.get(b"type") != b"commit" or not is_object_name(commit):
        return None
    tagger = _TAGGER.fullmatch(fields.get(b"tagger", b""))
    return TagObject(
        name=name,
        id=id_,
        commit=commit,
        tagged_at=iso(int(tagger["at"])) if tagger else "",
        tagger=tagger["who"].decode("utf-8", "replace") if tagger else "",
        message=message.decode("utf-8", "replace"),
    )


def _clean(tagger: str) -> str:
    """`Name <address>` as git wants it: one line, one pair of angle brackets."""
    name, _, address = tagger.rstrip("> ").partition("<")
    words = [re.sub(r"[<>\x00-\x1f\x7f]", "", part).strip() for part in (name, address)]
    return f"{words[0] or 'Branchline'} <{words[1] or 'branchline@localhost'}>"


def _by_number(name: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)]


def _unreachable(remote: str, answer: Answer) -> RegistryError:
    said = refusal(["fetch"], answer).message.partition(": ")[2]
    return RegistryError(
        f"the registry at `{without_secrets(remote)}` cannot be read: {without_secrets(said)}",
        todo="See that the remote exists and answers: git ls-remote NAME.",
        details=[without_secrets(line) for line in answer.complaint.splitlines()[1:]],
    )
