"""The door for webhooks: one address, before the guard of the pages, whose key is the signature.

ASGI by hand: the body must be hashed as it came, and most of what knocks here is refused.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.flows.hooked import Received, Reception
    from branchline.server.guard import App, Receive, Scope, Send

PATH = "/hooks/github"
MOST_BYTES = 25 * 1024 * 1024
"""GitHub sends no larger one."""
PATIENCE_S = 20.0
_AT_ONCE = 8


class Door:
    """ASGI layer that answers webhooks, and passes on everything else.

    Args:
        app: The pages, with their guard.
        reception: Takes messages.
        taken: Called when there is something to do.
        most_bytes: Longest body.
        patience_s: So long a body may take to come.
    """

    def __init__(
        self,
        app: App,
        reception: Reception,
        taken: Callable[[], object],
        *,
        most_bytes: int = MOST_BYTES,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._app, self._reception, self._taken = app, reception, taken
        self._most_bytes, self._patience_s = most_bytes, patience_s
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        if scope["method"] != "POST":
            await _answer(send, 405, "Webhooks are sent here, by POST")
            return
        if self._open >= _AT_ONCE:
            await _answer(send, 503, "Too many at once; send it again")
            return
        self._open += 1
        try:
            status, sentence = await self._answer_to(scope, receive)
        finally:
            self._open -= 1
        await _answer(send, status, sentence)

    async def _answer_to(self, scope: Scope, receive: Receive) -> tuple[int, str]:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        if "x-hub-signature-256" not in headers:
            return 401, "The header X-Hub-Signature-256 is missing: give the webhook a secret"
        said = headers.get("content-length", "")
        if said.isascii() and said.isdigit() and int(said[:20]) > self._most_bytes:
            return 413, f"At most {self._most_bytes} bytes are taken"
        try:
            body = await asyncio.wait_for(self._body(receive), self._patience_s)
        except TimeoutError:
            return 408, "The body did not come in time"
        if body is None:
            return 413, f"At most {self._most_bytes} bytes are taken"
        try:
            received: Received = await asyncio.to_thread(self._reception.receive, headers, body)
        except Exception as error:  # noqa: BLE001 - the forge tries again, nobody sees a traceback
            sys.stderr.write(f"branchline serve: webhook: {type(error).__name__}: {error}\n")
            return 500, "It could not be kept; it is noted here"
        if received.status == 202:
            self._taken()
        return received.status, received.sentence

    async def _body(self, receive: Receive) -> bytes | None:
        """The whole body; None when it is too long."""
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return b""  # gone before it was through: no signature fits
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._most_bytes:
                return None
            if not message.get("more_body"):
                return b"".join(parts)


async def _answer(send: Send, status: int, sentence: str) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    if status == 405:
        headers.append((b"allow", b"POST"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{sentence}.\n".encode()})
