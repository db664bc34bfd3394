"""Serves the port `metric_functions`: starts `answering.py` in the project's Python."""

from __future__ import annotations

import os
import re
import selectors
import struct
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from branchline.errors import ConfigError
from branchline.ports.metric_functions import MetricFunctions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from branchline.ports.metric_functions import MetricFunction

_SPEC = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)")
_CALL = "<ccqq"
_ANSWER = struct.calcsize("<d") + 1
_TEXT_AT_MOST = 2000


class ProcessFunctions(MetricFunctions):
    """Functions in the project's Python: the first `python` on PATH, as its stages find it.

    Args:
        environ: Variables of the process.
        start_s: Most seconds until the function is imported.
        call_s: Most seconds of one call; all calls together may take `total_s`.
        total_s: See `call_s`.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        start_s: float = 120.0,
        call_s: float = 60.0,
        total_s: float = 900.0,
    ) -> None:
        self._environ = dict(environ)
        self._start_s = start_s
        self._call_s = call_s
        self._total_s = total_s

    @contextmanager
    def open(self, spec: str, *, root: str) -> Iterator[MetricFunction]:
        """See the port."""
        named = _SPEC.fullmatch(spec)
        if named is None:
            raise ConfigError(
                f"`computed_as` is {spec!r}, which names no function",
                todo="Write `module:function`, as seen from the root of the repository.",
            )
        process = self._started(named[1], named[2], root)
        talk = _Talk(process, time.monotonic() + self._total_s)
        try:
            said = talk.line(self._start_s)
            if said != "ready":
                raise ConfigError(
                    f"`computed_as: {spec}` cannot be used: {said or 'its process ended'}",
                    todo="It is imported by the `python` on PATH, from the root of the repository.",
                )

            def call(truth: NDArray[Any], predicted: NDArray[Any]) -> float:
                return talk.call(truth, predicted, self._call_s)

            yield call
        finally:
            _end(process)

    def _started(self, module: str, name: str, root: str) -> subprocess.Popen[bytes]:
        file = os.path.join(os.path.dirname(__file__), "answering.py")
        last: OSError | None = None
        for python in ("python", "python3"):
            try:
                return subprocess.Popen(
                    [python, file, module, name],
                    cwd=root,
                    env=self._environ,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError as error:
                last = error
        raise ConfigError(f"no Python on PATH can run {module}:{name}: {last}")


class _Talk:
    """Calls over the pipes of one process, each with a limit in time."""

    def __init__(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process has no pipes")
        self._out, self._in = process.stdin, process.stdout
        self._deadline = deadline
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._in, selectors.EVENT_READ)

    def line(self, limit_s: float) -> str:
        """What it says first; "" when it says nothing in time."""
        found = b""
        until = time.monotonic() + limit_s
        while not found.endswith(b"\n") and len(found) < 2 * _TEXT_AT_MOST:
            piece = self._some(1, until)
            if not piece:
                break
            found += piece
        return found.decode("utf-8", "replace").strip()

    def call(self, truth: NDArray[Any], predicted: NDArray[Any], limit_s: float) -> float:
        """The function of these.

        Raises:
            ValueError: It raised, ended, or took too long.
        """
        import numpy as np

        rows, columns = len(truth), predicted.shape[1] if predicted.ndim == 2 else 0
        kinds, sent = [], b""
        for array in (truth, predicted):
            is_whole = array.dtype.kind in "iub"
            kinds.append(b"i" if is_whole else b"f")
            sent += np.ascontiguousarray(array, dtype="<i8" if is_whole else "<f8").tobytes()
        try:
            self._out.write(struct.pack(_CALL, *kinds, rows, columns) + sent)
            self._out.flush()
        except OSError:
            raise ValueError("its process ended") from None
        until = time.monotonic() + limit_s
        answer = self._some(_ANSWER, until)
        if len(answer) < _ANSWER:
            raise ValueError("it gave no answer in time, or its process ended")
        (value,) = struct.unpack("<d", answer[1:])
        if answer[:1] == b"v":
            return float(value)
        size = min(_TEXT_AT_MOST, max(0, int(value)))
        raise ValueError(self._some(size, until).decode("utf-8", "replace"))

    def _some(self, size: int, until: float) -> bytes:
        """So many bytes, fewer when the pipe ends or time is over."""
        found = b""
        while len(found) < size:
            left = min(until, self._deadline) - time.monotonic()
            if left <= 0 or not self._ready.select(left):
                break
            piece = os.read(self._in.fileno(), size - len(found))
            if not piece:
                break
            found += piece
        return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes, and end what is left of its process group."""
    import signal

    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
