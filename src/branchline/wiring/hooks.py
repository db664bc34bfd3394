"""Picks the adapters of a box that follows a repository on a forge by its webhooks."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from branchline.errors import UsageError
from branchline.wiring.boxes import branch_rules, open_box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from branchline.flows.hooked import Follower, Reception
    from branchline.ports.hooks import Deliveries

_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")
_LEAST_SECRET = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What a box follows.

    Attributes:
        url: What is fetched from, as git takes it.
        repository: `OWNER/NAME` on the forge.
        secret: Of the webhook. Never shown, and not in the representation.
        token: By which results are reported back, likewise; "" where they are not.
    """

    url: str
    repository: str
    secret: bytes
    token: str = ""

    def __repr__(self) -> str:
        """Without the secret, and without the address, which may hold a password."""
        return f"Following({self.repository})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The parts of a box that follows: what takes messages, where they wait, what handles them."""

    reception: Reception
    deliveries: Deliveries
    follower: Follower
    wake: Callable[[], object]


def following_of(
    url: str,
    *,
    repository: str,
    secret: str,
    secret_file: str,
    token: str = "",
    token_file: str = "",
) -> Following:
    """What a box follows, from what its owner wrote.

    Args:
        url: Of the repository.
        repository: `OWNER/NAME`; "" takes the end of the address.
        secret: `${env:NAME}`; "" where a file holds it.
        secret_file: Whose first line is the secret; "" where a variable holds it.
        token: `${env:NAME}` of the token by which results are reported; "" for none.
        token_file: Likewise, a file whose first line it is.

    Raises:
        UsageError: Something is missing, or cannot be used.
    """
    if url.startswith("-") or "::" in url or not url.isprintable():
        raise UsageError(
            "branchline serve: --upstream is no address that is fetched from",
            todo="Write what `git clone` takes, e.g. https://github.com/OWNER/NAME.git.",
        )
    name = repository or _name_of(url)
    if not _NAME.fullmatch(name):
        raise UsageError(
            "branchline serve: what repository --upstream is on the forge cannot be told from it",
            todo="Name it: --repository OWNER/NAME.",
        )
    if bool(secret) == bool(secret_file):
        raise UsageError(
            "branchline serve: --upstream needs the webhook's secret, once",
            todo="Write --webhook-secret '${env:NAME}', or --webhook-secret-file FILE.",
        )
    found = (
        _from_file(secret_file, "--webhook-secret")
        if secret_file
        else _from_variable(secret, "--webhook-secret")
    )
    if len(found) < _LEAST_SECRET:
        raise UsageError(
            f"the webhook's secret has {len(found)} characters",
            todo=f"Take at least {_LEAST_SECRET}, e.g. `openssl rand -hex 32`, on the forge too.",
        )
    return Following(
        url=url, repository=name, secret=found.encode(), token=_token_of(token, token_file)
    )


@contextmanager
def open_following(where: str, following: Following) -> Iterator[Followed]:
    """Open a box that follows a repository, and close what was opened.

    Args:
        where: Path of its bare repository.
        following: What it follows.

    Raises:
        BoxError: There is no box.
    """
    from time import time

    from branchline.adapters.box.deliveries import LocalDeliveries
    from branchline.adapters.git import Git
    from branchline.adapters.git.plumbing import find_places
    from branchline.adapters.git.upstream import GitUpstream
    from branchline.adapters.github_hooks import GithubHooks
    from branchline.flows.hooked import Follower, Reception
    from branchline.flows.intake import Taker
    from branchline.flows.pulls import Pulls

    with open_box(where) as box:
        deliveries = LocalDeliveries(os.path.join(box.box.state_dir, "deliveries"))
        taker = Taker.of(box, time)
        yield Followed(
            reception=Reception(
                GithubHooks(following.secret),
                deliveries,
                box.queue,
                repository=following.repository,
            ),
            deliveries=deliveries,
            follower=Follower(
                box,
                GitUpstream(Git(find_places(box.path)), following.url),
                taker,
                Pulls(box.forge, box.branches, taker, time, remote=box.settings.name),
                load=branch_rules,
                now=time,
            ),
            wake=box.box.wake,
        )


def _token_of(token: str, token_file: str) -> str:
    if token and token_file:
        raise UsageError(
            "branchline serve: --report-token and --report-token-file name two tokens",
            todo="Write one of them.",
        )
    if token_file:
        return _from_file(token_file, "--report-token")
    return _from_variable(token, "--report-token") if token else ""


def _name_of(url: str) -> str:
    """The last two parts of an address's path, without `.git`."""
    path = urlsplit(url).path if "://" in url else url.rpartition(":")[2]
    return "/".join(path.strip("/").removesuffix(".git").split("/")[-2:])


def _from_variable(written: str, option: str) -> str:
    found = re.fullmatch(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}", written)
    if found is None:
        raise UsageError(
            f"branchline serve: {option} is no reference to a variable",
            todo="A secret on a command line can be read by others. Put it into a variable, and"
            f" write {option} '${{env:NAME}}'.",
        )
    value = os.environ.get(found[1], "").strip()
    if not value:
        raise UsageError(
            f"branchline serve: the variable {found[1]} is not set",
            todo=f"Let it hold what {option} is to be.",
        )
    return value


def _from_file(path: str, option: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(
            f"branchline serve: {option}-file {path} cannot be read: {said}",
            todo=f"Name a file whose first line is what {option} is to be.",
        ) from None
