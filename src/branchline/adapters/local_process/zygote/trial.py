"""The life of a fork: it becomes what a new Python that runs the script would be.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path. What it cannot make
alike is told in decision record 0029.
"""

from __future__ import annotations

import builtins
import gc
import importlib.machinery
import os
import sys
import time
import types

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from collections.abc import Container
    from types import TracebackType
    from typing import Any

FRESH: tuple[str, ...] = ()
"""Names that the module `__main__` has in this version of Python before anything runs."""
END = "@end"
"""What the last line of a fork begins with."""
pages: Any = None
lifeline: Any = None
safety: Any = None
telling: Any = None
"""Modules that stand beside this one."""
_HERE = os.path.dirname(os.path.abspath(__file__)) + "/"
_ALSO_MAIN = "__mp_main__"
"""What multiprocessing calls the script's own module."""
_FEW_FAULTS = 100
"""Faults of pages, of 1 to 3 us, that a fork may have without another report."""


def first_folder(asked: dict[str, Any]) -> str:
    """What Python puts first on the path for a script or for `-m`; "" for nothing."""
    if getattr(sys.flags, "safe_path", False):
        return ""
    if asked["kind"] == "script":
        script: str = asked["target"]
        return os.path.dirname(os.path.realpath(script))
    return os.getcwd()


def file_of(script: str) -> str:
    """`__file__` of a script that is run."""
    if sys.version_info < (3, 9) or script.startswith("/"):
        return script
    return os.getcwd() + "/" + script


def stand_in(asked: dict[str, Any]) -> types.ModuleType:
    """A module `__main__` as Python makes it before the script, or the module, runs."""
    made = types.ModuleType("__main__")
    known: dict[str, Any] = {"__builtins__": builtins, "__annotations__": {}}
    known["__loader__"] = importlib.machinery.BuiltinImporter
    if asked["kind"] == "script":
        known["__cached__"] = None
        known["__file__"] = file_of(asked["target"])
        loader = importlib.machinery.SourceFileLoader("__main__", known["__file__"])
        known["__loader__"] = loader
    for name in FRESH:
        if name in known:
            setattr(made, name, known[name])
    return made


def is_main_kept() -> bool:
    """Whether a library has kept the module `__main__` that it found when it was imported."""
    held = sys.modules["__main__"]
    loaded: list[Any] = list(sys.modules.values())
    return any(
        value is held
        for module in loaded
        if isinstance(module, types.ModuleType)
        for value in list(module.__dict__.values())
    )


def _renew_main(asked: dict[str, Any]) -> None:
    """Give a fork a module `__main__` of its own.

    That of the zygote is out of the collector's way, with all that a script would give it.
    """
    held = sys.modules["__main__"]
    sys.modules["__main__"] = made = stand_in(asked)
    if sys.modules.get(_ALSO_MAIN) is held:
        sys.modules[_ALSO_MAIN] = made


