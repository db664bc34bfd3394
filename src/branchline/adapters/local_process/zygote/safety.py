"""Whether a Python that has imported modules can be forked, and what a fork would share.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path. Linux: it reads
/proc. Whatever it does not understand counts as not safe.
"""

from __future__ import annotations

import os
import sys
import warnings

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

KNOWN = frozenset(
    {
        "jax", "jaxlib", "tensorflow", "polars", "grpc", "pyspark", "ray", "cupy", "paddle",
        "mxnet", "cudf", "numba.cuda", "torch_xla", "h2o", "jpype",
    }
)  # fmt: skip
"""Modules that start threads or take devices, or say themselves that they do not survive a fork."""
_HARMLESS = ("/dev/null", "/dev/urandom", "/dev/random")


class Unsaid:
    """Warnings are not shown while this lasts, but kept in `said`.

    After `warnings.catch_warnings` Python would say once more what it has said before.
    """

    def __enter__(self) -> list[object]:
        self.before = warnings.showwarning, sys.unraisablehook
        said: list[object] = []
        self._show(lambda *told, **_: said.append(told), said.append)
        return said

    def __exit__(self, *_: object) -> None:
        self._show(*self.before)

    def _show(self, warning: Any, unraisable: Any) -> None:
        setattr(warnings, "showwarning", warning)  # noqa: B010 - to mypy it is no variable
        sys.unraisablehook = unraisable


def known_in(names: Iterable[str]) -> str:
    """A module, of these, that is known not to survive a fork; "" when there is none."""
    for name in names:
        if name in KNOWN or name.partition(".")[0] in KNOWN:
            return name if name in KNOWN else name.partition(".")[0]
    return ""


def task_count() -> int:
    """Threads of this process, those of compiled libraries included."""
    return len(os.listdir("/proc/self/task"))


def lasting_threads() -> int:
    """Threads that are still there after a fork.

    The pools that OpenBLAS starts when it is loaded end before a fork and come again when they
    are needed; asking them to is the only way to tell them from others.
    """
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        return int(threading.active_count()) - 1
    if task_count() == 1:
        return 0
    with Unsaid():
        pid = os.fork()
        if not pid:
            os._exit(0)
    os.waitpid(pid, 0)
    return task_count() - 1


def open_files() -> dict[int, str]:
    """Descriptors of this process, with what they lead to."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink("/proc/self/fd/" + name)
        except OSError:
            continue  # that of the list itself
    return found


def why_not(before: Mapping[int, str]) -> str:
    """Why this process cannot be forked: half a sentence whose subject is a module; else "".

    Args:
        before: What was open before anything was imported.
    """
    opened = [path for number, path in open_files().items() if before.get(number) != path]
    opened = [path for path in opened if path not in _HARMLESS]
    if opened:
        return f"leaves {opened[0]} open when it is imported"
    if _cuda_is_initialized():
        return "initialises CUDA when it is imported"
    if _children():
        return "starts processes when it is imported"
    if _has_shared_memory():
        return "shares memory when it is imported"
    if sys.gettrace() is not None or sys.getprofile() is not None:
        return "traces Python when it is imported"
    return ""


def _children() -> bool:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return bool(file.read().strip())


def _has_shared_memory() -> bool:
    with open("/proc/self/maps") as file:
        return any(line.split(None, 2)[1][1::2] == "ws" for line in file)


def _cuda_is_initialized() -> bool:
    cuda = sys.modules.get("torch.cuda")
    return cuda is not None and bool(cuda.is_initialized())
