"""Port `meanings`: what was read out of files before, by git blob id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from branchline.core.changes.values import Meaning


class MeaningCache(Protocol):
    """A cache that may be deleted at any time and is never wrong: its keys are content."""

    def load(self, keys: Iterable[str]) -> Mapping[str, Meaning]:
        """Meanings by cache key (`<blob>:<reading>:<rules digest>`); unknown ones are left out."""
        ...

    def save(self, meanings: Mapping[str, Meaning]) -> None:
        """Add meanings."""
        ...
