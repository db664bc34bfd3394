"""Serves the port `ci_remote`: a checkout of one commit, and the remote that it came from.

Decides nothing. A token reaches git by its environment and goes to the forge's own address only: it
stands in no command line, no URL and no file.
"""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from branchline.adapters.git import references as refs
from branchline.adapters.git.exchange import fetch_records, merge_incoming, push_records
from branchline.adapters.git.plumbing import Git, is_object_name, refusal
from branchline.errors import RecordError, RepositoryError
from branchline.ports.ci_remote import CiRemote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.ports.records import Exchange

MOST_RECORDS = 5_000
MOST_OBJECT_BYTES = 16_000_000
"""Of one file of a record: what is larger stays in the store."""

_NO_REFERENCE = 2  # Exit status of `ls-remote --exit-code` where nothing fits.
_NAME = re.compile(
    r"refs/branchline/(?:runs/[0-9A-Za-z_][0-9A-Za-z._-]{0,99}"
    r"|results/[0-9a-f]{2}/[0-9a-f]{64}/[0-9a-f]{16}(?:-\d{1,4})?)"
)
"""Records that another job may hand on: an approval is a person's, and never comes so."""
_QUIET = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--refmap="]
_WANTED = [*_QUIET, "--no-recurse-submodules", "--"]


def with_token(environ: Mapping[str, str], server: str, token: str) -> dict[str, str]:
    """Variables by which git sends a token to one server, and to no other.

    Args:
        environ: Of the process.
        server: Address of the forge, `https://github.com`.
        token: Of the job; "" changes nothing.
    """
    found = dict(environ)
    parts = urlsplit(server)
    if not token or parts.scheme not in ("https", "http") or not parts.hostname:
        return found
    secret = base64.b64encode(f"x-access-token:{token}".encode()).decode("ascii")
    key = f"http.{parts.scheme}://{parts.netloc}/.extraheader"
    count = environ.get("GIT_CONFIG_COUNT", "")
    number = int(count) if count.isdigit() else 0
    # The empty value takes away what a checkout left in the repository's own settings: GitHub
    # refuses a request with two such headers.
    for value in ("", f"AUTHORIZATION: basic {secret}"):
        found[f"GIT_CONFIG_KEY_{number}"], found[f"GIT_CONFIG_VALUE_{number}"] = key, value
        number += 1
    return found | {"GIT_CONFIG_COUNT": str(number), "GIT_TERMINAL_PROMPT": "0"}


