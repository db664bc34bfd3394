"""Port `sampler`: which point of a space is tried next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.run.studies import KeptTrial
    from branchline.core.run.trials import Trial
    from branchline.core.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A point to try.

    Attributes:
        number: Of the trial, from 1.
        point: Parameter -> value; without those whose `when` it does not have.
        token: What the sampler needs to go on after this trial in another process.
    """

    number: int
    point: Mapping[str, JsonValue]
    token: str = ""


class Sampler(Protocol):
    """Chooses points. The same trials, told in the same order, lead to the same points."""

    note: str
    """What is said of the choice; "" when nothing is."""
    most: int | None
    """How many points there are at most; None where there is no end."""

    def remember(self, kept: Sequence[KeptTrial]) -> None:
        """Take trials of before as told; called once, before anything is asked."""
        ...

    def ask(self, number: int) -> Proposal | None:
        """The point of a trial; None when there are no more."""
        ...

    def tell(self, proposal: Proposal, trial: Trial) -> None:
        """What came of a point that was asked for."""
        ...
