"""Adapter `local_process`: which files a stage was seen to read.

`AUDIT` puts `audit/sitecustomize.py` before Python's own path: it sees what Python opens and
imports. It does not see what compiled libraries and other programs open, and nothing at all in an
interpreter started with -I, -E or -S, or with a PYTHONPATH that was put together anew.
`STRACE` sees every process; it waits for background processes too.
"""

from __future__ import annotations

import itertools
import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from branchline.core.policy import Trace
from branchline.errors import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from branchline.ports.executor import Task

AUDIT_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "audit")

LOOK_LIMIT = 500
"""Names that a stage looked for; more are not kept: the next plan looks at each."""
_SKIPPED = frozenset({".git", ".branchline", ".dvc", "__pycache__", "site-packages"})
_LITERAL = r"(?:[\w./:+-]|\$PWD\b|\$\{PWD\}|\$\(pwd\))+"
_OWN_PATH = re.compile(
    rf"^(\s*(?:export\s+|env\s+)?(?:\w+={_LITERAL}\s+)*PYTHONPATH=)({_LITERAL}\s)"
)
_PLAIN = re.compile(r"[\w./+-]+")
_ISOLATED = re.compile(r"\bpython[\d.]*\s+(?:-[A-Za-z]+\s+)*-[A-Za-z]*[IES]")
_STRACE_OPTIONS = (
    *("-f", "-qq", "-y", "--seccomp-bpf", "-e", "signal=none"),
    *("-e", "trace=?open,?openat,?openat2,?creat,?execve,?chdir,?fchdir,?clone,?clone3,?fork,"
     "?vfork,?stat,?lstat,?newfstatat,?statx,?access,?faccessat,?faccessat2,?mkdir,?mkdirat,?rename,?renameat,?renameat2,?link,?linkat,?symlink,?symlinkat"),
)  # fmt: skip


