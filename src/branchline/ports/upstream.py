"""Port `upstream`: the repository on a forge that a box follows."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class Upstream(Protocol):
    """One repository elsewhere, at an address that the box's owner gave."""

    @abstractmethod
    def fetch_pull(self, number: int) -> str | None:
        """Get the commits of the head of a pull request, wherever that comes from, as `fetch` does.

        Raises:
            UpstreamError: As above.
        """
        ...

    @abstractmethod
    def fetch(self, branch: str) -> str | None:
        """Get the commits of a branch into the box; no branch of the box moves.

        Args:
            branch: Short name, looked at by `core.trigger.refnames.why_no_branch`.

        Returns:
            The commit that it holds there; None when there is no such branch.

        Raises:
            UpstreamError: The repository cannot be reached or read; try again later.
        """
        ...
