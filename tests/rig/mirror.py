"""Branches that stand in git, for the emulator of GitHub, which has no git of its own."""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path

    from tests.adapters.github.conftest import Site


class Mirror:
    """A repository of git whose branches the emulator has, each on a commit that stands for it.

    Attributes:
        site: The emulator's repository. bare: Git's.
    """

    def __init__(self, site: Site, bare: Path) -> None:
        self.site, self.bare = site, bare
        self._brought: dict[str, str] = {}
        self._lock = threading.Lock()

    def heads(self) -> dict[str, str]:
        """All branches and their commits."""
        named = "--format=%(objectname) %(refname:lstrip=2)"
        rows = self._git("for-each-ref", named, "refs/heads/").stdout.splitlines()
        return {branch: commit for commit, _, branch in (row.partition(" ") for row in rows)}

    def head(self, branch: str) -> str:
        """The commit that a branch stands on; "" when there is none."""
        return self.heads().get(branch, "")

    def has(self, commit: str) -> bool:
        """Whether git has a commit."""
        return self._git("cat-file", "-e", f"{commit}^{{commit}}").returncode == 0

    def bring(self) -> None:
        """Let the emulator have a branch for each of git's."""
        with self._lock:
            for branch, commit in self.heads().items():
                if self._brought.get(branch) != commit:
                    self._brought[branch] = commit
                    if branch != "main":
                        self._stand(branch, self.site.commit(commit))

    def _stand(self, branch: str, commit: str) -> None:
        name = f"heads/{quote(branch)}"
        status, _ = self.site.judged.upstream("GET", f"/repos/{self.site.name}/git/ref/{name}")
        if status == 200:
            self.site.ask("PATCH", f"/git/refs/{name}", {"sha": commit, "force": True})
        else:
            self.site.ask("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit})

    def _git(self, *words: str) -> subprocess.CompletedProcess[str]:
        asked = ["git", "-C", str(self.bare), *words]
        return subprocess.run(asked, capture_output=True, text=True, check=False)
