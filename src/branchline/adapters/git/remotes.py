"""Serves the port `remotes` by `git remote` and `git config`. Decides nothing."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from branchline.adapters.git.plumbing import refusal
from branchline.ports.remotes import Remote, Remotes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.git.plumbing import Git


class GitRemotes(Remotes):
    """The remotes of one clone.

    Args:
        git: The clone.
    """

    def __init__(self, git: Git) -> None:
        self._git = git

    def remotes(self) -> Sequence[Remote]:
        """See the port."""
        answer = self._git.ask(["config", "-z", "--get-regexp", r"^remote\..*"])
        found: dict[str, dict[str, str]] = {}
        for item in os.fsdecode(answer.out).split("\0"):
            key, _, value = item.partition("\n")
            name, _, field = key.removeprefix("remote.").rpartition(".")
            if name:
                found.setdefault(name, {}).setdefault(field, value)
        return [
            Remote(
                name=name,
                url=fields["url"],
                is_box=fields.get("branchline") == "true",
                python=fields.get("branchline-python", ""),
            )
            for name, fields in sorted(found.items())
            if "url" in fields
        ]

    def add_box(self, name: str, url: str, *, python: str) -> None:
        """See the port."""
        if not any(remote.name == name for remote in self.remotes()):
            self._git.run(["remote", "add", "--", name, url])
        self._git.run(["config", f"remote.{name}.branchline-python", python])
        self._git.run(["config", f"remote.{name}.branchline", "true"])

    def remove(self, name: str) -> None:
        """See the port."""
        self._git.run(["remote", "remove", "--", name])

    def reach(self, name: str) -> str:
        """See the port."""
        args = ["ls-remote", "--quiet", "--heads", "--", name]
        answer = self._git.ask(args)
        return "" if answer.code == 0 else refusal(args, answer).message

    def ssh_command(self) -> Sequence[str]:
        """See the port."""
        environ = self._git.environ
        text = environ.get("GIT_SSH_COMMAND", "")
        if not text:
            text = os.fsdecode(self._git.ask(["config", "--get", "core.sshCommand"]).out).strip()
        if not text and environ.get("GIT_SSH"):
            return (environ["GIT_SSH"],)
        return tuple(shlex.split(text)) or ("ssh",)
