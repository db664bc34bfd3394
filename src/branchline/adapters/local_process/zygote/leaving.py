"""How a fork that did its work ends: as Python ends, in a fraction of the time.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path. Taking all modules
apart, as Python does, writes to every page that a fork shares with its zygote: 130 ms for those of
scikit-learn. What a script can notice is done: threads are waited for, `atexit` runs, its own
objects are finalised, buffers of Python and of C are written.
"""

from __future__ import annotations

import gc
import io
import os
import sys

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn


_NOTHING_AT_EXIT = frozenset(
    {
        "numpy", "scipy", "sklearn", "scikit_learn", "pandas", "yaml", "joblib", "threadpoolctl",
        "PIL", "pillow", "matplotlib", "kiwisolver", "contourpy", "markupsafe",
        "charset_normalizer", "psutil",
    }
)  # fmt: skip
"""Compiled packages of which it is known that C need not take them apart (20 to 40 ms)."""

_BUFFERED = (io.TextIOBase.__bases__[0], io.BufferedIOBase.__bases__[0])
"""What files with a buffer derive from, as Python's end knows them. Those of `io` itself are
abstract classes: asking ten thousand objects for them takes 0.5 ms."""


def has_nothing_at_exit() -> bool:
    """Whether all compiled packages of this process are such that their end may be cut short.

    Others may write files from the C side, as HDF5 does.
    """
    with open("/proc/self/maps") as file:
        paths = {line.rstrip("\n").partition("-packages/")[2] for line in file}
    tops = {path.split("/", 1)[0].split(".", 1)[0] for path in paths if path}
    return tops <= _NOTHING_AT_EXIT


def leave(fresh: Sequence[Any], *, is_quick: bool, tell: Callable[[], None]) -> NoReturn:
    """End this process with exit code 0.

    Args:
        fresh: Modules that came with the script; all others stay whole.
        is_quick: Whether the compiled packages that were there before have nothing to do.
        tell: Says that all is done but to give the memory back, which takes the kernel 5 to 10 ms.
            Not called while something else may be at work: other threads, child processes.
    """
    is_quick = is_quick and not any(map(_is_compiled, fresh))
    _quietly(getattr(sys.modules.get("threading"), "_shutdown", None))
    import atexit

    _quietly(getattr(atexit, "_run_exitfuncs"))  # noqa: B009 - what Python itself calls
    flush_standard_files()
    for module in (sys.modules["__main__"], *reversed(fresh)):
        _clear(getattr(module, "__dict__", {}))
    _collect()
    for left in gc.get_objects():
        if isinstance(left, _BUFFERED):
            _quietly(getattr(left, "flush", None))
    flush_standard_files()
    _exit(is_quick=is_quick, tell=tell)


def flush_standard_files() -> None:
    """Write what was printed."""
    for file in (sys.stdout, sys.stderr):
        _quietly(getattr(file, "flush", None))


def _clear(names: dict[str, Any]) -> None:
    """Let go of what a module holds, in Python's order: private names first."""
    private = [name for name in names if name[:1] == "_" and name[:2] != "__"]
    for name in (*private, *(name for name in list(names) if name[:1] != "_")):
        names[name] = None


def _collect() -> None:
    """Find what nobody reaches; with nothing in the oldest generation all of it is in the others.

    A whole collection also empties Python's lists of free objects, on pages that are shared.
    """
    has_three = sys.version_info < (3, 14)
    if has_three and not gc.get_objects(generation=2):
        gc.collect(1)
    else:
        gc.collect()


def _quietly(function: Any) -> None:
    try:
        if function is not None:
            function()
    except BaseException:  # noqa: BLE001, S110 - Python would go on, too
        pass


def _is_compiled(module: Any) -> bool:
    path = getattr(module, "__file__", None) or ""
    return path.endswith(".so") and "-packages/" in path


def _is_alone() -> bool:
    """Whether this process has no children, and no thread of Python's but this one."""
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        return False
    threads = sys.modules["_thread"]
    if getattr(threads, "_count")():  # noqa: B009 - those that `threading` does not know
        return False
    try:
        return not any(map(_children, os.listdir("/proc/self/task")))
    except OSError:
        return False


def _children(thread: str) -> str:
    with open(f"/proc/self/task/{thread}/children") as file:
        return file.read().strip()


def _exit(*, is_quick: bool, tell: Callable[[], None]) -> NoReturn:
    try:
        import ctypes

        # The GIL is kept: threads that go on must not run while C takes itself apart.
        system = ctypes.PyDLL(None)
        system.fflush(None)
        if not is_quick:
            system.exit(0)
        if _is_alone():
            tell()
    except (ImportError, OSError, AttributeError):
        pass
    os._exit(0)
