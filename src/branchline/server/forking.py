"""The worker's end of its nursery: starts it with the first job, asks it for a runner a job."""

from __future__ import annotations

import json
import socket
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.run.jobs import QueuedJob
    from branchline.flows.places import Places

ANSWER_S = 30.0
LARGEST_ANSWER_BYTES = 4096
_TRIES = 2


class Nursery:
    """The process that forks the runners of one box; started again when it died.

    Args:
        places: Of the box.
        python: Interpreter.
        python_path: Folder that holds `branchline`; "" where it is installed.
        environ: Its own environment: nothing that a job must not see.
    """

    def __init__(
        self, places: Places, *, python: str, python_path: str, environ: Mapping[str, str]
    ) -> None:
        self._words = [python, "-P", "-m", "branchline.server.nursery", places.box]
        self._folder = places.box
        self._environ = {**environ, **({"PYTHONPATH": python_path} if python_path else {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    def fork(self, job: QueuedJob, environ: Mapping[str, str]) -> int:
        """Start the runner of a job; its process.

        Raises:
            OSError: It cannot be started.
        """
        question = json.dumps({"job": job.job, "worker": job.worker}).encode()
        for _ in range(_TRIES):
            ours, theirs = socket.socketpair()
            with ours, theirs:
                answer = self._ask(question, theirs.fileno())
                theirs.close()
                if answer.isdigit():
                    with suppress(BrokenPipeError, ConnectionResetError):  # it died at once
                        ours.sendall(json.dumps(dict(environ)).encode())
                    return int(answer)
            if answer:
                raise OSError(answer)
        raise OSError("the process that starts runners does not answer")

    def _ask(self, question: bytes, file: int) -> str:
        """What it answers; "" when it died or is stuck, and then it is gone."""
        channel = self._channel_to_one_that_lives()
        with suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            socket.send_fds(channel, [question], [file])
            answer = channel.recv(LARGEST_ANSWER_BYTES).decode(errors="replace")
            if answer:
                return answer
        self.close()
        return ""

    def close(self) -> None:
        """End it; its runners go on."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _channel_to_one_that_lives(self) -> socket.socket:
        if self._channel is not None and self._process is not None and self._process.poll() is None:
            return self._channel
        self.close()
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(ANSWER_S)
        with theirs:
            self._process = subprocess.Popen(
                self._words, stdin=theirs.fileno(), env=self._environ, cwd=self._folder
            )
        return self._channel