def traced_environment(task: Task, environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that make every Python below the stage note what it reads; empty unless AUDIT."""
    if task.trace is not Trace.AUDIT or not task.trace_file:
        return {}
    entries = environment.get("PYTHONPATH", "")
    rest = os.pathsep.join(e for e in entries.split(os.pathsep) if e != AUDIT_FOLDER)
    return {
        # An empty entry would stand for the working directory.
        "PYTHONPATH": AUDIT_FOLDER + (os.pathsep + rest if rest else ""),
        "BRANCHLINE_TRACE_FILE": task.trace_file,
        "BRANCHLINE_TRACE_ROOT": task.root,
    }


def traced_command(task: Task, command: str) -> str:
    """The command to run; `PYTHONPATH=src python ...` keeps the folder of the trace.

    Only a literal value at the beginning of the command is touched; anything else runs as it is,
    and `trace_gaps` says so.
    """
    if task.trace is not Trace.AUDIT or not _PLAIN.fullmatch(AUDIT_FOLDER):
        return command
    return _OWN_PATH.sub(rf"\g<1>{AUDIT_FOLDER}:\g<2>", command)


def traced_words(task: Task, words: Sequence[str], path: str) -> tuple[str, ...]:
    """Arguments of the stage, below strace where that is wanted.

    Raises:
        MissingToolError: There is no strace on the path.
    """
    if task.trace is not Trace.STRACE or not task.trace_file:
        return tuple(words)
    import shutil

    program = shutil.which("strace", path=path)
    if program is None:
        raise MissingToolError(
            f"stage {task.stage!r}: changes.trace is strace, and strace is not on the path",
            todo="Install it (apt-get install strace), or set `changes: {trace: audit}`.",
        )
    return (program, *_STRACE_OPTIONS, "-o", task.trace_file, "--", *words)


def observed_files(task: Task) -> Sequence[str] | None:
    """See `Executor.observed`."""
    touched = _touched(task)
    if touched is None:
        return None
    chosen = _Chooser(task.root)
    return sorted(n for n, kind in touched.items() if kind[0] == "r" and chosen.counts(n))


def rewritten_files(task: Task) -> frozenset[str]:
    """See `Executor.rewritten`."""
    return frozenset(name for name, kind in (_touched(task) or {}).items() if kind == "rw")


def looked_up_files(task: Task) -> dict[str, bool]:
    """See `Executor.looked_up`."""
    touched = _touched(task) or {}
    chosen = _Chooser(task.root)
    looks = (n for n, kind in touched.items() if kind in "ae" and chosen.may_count(n))
    return {name: touched[name] == "e" for name in itertools.islice(looks, LOOK_LIMIT)}


def _touched(task: Task) -> dict[str, str] | None:
    """Path -> what was done with it; None when not traced.

    "r", "w" (written first), "rw" (read, later written), "a" (only looked for, and absent), or
    "e" (only asked for, and it existed).
    """
    if task.trace in (None, Trace.OFF) or not task.trace_file:
        return None
    try:
        found = os.stat(task.trace_file)
        sign = (found.st_ino, found.st_size, found.st_mtime_ns)
        return _parsed(task.trace_file, sign, task.trace, task.cwd, task.root)
    except OSError:
        return None


@lru_cache(maxsize=1)
def _parsed(
    path: str, sign: tuple[int, int, int], trace: Trace, cwd: str, root: str
) -> dict[str, str] | None:
    """See `_touched`; a stage is asked about several times when it has ended."""
    del sign  # another one for a trace that has grown
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        if trace is Trace.AUDIT:
            return _audited(file)
        from branchline.adapters.local_process.strace import touched_files

        return touched_files(file, cwd=cwd, root=root)


def add_touch(touched: dict[str, str], name: str, kind: str) -> None:
    """Note that a file was read ("r"), written ("w"), or looked for ("a", "e").

    Of looks the first counts, and only while the file is neither read nor written.
    """
    known = touched.setdefault(name, kind)
    if known == "r" and kind == "w":
        touched[name] = "rw"
    elif known in "ae" and kind in "rw":
        touched[name] = kind


def trace_gaps(task: Task) -> tuple[str, ...]:
    """Why the trace of a stage that has run may miss reads, a sentence each; for warnings."""
    if task.trace is not Trace.AUDIT or not task.trace_file:
        return ()
    gaps = [
        f"`{command}` starts Python with -I, -E or -S: it cannot be traced"
        for command in task.cmd
        if _ISOLATED.search(command)
    ]
    try:
        with open(task.trace_file, "rb") as file:
            kinds = {line[:2] for line in file}
    except OSError:
        kinds = set()
    was_traced, was_cut = b"s\t" in kinds, b"l\t" in kinds
    if was_cut:
        gaps.append("it looked for so many names that not all of them are noted")
    if not was_traced and any("python" in command for command in task.cmd):
        gaps.append("no Python of this stage loaded the trace (is PYTHONPATH set anew in it?)")
    return tuple(gaps)


def _audited(lines: Iterable[str]) -> dict[str, str] | None:
    """Path -> what was done with it; None when no interpreter was traced."""
    was_traced = False
    touched: dict[str, str] = {}
    for line in lines:
        kind, _, name = line.rstrip("\n").partition("\t")
        if kind == "s":
            was_traced = True
        elif kind in ("r", "w", "a", "e") and name:
            add_touch(touched, name, kind)
    return touched if was_traced else None


class _Chooser:
    """Which observed paths count: existing files of the repository, environments left out."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._folders: dict[str, bool] = {"": True}

    def counts(self, name: str) -> bool:
        """Whether a path, from the root, is a file that a result may depend on."""
        return self.may_count(name) and self._is_file(name)

    def may_count(self, name: str) -> bool:
        """Whether a result may depend on what stands at a path, or on nothing standing there."""
        folder, _, base = name.rpartition("/")
        return base not in _SKIPPED and self._is_open(folder)

    def _is_open(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is None:
            parent, _, base = folder.rpartition("/")
            known = (
                base not in _SKIPPED
                and not base.endswith((".egg-info", ".dist-info"))
                and self._is_open(parent)
                and not self._is_file(folder + "/pyvenv.cfg")
                and not os.path.isdir(f"{self._root}/{folder}/conda-meta")
            )
            self._folders[folder] = known
        return known

    def _is_file(self, name: str) -> bool:
        return os.path.isfile(f"{self._root}/{name}")
