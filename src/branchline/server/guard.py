"""Who may talk to the pages: host names, the token, and what a browser may do with an answer.

Serves `server.app`, as the outermost layer. The pages themselves know nothing of it but the token
that each form carries.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("localhost", "127.0.0.1", "::1")
SESSION, VISIT = "branchline_session", "branchline_visit"
_SESSION_S = 7 * 24 * 3600
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


class Guard:
    """ASGI layer that lets through what is allowed.

    Args:
        app: The pages.
        token: What a visitor must know; None lets everybody in who reaches the port.
        hosts: Names by which we may be called; every other is refused (DNS rebinding). None takes
            any, which only a token makes safe.
        secret: Signs what browsers keep; a new one at each start when None.
    """

    def __init__(
        self,
        app: App,
        *,
        token: str | None,
        hosts: Collection[str] | None,
        secret: bytes | None = None,
    ) -> None:
        self._app, self._token = app, token
        self._hosts = None if hosts is None else {host.lower() for host in hosts}
        self._secret = secret or secrets.token_bytes(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        cookies = _cookies(headers.get("cookie", ""))
        visit = cookies.get(VISIT, "")
        new_visit = "" if visit else secrets.token_urlsafe(24)
        scope.setdefault("state", {})["form_token"] = self.form_token(visit or new_visit)
        scope["state"]["guard"] = self
        guarded = _Sender(send, new_visit)
        refusal = self._refusal(scope, headers, cookies)
        try:
            if refusal == 303:
                await _answer(guarded, 303, "", location="/login")
            elif refusal:
                await _answer(guarded, refusal, _WORDS[refusal])
            else:
                await self._app(scope, receive, guarded)
        except Exception as error:
            if os.environ.get("BRANCHLINE_DEBUG") == "1":
                raise
            place = f"{scope['method']} {scope['path']}"
            sys.stderr.write(f"branchline serve: {place}: {type(error).__name__}: {error}\n")
            if not guarded.has_begun:
                await _answer(guarded, 500, "Something went wrong here; it is noted.")

    def form_token(self, visit: str) -> str:
        """What a form must send back: bound to the browser's own cookie."""
        return self._signed("form", visit)

    def is_form_token(self, given: str, visit: str) -> bool:
        """Whether a form was made for this browser."""
        return bool(visit) and _is_same(given, self.form_token(visit))

    def is_token(self, given: str) -> bool:
        """Whether somebody knows the token."""
        return self._token is not None and _is_same(given, self._token)

    def session(self) -> str:
        """A new session, for a browser that showed the token."""
        ends = str(int(time.time()) + _SESSION_S)
        return f"{ends}.{self._signed('session', ends)}"

    def _is_session(self, given: str) -> bool:
        ends, _, signed = given.partition(".")
        if not _is_same(signed, self._signed("session", ends)):
            return False
        return ends.isascii() and ends.isdigit() and int(ends) > time.time()

    def _refusal(self, scope: Scope, headers: dict[str, str], cookies: dict[str, str]) -> int:
        """Status to refuse a request with; 0 lets it through, 303 sends it to the login."""
        if self._hosts is not None and _host_of(headers.get("host", "")) not in self._hosts:
            return 421
        origin = headers.get("origin")
        is_foreign = origin is not None and not _is_origin_of(origin, headers.get("host", ""))
        if is_foreign and scope["method"] not in ("GET", "HEAD"):
            return 403
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405
        if self._token is None or scope["path"].startswith(("/login", "/static/")):
            return 0
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return 0 if self.is_token(given.strip()) else 401
        if self._is_session(cookies.get(SESSION, "")):
            return 0
        wants_page = "text/html" in headers.get("accept", "") and scope["method"] == "GET"
        return 303 if wants_page else 401

    def _signed(self, kind: str, text: str) -> str:
        whole = f"{kind}\0{text}\0{self._token or ''}".encode()
        return hmac.new(self._secret, whole, hashlib.sha256).hexdigest()


_WORDS = {
    401: "A token is needed: `Authorization: Bearer TOKEN`, or open /login in a browser.",
    403: "This request came from another site.",
    405: "Only GET and POST are answered here.",
    421: "This name is not one of this server's. Start it with --host NAME to allow it.",
}


class _Sender:
    """Adds our headers to an answer."""

    def __init__(self, send: Send, new_visit: str) -> None:
        self._send, self._new_visit = send, new_visit
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = [*message.get("headers", []), *_HEADERS]
            if not any(name.lower() == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            if self._new_visit:
                cookie = f"{VISIT}={self._new_visit}; Path=/; HttpOnly; SameSite=Strict"
                headers.append((b"set-cookie", cookie.encode()))
            message = {**message, "headers": headers}
        await self._send(message)


async def _answer(send: Send, status: int, text: str, *, location: str = "") -> None:
    body = f"{text}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if location:
        headers.append((b"location", location.encode()))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _cookies(header: str) -> dict[str, str]:
    """Cookies by name; of two of one name the first: browsers send the nearest first."""
    found: dict[str, str] = {}
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        found.setdefault(name, value)
    return found


def _host_of(header: str) -> str:
    """The name in a Host header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def _is_origin_of(origin: str, host: str) -> bool:
    return urlsplit(origin).netloc.lower() == host.lower()


def _is_same(one: str, other: str) -> bool:
    """Whether two texts are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