class GitCiRemote(CiRemote):
    """The remote of a checkout.

    Args:
        git: The checkout, with what it takes to get to the remote.
        remote: Name of the remote.
    """

    def __init__(self, git: Git, *, remote: str = "origin") -> None:
        self._git, self._remote = git, remote

    def has_commit(self, commit: str) -> bool:
        """See the port."""
        if not is_object_name(commit):
            return False
        return self._git.ask(["cat-file", "-e", f"{commit}^{{tree}}"]).code == 0

    def parents(self, commit: str) -> Sequence[str]:
        """See the port. The raw commit names them, whatever a shallow clone leaves out."""
        if not is_object_name(commit):
            return ()
        answer = self._git.ask(["cat-file", "commit", commit])
        head = answer.out.partition(b"\n\n")[0].decode("ascii", "replace")
        found = [row.removeprefix("parent ") for row in head.split("\n") if row[:7] == "parent "]
        return found if answer.code == 0 else ()

    def bring_branch(self, branch: str) -> str:
        """See the port."""
        place = f"refs/remotes/{self._remote}/{branch}"
        named = f"+refs/heads/{branch}:{place}"
        if any(char in branch for char in "*:^~?[\\ "):
            return ""
        answer = self._fetch([named])
        if answer:
            if "couldn't find remote ref" in answer:
                return ""
            raise refusal(["fetch"], self._git.ask(["fetch", *_WANTED, self._remote, named]))
        held = self._git.ask(["rev-parse", "--verify", "--quiet", f"{place}^{{commit}}"])
        return held.out.decode("ascii", "replace").strip()

    def bring_commit(self, commit: str) -> bool:
        """See the port."""
        if self.has_commit(commit):
            return True
        return is_object_name(commit) and not self._fetch([commit]) and self.has_commit(commit)

    def bring_tags(self, prefixes: Sequence[str]) -> None:
        """See the port."""
        wanted = [
            f"refs/tags/{prefix}*" for prefix in prefixes if not set("*:^~?[\\ ") & set(prefix)
        ]
        if wanted:
            # What stands here under such a name stays: a tag of the registry is never moved. For
            # that, and where there is no such tag, git fails without a word.
            complaint = self._fetch([f"{name}:{name}" for name in wanted])
            if "fatal:" in complaint:
                raise RepositoryError(f"`git fetch` refused: {complaint.splitlines()[0]}")

    def same_files(self, one: str, other: str) -> bool:
        """See the port."""
        trees = [
            self._git.ask(["rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}"])
            for commit in (one, other)
            if is_object_name(commit)
        ]
        return len({tree.out for tree in trees}) == 1 and all(tree.code == 0 for tree in trees)

    def is_empty_commit(self, commit: str) -> bool:
        """See the port."""
        parents = self.parents(commit)
        if len(parents) != 1 or not self.bring_commit(parents[0]):
            return False
        return self.same_files(commit, parents[0])

    def branch_head(self, branch: str) -> str:
        """See the port."""
        name = f"refs/heads/{branch}"
        args = ["ls-remote", "--quiet", "--exit-code", "--", self._remote, name]
        answer = self._git.ask(args)
        if answer.code not in (0, _NO_REFERENCE):
            raise refusal(["ls-remote"], answer)
        rows = [row.split("\t") for row in answer.out.decode("utf-8", "replace").splitlines()]
        # A name is a pattern to git, which also fits `x/refs/heads/NAME`.
        return next((row[0] for row in rows if row[1:] == [name]), "")

    def push_branch(self, branch: str, commit: str, *, expected: str) -> bool:
        """See the port."""
        name = f"refs/heads/{branch}"
        lease = f"--force-with-lease={name}:{expected}"
        args = ["push", "--porcelain", "--no-verify", lease, "--", self._remote, f"{commit}:{name}"]
        answer = self._git.ask(args)
        if answer.code == 0:
            return True
        if b"stale info" in answer.out or b"fetch first" in answer.out:
            return False
        # Of two pushes at once one may be told of a lock, in words that each server has its own of.
        if b"remote rejected" in answer.out and self.branch_head(branch) != expected:
            return False
        raise refusal(["push"], answer)

    def tagged(self, name: str) -> str:
        """See the port. An annotated tag has a second row, of the commit."""
        ref = f"refs/tags/{name}"
        args = ["ls-remote", "--quiet", "--exit-code", "--", self._remote, ref, f"{ref}^{{}}"]
        answer = self._git.ask(args)
        if answer.code not in (0, _NO_REFERENCE):
            raise refusal(["ls-remote"], answer)
        rows = [row.split("\t") for row in answer.out.decode("utf-8", "replace").splitlines()]
        found = {row[1]: row[0] for row in rows if len(row) == 2}
        return found.get(f"{ref}^{{}}") or found.get(ref, "")

    def push_tag(self, name: str) -> bool:
        """See the port."""
        ref = f"refs/tags/{name}"
        args = ["push", "--porcelain", "--no-verify", "--", self._remote, f"{ref}:{ref}"]
        answer = self._git.ask(args)
        if answer.code == 0:
            return True
        if b"already exists" in answer.out:
            return False
        raise refusal(["push"], answer)

    def committer(self, commit: str) -> str:
        """See the port."""
        if not is_object_name(commit):
            return ""
        head = self._git.ask(["cat-file", "commit", commit]).out.partition(b"\n\n")[0]
        rows = [
            row for row in head.decode("utf-8", "replace").split("\n") if row[:10] == "committer "
        ]
        return rows[0].partition("<")[2].partition(">")[0] if rows else ""

    def fetch_records(self) -> Exchange:
        """See the port."""
        return fetch_records(self._git, self._remote)

    def push_records(self) -> Exchange:
        """See the port."""
        return push_records(self._git, self._remote)

    def drop_looks(self, places: Sequence[str]) -> None:
        """See the port."""
        wanted = {refs.LOOKS + place for place in places}
        listed = self._git.ask(["ls-remote", "--quiet", "--", self._remote, f"{refs.LOOKS}*"])
        rows = [row.split("\t") for row in listed.out.decode("utf-8", "replace").splitlines()]
        # Of names of which one is not there, git deletes none.
        gone = [f":{row[1]}" for row in rows if len(row) == 2 and row[1] in wanted]
        if gone:
            self._git.ask(["push", "--quiet", "--no-verify", self._remote, *gone])

    def record_names(self) -> frozenset[tuple[str, str]]:
        """See the port."""
        return frozenset(refs.list_references(self._git, [refs.HOME]).items())

    def pack_records(self, names: Sequence[str], path: str) -> int:
        """See the port."""
        wanted = [name for name in names if _NAME.fullmatch(name)]
        if not wanted:
            return 0
        os.makedirs(os.path.dirname(path), exist_ok=True)
        rows = "".join(f"{name}\n" for name in wanted).encode()
        self._git.run(["bundle", "create", "--quiet", path, "--stdin"], rows, error=RecordError)
        return os.path.getsize(path)

    def unpack_records(self, path: str) -> Exchange:
        """See the port."""
        # A path that begins with a dash, or looks like a URL, is none to git.
        place = os.path.abspath(path)
        listed = self._git.ask(["bundle", "list-heads", place])
        rows = [row.partition(" ") for row in listed.out.decode("utf-8", "replace").splitlines()]
        if listed.code != 0 or not 0 < len(rows) <= MOST_RECORDS:
            raise RecordError(f"{os.path.basename(path)} holds no records that can be read")
        for name, _, ref in rows:
            if not (_NAME.fullmatch(ref) and is_object_name(name)):
                what = ref if ref.isprintable() and len(ref) < 100 else "something"
                raise RecordError(f"{os.path.basename(path)} holds {what!r}, which is no record")
        lobby = f"{refs.INCOMING}{os.getpid()}-{os.urandom(4).hex()}/"
        moves = [f"+{ref}:{lobby}{ref.removeprefix(refs.HOME)}" for _, _, ref in rows]
        strict = ["-c", "fetch.fsckObjects=true", "-c", "transfer.unpackLimit=1"]
        try:
            answer = self._git.ask([*strict, "fetch", *_WANTED, place, *moves])
            if answer.code != 0:
                raise refusal(["fetch"], answer, RecordError)
            self._refuse_strange(lobby)
            for _ in range(10):
                done = merge_incoming(self._git, lobby)
                if done is not None:
                    return done
        finally:
            refs.transact(self._git, delete=refs.list_references(self._git, [lobby]))
        raise RecordError(
            "records of another job could not be taken over: others kept changing them"
        )

    def _refuse_strange(self, lobby: str) -> None:
        """Refuse records that are not what their names say, or larger than any of ours."""
        found = refs.list_references(self._git, [lobby])
        rows = self._git.run(
            ["cat-file", "--batch-check=%(objecttype) %(objectsize)"],
            "".join(f"{held}\n" for held in found.values()).encode(),
            error=RecordError,
        ).splitlines()
        for ref, row in zip(found, rows, strict=True):
            kind, _, size = row.decode("ascii", "replace").partition(" ")
            wanted = "tree" if ref.startswith(f"{lobby}runs/") else "blob"
            if kind != wanted or not size.isdigit() or int(size) > MOST_OBJECT_BYTES:
                name = ref.removeprefix(lobby)
                raise RecordError(f"the record {name} of another job is no {wanted} of ours")
            if kind == "tree":
                self._refuse_strange_files(found[ref], ref.removeprefix(lobby))

    def _refuse_strange_files(self, tree: str, name: str) -> None:
        listed = self._git.run(["ls-tree", "-r", "-t", "-l", "-z", tree], error=RecordError)
        for row in filter(None, listed.split(b"\0")):
            mode, kind, _, size = row.partition(b"\t")[0].split()
            is_sound = (mode, kind) == (b"040000", b"tree") or (
                (mode, kind) == (b"100644", b"blob") and int(size) <= MOST_OBJECT_BYTES
            )
            if not is_sound:
                raise RecordError(f"the record {name} of another job holds what no record holds")

    def _fetch(self, wanted: Sequence[str]) -> str:
        """Fetch, without history where the checkout has none; git's complaint, "" when fine."""
        depth = ["--depth=1"] if self._is_shallow() else []
        answer = self._git.ask(["fetch", *depth, *_WANTED, self._remote, *wanted])
        return "" if answer.code == 0 else answer.complaint or f"exit status {answer.code}"

    def _is_shallow(self) -> bool:
        return os.path.exists(os.path.join(self._git.places.common_dir, "shallow"))
