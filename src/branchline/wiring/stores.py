"""Picks what reaches the places where outputs are kept besides this machine. Imported late."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from branchline.adapters.dvc.remotes import Elsewhere
from branchline.core.values import without_secrets
from branchline.errors import ConfigError
from branchline.ports.remote_files import RemotePlace

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.adapters.dvc.settings import DvcSettings
    from branchline.core.policy import Policy
    from branchline.ports.remote_files import RemoteFiles


def elsewhere(settings: DvcSettings, root: str, policy: Callable[[], Policy]) -> Elsewhere:
    """What `store:` and DVC's default remote name.

    Args:
        settings: DVC's.
        root: Absolute root of the working tree.
        policy: Read when it is asked for; one that cannot be used names no store.

    Raises:
        ConfigError: `store:` holds a password.
    """
    try:
        rules = policy()
    except ConfigError:
        url, options = "", {}
    else:
        url, options = rules.store or "", dict(rules.store_options)
    folder = ""
    places: list[tuple[str, RemotePlace]] = []
    if url and _is_folder(url):
        folder = os.path.join(root, os.path.expanduser(url.removeprefix("file://")))
    elif url:
        if urlsplit(url).password:
            raise ConfigError(
                f"branchline.yaml: store holds a password: {without_secrets(url)}",
                todo="Leave it out: credentials come from the environment.",
            )
        places.append(("", RemotePlace(url=url, said=f"the store {shown(url)}", options=options)))
    name = settings.default_remote
    address = settings.remotes.get(name, "")
    if address and not os.path.isabs(address):
        said = f"DVC remote `{name}` ({shown(address)})"
        held = RemotePlace(url=address, said=said, options=settings.options.get(name, {}))
        places.append((name, held))
    return Elsewhere(folder=folder, places=tuple(places), open_files=open_files)


def open_files(place: RemotePlace) -> RemoteFiles:
    """What reaches a place; nothing is asked of it yet."""
    if place.url.startswith(("http://", "https://")):
        from branchline.adapters.http_files import HttpFiles

        return HttpFiles(place)
    from branchline.adapters.fsspec_files import FsspecFiles

    return FsspecFiles(place)


def shown(url: str) -> str:
    """An address without what may open it: user, password, query.

    >>> shown("https://me:secret@example.org/models?sig=abc")
    'https://***@example.org/models'
    """
    return without_secrets(url).partition("?")[0]


def _is_folder(url: str) -> bool:
    return "://" not in url or url.startswith("file://")
