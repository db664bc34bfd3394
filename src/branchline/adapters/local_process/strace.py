"""Adapter `local_process`: reads the output of strace.

Written by `strace -f -y`: every line starts with a process id, every descriptor carries its path.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE = re.compile(r"^(\d+)\s+(?:<\.\.\. )?(\w+)(\(| resumed>)(.*)$")
_RESULT = re.compile(r" = (\d+)(?:<(.*)>)?\s*$")
_FAILED = re.compile(r" = -1 (ENOENT|ENOTDIR|EEXIST) \(.*\)\s*$")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_AT = re.compile(r"(?:AT_FDCWD|\d+)<((?:[^>\\]|\\.)*)>")
_ESCAPE = re.compile(r"\\([0-7]{1,3}|x[0-9a-f]{2}|.)")
_LETTERS = {"n": 10, "t": 9, "r": 13, "v": 11, "f": 12}
_SPAWNS = frozenset({"clone", "clone3", "fork", "vfork"})
_MOVES = frozenset({"rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"})
_OPENS = frozenset({"open", "openat", "openat2", "creat"})
_LOOKS = frozenset({"stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2"})
_MKDIRS = frozenset({"mkdir", "mkdirat"})


def touched_files(lines: Iterable[str], *, cwd: str, root: str) -> dict[str, str]:
    """What was done first with each path below a root.

    Args:
        lines: Output of strace, in order.
        cwd: Working directory of the first process.
        root: Absolute path.

    Returns:
        Path from the root -> "r" (read or executed), "w" (written or made), "rw", "a" (only looked
        for, and absent) or "e" (only asked for, and it existed).
    """
    return _Reader(cwd, root).read(lines)


class _Reader:
    def __init__(self, cwd: str, root: str) -> None:
        self._cwd = cwd
        self._folders: dict[str, str] = {}
        self._begun: dict[tuple[str, str], str] = {}
        self._roots = tuple({root.rstrip("/") + "/", os.path.realpath(root).rstrip("/") + "/"})
        self._touched: dict[str, str] = {}

    def read(self, lines: Iterable[str]) -> dict[str, str]:
        for line in lines:
            match = _LINE.match(line)
            if match is None:
                continue
            pid, call, opening, rest = match.groups()
            if rest.endswith("<unfinished ...>"):
                self._begun[pid, call] = rest.removesuffix("<unfinished ...>")
                if call in _SPAWNS:
                    self._folders.setdefault(pid, self._cwd)
                continue
            if opening != "(":
                rest = self._begun.pop((pid, call), "") + rest
            result = _RESULT.search(rest)
            failed = None if result else _FAILED.search(rest)
            if result is not None:
                self._note(pid, call, rest[: result.start()], result)
            elif failed is not None:
                self._note_failed(pid, call, rest[: failed.start()], failed.group(1))
        return self._touched

    def _note_failed(self, pid: str, call: str, rest: str, error: str) -> None:
        """A look at what is absent; `mkdir` tells by its failure that something is there."""
        kind = "e" if error == "EEXIST" else "a"
        is_look = call in _LOOKS or (call in _OPENS and _kind_of_open(call, rest) != "w")
        if call in _MKDIRS if kind == "e" else is_look:
            self._look(kind, pid, rest)

    def _look(self, kind: str, pid: str, rest: str) -> None:
        named = [_plain(text) for text in _QUOTED.findall(rest)]
        at = _AT.match(rest)
        base = _plain(at.group(1)) if at else self._folders.get(pid, self._cwd)
        if named and named[0] and not named[0].endswith(".pyc"):
            self._touch(kind, os.path.join(base, named[0]))

    def _note(self, pid: str, call: str, rest: str, result: re.Match[str]) -> None:
        cwd = self._folders.get(pid, self._cwd)
        if call in _SPAWNS:
            self._folders.setdefault(result.group(1), cwd)
            return
        named = [_plain(text) for text in _QUOTED.findall(rest)]
        if call == "chdir" and named:
            self._folders[pid] = os.path.join(cwd, named[0])
        elif call == "fchdir":
            at = _AT.search(rest)
            self._folders[pid] = _plain(at.group(1)) if at else cwd
        elif call in _LOOKS:
            self._look("e", pid, rest)
        elif call in _OPENS and named:
            at = _AT.match(rest) if call.startswith("openat") else None
            base = _plain(at.group(1)) if at else cwd
            self._touch(_kind_of_open(call, rest), os.path.join(base, named[0]))
        elif call == "execve" and named:
            self._touch("r", os.path.join(cwd, named[0]))
        elif call in _MKDIRS:
            self._look("w", pid, rest)
        elif call in _MOVES and len(named) == 2:
            found = [_plain(text) for text in _AT.findall(rest)]
            self._touch("w", os.path.join(found[-1] if found else cwd, named[1]))

    def _touch(self, kind: str, path: str) -> None:
        if not kind:
            return
        if path.endswith(".pyc"):
            if kind != "r":
                return
            path = _source_of(path)
        path = os.path.normpath(path)
        for start in self._roots:
            if path.startswith(start):
                name = path[len(start) :]
                known = self._touched.setdefault(name, kind)
                if known == "r" and "w" in kind:
                    self._touched[name] = "rw"
                elif known in "ae" and kind not in "ae":
                    self._touched[name] = kind
                return


def _kind_of_open(call: str, rest: str) -> str:
    if "O_DIRECTORY" in rest or "O_PATH" in rest:
        return ""
    is_written = call == "creat" or "O_WRONLY" in rest or "O_TRUNC" in rest or "O_EXCL" in rest
    if is_written:
        return "w"
    # Opened for both: whether it was there before cannot be told, so it counts as read too.
    return "rw" if "O_RDWR" in rest else "r"


def _source_of(path: str) -> str:
    folder, _, base = path.rpartition("/")
    if not folder.endswith("/__pycache__"):
        return path
    name = base[:-4].split(".opt-")[0].rpartition(".")[0]
    return f"{folder.removesuffix('/__pycache__')}/{name}.py"


def _plain(text: str) -> str:
    """A string as strace quotes it -> the path; bytes that are no UTF-8 come as Python has them."""
    if "\\" not in text:
        return text

    def one(match: re.Match[str]) -> bytes:
        code = match.group(1)
        if code[0] == "x":
            return bytes([int(code[1:], 16)])
        if code[0].isdigit():
            return bytes([int(code, 8) & 255])
        return bytes([_LETTERS.get(code, ord(code) & 255)])

    parts, end = [], 0
    for match in _ESCAPE.finditer(text):
        parts += [os.fsencode(text[end : match.start()]), one(match)]
        end = match.end()
    return os.fsdecode(b"".join([*parts, os.fsencode(text[end:])]))
