"""What an actor runs on a node of a Ray cluster: the same process as on one machine.

Knows nothing of Ray. Its methods are called side by side, from threads of their own.
"""

from __future__ import annotations

import os
import queue
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.adapters.trial_workers.process import WorkerProcess
from branchline.errors import StageFailedError
from branchline.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.adapters.trial_workers.crew import Message
    from branchline.adapters.trial_workers.process import WorkerSpec
    from branchline.core.values import JsonValue

_POLL_S = 5.0
_TAIL_BYTES = 1 << 16


class RayHost:
    """Runs the process of a spec, and keeps what it says until it is asked for.

    Args:
        spec: How it is started; this node's own Python takes the place of the program.
    """

    def __init__(self, spec: WorkerSpec) -> None:
        own = replace(spec, command=(sys.executable, *spec.command[1:]))
        self._process = WorkerProcess(own)
        self._said: queue.Queue[Message] = queue.Queue()
        self._lock = threading.Lock()
        self._reader: threading.Thread | None = None
        self._is_busy = False
        self._is_over = False

    def hello(self, marker: str) -> dict[str, str]:
        """What this node is, and what it sees.

        Args:
            marker: Absolute path of a file that the search wrote.

        Returns:
            `node`, `version` of Branchline, `python` and `marker`: the text of that file, or "".
        """
        text = ""
        with suppress(OSError), open(marker, encoding="ascii", errors="replace") as file:
            text = file.read(4096)
        return {
            "node": socket.gethostname(),
            "version": __version__,
            "python": sys.executable,
            "marker": text,
        }

    def tell(self, message: Mapping[str, JsonValue]) -> None:
        """Give the process a trial; one that is not there is started.

        Args:
            message: As in `ports.trial_messages`.
        """
        with self._lock:
            if self._is_over:
                self._said.put({"gone": "the end of the search"})
                return
            try:
                self._process.tell(message)
            except (OSError, StageFailedError) as error:
                self._said.put({"gone": str(error)})
                return
            self._is_busy = True
            if self._reader is None:
                self._reader = threading.Thread(target=self._listen, daemon=True)
                self._reader.start()

    def heard(self) -> list[Message]:
        """What was said since the last call; blocks for some seconds while there is nothing."""
        try:
            said = [self._said.get(timeout=_POLL_S)]
        except queue.Empty:
            return []
        while not self._said.empty():
            said.append(self._said.get())
        return said

    def end(self) -> None:
        """Let the process end what it is at; waits until it is gone."""
        with self._lock:
            self._is_over = True
            reader = self._reader
            self._process.end()
        if reader is not None:
            reader.join()

    def _listen(self) -> None:
        """Keep what the process says, up to its end; its successor has another thread."""
        while (messages := self._process.read()) is not None:
            for message in messages:
                if "show" in message:
                    message["show"]["text"] = _tail(str(message["show"]["path"]))
                if "done" in message:
                    self._is_busy = False
                self._said.put(message)
        # A trial that is handed out meanwhile waits, and then finds a process that is not there.
        with self._lock:
            how = self._process.bury()
            self._reader = None
            if self._is_busy:
                self._is_busy = False
                self._said.put({"gone": how})


def _tail(path: str) -> str:
    """The end of a log that stands on this node."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            return file.read().decode(errors="replace")
    except OSError as error:
        return f"its log cannot be read: {error.strerror}\n"
