"""Port `data_memory`: what was found in data, by the digest of data and rules. A cache."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class DataMemory(Protocol):
    """May be deleted at any time; never wrong, for its keys stand for all that was looked at."""

    @abstractmethod
    def find(self, key: str) -> bytes | None:
        """What was kept under a key; None when nothing was, or it cannot be read."""
        ...

    @abstractmethod
    def keep(self, key: str, content: bytes) -> None:
        """Keep something; nothing happens where it cannot be written."""
        ...
