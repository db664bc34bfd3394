"""How many examples would tell. Pure."""

from __future__ import annotations

import math

from branchline.core.verdict.noise.distributions import normal_quantile


def needed_examples(
    examples: int, error: float, margin: float, *, confidence: float, power: float = 0.8
) -> int | None:
    """About how many examples would prove that the margin is not lost, were the difference 0.

    Args:
        examples: How many were compared, > 0.
        error: Standard error of the difference on these.
        margin: Tolerated loss, > 0.
        confidence: One-sided, in (0.5, 1).
        power: Wanted chance to prove it, in (0, 1).

    Returns:
        None where a margin of 0 or an error of 0 gives no answer.

    >>> needed_examples(1000, (0.06 / 1000) ** 0.5, 0.01, confidence=0.95)
    3710
    """
    if not (margin > 0 and error > 0 and math.isfinite(error)):
        return None
    reach = normal_quantile(confidence) + normal_quantile(power)
    needed = examples * (reach * error / margin) ** 2
    return math.ceil(needed) if math.isfinite(needed) else None
