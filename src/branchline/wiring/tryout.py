"""A copy of a working tree in which `init --check` runs a command once. Imported late."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.errors import EXIT_VERDICT_FAILED, EXIT_VERDICT_UNKNOWN, RepositoryError
from branchline.ports.tryout import Tryout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from branchline.core.run import Ended
    from branchline.ports.executor import Task

_MOST_BYTES = 2_000_000_000
_MOST_PRINTED = 8 << 20
_TICK_S = 0.5
_STAGE = "check"


@contextmanager
def open_tryout(root: str) -> Iterator[Tryout]:
    """Open a copy of a clone's working tree as it is now; it is gone afterwards.

    Args:
        root: Absolute root of the clone.

    Raises:
        RepositoryError: There is no commit yet, or git refused.
    """
    from branchline.adapters.git import Git, GitRepo
    from branchline.adapters.git.worktrees import add_tree, places_of, remove_tree
    from branchline.wiring.again import commit_now, refuse_what_is_not_whole

    # Outside of the repository: what looks upwards for a root shall not find the user's.
    folder = tempfile.mkdtemp(prefix="branchline-check-")
    tree = os.path.join(folder, os.path.basename(root) or "tree")
    try:
        git = Git.open(root)
        add_tree(git, tree, commit_now(root), environ=os.environ)
        refuse_what_is_not_whole(tree)
        head = GitRepo(git).head(details=False).commit
        # What git does not hold there, it does not hold here.
        Git(places_of(tree)).run(["reset", "-q", head or "HEAD"])
        made = _Copy(root, tree, folder)
        try:
            yield made
        finally:
            made.stop()
    finally:
        remove_tree(tree)
        shutil.rmtree(folder, ignore_errors=True)


class _Copy(Tryout):
    """A copy on this machine.

    Args:
        root: Of the working tree.
        place: Of the copy.
        folder: For what is noted beside it.
    """

    def __init__(self, root: str, place: str, folder: str) -> None:
        from branchline.adapters.folder import FolderTree
        from branchline.adapters.local_process import LocalExecutor
        from branchline.wiring.readers import metric_readers

        self.tree = FolderTree(place)
        self.readers = metric_readers()
        self._root, self._place, self._folder = root, place, folder
        self._executor = LocalExecutor()
        self._task: Task | None = None
        self._runs = 0
        self._brought = 0

    def bring(self, path: str) -> bool:
        """See the port."""
        normal = os.path.normpath(path)
        if os.path.isabs(normal) or normal.startswith("..") or normal == ".":
            return False
        source, target = os.path.join(self._root, normal), os.path.join(self._place, normal)
        if os.path.lexists(target):
            return True
        real = os.path.realpath(source)
        if not os.path.exists(real):
            return False
        self._brought += _size(real)
        if self._brought > _MOST_BYTES:
            raise RepositoryError(
                f"{path} is too large to copy for a check ({self._brought / 1e9:.1f} GB, at most"
                f" {_MOST_BYTES / 1e9:.0f} GB)",
                todo="Run `branchline init` without --check, then `branchline run`.",
            )
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.isdir(real):
            shutil.copytree(real, target, symlinks=False, ignore_dangling_symlinks=True)
        else:
            shutil.copy2(real, target)
        return True

    def signatures(self) -> Mapping[str, tuple[int, int]]:
        """See the port."""
        found = {}
        for folder, folders, files in os.walk(self._place):
            folders[:] = [name for name in folders if name not in (".git", "__pycache__")]
            for name in files:
                place = os.path.join(folder, name)
                try:
                    stat = os.lstat(place)
                except FileNotFoundError:
                    continue
                path = os.path.relpath(place, self._place).replace(os.sep, "/")
                if path != ".git":
                    found[path] = (stat.st_size, stat.st_mtime_ns)
        return found

    def run(self, command: str, folder: str, *, timeout_s: float) -> Ended:
        """See the port."""
        from branchline.core.policy import Trace
        from branchline.ports.executor import Task

        self._runs += 1
        self._task = Task(
            stage=_STAGE,
            cmd=(command,),
            cwd=os.path.join(self._place, folder),
            log=os.path.join(self._folder, f"{self._runs}.log"),
            timeout_s=timeout_s,
            trace=Trace.AUDIT,
            trace_file=os.path.join(self._folder, f"{self._runs}.reads"),
            root=self._place,
        )
        self._executor.start(self._task)
        while True:
            for ended in self._executor.wait(_TICK_S):
                return ended

    def walk(self, settings: str, model: str, *, timeout_s: float) -> Ended:
        """See the port."""
        with open(os.path.join(self._place, "branchline.yaml"), "w", encoding="utf-8") as file:
            file.write(settings)
        words = [sys.executable, "-m", "branchline", "run", "--model", model]
        ended = self.run(shlex.join(words), "", timeout_s=timeout_s)
        is_judged = ended.exit_code in (EXIT_VERDICT_FAILED, EXIT_VERDICT_UNKNOWN)
        if is_judged:
            return replace(ended, failure=None)
        return replace(ended, said=_said(ended.log)) if ended.failure else ended

    def reads(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(self._executor.observed(self._task) or ()) if self._task else ()

    def missed(self) -> tuple[str, ...]:
        """See the port."""
        if self._task is None:
            return ()
        asked = self._executor.looked_up(self._task)
        return tuple(path for path, was_there in asked.items() if not was_there)

    def printed(self) -> bytes:
        """See the port."""
        if self._task is None:
            return b""
        with open(self._task.log, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(size - _MOST_PRINTED, 0))
            text = file.read(_MOST_PRINTED)
        return text.replace(f"$ {self._task.cmd[0]}\n".encode(errors="replace"), b"", 1)

    def stop(self) -> None:
        """End what still runs."""
        self._executor.stop()
        self._executor.close()


def _said(log: str) -> str:
    """The line of a walk's output that says why it failed."""
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file]
    told = [line for line in lines if line.startswith(("error: ", "failed "))]
    return told[-1] if told else ""


def _size(path: str) -> int:
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(
        os.path.getsize(place)
        for folder, _, files in os.walk(path)
        for name in files
        if os.path.exists(place := os.path.join(folder, name))
    )
