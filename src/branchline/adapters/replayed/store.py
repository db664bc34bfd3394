"""Ports `store`, `run_cache` and `meanings` for a replay: outputs that are taken for made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from branchline.errors import StoreError
from branchline.ports.locks import RunCache
from branchline.ports.meanings import MeaningCache
from branchline.ports.past import PretendedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from branchline.core.changes.values import Meaning
    from branchline.core.pipeline import Content, LockEntry
    from branchline.core.policy import Link
    from branchline.ports.store import Sent, Store


class ReplayedStore(PretendedStore):
    """A store that holds what the replay takes for made, and what the real one holds.

    Args:
        real: The store of this clone: asked for what stands in it, never for what is elsewhere.
    """

    def __init__(self, real: Store) -> None:
        self._real = real
        self._made: dict[str, tuple[tuple[str, Content], ...]] = {}

    def make(self, content: Content, members: Iterable[tuple[str, Content]] = ()) -> None:
        """Take an output for made.

        Args:
            content: What it holds.
            members: Files inside of it that a later stage names.
        """
        self._made[content.md5 or ""] = tuple(members)

    def identity(self) -> str:
        """See the port."""
        return "replay"

    def has(self, content: Content) -> bool:
        """See the port."""
        return content.md5 in self._made or self._real.has(content)

    def can_fetch(self, content: Content) -> bool:
        """See the port: a replay asks no remote."""
        del content
        return False

    def looked_at(self) -> str:
        """See the port."""
        return "a replay asks no remote"

    def sends_to(self) -> str:
        """See the port: nowhere."""
        return ""

    def send(
        self,
        contents: Iterable[Content],
        *,
        is_stopped: Callable[[], bool] = lambda: False,
        anew: bool = False,
    ) -> Sent:
        """See the port: refused."""
        del contents, is_stopped, anew
        raise StoreError("a replay sends nothing")

    def is_elsewhere(self, content: Content) -> bool:
        """See the port: a replay asks no remote."""
        del content
        return False

    def members(self, content: Content) -> Sequence[tuple[str, Content]] | None:
        """See the port."""
        if content.md5 in self._made:
            return self._made[content.md5]
        return self._real.members(content) if self._real.has(content) else None

    def read(self, content: Content) -> bytes | None:
        """See the port."""
        return None if content.md5 in self._made else self._real.read(content)

    def save(self, path: str, *, link: Link | None = None) -> Content:
        """See the port: refused."""
        del link
        self._refuse(path)

    def restore(self, path: str, content: Content, *, link: Link | None = None) -> None:
        """See the port: refused."""
        del content, link
        self._refuse(path)

    def _refuse(self, path: str) -> NoReturn:
        raise StoreError(f"a replay makes no file: {path}")


class NoRunCache(RunCache):
    """A run cache that holds nothing: today's would make yesterday's trainings needless."""

    def find(self, entry: LockEntry) -> LockEntry | None:
        """See the port."""
        del entry
        return None

    def save(self, entry: LockEntry) -> None:
        """See the port: nothing is kept."""


class RememberedMeanings(MeaningCache):
    """Meanings of one process in front of those of the clone.

    Args:
        kept: Those of the clone.
    """

    def __init__(self, kept: MeaningCache) -> None:
        self._kept = kept
        self._known: dict[str, Meaning] = {}

    def load(self, keys: Iterable[str]) -> Mapping[str, Meaning]:
        """See the port."""
        wanted = list(keys)
        unknown = [key for key in wanted if key not in self._known]
        if unknown:
            self._known.update(self._kept.load(unknown))
        return {key: self._known[key] for key in wanted if key in self._known}

    def save(self, meanings: Mapping[str, Meaning]) -> None:
        """See the port."""
        self._known.update(meanings)
        self._kept.save(meanings)
