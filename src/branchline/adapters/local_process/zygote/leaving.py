"""How a fork that did its work ends: as Python ends, in a fraction of the time.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path. Taking all modules
apart, as Python does, writes to every page that a fork shares with its zygote: 130 ms for those of
scikit-learn. What a script can notice is done: threads are waited for, `atexit` runs, its own
objects are finalised, buffers of Python and of C are written. Where more would be noticed, Python
ends by itself.
"""

from __future__ import annotations

import gc
import io
import os
import sys
import weakref

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

# As they are now: a script may replace those that everybody finds.
_exit_now, _listdir, _open = os._exit, os.listdir, open
_NOTHING_AT_EXIT = frozenset(
    {
        "numpy", "scipy", "sklearn", "scikit_learn", "pandas", "yaml", "joblib", "threadpoolctl",
        "PIL", "pillow", "matplotlib", "kiwisolver", "contourpy", "markupsafe",
        "charset_normalizer", "psutil",
    }
)  # fmt: skip
"""Compiled packages of which it is known that C need not take them apart (20 to 40 ms)."""

_MAIN = ("__main__", "__mp_main__")
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


def leave(fresh: Sequence[str], *, is_quick: bool, tell: Callable[[], None]) -> None:
    """End this process with exit code 0; returns where Python itself has to.

    Args:
        fresh: Names of the modules that came with the script; all others stay whole.
        is_quick: Whether the compiled packages that were there before have nothing to do.
        tell: Says that all is done but to give the memory back, which takes the kernel 5 to 10 ms.
            Not called while something else may be at work: other threads, child processes.
    """
    names = [*_MAIN, *(name for name in fresh if name not in _MAIN)]
    is_quick = is_quick and not any(_is_compiled(sys.modules.get(name)) for name in names)
    for file in (sys.stderr, sys.stdout):  # in this order, and again below
        _is_flushed(file)
    _quietly(getattr(sys.modules.get("threading"), "_shutdown", None))
    import atexit

    _quietly(getattr(atexit, "_run_exitfuncs"))  # noqa: B009 - what Python itself calls
    # What cannot be written is said, and exit code 120. A thread that goes on must not see names
    # go: Python stops it before.
    if _thread_count() or not flush_standard_files():
        return
    _take_apart(names)
    for left in gc.get_objects():
        if isinstance(left, _BUFFERED):
            _quietly(getattr(left, "flush", None))
    if flush_standard_files():
        _exit(is_quick=is_quick, tell=tell)


def flush_standard_files() -> bool:
    """Write what was printed; whether that could be done."""
    is_out_written, is_err_written = map(_is_flushed, (sys.stdout, sys.stderr))
    return is_out_written and is_err_written


def _is_flushed(file: Any) -> bool:
    try:
        if file is not None and not getattr(file, "closed", False):
            file.flush()
    except BaseException:  # noqa: BLE001 - whatever a script prints to
        return False
    return True


class _Held:
    """Lives as long as the names of a module, among which it is."""

    __slots__ = ("__weakref__", "names")

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        names["__branchline_held__"] = self


def _take_apart(names: Sequence[str]) -> None:
    """Let go of modules, in Python's order.

    Each as a whole, so that its names are there while its objects are finalised; then, of those
    that others hold, name by name.
    """
    _forget_handlers()
    # What survives this comes in the order in which it is reached: a text before the file below it,
    # which else were closed before the text is written.
    gc.collect(0)
    held = []
    for name in names:
        module: Any = sys.modules.pop(name, None)
        if isinstance(module, type(sys)):
            held.append(weakref.ref(_Held(module.__dict__)))
    module = None
    _collect()
    left = [found for found in (one() for one in reversed(held)) if found is not None]
    for one in left:
        _clear(one.names)
    if left:
        _collect()


def _forget_handlers() -> None:
    """Let go of what a script has set to be called at a signal, as Python does before."""
    signals: Any = sys.modules["_signal"]
    for number in range(1, signals.NSIG):
        handler = signals.getsignal(number)
        if callable(handler) and handler is not signals.default_int_handler:
            signals.signal(number, signals.SIG_DFL)


def _clear(names: dict[str, Any]) -> None:
    """Let go of what a module holds, in Python's order: private names first."""
    private = [name for name in names if name[:1] == "_" and name[:2] != "__"]
    for name in (*private, *(n for n in list(names) if n[:1] != "_" and n != "__builtins__")):
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
    return path.endswith(".so") and "/lib-dynload/" not in path


def _thread_count() -> int:
    """Threads of Python's that go on beside this one, also those that `threading` does not know."""
    return int(getattr(sys.modules["_thread"], "_count")())  # noqa: B009 - what Python has for it


def _is_alone() -> bool:
    """Whether this process has no children, and no thread of Python's but this one."""
    if _thread_count():
        return False
    try:
        return not any(map(_children, _listdir("/proc/self/task")))
    except OSError:
        return False


def _children(thread: str) -> str:
    with _open(f"/proc/self/task/{thread}/children") as file:
        return file.read().strip()


def _exit(*, is_quick: bool, tell: Callable[[], None]) -> None:
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
    _exit_now(0)
