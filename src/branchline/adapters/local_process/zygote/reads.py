"""What is read and changed while modules are imported ahead, and then while a script runs.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__)) + "/"
_LOOKS = ("stat", "lstat", "access")
_PASS_ON = ("os", "_collections_abc", "collections.abc", "sitecustomize")
"""Modules through which a variable is changed."""
_MOST_KEPT = 4 << 20
_SYSTEM = ("/lib", "/usr/")
_ASKED = ("hydra", "dotenv")
"""Packages that change variables for the project."""


def _nothing(*_: object) -> None:
    return None


class Watch:
    """What was read while modules were imported: each fork has read it, too.

    Args:
        installed: Folders whose files do not count.

    Attributes:
        has_own_library: Whether the script has loaded a compiled library of the project by itself.
    """

    def __init__(self, installed: tuple[str, ...]) -> None:
        self.watch: Any = getattr(os.stat, "watch", None)
        self.installed = installed
        self.lines: list[tuple[str, str]] = []
        self.states: dict[str, object] = {}
        self.has_own_library = False
        self.temporary = Temporary()
        if self.watch is not None:
            made = ("tempfile.mkdtemp", "tempfile.mkstemp")
            self.watch.find.__self__.update(dict.fromkeys(made, self.temporary.note))
            self.watch.seen.clear()
            self.watch.asked.clear()
            self.watch.note = self._note

    def _note(self, kind: str, name: str) -> None:
        if (kind, name) in self.watch.seen or "\n" in name:
            return
        self.watch.seen.add((kind, name))
        self.lines.append((kind, name))
        path = self.watch.roots[0] + name
        if not path.startswith(self.installed):
            self.states.setdefault(path, self._state(path))

    def _state(self, path: str) -> object:
        try:
            found = self.watch.os_stat(path)
        except (OSError, ValueError):
            return None
        if stat.S_ISDIR(found.st_mode):  # each trial may write in it; what was looked for is noted
            return found.st_ino, found.st_mode
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode

    def off(self) -> _Off:
        """A context in which nothing is noted."""
        return _Off(self.watch)

    def written(self) -> str:
        """A file of the project that a module wrote when it was imported; "" for none."""
        for kind, name in self.lines:
            path = self.watch.roots[0] + name
            if kind == "w" and path in self.states and "__pycache__" not in name:
                return name
        return ""

    def is_stale(self) -> bool:
        """Whether a file of the project that was read or looked for is not what it was."""
        return any(self._state(path) != state for path, state in self.states.items())

    def go_on(self, environment: dict[str, str], changed: Callable[[], None]) -> None:
        """Note from now on as a fresh Python with this environment would.

        Args:
            environment: Its variables.
            changed: Called when the script changes one of them.
        """

        def varies(_: object) -> None:
            if self._is_of_script():
                changed()

        watch, trace = self.watch, environment.get("BRANCHLINE_TRACE_FILE")
        handlers: dict[str, Callable[[Any], None]] = {"ctypes.dlopen": self._note_library}
        handlers.update(dict.fromkeys(("os.putenv", "os.unsetenv"), varies))
        if trace and environment.get("BRANCHLINE_TRACE_ROOT"):
            watch.find.__self__.update(handlers)
        else:
            watch.find, watch.looked = handlers.get, _nothing
            for name in _LOOKS:
                setattr(os, name, getattr(os, name).original)
            return
        del watch.note
        watch.trace = trace
        text = "".join(f"{kind}\t{name}\n" for kind, name in self.lines)
        watch.note("s", f"{os.getpid()}\t{sys.version.split()[0]}")
        if text:
            file = os.open(trace, os.O_WRONLY | os.O_APPEND)
            os.write(file, os.fsencode(text))
            os.close(file)

    def _note_library(self, args: tuple[Any]) -> None:
        name = os.fsdecode(args[0] or "")
        if "/" in name and "-packages/" not in name and not name.startswith(_SYSTEM):
            self.has_own_library = True

    def _is_of_script(self) -> bool:
        """Whether the function that changes a variable is of the project, or was asked to do so."""
        frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - who called is not told in another way
        while frame is not None:
            path = frame.f_code.co_filename
            if not path.startswith(_HERE) and frame.f_globals.get("__name__") not in _PASS_ON:
                is_library = path.startswith((*self.installed, "<"))
                return not is_library or any(f"-packages/{name}/" in path for name in _ASKED)
            frame = frame.f_back
        return False


class Temporary:
    """Temporary folders and files that modules made when they were imported.

    As a new Python, each fork removes them at its end; the next one finds them as they were.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.kept: dict[str, list[tuple[str, bytes | None]]] = {}

    def note(self, args: tuple[Any]) -> None:
        """Take note of one that is made."""
        self.paths.append(os.path.abspath(os.fsdecode(args[0])))

    def keep(self) -> str:
        """Keep what they hold, in memory; why that cannot be, as `safety.why_not` says it."""
        try:
            for path in self.paths:
                if os.path.lexists(path) and path not in self.kept:
                    self.kept[path] = list(_contents(path))
        except OSError as error:
            return f"makes temporary files that cannot be kept ({error.strerror})"
        size = sum(len(data or b"") for found in self.kept.values() for _, data in found)
        return "" if size <= _MOST_KEPT else "keeps much in temporary files when it is imported"

    def restore(self) -> None:
        """Make those again that are gone."""
        for path, found in self.kept.items():
            for name, data in () if os.path.lexists(path) else found:
                if data is None:
                    os.mkdir(name, 0o700)
                    continue
                file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                os.write(file, data)
                os.close(file)


def _contents(path: str) -> Iterator[tuple[str, bytes | None]]:
    """Files with their bytes, folders with None, each after the one that it is in."""
    if os.path.isdir(path):
        yield path, None
        for name in sorted(os.listdir(path)):
            yield from _contents(path + "/" + name)
        return
    if not os.path.isfile(path):
        raise OSError(errno.EINVAL, "neither a file nor a folder")
    with open(path, "rb") as file:
        yield path, file.read(_MOST_KEPT + 1)


class _Off:
    def __init__(self, watch: Any) -> None:
        self.watch = watch

    def __enter__(self) -> None:
        self.find = self.watch.find
        self.watch.find = self.watch.looked = _nothing

    def __exit__(self, *_: object) -> None:
        self.watch.find = self.find
        del self.watch.looked
