"""Port `remote_files` by http(s): read only, with the standard library alone."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from branchline.core.values import without_secrets
from branchline.errors import StoreError
from branchline.ports.remote_files import RemoteFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPResponse

    from branchline.ports.remote_files import RemotePlace

_TIMEOUT_S = 60.0
_WAITS_S = (0.5, 2.0)
_CHUNK_BYTES = 1 << 20
_NOT_THERE = (404, 410)
_REFUSED = (401, 403, 407)
_ABSENT = frozenset({"url", "jobs", "verify", "type", "method", "auth", "user", "password"})


class HttpFiles(RemoteFiles):
    """Files below one http(s) address.

    Args:
        place: Where; a user and a password of its address or options are sent as `Basic`.
        waits_s: Seconds between the tries of what fails by chance.
    """

    def __init__(self, place: RemotePlace, *, waits_s: tuple[float, ...] = _WAITS_S) -> None:
        self._place, self._waits_s = place, waits_s
        address = urlsplit(place.url)
        host = address.netloc.rpartition("@")[2]
        self._base = urlunsplit((address.scheme, host, address.path.rstrip("/"), "", ""))
        user = place.options.get("user") or unquote(address.username or "")
        password = place.options.get("password") or unquote(address.password or "")
        self._headers = {}
        if user or password:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {pair}"

    @property
    def can_write(self) -> bool:
        """See the port."""
        return False

    def size(self, path: str) -> int | None:
        """See the port."""

        def read(answer: HTTPResponse) -> int:
            return int(answer.headers.get("Content-Length") or 0)

        return self._asked(path, "HEAD", read)

    def get(self, path: str, file: str) -> bool:
        """See the port."""

        def read(answer: HTTPResponse) -> int:
            expected, got = answer.headers.get("Content-Length"), 0
            with open(file, "wb") as target:
                while chunk := answer.read(_CHUNK_BYTES):
                    got += target.write(chunk)
            if expected is not None and got != int(expected):
                raise OSError(f"{got} of {expected} bytes came")
            return got

        return self._asked(path, "GET", read) is not None

    def put(self, file: str, path: str) -> None:  # noqa: ARG002 - nothing is written
        """See the port."""
        raise StoreError(
            f"{self._place.said} is only read: {path} cannot be written there",
            todo="Name a store that can be written: a folder, s3://, gs://, azure:// or ssh://.",
        )

    def _asked(self, path: str, method: str, read: Callable[[HTTPResponse], int]) -> int | None:
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import Request, urlopen

        others = sorted(set(self._place.options) - _ABSENT)
        if others:
            raise StoreError(
                f"{self._place.said}: option `{others[0]}` is not one that Branchline can honour",
                todo="Take it out of .dvc/config, or name another place with `store:`.",
            )
        url = f"{self._base}/{quote(path)}"
        asked = Request(url, method=method, headers=self._headers)  # noqa: S310 - http(s) alone
        for wait_s in (*self._waits_s, None):
            try:
                with urlopen(asked, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http(s) alone
                    return read(answer)
            except HTTPError as error:
                error.close()
                if error.code in _NOT_THERE:
                    return None
                if error.code in _REFUSED:
                    raise self._problem(
                        f"it answered {error.code}",
                        "Give `user` and `password` to the remote in .dvc/config.local.",
                    ) from error
                if wait_s is None or (error.code < 500 and error.code != 429):
                    raise self._problem(f"it answered {error.code}", "Try again later.") from error
            except (OSError, HTTPException) as error:
                if wait_s is None:
                    why = without_secrets(str(error))
                    raise self._problem(why, "Look whether the address is right.") from error
            time.sleep(wait_s or 0)
        return None

    def _problem(self, why: str, todo: str) -> StoreError:
        return StoreError(f"{self._place.said} cannot be read: {why}", todo=todo)
