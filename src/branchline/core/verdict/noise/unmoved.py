"""Two models between which a metric sees no difference in any example: how far that reaches. Pure.

Source:
    The rule of three: where none of n differed, a share of up to -ln(1 - confidence) / n may
    (J. A. Hanley, A. Lippman-Hand (1983), JAMA 249, 1743-1745).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.estimate import Estimate

if TYPE_CHECKING:
    from branchline.core.verdict.noise.values import PairedExamples


def unmoved(value: float, examples: PairedExamples, *, confidence: float) -> Estimate:
    """An estimate of 0 for a metric in [0, 1] that both models have alike, with its reach.

    What one example is worth is bounded by the size of the smallest class: a metric of counts or of
    an order moves by at most about 1 / size when one of its decisions does.

    Args:
        value: The metric of both.
        examples: Of classes.
        confidence: One-sided, in (0.5, 1).
    """
    import numpy as np

    sizes = np.bincount(examples.truth.astype(np.int64)) if examples.classes else np.array([0])
    least = int(sizes[sizes > 0].min()) if (sizes > 0).any() else examples.count
    if examples.clusters is not None:
        least = min(least, len(np.unique(examples.clusters)))
    reach = min(1.0, -math.log(1 - confidence) / least)

    def chance(distance: float) -> float:
        """How probable it is to see no difference where so large a share differs."""
        return math.exp(-least * distance) if distance > 0 else 1.0

    return Estimate(
        candidate=value,
        champion=value,
        low=-reach,
        high=reach,
        below=chance,
        above=lambda bar: chance(-bar),
        error=reach / 1.645,
        method="no example makes a difference (rule of three)",
    )
