"""A process that makes trials, as whoever started it sees it: lines in, lines out, an end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.errors import StageFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.adapters.trial_workers.crew import Message
    from branchline.core.values import JsonValue

_COMPLAINTS = "errors"
"""File in the folder of a process with what it wrote to its standard error."""
_TAIL_BYTES = 4096
_GRACE_S = 15.0
"""Longer than a trial has to end after SIGTERM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """One process to start.

    Attributes:
        command: Program and arguments.
        folder: Absolute folder of its own: where it starts, and where its complaints go.
        opening: First message: what it works on.
        environ: Variables, beside those of this process.
    """

    command: tuple[str, ...]
    folder: str
    opening: Mapping[str, JsonValue]
    environ: Mapping[str, str] = field(default_factory=dict)


class WorkerProcess:
    """The process of a spec; started with its first message, and again after its end.

    Args:
        spec: How it is started.
    """

    def __init__(self, spec: WorkerSpec) -> None:
        self._spec = spec
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""

    @property
    def output(self) -> int:
        """Descriptor that its messages are read from; -1 while there is no process."""
        process = self._process
        return -1 if process is None or process.stdout is None else process.stdout.fileno()

    def tell(self, message: Mapping[str, JsonValue]) -> None:
        """Give it a message; one that is gone is noticed when its output ends.

        Raises:
            StageFailedError: It cannot be started.
        """
        if self._process is None:
            self._process, self._buffer = self._started(), b""
            self._write({"open": dict(self._spec.opening)})
        self._write(message)

    def read(self) -> list[Message] | None:
        """Block until it says something; None at its end."""
        data = os.read(self.output, 1 << 16)
        if not data:
            return None
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def end(self) -> None:
        """Its input is over: it ends what it is at."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()

    def bury(self) -> str:
        """Wait for its end, and hasten it where it takes too long; returns how it ended."""
        process = self._process
        if process is None:
            return ""
        self.end()
        try:
            code = process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            # It leads a session; one that runs apart has its work in a child.
            os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        if process.stdout is not None:
            process.stdout.close()
        self._process = None
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def last_words(self) -> str:
        """The last line that it complained with; "" where there is none."""
        path = os.path.join(self._spec.folder, _COMPLAINTS)
        with suppress(OSError), open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - _TAIL_BYTES))
            lines = file.read().decode("utf-8", errors="replace").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""

    def _started(self) -> subprocess.Popen[bytes]:
        spec = self._spec
        os.makedirs(spec.folder, exist_ok=True)
        with open(os.path.join(spec.folder, _COMPLAINTS), "ab") as errors:
            try:
                return subprocess.Popen(
                    spec.command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    cwd=spec.folder,
                    env={**os.environ, **spec.environ},
                    # Ctrl-C is for this process, which tells the others.
                    start_new_session=True,
                )
            except OSError as error:
                raise StageFailedError(
                    f"{spec.command[0]} cannot be started: {error.strerror}"
                ) from error

    def _write(self, message: Mapping[str, JsonValue]) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(message).encode() + b"\n")
                process.stdin.flush()
