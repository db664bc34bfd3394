"""What a zygote and its forks speak over: to whoever started the zygote.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path. Messages are JSON
after four bytes of length, with descriptors beside them.
"""

from __future__ import annotations

import array
import json
import select
import socket

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from typing import Any


class Channel:
    """Messages over a socket.

    Args:
        connected: The socket.
    """

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected

    def is_asked(self, within_s: float) -> bool:
        """Whether something is said within a time, which this waits for; so is the end."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return bool(poll.poll(within_s * 1000))

    def receive(self) -> tuple[dict[str, Any], list[int]]:
        """The next message, and the descriptors that came with it; an empty one at the end."""
        descriptors = array.array("i")
        room = socket.CMSG_SPACE(descriptors.itemsize)
        data, ancillary, _, _ = self.socket.recvmsg(4, room, socket.MSG_CMSG_CLOEXEC)
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(content)
        head = self._rest(data, 4)
        body = self._rest(b"", int.from_bytes(head, "big"))
        return (json.loads(body) if body else {}), list(descriptors)

    def _rest(self, data: bytes, size: int) -> bytes:
        while len(data) < size:
            chunk = self.socket.recv(min(1 << 16, size - len(data)))
            if not chunk:
                return b""
            data += chunk
        return data

    def send(self, message: dict[str, Any], *descriptors: int) -> None:
        """Send a message, and descriptors with it."""
        data = json.dumps(message).encode()
        packet = len(data).to_bytes(4, "big") + data
        if descriptors:
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
            packet = packet[self.socket.sendmsg([packet], [rights]) :]
        if packet:
            self.socket.sendall(packet)
