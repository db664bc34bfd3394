"""Station `run`: what a search tells of its trials while it runs. Rendered elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.run.trials import Trial
    from branchline.core.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialBegun:
    """A trial begins.

    Attributes:
        number: Of the trial; 0 is what is set.
        total: How many the search makes.
        params: Parameter -> value.
        left_out: Parameters that a command leaves to its program.
    """

    number: int
    total: int
    params: Mapping[str, JsonValue]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded:
    """A trial ended, however it did; one that was stopped with its search has no end."""

    trial: Trial
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResumed:
    """Trials were made before; `best` is the best of them, None when none has a value."""

    made: int
    total: int
    best: Trial | None


TrialEvent = TrialBegun | TrialEnded | SearchResumed
