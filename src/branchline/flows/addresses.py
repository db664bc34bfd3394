"""Flow of remotes: where a box is, from what a person typed or git has as a URL."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from branchline.errors import UsageError
from branchline.ports.far import Address

if TYPE_CHECKING:
    from branchline.ports.remotes import Remote

_HOST = re.compile(r"(?:[A-Za-z0-9._+-]+@)?(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def address_of(where: str, *, python: str = "", name: str = "") -> Address:
    """Where a path, `USER@HOST:PATH` or `ssh://` URL leads.

    Args:
        where: As typed; a path of this machine is made absolute.
        python: Interpreter on the other side.
        name: The remote's name.

    Raises:
        UsageError: A box cannot be made or reached there.
    """
    if any(ord(char) < 32 or ord(char) == 127 for char in where) or not where:
        raise UsageError(
            f"{where!a} cannot be the place of a box", todo="Give a path or USER@HOST:PATH."
        )
    if where.startswith("ssh://"):
        return _of_url(where, python=python, name=name)
    if where.startswith("file://"):
        where = unquote(urlsplit(where).path)
    elif "://" in where:
        raise UsageError(
            f"a box cannot be made at {where}",
            todo="Give a path or USER@HOST:PATH; a box made there can be served over HTTP as well.",
        )
    head, colon, path = where.partition(":")
    if colon and "/" not in head:
        return _far(head, "", path, python=python, name=name, where=where)
    return Address(path=os.path.abspath(os.path.expanduser(where)), python=python, name=name)


def url_of(where: str, address: Address) -> str:
    """What git gets as the URL of the remote."""
    return where if address.host else address.path


def address_of_remote(remote: Remote) -> Address:
    """Where a remote that was added as a box leads."""
    return address_of(remote.url, python=remote.python or "python3", name=remote.name)


def check_name(name: str) -> None:
    """See that a name can be one of a git remote.

    Raises:
        UsageError: It cannot.
    """
    if not _NAME.fullmatch(name) or ".." in name or name.endswith((".", ".lock")):
        raise UsageError(
            f"{name!a} cannot be the name of a remote",
            todo="Take letters, digits, `.`, `_` and `-`: branchline remote add box PATH",
        )


def _of_url(url: str, *, python: str, name: str) -> Address:
    parts = urlsplit(url)
    host, _, port = parts.netloc.rpartition("@")[2].partition(":")
    user = f"{parts.username}@" if parts.username else ""
    if port and not port.isdigit():
        raise UsageError(f"{url}: port {port!a} is no number", todo="Write ssh://HOST:22/PATH.")
    path = unquote(parts.path)
    if path.startswith("/~"):
        path = path[1:]
    return _far(f"{user}{host}", port, path, python=python, name=name, where=url)


def _far(host: str, port: str, path: str, *, python: str, name: str, where: str) -> Address:
    if not _HOST.fullmatch(host) or host.startswith("-") or not path or path.startswith("-"):
        raise UsageError(
            f"{where!a} names no path on another machine", todo="Write USER@HOST:PATH."
        )
    return Address(path=path, host=host, port=port, python=python or "python3", name=name)
