"""Notes which files below a folder this interpreter reads, imports, writes or looks for.

Branchline puts this folder first on PYTHONPATH of the stages it runs, so that every Python they
start loads this file. It uses the standard library only, works on Python 3.8 and newer, says
nothing when it fails, leaves `sys.path` as it would be without it, and hands over to a
`sitecustomize` of yours. Each line goes to disk at once: neither `os._exit` nor a fork loses one.

Lines of the trace file, paths from the folder: "s <tab> pid <tab> version" when an interpreter
starts, "r <tab> path" when a file is read, "w <tab> path" when one is written, "a <tab> path" when
one is looked for and is absent, "e <tab> path" when one is asked for and exists, "l" when there
were too many looks. `os.stat` raises no audit event, so it is replaced; imports do not call it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from typing import Any

_LOOKS = ("stat", "lstat", "access")
_LOOK_LIMIT = 2000
_PATHS = ("os", "posixpath", "genericpath", "pathlib", "glob", "zipfile")
_NOISE = (
    *("_frozen_importlib_external", "importlib", "inspect", "linecache", "pkg_resources"),
    *("pkgutil", "site", "sysconfig", "zipimport"),
)
_PROGRAMS = ("sh", "bash", "dash", "zsh", "ksh", "python", "Rscript", "julia", "node", "perl")


class _Watch:
    """Takes audit events. Holds what it calls: names of modules are gone at the end of Python."""

    def __init__(self, trace: str, root: str) -> None:
        self.trace = trace
        self.roots = tuple({root.rstrip("/") + "/", os.path.realpath(root).rstrip("/") + "/"})
        self.prefix = getattr(sys, "pycache_prefix", None) or ""
        self.programs, self.paths, self.noise = _PROGRAMS, _PATHS, _NOISE
        self.looks_left, self.frame = _LOOK_LIMIT, getattr(sys, "_getframe", None)
        self.own, self.working_folder = globals(), os.getcwd
        self.asked: set[str] = set()  # as spelled: a program may ask the same thing all day
        self.seen: set[tuple[str, str]] = set()
        self.os_open, self.os_write, self.os_close = os.open, os.write, os.close
        self.os_stat, self.absolute = os.stat, os.path.abspath
        self.decode, self.encode = os.fsdecode, os.fsencode
        self.append = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self.access, self.write_only = os.O_RDWR | os.O_WRONLY, os.O_WRONLY
        self.fresh, self.create, self.folder = os.O_TRUNC | os.O_EXCL, os.O_CREAT, os.O_DIRECTORY
        self.find = {
            "open": self.opened,
            "import": self.imported,
            "os.rename": self.made,
            "os.link": self.made,
            "os.symlink": self.made,
            "os.mkdir": self.created,
            "os.listdir": self.listed,
            "os.scandir": self.listed,
            "sqlite3.connect": self.connected,
            "subprocess.Popen": self.started,
            "os.posix_spawn": self.started,
            "os.exec": self.started,
        }.get

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        handler = self.find(event)
        if handler is not None:
            try:  # noqa: SIM105 - contextlib is not loaded in every interpreter
                handler(args)
            except Exception:  # noqa: BLE001, S110 - a trace must never break what it watches
                pass

    def note(self, kind: str, name: str) -> None:
        if (kind, name) in self.seen or "\n" in name:
            return
        # Opened for each line: a descriptor kept open could be closed and reused by the program.
        file = self.os_open(self.trace, self.append, 0o600)
        try:
            self.os_write(file, self.encode(kind + "\t" + name + "\n"))
        finally:
            self.os_close(file)
        if len(self.seen) > 200000:
            self.seen.clear()
        self.seen.add((kind, name))

    def exists(self, path: str) -> bool:
        try:
            self.os_stat(path)
        except (OSError, ValueError):
            return False
        return True

    def source_of(self, path: str) -> str:
        """The source of a .pyc file, when it is there."""
        folder, _, base = path.rpartition("/")
        if self.prefix and path.startswith(self.prefix):
            folder = folder[len(self.prefix.rstrip("/")) :]
        elif folder.endswith("/__pycache__"):
            folder = folder[: -len("/__pycache__")]
        else:
            return path
        source = folder + "/" + base[:-4].split(".opt-")[0].rpartition(".")[0] + ".py"
        return source if self.exists(source) else path

    def touch(self, kind: str, path: Any, base: str = "") -> None:
        """Note a path below the root: r, w, or ? for a read if the file is there, else a write."""
        if isinstance(path, int):
            return
        path = self.decode(path)
        is_cached = path.endswith(".pyc")
        may_be_outside = path[:1] == "/" and ".." not in path and not (is_cached and self.prefix)
        if may_be_outside and not path.startswith(self.roots):
            return
        path = self.absolute(base + "/" + path if base and path[:1] != "/" else path)
        if is_cached:
            if kind == "w":
                return
            path = self.source_of(path)
        for start in self.roots:
            if path.startswith(start):
                if (kind, path[len(start) :]) in self.seen:
                    return
                if kind != "w" and not self.exists(path):
                    if kind == "r":
                        self.looked("a", path)
                        return
                    kind = "w"
                self.note("w" if kind == "w" else "r", path[len(start) :])
                if kind == "?":  # opened for both: a database, a file that is appended to
                    self.note("w", path[len(start) :])
                return

    def looked(self, kind: str, path: Any) -> None:
        """Note a name below the root that was looked for: a when absent, e when it exists."""
        if isinstance(path, int) or not self.looks_left:
            return
        path = self.decode(path)
        if path[:1] == "/" and ".." not in path and not path.startswith(self.roots):
            return
        asked = path if path[:1] == "/" else self.working_folder() + "/" + path
        if asked in self.asked:
            return
        path = self.absolute(path)
        base = path.rpartition("/")[2]
        if path.endswith(".pyc") or base[:1] == "<" or "/site-packages/" in path:
            return
        for start in self.roots:
            name = path[len(start) :]
            if path.startswith(start) and name and not self.is_noise():
                if len(self.asked) > 200000:
                    self.asked.clear()
                self.asked.add(asked)
                if self.is_new(name):
                    self.looks_left -= 1
                    self.note(kind if self.looks_left else "l", name)
                return

    def is_new(self, name: str) -> bool:
        """Only the first look tells what was there before the program did anything."""
        return not any((kind, name) in self.seen for kind in "aerw")

    def is_noise(self) -> bool:
        """Whether Python itself looks: for modules, and for source lines of a traceback."""
        frame = self.frame and self.frame(1)
        while frame is not None:
            module = frame.f_globals.get("__name__", "").partition(".")[0]
            if module not in self.paths and frame.f_globals is not self.own:
                return module in self.noise
            frame = frame.f_back
        return False

    def opened(self, args: tuple[Any, ...]) -> None:
        path, mode, flags = args
        if path == self.trace:
            return
        if isinstance(mode, str):
            is_both = "+" in mode and mode[:1] in "ra"
            self.touch("?" if is_both else "w" if mode[:1] in "wxa" else "r", path)
        elif flags & self.access == self.write_only or flags & self.fresh:
            self.touch("w", path)
        elif not flags & self.folder:
            self.touch("?" if flags & (self.create | self.access) else "r", path)

    def imported(self, args: tuple[Any, ...]) -> None:
        if args[1]:  # compiled modules only; sources come as "open"
            self.touch("r", args[1])

    def made(self, args: tuple[Any, ...]) -> None:
        self.touch("w", args[1])

    def created(self, args: tuple[Any, ...]) -> None:
        """A folder that stands already is asked for, not made."""
        if self.exists(self.decode(args[0])):
            self.looked("e", args[0])
        else:
            self.touch("w", args[0])

    def listed(self, args: tuple[Any, ...]) -> None:
        if args[0] is not None and not isinstance(args[0], int):
            path = self.decode(args[0])
            if not self.exists(path):
                self.looked("a", path)

    def connected(self, args: tuple[Any, ...]) -> None:
        if args[0] not in ("", ":memory:", b"", b":memory:"):
            self.touch("?", args[0])

    def started(self, args: tuple[Any, ...]) -> None:
        """A program of the repository, or the script that an interpreter is given, is read."""
        given = args[1] if isinstance(args[1], (list, tuple)) else [args[1]]
        words = [self.decode(word) for word in given]
        base = self.decode(args[2]) if len(args) == 4 and args[2] else ""
        if words and "/" in words[0]:
            self.touch("r", words[0], base)
        if words and words[0].rpartition("/")[2].startswith(self.programs):
            for word in words[1:]:
                if word[:1] != "-":
                    self.touch("r", word, base)
                    return


class _Look:
    """`os.stat`, `os.lstat` or `os.access`, which also notes what was asked for.

    Not a function: older versions of pathlib keep `os.stat` in a class, where a function would
    become a method.
    """

    def __init__(self, name: str, watch: _Watch) -> None:
        self.original = self.__wrapped__ = getattr(os, name)
        self.__name__ = self.__qualname__ = name
        self.__module__, self.__doc__ = "os", self.original.__doc__
        self.watch = watch

    def __call__(self, *args: Any, **named: Any) -> Any:
        try:
            answer = self.original(*args, **named)
        except OSError:
            self.tell("a", args, named)
            raise
        self.tell("a" if answer is False else "e", args, named)
        return answer

    def __reduce__(self) -> str:
        return self.__name__

    def tell(self, kind: str, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        try:
            path = args[0] if args else named.get("path")
            if path is not None and named.get("dir_fd") is None:
                if kind == "a" and not isinstance(path, int) and self.watch.exists(path):
                    kind = "e"  # forbidden is not absent; nor is a link to nowhere there
                self.watch.looked(kind, path)
        except Exception:  # noqa: BLE001, S110 - a trace must never break what it watches
            pass


def _replace_looks(watch: _Watch) -> None:
    for name in _LOOKS:
        look = _Look(name, watch)
        for supporting in ("dir_fd", "effective_ids", "fd", "follow_symlinks"):
            known: set[Any] = getattr(os, "supports_" + supporting, set())
            if look.original in known:
                known.add(look)
        setattr(os, name, look)


def _watch() -> None:
    trace, root = os.environ.get("BRANCHLINE_TRACE_FILE"), os.environ.get("BRANCHLINE_TRACE_ROOT")
    if trace and root and hasattr(sys, "addaudithook"):
        watch = _Watch(trace, root)
        watch.note("s", str(os.getpid()) + "\t" + sys.version.split()[0])
        sys.addaudithook(watch.hook)
        _replace_looks(watch)


def _hand_over(here: str) -> None:
    """Load the next sitecustomize on the path, as Python would have without this one."""
    sys.path[:] = [entry for entry in sys.path if entry.rstrip("/") != here]
    mine = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        if mine is not None:
            sys.modules.setdefault("sitecustomize", mine)


try:  # noqa: SIM105 - contextlib is not loaded in every interpreter
    _watch()
except Exception:  # noqa: BLE001, S110 - a trace must never break what it watches
    pass
_hand_over(os.path.dirname(os.path.abspath(__file__)))
