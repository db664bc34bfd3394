"""Several questions at once: p-values adjusted so that false alarms stay rare. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values of a family of guards (metrics, slices), in their order.

    Whatever they have to do with one another, the chance that any true "no difference" is adjusted
    to below a level is at most that level.

    Args:
        p_values: In [0, 1]; NaN for what was not judged, which is left out of the family.

    Returns:
        In [0, 1], never below what was given; NaN where it was given.

    Raises:
        ValueError: One is outside [0, 1].

    Source:
        S. Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    if any(value < 0 or value > 1 for value in p_values):
        raise ValueError(f"p-values in [0, 1] are needed, not {list(p_values)}")
    judged = [at for at, value in enumerate(p_values) if not math.isnan(value)]
    adjusted = [math.nan] * len(p_values)
    largest = 0.0
    for rank, at in enumerate(sorted(judged, key=lambda at: p_values[at])):
        largest = max(largest, min(1.0, (len(judged) - rank) * p_values[at]))
        adjusted[at] = largest
    return tuple(adjusted)
