"""Port `hooks`: messages by which a forge tells a box what happened there."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.trigger.hook import Hook


class Hooks(Protocol):
    """The messages of one kind of forge."""

    @abstractmethod
    def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether who sent it knows the secret; takes the same time wherever a signature differs.

        Args:
            headers: By name in lower case.
            body: As it came.
        """
        ...

    @abstractmethod
    def read(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """What it says. Ask only after `is_signed`.

        Raises:
            HookError: It is none, or lacks something.
        """
        ...


class Deliveries(Protocol):
    """Messages that were taken and are still to be handled; they outlive a restart."""

    @abstractmethod
    def add(self, hook: Hook) -> bool:
        """Keep one, on disk before this returns.

        Returns:
            False when it waits already.
        """
        ...

    @abstractmethod
    def waiting(self) -> Sequence[Hook]:
        """Oldest first."""
        ...

    @abstractmethod
    def remove(self, hook: Hook) -> None:
        """Forget one. Twice is once."""
        ...
