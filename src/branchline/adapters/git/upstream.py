"""Serves the port `upstream` by `git ls-remote` and `git fetch`, into a name of our own."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from branchline.adapters.git import references as refs
from branchline.adapters.git.plumbing import Git, is_object_name
from branchline.errors import UpstreamError
from branchline.ports.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.adapters.git.plumbing import Answer

_HEADS = "refs/heads/"
_PASSWORD = re.compile(r"(?<=://)[^/@\s]*@")
# A server that says nothing for a minute has gone; git itself would wait for ever.
_PATIENCE = ("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60")
_SSH = "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=20"


class GitUpstream(Upstream):
    """A repository that is fetched from.

    Args:
        git: The box.
        url: As its owner wrote it: anything that git can fetch from, but no `ext::` helper.
    """

    def __init__(self, git: Git, url: str) -> None:
        self._git = Git(git.places, _unattended(git.environ))
        self._url = url

    def fetch(self, branch: str) -> str | None:
        """See the port."""
        return self._fetched(_HEADS + branch)

    def fetch_pull(self, number: int) -> str | None:
        """See the port. GitHub keeps these names beside the branches of the repository."""
        return self._fetched(f"refs/pull/{number}/head")

    def _fetched(self, ref: str) -> str | None:
        lobby = f"{refs.INCOMING}{os.getpid()}-{os.urandom(4).hex()}"
        listed = self._ask("ls-remote", ["--quiet", "--", self._url, ref])
        names = [line.split("\t") for line in listed.out.decode("utf-8", "replace").splitlines()]
        if [ref] not in [words[1:] for words in names]:
            return None
        args = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--refmap="]
        args += ["--no-recurse-submodules", "--", self._url, f"+{ref}:{lobby}"]
        try:
            self._ask("fetch", args)
            commit = refs.list_references(self._git, [lobby]).get(lobby, "")
        finally:
            refs.transact(self._git, delete=refs.list_references(self._git, [lobby]))
        return commit if is_object_name(commit) else None

    def _ask(self, verb: str, args: list[str]) -> Answer:
        checked = ["-c", "fetch.fsckObjects=true", "-c", "protocol.ext.allow=never"]
        answer = self._git.ask([*_PATIENCE, *checked, verb, *args])
        if answer.code == 0:
            return answer
        lines = [_shown(line) for line in answer.complaint.splitlines() if line.strip()]
        said = lines[0] if lines else f"exit status {answer.code}"
        raise UpstreamError(
            f"{_shown(self._url)} cannot be fetched from: {said}",
            todo=f"See that `git ls-remote {_shown(self._url)}` works for the account that serves.",
            details=lines[1:],
        )


def _unattended(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which nothing waits for somebody to type."""
    given = {**environ, "GIT_TERMINAL_PROMPT": "0"}
    given.setdefault("GIT_SSH_COMMAND", _SSH)
    return given


def _shown(text: str) -> str:
    """A text without the password of an address."""
    return _PASSWORD.sub("", text)
