"""Port `locks`: one engine at a time in a clone, DVC included.

Three locks, all given up by the kernel or by their readers when the holder dies:

* `.branchline/lock`, an flock; its text says who holds it. It keeps two of us apart.
* `.dvc/tmp/lock`, DVC's own flock. It is held while we look around and register, and given back
  while stages run, as DVC does, so that a stage may call `dvc` itself.
* `.dvc/tmp/rwlock`, DVC's list of busy paths. We register the whole repository as being written;
  DVC then refuses to touch a stage and names us. It drops entries of dead processes by itself.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from branchline.adapters.dvc.cache_database import prepare_folder
from branchline.errors import BusyError, StoreError
from branchline.ports.locks import WorkspaceLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_POLL_S = 0.05
_REMEDY = "Wait until it has ended, or stop it, then run the command again."


class DvcWorkspaceLock(WorkspaceLock):
    """The locks of one clone.

    Args:
        root: Absolute root of the repository.
        command: What holders are told we run; the command line when "".
        waiting: Called once, with who holds it, when we have to wait.
    """

    def __init__(
        self, root: str, *, command: str = "", waiting: Callable[[str], None] | None = None
    ) -> None:
        self._root = os.path.abspath(root)
        self._command = command or " ".join(sys.argv)
        self._waiting = waiting

    def hold(self, *, wait_s: float) -> AbstractContextManager[None]:
        """See the port."""
        return self._held(time.monotonic() + wait_s)

    @contextlib.contextmanager
    def _held(self, deadline: float) -> Iterator[None]:
        state = os.path.join(self._root, ".branchline")
        prepare_folder(state)
        own = os.path.join(state, "lock")
        with self._flocked(own, deadline, lambda: _own_holder(own)) as descriptor:
            _write_text(descriptor, _owner_text(self._command))
            try:
                tmp = os.path.join(self._root, ".dvc", "tmp")
                if os.path.isdir(os.path.dirname(tmp)):
                    with self._registered(tmp, deadline):
                        yield
                else:
                    yield
            finally:
                _write_text(descriptor, "")

    @contextlib.contextmanager
    def _registered(self, tmp: str, deadline: float) -> Iterator[None]:
        os.makedirs(tmp, exist_ok=True)
        lock = os.path.join(tmp, "lock")
        info = {"pid": os.getpid(), "cmd": self._command}
        told = False
        while True:
            with self._flocked(lock, deadline, lambda: _dvc_holder(lock)) as descriptor:
                _write_text(descriptor, f" {os.getpid()}\n")
                busy = self._change_rwlock(tmp, deadline, lambda data: self._enter(data, info))
            if not busy:
                break
            self._wait_or_fail(busy, deadline, quiet=told)
            told = True
        try:
            yield
        finally:
            with contextlib.suppress(BusyError):  # the entry goes stale when we end
                self._change_rwlock(
                    tmp, time.monotonic() + 10, lambda data: self._leave(data, info)
                )

    def _enter(self, data: dict[str, Any], info: dict[str, object]) -> str:
        """Register the root as being written; returns who is in the way, "" when nobody is.

        An entry for the root itself is one of ours and stale: we hold `.branchline/lock`.
        """
        (data.get("write") or {}).pop(self._root, None)
        for holder in _holders(data):
            if holder != info and _is_alive(holder.get("pid")):
                return _described(holder.get("pid"), str(holder.get("cmd", "")), "DVC")
        data["read"] = {}
        data["write"] = {self._root: info}
        return ""

    def _leave(self, data: dict[str, Any], info: dict[str, object]) -> str:
        if data.get("write", {}).get(self._root) == info:
            del data["write"][self._root]
        return ""

    def _change_rwlock(
        self, tmp: str, deadline: float, change: Callable[[dict[str, Any]], str]
    ) -> str:
        """Read, change and write DVC's list of busy paths under its guard."""
        import json

        guard = os.path.join(tmp, "rwlock.lock")
        path = os.path.join(tmp, "rwlock")
        with self._flocked(guard, deadline, lambda: _dvc_holder(guard)) as descriptor:
            _write_text(descriptor, f" {os.getpid()}\n")
            try:
                with open(path, encoding="utf-8") as file:
                    data = json.load(file)
            except (FileNotFoundError, ValueError):
                data = {}
            if not isinstance(data, dict):
                data = {}
            answer = change(data)
            if not answer:
                kept = {key: value for key, value in data.items() if value}
                temporary = f"{path}.{os.getpid()}.tmp"
                with open(temporary, "w", encoding="utf-8") as file:
                    json.dump(kept, file)
                os.replace(temporary, path)
        return answer

    @contextlib.contextmanager
    def _flocked(self, path: str, deadline: float, holder: Callable[[], str]) -> Iterator[int]:
        """Hold an flock on a file that stays where it is."""
        import fcntl

        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise StoreError(
                f"{path} cannot be opened: {error.strerror}",
                todo="A run writes into its clone: see that the folder is writable and has space.",
            ) from error
        try:
            told = False
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    self._wait_or_fail(holder(), deadline, quiet=told)
                    told = True
            yield descriptor
        finally:
            os.close(descriptor)

    def _wait_or_fail(self, holder: str, deadline: float, *, quiet: bool = False) -> None:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise BusyError(f"{self._root} is in use by {holder}", todo=_REMEDY)
        if self._waiting is not None and not quiet:
            self._waiting(holder)
        time.sleep(min(_POLL_S, remaining))


def _owner_text(command: str) -> str:
    import json

    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps({"pid": os.getpid(), "command": command, "since": since}) + "\n"


def _write_text(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def _own_holder(path: str) -> str:
    import json

    try:
        with open(path, encoding="utf-8") as file:
            owner = json.load(file)
        return _described(owner["pid"], f"{owner['command']}, since {owner['since']}", "Branchline")
    except (OSError, ValueError, KeyError, TypeError):
        return "another Branchline that is just starting or ending"


def _dvc_holder(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            pid = int(file.read().strip())
    except (OSError, ValueError):
        return "DVC"
    return _described(pid, _command_line(pid), "DVC")


def _described(pid: object, command: str, program: str) -> str:
    return f"{program} (pid {pid}{': ' if command else ''}{command})"


def _command_line(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _holders(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Everybody in DVC's list, readers and writers."""
    yield from (data.get("write") or {}).values()
    for values in (data.get("read") or {}).values():
        yield from values


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended and only waits for its parent to notice."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] == b"Z"
    except (OSError, IndexError):
        return False
