"""With which seeds trials are repeated, and how much one training varies. Pure. Serves `trials`."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.run.trials import Trial
    from branchline.flows.search import Search

_SEEDS = 2**31
"""Most libraries take seeds below this."""


def seeds_of(asked: Search) -> tuple[int | None, ...]:
    """Seeds of a trial: first the one that is set, then so many as the search says."""
    if not asked.seeds.name:
        return (None,)
    others = [seed_of(asked.seed, "repeat", place) for place in range(1, asked.seeds.runs)]
    return (None, *others)


def fresh_seeds(asked: Search) -> tuple[int, ...]:
    """Seeds that no trial had, to confirm what was found."""
    return tuple(seed_of(asked.seed, "fresh", place) for place in range(asked.seeds.fresh))


def seed_of(seed: int, purpose: str, place: int) -> int:
    """A seed; the same everywhere.

    >>> seed_of(1, "fresh", 0) != seed_of(1, "repeat", 0)
    True
    """
    digest = hashlib.sha256(f"{seed}:{purpose}:{place}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _SEEDS


def pooled_of(trials: Sequence[Trial]) -> float | None:
    """Standard deviation of one training, over all trials that were repeated; None: not known."""
    squares, freedom = 0.0, 0
    for trial in trials:
        if trial.has_value and len(trial.values) > 1:
            mean = math.fsum(trial.values) / len(trial.values)
            squares += math.fsum((value - mean) ** 2 for value in trial.values)
            freedom += len(trial.values) - 1
    return math.sqrt(squares / freedom) if freedom else None