class Trial:
    """One fork.

    Args:
        zygote: What it was forked from.
        tells_pages: Whether it tells at its end which pages it needed.

    Attributes:
        engine: Where it speaks to whoever asked for it.
    """

    def __init__(self, zygote: Any, *, tells_pages: bool) -> None:
        self.zygote, self.asked, self.tells_pages = zygote, zygote.asked, tells_pages
        self.message: dict[str, Any] = {}
        self.engine: Any = None
        self.said = b""
        self.before_kb, self.before_faults = pages.own_kb(), 0
        self.source = b""
        self.code: Any = None
        self.fresh: list[tuple[str, Any]] | None = None
        """Imported before the script changed a variable; None where it did not."""

    def prepare(self) -> None:
        """Do what needs no request: session, path, random numbers."""
        os.setsid()
        os.chdir(self.asked["cwd"])
        if not self.zygote.is_main_kept:
            _renew_main(self.asked)
        if self.zygote.folder:
            sys.path.insert(0, self.zygote.folder)
        for path in list(sys.path_importer_cache):
            if not (path + "/").startswith(self.zygote.installed):
                del sys.path_importer_cache[path]
        numpy = sys.modules.get("numpy.random")
        if numpy is not None:
            numpy.seed()
        process = sys.modules.get("multiprocessing.process")
        if process is not None:
            process.current_process().authkey = os.urandom(32)
        if self.asked["kind"] == "script":
            self._compile_ahead()

    def _compile_ahead(self) -> None:
        """Have the code of the script ready, should it be the same when it runs."""
        path = sys.modules["__main__"].__dict__["__file__"]
        try:
            with self.zygote.watch.off(), safety.Unsaid() as said:
                with open(path, "rb") as file:
                    source = file.read()
                code = compile(source, path, "exec", dont_inherit=True)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return  # it is said when it runs
        if not said:
            self.source, self.code = source, code

    def become(self, message: dict[str, Any], log: int) -> None:
        """Become the process of a request: mark, log, environment, arguments.

        Args:
            message: Its `argv`, `words`, `environment`, `mark`, `room`.
            log: Descriptor of its log.
        """
        self.message = message
        os.chdir(self.asked["cwd"])  # another folder may have its name by now
        mark = message["mark"].encode()
        lifeline.write_memory(self.zygote.mark_at, mark.ljust(message["room"], b"\0"))
        with self.zygote.watch.off():
            self.zygote.watch.temporary.restore()
        self.said = os.pread(1, os.fstat(1).st_size, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        self._take_environment(message["environment"])
        sys.argv[:] = message["argv"]
        if hasattr(sys, "orig_argv"):
            sys.orig_argv[:] = message["words"]
        self.before_faults = pages.faults()

    def run(self) -> None:
        """Run the script; an error, or another exit code than 0, goes on to the interpreter."""
        gc.enable()
        if self.said:  # each new Python would say it
            os.write(1, self.said)
        self.zygote.watch.go_on(self.message["environment"], self._note_change)
        try:
            self._execute()
        except SystemExit as end:
            if not _is_success(end.code):
                raise
        except BaseException as error:
            _hide_our_frames(error)
            raise
        self._report()

    def _take_environment(self, given: dict[str, str]) -> None:
        """The task's variables, and what modules have changed when they were imported."""
        before, now = self.zygote.before, dict(os.environ)
        wanted = {**given}
        for name in {*before, *now}:
            if before.get(name) == now.get(name):
                continue
            if name in now:
                wanted[name] = now[name]
            else:
                wanted.pop(name, None)
        if "LC_CTYPE" in before and "LC_CTYPE" not in self.asked["environment"]:
            wanted.setdefault("LC_CTYPE", before["LC_CTYPE"])  # set by Python itself
        for name in now:
            if name not in wanted:
                del os.environ[name]
        for name, value in wanted.items():
            if now.get(name) != value:
                os.environ[name] = value

    def _execute(self) -> None:
        if self.asked["kind"] == "module":
            import runpy

            run_as_main: Any = getattr(runpy, "_run_module_as_main")  # noqa: B009 - what Python calls for -m
            run_as_main(self.asked["target"])
            return
        main = sys.modules["__main__"]
        path = main.__dict__["__file__"]
        with open(path, "rb") as file:
            source = file.read()
        code = self.code if source == self.source else None
        exec(code or compile(source, path, "exec", dont_inherit=True), main.__dict__)  # noqa: S102 - the task

    def _note_change(self) -> None:
        if self.fresh is None:  # what comes after may depend on it
            self.fresh = newest(self.zygote.loaded)

    def speak_over(self, descriptor: int) -> None:
        """Speak to whoever asked for it over a socket.

        Args:
            descriptor: Of that socket.
        """
        self.engine = telling.Telling(descriptor)

    def _report(self) -> None:
        """Tell which installed modules were imported on the way; the next fork has them ready."""
        try:
            fresh, self.fresh = self.fresh, None
            if not self.engine.is_heard():
                return
            names = [
                name
                for name, module in (newest(self.zygote.loaded) if fresh is None else fresh)
                if _is_named(module, name) and self.zygote.is_installed(name)
            ]
            if not names and self.tells_pages and self._has_lacked_pages():
                names = pages.touched(self.before_kb)
            self.engine.say("\n".join(names))
        except Exception:  # noqa: BLE001, S110 - modules that a script makes may raise anything
            pass

    def _has_lacked_pages(self) -> bool:
        """Whether the next fork should have others ready than this one had.

        The first one had none. What it took from the system piece by piece, and gave back, stands
        side by side in the heap of the second, which thus tells better how much that is.
        """
        if not self.zygote.pages.ranges:
            return True
        return bool(pages.faults() - self.before_faults > _FEW_FAULTS)

    def tell_end(self) -> None:
        """Say that this process has done its work: CPU seconds and peak memory."""
        if self.engine.is_heard():
            self.engine.close_others()
            self.engine.say(f"\n{END} {time.process_time()} {pages.peak_kb()}\n")


def _is_success(code: object) -> bool:
    """Whether Python ends with 0. What is no integer it writes, and ends with 1: `0.0`, too."""
    return code is None or (isinstance(code, int) and int(code) == 0)


def newest(loaded: Container[str]) -> list[tuple[str, Any]]:
    """Modules that were imported after those that were loaded, in that order.

    To touch the others, even to look at their names, is to copy the pages that they stand on.
    """
    found = []
    for name in reversed(sys.modules):
        if name in loaded:
            break
        found.append((name, sys.modules[name]))
    return found[::-1]


def _is_named(module: object, name: str) -> bool:
    spec = getattr(module, "__spec__", None)
    return spec is not None and getattr(spec, "name", None) == name


def _hide_our_frames(error: BaseException) -> None:
    """Let an error that nobody catches be shown as if the script had been run by Python itself."""
    hook = sys.excepthook

    def shown(kind: type[BaseException], value: BaseException, frames: TracebackType | None) -> Any:
        sys.excepthook = hook
        while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_HERE):
            frames = frames.tb_next
        value.__traceback__ = frames
        return hook(kind, value, frames)

    del error
    sys.excepthook = shown
