"""Adapter `local_process`: a fork that was made ahead, as the engine speaks with it."""

from __future__ import annotations

import socket
from typing import Any

from branchline.adapters.local_process.zygote.channel import Channel
from branchline.adapters.local_process.zygote.processors import allow, keep_off

ANSWER_S = 5.0
"""How long a zygote, and a fork of it, may take to answer."""


class Spare:
    """A fork that waits for what it is to run.

    Args:
        pid: Its number.
        descriptor: Of a socket to it.
    """

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.channel = Channel(socket.socket(fileno=descriptor))
        self.channel.socket.settimeout(ANSWER_S)

    def run(self, request: dict[str, Any], log: int) -> dict[str, Any]:
        """Let it run a task; its answer, empty where there is none in time.

        Args:
            request: What it becomes.
            log: Descriptor of its log.
        """
        allowed = None
        try:
            self.channel.send(request, log)
            # It begins on this processor, as the system takes us to be done, who will be back.
            allowed = keep_off(self.pid)
            answer, _ = self.channel.receive()
        except (OSError, ValueError):
            answer = {}
        finally:
            allow(allowed)
        self.channel.socket.settimeout(None)  # else it waits where it is told not to
        return answer
