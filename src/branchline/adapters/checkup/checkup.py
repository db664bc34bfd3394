"""Adapter of the port `checkup`: asks git, the file system and the drivers. Judges nothing."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from branchline.adapters.checkup.links import can_hardlink, can_reflink
from branchline.adapters.checkup.locks import stale_locks
from branchline.adapters.checkup.team_files import TRUST_PATTERNS, contents, workflows
from branchline.ports.checkup import TRUST_ISSUER, Checkup, Facts

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LocalCheckup"]

_LARGE_BYTES = 10_000_000
_MOST_LARGE_FILES = 20
_PATIENCE_S = 20.0
_LOCK_FILES = (
    "uv.lock", "poetry.lock", "pdm.lock", "pixi.lock", "Pipfile.lock", "conda-lock.yml",
    "requirements.txt", "environment.yml", "environment.yaml",
)  # fmt: skip


class LocalCheckup(Checkup):
    """Looks at the machine that this process runs on.

    Args:
        folder: Absolute path of the folder to look at.
        git: Program to call for git.
    """

    def __init__(self, folder: str, *, git: str = "git") -> None:
        self._folder = folder
        self._git = git

    def facts(self) -> Facts:
        """Look at the machine."""
        root = self._ask(self._git, "rev-parse", "--show-toplevel")
        place = root or self._folder
        has_dvc = os.path.isdir(os.path.join(place, ".dvc"))
        store = ".dvc/cache" if has_dvc else ".branchline/store"
        return Facts(
            git_version=_version(self._ask(self._git, "version")),
            root=root,
            user=self._user(),
            has_commits=self._ask(self._git, "rev-parse", "--verify", "-q", "HEAD") is not None,
            is_shallow=self._ask(self._git, "rev-parse", "--is-shallow-repository") == "true",
            python=_version_text(self._ask("python", "--version")),
            own_python=".".join(map(str, _own_version())),
            free_bytes=_free_bytes(place),
            store=store,
            cache_types=_cache_types(place),
            has_dvc=has_dvc,
            can_reflink=can_reflink(place),
            can_hardlink=can_hardlink(place),
            has_strace=self._ask("strace", "-o", os.devnull, "true") is not None,
            has_proc=os.path.exists(f"/proc/{os.getpid()}/stat"),
            lock_files=[name for name in _LOCK_FILES if os.path.exists(os.path.join(place, name))],
            large_files=self._large_files(place) if root else (),
            runs=self._runs() if root else None,
            gpus=self._gpus(),
            stale_locks=stale_locks(place) if root else (),
            settings="branchline.yaml"
            if os.path.exists(os.path.join(place, "branchline.yaml"))
            else "",
            workflows=tuple(workflows(place)) if root else (),
            trust_documents=tuple(contents(place, self._trusting(place))) if root else (),
            branches=self._references("refs/heads/") if root else (),
            remote_branches=self._remote_branches() if root else {},
        )

    def _trusting(self, root: str) -> Sequence[str]:
        """Tracked files that say who may take a role by a job's identity."""
        command = ("grep", "-l", "-z", "-I", "-F", "-e", TRUST_ISSUER, "--", *TRUST_PATTERNS)
        listed = self._ask(self._git, "-C", root, *command)
        return [path for path in (listed or "").split("\0") if path]

    def _references(self, prefix: str) -> Sequence[str]:
        listed = self._ask(self._git, "for-each-ref", "--format=%(refname)", prefix)
        return [name.removeprefix(prefix) for name in (listed or "").splitlines()]

    def _remote_branches(self) -> dict[str, list[str]]:
        """Branches of each remote, where these are kept as git keeps them by itself."""
        remotes = (self._ask(self._git, "remote") or "").splitlines()
        known = {name: self._references(f"refs/remotes/{name}/") for name in remotes if name}
        return {
            name: [branch for branch in branches if branch != "HEAD"]
            for name, branches in known.items()
        }

    def _user(self) -> str:
        """As `git var` knows it, variables included; "" when git would refuse to commit."""
        answer = self._ask(self._git, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
        return re.sub(r" \d+ [+-]\d{4}$", "", answer) if answer else ""

    def _runs(self) -> int | None:
        listed = self._ask(self._git, "for-each-ref", "--format=%(refname)", "refs/branchline/runs")
        return None if listed is None else len(listed.split())

    def _large_files(self, root: str) -> Sequence[tuple[str, int]]:
        """Tracked files above the limit, by their size in the working tree."""
        listed = self._ask(self._git, "-C", root, "ls-files", "-z")
        found = []
        for path in (listed or "").split("\0"):
            try:
                size = os.lstat(os.path.join(root, path)).st_size if path else 0
            except OSError:
                continue
            if size > _LARGE_BYTES:
                found.append((path, size))
        found.sort(key=lambda item: -item[1])
        return found[:_MOST_LARGE_FILES]

    def _gpus(self) -> Sequence[str] | None:
        listed = self._ask("nvidia-smi", "--list-gpus")
        if listed is None:
            return None
        return [re.sub(r" \(UUID.*", "", line) for line in listed.splitlines() if line.strip()]

    def _ask(self, *command: str) -> str | None:
        """What a program says; None when it is not there, fails or does not come back."""
        try:
            done = subprocess.run(
                command,
                cwd=self._folder,
                capture_output=True,
                check=False,
                timeout=_PATIENCE_S,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "LC_ALL": "C"},
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode != 0:
            return None
        return (done.stdout or done.stderr).decode("utf-8", "surrogateescape").strip("\n")


def _version(text: str | None) -> tuple[int, ...] | None:
    found = re.search(r"\d+(?:\.\d+)+", text or "")
    return tuple(map(int, found[0].split("."))) if found else None


def _version_text(text: str | None) -> str | None:
    version = _version(text)
    return ".".join(map(str, version)) if version else None


def _own_version() -> tuple[int, ...]:
    import sys

    return sys.version_info[:3]


def _free_bytes(folder: str) -> int | None:
    import shutil

    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _cache_types(root: str) -> list[str]:
    """`cache.type` of DVC's configuration; the local file wins."""
    import configparser

    reader = configparser.RawConfigParser(strict=False)
    for name in ("config", "config.local"):
        try:
            reader.read(os.path.join(root, ".dvc", name), encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            return []
    text = reader.get("cache", "type", fallback="")
    return [word.strip(" \"'") for word in text.split(",") if word.strip()]
