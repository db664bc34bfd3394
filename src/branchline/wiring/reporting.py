"""Picks the adapters of a box that tells the forge which it follows what it knows."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from branchline.wiring.boxes import open_box
from branchline.wiring.forges import open_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.adapters.github import Address
    from branchline.flows.reporting_back import Reporter
    from branchline.wiring.hooks import Following

_TOKENS = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_PATIENCE_S = 60.0


def address_there(following: Following) -> Address:
    """Where the forge's API is, with the token.

    Raises:
        UsageError: The host of the repository is not known to be a GitHub.
    """
    from branchline.adapters.github import address_of

    known = {name: value for name, value in os.environ.items() if name not in _TOKENS}
    tokens = {"GH_TOKEN": following.token, "GH_ENTERPRISE_TOKEN": following.token}
    return address_of(
        {**known, **tokens}, remote_url=following.url, repository=following.repository
    )


@contextmanager
def open_reporter(where: str, following: Following) -> Iterator[Reporter]:
    """Open what tells the forge of one box, and close it.

    Args:
        where: Path of the box.
        following: What it follows, with a token.

    Raises:
        UsageError: The address or the token cannot be used.
        BoxError: There is no box.
    """
    from time import time

    from branchline.adapters.git import Git
    from branchline.adapters.git.ci_remote import GitCiRemote, with_token
    from branchline.adapters.git.plumbing import find_places
    from branchline.flows.reporting_back import Reporter

    address = address_there(following)
    parts = urlsplit(following.url)
    server = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    with open_box(where) as box, open_address(address, patience_s=_PATIENCE_S) as side:
        git = Git(find_places(box.path), with_token(os.environ, server, following.token))
        yield Reporter(
            box,
            side.forge,
            GitCiRemote(git, remote=following.url),
            repository=following.repository,
            now=time,
        )
