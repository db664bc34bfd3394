"""Port `trials`: where the trials of a search are made, one or several at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.run.pruning import TrialSteps
    from branchline.core.run.trials import Trial
    from branchline.core.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialAsk:
    """A trial to make.

    Attributes:
        number: Of the trial.
        title: For people: `trial 3 of 20`.
        label: In the results that it makes: `tune-trial-3`.
        point: Parameter -> value.
        seeds: One training each, one after the other; None is the seed that is set.
        best: The objective of the best trial so far, one for each seed; empty: none yet.
        pooled: Standard deviation of one training; None where it is not known.
        may_stop: Whether it may be stopped early, compared with the others.
        others: What other trials reported; empty where it may not.
    """

    number: int
    title: str
    label: str
    point: Mapping[str, JsonValue]
    seeds: tuple[int | None, ...] = (None,)
    best: tuple[float, ...] = ()
    pooled: float | None = None
    may_stop: bool = False
    others: tuple[TrialSteps, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialDone:
    """What came of it.

    Attributes:
        ask: What was asked for.
        trial: The trial; None when it was stopped, so that nothing is known.
        read: Undeclared files below the root that it was seen to read -> digest; for the identity
            of the search.
    """

    ask: TrialAsk
    trial: Trial | None
    read: Mapping[str, str] = field(default_factory=dict)


class TrialRunner(Protocol):
    """Makes trials; knows nothing of the search."""

    slots: int
    """How many at once."""

    def start(self, ask: TrialAsk) -> None:
        """Begin a trial; called when fewer than `slots` are running."""
        ...

    def wait(self) -> Sequence[TrialDone]:
        """Block until a trial ends, or for a moment; those that ended."""
        ...

    def close(self) -> None:
        """End what is running, and let go of what is held."""
        ...
