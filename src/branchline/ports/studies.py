"""Port `studies`: the trials of searches, kept as each one ends. Survives a kill -9.

One process at a time makes the trials of a search: numbers would collide, and trainings be paid
for twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from branchline.core.run.studies import KeptTrial, Study


@dataclass(frozen=True, slots=True, kw_only=True)
class PastStudy:
    """A search of before, with its trials by their numbers."""

    study: Study
    trials: tuple[KeptTrial, ...]


class Studies(Protocol):
    """Searches that were begun, and their trials."""

    def hold(self, study: str, *, wait_s: float) -> bool:
        """Be the only one that makes trials of a search, until `close` or the end of the process.

        Args:
            study: Identity of the search.
            wait_s: How long another one that holds it is waited for.

        Returns:
            False while another one holds it. What this one holds it may ask for again.
        """
        ...

    def begin(self, study: Study) -> Sequence[KeptTrial]:
        """Note that a search goes on; its trials so far, by their numbers."""
        ...

    def add(self, study: str, kept: KeptTrial) -> bool:
        """Keep a trial, in one commit.

        Returns:
            Whether it is new; one whose number is there already stays as it is.
        """
        ...

    def drop(self, study: str, numbers: Collection[int]) -> None:
        """Forget trials that hold no longer; their numbers are free."""
        ...

    def past(self, *, objective: str, limit: int = 20) -> Sequence[PastStudy]:
        """Searches for the same objective, the one that was worked on last first."""
        ...

    def close(self) -> None:
        """Let go of what is held; the next call opens it again."""
        ...
