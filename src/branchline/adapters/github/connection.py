"""Adapter `github`: one kept connection to one host, over the standard library.

Sends one request and reads one reply. Redirects, retries and the token are `client`'s.
"""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Connection", "Lost", "Reply"]

_LARGEST_REPLY = 64 * 1024 * 1024
# GitHub drops connections that were idle for about a minute; a request on a dropped one is lost.
_IDLE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. `headers` have names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """No reply.

    Attributes:
        was_sent: Whether the other side may have got the request, and done it.
        reason: Words of the system.
    """

    was_sent: bool
    reason: str


class Connection:
    """A connection that is opened when it is needed and kept between requests.

    Args:
        origin: `https://host[:port]`; http only where the caller allowed it.
        timeout_s: Longest wait for the other side to say anything, > 0.
        proxy: `http://[user:password@]host:port` through which to go; "" for none.
    """

    def __init__(self, origin: str, *, timeout_s: float = 30.0, proxy: str = "") -> None:
        self._origin, self._proxy = urlsplit(origin), urlsplit(proxy) if proxy else None
        self._timeout_s = timeout_s
        self._open: http.client.HTTPConnection | None = None
        self._used_at = 0.0

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply | Lost:
        """Send a request and read its reply whole.

        Args:
            method: In capitals.
            target: Path and query, quoted.
            headers: Names and values.
            body: None for no body.
        """
        if self._open is not None and time.monotonic() - self._used_at > _IDLE_S:
            self.close()
        was_sent = False
        try:
            if self._open is None:
                made = self._made()
                made.connect()
                self._open = made
            was_sent = True
            self._open.request(method, target, body=body, headers=dict(headers))
            with self._open.getresponse() as response:
                content = response.read(_LARGEST_REPLY + 1)
                names = {name.lower(): value for name, value in response.getheaders()}
                reply = Reply(status=response.status, headers=names, body=content)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Lost(was_sent=was_sent, reason=str(error) or type(error).__name__)
        if len(content) > _LARGEST_REPLY:
            self.close()
            return Lost(was_sent=True, reason=f"the reply is longer than {_LARGEST_REPLY} bytes")
        self._used_at = time.monotonic()
        return reply

    def close(self) -> None:
        """Close it; the next request opens it again."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _made(self) -> http.client.HTTPConnection:
        host, is_tls = self._origin.hostname or "", self._origin.scheme == "https"
        port = self._origin.port or (443 if is_tls else 80)
        through = self._proxy
        at = (host, port) if through is None else (through.hostname or "", through.port or 3128)
        made: http.client.HTTPConnection
        if is_tls:
            import ssl

            # Checks names and certificates; SSL_CERT_FILE names an authority of one's own.
            context = ssl.create_default_context()
            made = http.client.HTTPSConnection(*at, timeout=self._timeout_s, context=context)
        else:
            made = http.client.HTTPConnection(*at, timeout=self._timeout_s)
        if through is not None:
            made.set_tunnel(host, port, headers=_proxy_headers(through.username, through.password))
        return made


def _proxy_headers(user: str | None, password: str | None) -> dict[str, str]:
    if not user:
        return {}
    import base64

    plain = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(plain).decode('ascii')}"}
