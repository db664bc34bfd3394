"""Port `annotations`: sentences at lines of a commit's files, as a forge shows them."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.ports.ci import Note

MOST_LINES = 200
"""Of one check of a commit; more than people read."""


class Annotations(Protocol):
    """What is said at lines of files."""

    @abstractmethod
    def put(self, commit: str, name: str, notes: Sequence[Note], *, summary: str) -> int:
        """Let a check of a commit show sentences at lines; again it changes nothing.

        Args:
            commit: Full hash.
            name: Of the check; what it showed of other sentences gives way.
            notes: Sentences; those without a file and a line are left out.
            summary: A sentence for the whole.

        Returns:
            How many are shown, `MOST_LINES` at most.

        Raises:
            ForgePermissionError: The token may not do that.
            ForgeError: The forge refused, or gave no answer.
        """
        ...
