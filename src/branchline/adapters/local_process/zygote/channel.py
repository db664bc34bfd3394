"""What a zygote speaks over: to whoever started it, and to its spare.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path. Messages are JSON
after four bytes of length, with descriptors beside them.
"""

from __future__ import annotations

import array
import json
import os
import select
import signal
import socket

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Channel:
    """Messages over a socket.

    Args:
        connected: The socket.
    """

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.packet = b""
        """The last message that was received, as it came."""

    def is_asked(self, within_s: float) -> bool:
        """Whether something is said within a time, which this waits for; so is the end."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return bool(poll.poll(within_s * 1000))

    def receive(self) -> tuple[dict[str, Any], list[int]]:
        """The next message, and the descriptors that came with it; an empty one at the end."""
        descriptors = array.array("i")
        data, ancillary, _, _ = self.socket.recvmsg(4, socket.CMSG_SPACE(2 * descriptors.itemsize))
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(content)
        head = self._rest(data, 4)
        body = self._rest(b"", int.from_bytes(head, "big"))
        self.packet = head + body
        return (json.loads(body) if body else {}), list(descriptors)

    def _rest(self, data: bytes, size: int) -> bytes:
        while len(data) < size:
            chunk = self.socket.recv(min(1 << 16, size - len(data)))
            if not chunk:
                return b""
            data += chunk
        return data

    def send(self, **message: object) -> None:
        """Send a message."""
        data = json.dumps(message).encode()
        self.hand_on(len(data).to_bytes(4, "big") + data)

    def hand_on(self, packet: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send a message that is a packet already, and descriptors with it."""
        if descriptors:
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
            packet = packet[self.socket.sendmsg([packet], [rights]) :]
        if packet:  # nothing may be sent to one that has answered and closed its end
            self.socket.sendall(packet)


class Spare:
    """A fork that waits for what it is to run.

    Args:
        pid: Its number.
        channel: To it.
    """

    def __init__(self, pid: int, channel: Channel) -> None:
        self.pid, self.channel = pid, channel

    def take(self, request: bytes, descriptors: list[int]) -> bool:
        """Let it become the process of a request; False when it could not, and is gone.

        Args:
            request: The message, as it came.
            descriptors: What came with it.
        """
        try:
            self.channel.hand_on(request, descriptors)
            is_ready = bool(self.channel.socket.recv(1))
        except OSError:
            is_ready = False
        if not is_ready:
            self.drop()
        self.channel.socket.close()
        return is_ready

    def drop(self) -> None:
        """End it: nothing is asked of it."""
        self.channel.socket.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
