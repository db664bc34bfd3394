"""Port `remote_files`: files of a place that other machines reach too, by their paths."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePlace:
    """Where a place is, and how it is reached.

    Attributes:
        url: `scheme://...`; may hold a user's name.
        said: How messages name it, without a password.
        options: As DVC names them (`endpointurl`, `profile`, `keyfile`, ...); may hold passwords.
    """

    url: str
    said: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


class RemoteFiles(Protocol):
    """Files below one address. Several threads may ask at once."""

    @property
    def can_write(self) -> bool:
        """Whether `put` is possible at all; http is only read."""
        ...

    def size(self, path: str) -> int | None:
        """Size in bytes of a file; None when it is not there.

        Raises:
            StoreError: It cannot be told: no answer, no permission, a library is missing.
        """
        ...

    def get(self, path: str, file: str) -> bool:
        """Write what a path holds into a new local file; False when it is not there.

        Raises:
            StoreError: It cannot be told or read; what `file` then holds is not to be used.
        """
        ...

    def put(self, file: str, path: str) -> None:
        """Give a path what a local file holds: at once or not at all, whatever ends this process.

        Raises:
            StoreError: It cannot be written.
        """
        ...
