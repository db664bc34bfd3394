"""Adapter `github`: requests to GitHub's REST API, as JSON.

Adds the token, waits and tries again as the server says, follows redirects of the same host only,
turns refusals into our errors. Knows no operation: those stand beside it.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from branchline.adapters.github.connection import Connection, Lost, Reply
from branchline.adapters.github.refusals import refusal
from branchline.adapters.github.waiting import Standing, standing_of, wait_s
from branchline.errors import ForgeError, ForgeMissingError, ForgeUnreachableError, UsageError
from branchline.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from branchline.core.values import JsonValue

__all__ = ["Client", "quoted"]

T = TypeVar("T")

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_MOST_TRIES = 8
_MOST_REDIRECTS = 3
_PAGE = 100
_MOST_PAGES = 1000


def quoted(*segments: str) -> str:
    """Segments of a path, each quoted, joined by `/`.

    >>> quoted("heads", "a/b?c")
    'heads/a%2Fb%3Fc'
    """
    return "/".join(quote(segment, safe="") for segment in segments)


class Client:
    """GitHub's REST API with one token. For one thread.

    Args:
        api: `https://api.github.com`, or `https://HOST/api/v3` of an enterprise server.
        token: Sent as a header to this host and nowhere else; "" for none.
        patience_s: Longest time to wait for one request in all, before it counts as unreachable.
        timeout_s: Longest time for the server to say anything.
        proxy: See `Connection`.
        sleep: Waits. now: The clock, seconds since 1970.

    Raises:
        UsageError: The address or the token cannot be used.
    """

    def __init__(
        self,
        *,
        api: str,
        token: str,
        patience_s: float = 300.0,
        timeout_s: float = 30.0,
        proxy: str = "",
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        parts = urlsplit(api)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise UsageError(
                f"the address of GitHub's API is {_shown(api)!r}, must start with https://",
                todo="Give https://api.github.com, or https://HOST/api/v3 of an enterprise server.",
            )
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise UsageError(
                f"the address of GitHub's API is {_shown(api)!r}, must be https://HOST[/PATH]",
                todo="Give https://api.github.com, or https://HOST/api/v3 of an enterprise server.",
            )
        if not re.fullmatch(r"[!-~]*", token):
            raise UsageError(  # Never shown: not even in part.
                "the token for GitHub holds a space, a line break or a letter outside ASCII",
                todo="Set the variable to the token alone, without quotes around it.",
            )
        self.api = api.rstrip("/")
        self._prefix, self._token = parts.path.rstrip("/"), token
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._connection = Connection(self._origin, timeout_s=timeout_s, proxy=proxy)
        self._patience_s, self._sleep, self._now = patience_s, sleep, now

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def get(self, path: str, **query: str) -> object:
        """What GET answers.

        Args:
            path: From the API's root, quoted.
            **query: Not quoted.
        """
        return self.call("GET", path, query=query)[1]

    def find(self, path: str, **query: str) -> object | None:
        """What GET answers; None where there is nothing (404)."""
        status, body, _ = self._answered("GET", path, query, None, is_repeatable=True)
        if status == 404:
            return None
        return body

    def pages(self, path: str, *, key: str = "", **query: str) -> Iterator[object]:
        """The items of a list, over all its pages.

        Args:
            path: From the API's root, quoted.
            key: Where the list stands in an answer that is an object.
            **query: Not quoted.
        """
        for page in range(1, _MOST_PAGES + 1):
            asked = {**query, "per_page": str(_PAGE), "page": str(page)}
            _, body, headers = self.call("GET", path, query=asked)
            items = body.get(key) if key and isinstance(body, dict) else body
            yield from items if isinstance(items, list) else ()
            # The page's own address is not followed: it is the server's word.
            if 'rel="next"' not in headers.get("link", ""):
                return

    def found_pages(self, path: str, *, key: str = "", **query: str) -> list[object] | None:
        """The items of a list, over all its pages; None where there is nothing (404)."""
        try:
            return list(self.pages(path, key=key, **query))
        except ForgeMissingError:
            return None

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, JsonValue],
        *,
        is_repeatable: bool | None = None,
    ) -> object:
        """What a writing request answers.

        Args:
            method: POST, PUT, PATCH or DELETE.
            path: From the API's root, quoted.
            body: JSON.
            is_repeatable: Whether carrying it out twice is carrying it out once; None: all but
                POST are.

        Raises:
            ForgeUnreachableError: No answer; a request that is not repeatable may have been done.
        """
        return self.call(method, path, body=body, is_repeatable=is_repeatable)[1]

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, JsonValue] | None = None,
        is_repeatable: bool | None = None,
    ) -> tuple[int, object, Mapping[str, str]]:
        """Status, JSON and headers (names in lower case) of an answer below 400.

        Raises:
            ForgeError: GitHub refused.
        """
        repeats = method != "POST" if is_repeatable is None else is_repeatable
        answer = self._answered(method, path, query or {}, body, is_repeatable=repeats)
        if answer[0] >= 400:
            raise refusal(method, path, answer[0], answer[2], self._clean(answer[1]))
        return answer

    def graphql(self, body: Mapping[str, JsonValue]) -> object:
        """What GraphQL answers, for the few things that REST cannot do."""
        # https://api.github.com/graphql, and https://HOST/api/graphql beside .../api/v3.
        prefix = self._prefix.removesuffix("/v3")
        answer = self._answered("POST", "/graphql", {}, body, is_repeatable=True, prefix=prefix)
        if answer[0] >= 400:
            raise refusal("POST", "/graphql", answer[0], answer[2], self._clean(answer[1]))
        return answer[1]

    def ensured(self, find: Callable[[], T | None], make: Callable[[], T | None]) -> tuple[T, bool]:
        """What `find` finds, or else what `make` makes; after a lost answer it looks again.

        Args:
            find: Looks; None where there is nothing.
            make: Makes; None where somebody else made it meanwhile.

        Returns:
            It, and whether it was made by this call.
        """
        lost: ForgeUnreachableError | None = None
        for attempt in range(_MOST_TRIES):
            found = find()
            if found is not None:
                return found, lost is not None
            try:
                made = make()
            except ForgeUnreachableError as error:
                lost = error
            else:
                if made is not None:
                    return made, True
            self._sleep(wait_s(Lost(was_sent=True, reason=""), attempt=attempt, now=self._now()))
        raise lost or ForgeUnreachableError("GitHub says that it is there, and does not show it")

    def _answered(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, JsonValue] | None,
        *,
        is_repeatable: bool,
        prefix: str | None = None,
    ) -> tuple[int, object, Mapping[str, str]]:
        """Send, wait and send again until there is an answer."""
        before = self._prefix if prefix is None else prefix
        target = f"{before}{path}" + (f"?{urlencode(query)}" if query else "")
        content = None if body is None else json.dumps(body).encode("ascii")
        waited_s = 0.0
        for attempt in range(_MOST_TRIES):
            got = self._followed(method, target, content)
            standing = standing_of(got)
            if isinstance(got, Reply) and standing is Standing.ANSWERED:
                return got.status, self._json(got, method, path), got.headers
            if standing is Standing.UNSURE and not is_repeatable:
                break
            pause_s = wait_s(got, attempt=attempt, now=self._now())
            if waited_s + pause_s > self._patience_s or attempt == _MOST_TRIES - 1:
                break
            self._sleep(pause_s)
            waited_s += pause_s
        raise self._given_up(got, method, path)

    def _followed(self, method: str, target: str, content: bytes | None) -> Reply | Lost:
        """Send; go along with redirects of this host, as for a repository that was renamed."""
        for _ in range(_MOST_REDIRECTS + 1):
            got = self._connection.send(method, target, self._headers(content), content)
            if isinstance(got, Lost) or got.status not in (301, 302, 307, 308):
                return got
            if got.status in (301, 302) and method != "GET":
                break
            where = urlsplit(got.headers.get("location", ""))
            if where.netloc and f"{where.scheme}://{where.netloc}" != self._origin:
                raise ForgeError(
                    f"GitHub's API at {self._origin} sends {method} on to"
                    f" {_shown(where.netloc)!r}, another host",
                    todo="The token is not sent there. Give the address of the API itself.",
                )
            target = where.path + (f"?{where.query}" if where.query else "")
        raise ForgeError(
            f"GitHub's API at {self._origin} redirects {method} without an end",
            todo="If the repository was renamed, give its new name.",
        )

    def _headers(self, content: bytes | None) -> dict[str, str]:
        headers = {
            "Accept": "application/vnd.github+json",
            "User-Agent": f"branchline/{__version__}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if content is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _json(self, reply: Reply, method: str, path: str) -> object:
        if not reply.body:
            return None
        try:
            return json.loads(reply.body)
        except (ValueError, RecursionError) as error:
            if reply.status >= 400:
                return None
            raise ForgeError(
                f"{self._origin} answered {method} {path} with something that is no JSON",
                todo="Check the address: an enterprise server's API is https://HOST/api/v3.",
            ) from error

    def _clean(self, body: object) -> object:
        """A refusal without the token, should the server say it back."""
        if not self._token or not isinstance(body, dict):
            return body
        return json.loads(json.dumps(body).replace(self._token, "***"))

    def _given_up(self, got: Reply | Lost, method: str, path: str) -> ForgeUnreachableError:
        asked = f"{method} {path}"
        if isinstance(got, Lost):
            return ForgeUnreachableError(
                f"{self._origin} does not answer {asked}: {got.reason}",
                todo="Check the network and the address; then run the same command again.",
            )
        if standing_of(got) is Standing.NOT_DONE:
            pause_s = wait_s(got, attempt=0, now=self._now())
            return ForgeUnreachableError(
                f"GitHub limits how often this token may ask, and refuses {asked} for"
                f" {pause_s:.0f} s more",
                todo="Run the same command again after that; nothing is done twice.",
            )
        return ForgeUnreachableError(
            f"GitHub answered {got.status} to {asked}, again and again",
            todo="Run the same command again later (githubstatus.com); nothing is done twice.",
        )


def _shown(value: str) -> str:
    """An address without what may be a secret in it, of a length that can be read."""
    return re.sub(r"//[^/@]*@", "//***@", value)[:200]
