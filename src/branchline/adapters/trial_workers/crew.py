"""What the runner needs of those that make trials, wherever they are: `Peer` and `Crew`.

Serves port `trials`; a peer is a process on this machine, or one that an actor of a cluster runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.values import JsonValue

Message = dict[str, Any]
"""As in `ports.trial_messages`; besides these `gone`: how a peer's process ended."""


class Peer(Protocol):
    """Makes one trial at a time, in a working tree of its own."""

    def is_ready(self) -> bool:
        """Whether it can be given a trial now."""
        ...

    def tell(self, message: Mapping[str, JsonValue]) -> None:
        """Give it a message; a process that is not there is started."""
        ...


class Crew(Protocol):
    """All peers of a search."""

    @property
    def peers(self) -> Sequence[Peer]:
        """The same at all times, in the same order; not all of them are ready."""
        ...

    def heard(self, within_s: float) -> Sequence[tuple[Peer, Message]]:
        """Block until a peer says something, or for so long; what was said, in order.

        Raises:
            BranchlineError: No trial can be made any more.
        """
        ...

    def end(self) -> None:
        """Let every peer end what it is at: no further trial comes."""
        ...

    def close(self) -> None:
        """End whatever is still there, and let go of what is held."""
        ...
