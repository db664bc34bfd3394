"""Port `store`: what stages produced, content-addressed, in DVC's cache layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from branchline.core.pipeline import Content
    from branchline.core.policy import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What went to a remote: objects that were not there before, and their bytes."""

    objects: int = 0
    size_bytes: int = 0


class Store(Protocol):
    """Where outputs are kept."""

    def identity(self) -> str:
        """A stable name of this store, written into records ("local:<random>", a URL)."""
        ...

    def has(self, content: Content) -> bool:
        """Whether the object is here, a folder with all its files."""
        ...

    def can_fetch(self, content: Content) -> bool:
        """Whether `restore` would bring an object that is not here from a remote; copies nothing.

        A damaged object counts as there: `restore` refuses it and says so.
        """
        ...

    def looked_at(self) -> str:
        """Which remotes `can_fetch` asks, and why others not: half a sentence for an error."""
        ...

    def sends_to(self) -> str:
        """The remote of `send`, as messages name it; "" where no remote is named."""
        ...

    def send(
        self,
        contents: Iterable[Content],
        *,
        is_stopped: Callable[[], bool] = lambda: False,
        anew: bool = False,
    ) -> Sent:
        """Send objects that the remote lacks to it, folders with their files.

        May be called by another thread while this one uses the store.

        Args:
            contents: Which.
            is_stopped: Asked before each object; True ends it early.
            anew: Ask the remote for all of them, also for what is known to have been there.

        Raises:
            StoreError: No remote is named, it cannot be reached or written, or an object is neither
                here nor there; what could be sent is.
        """
        ...

    def is_elsewhere(self, content: Content) -> bool:
        """Whether the remote has an object, asked anew: others have it when this machine is gone.

        Raises:
            StoreError: It cannot be told.
        """
        ...

    def save(self, path: str, *, link: Link | None = None) -> Content:
        """Put a workspace file or folder into the store, atomically, and link it back.

        Args:
            path: From the root.
            link: How it is linked back; None takes the store's default, `COPY` leaves the
                workspace's own, writable file alone.

        Returns:
            What the path holds, digested from the bytes that were stored.

        Raises:
            StoreError: It cannot be read or written, or changed while it was read.
        """
        ...

    def restore(self, path: str, content: Content, *, link: Link | None = None) -> None:
        """Make a workspace path hold this content; atomically for a file, else per file.

        What is not here and in a remote that can be reached is fetched first, and digested.

        Args:
            path: From the root; whatever stands there is replaced.
            content: What it shall hold.
            link: How; None takes the store's default. `COPY` leaves a writable file.

        Raises:
            StoreError: The object is missing or damaged.
        """
        ...

    def read(self, content: Content) -> bytes | None:
        """Bytes of a file object; None when it is not here."""
        ...

    def members(self, content: Content) -> Sequence[tuple[str, Content]] | None:
        """Files of a folder object as (relative path, content), copying nothing.

        None when the object is neither here nor in a remote that can be reached.
        """
        ...
