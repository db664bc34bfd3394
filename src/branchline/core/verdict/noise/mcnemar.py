"""Two models that are right or wrong on each example: McNemar's test, Tango's interval. Pure.

Q. McNemar (1947), Psychometrika 12, 153-157; T. Tango (1998), Statistics in Medicine 17, 891-908.
"""

from __future__ import annotations

import math

from branchline.core.verdict.noise.distributions import (
    fair_tail,
    normal_quantile,
    normal_tail,
)
from branchline.core.verdict.noise.estimate import Estimate

# From here on the exact and the score test differ by less than 0.003.
EXACT_UP_TO = 200
_ROUNDS = 80


def paired_shares(gained: int, lost: int, both: int, count: int, *, confidence: float) -> Estimate:
    """The difference of two shares on the same examples.

    Up to 200 examples on which exactly one model is right the test of no difference is exact, and
    the interval (by the score test) is widened to 0 where that test does not exclude 0.

    Args:
        gained: Examples on which only the candidate is right.
        lost: Examples on which only the champion is right.
        both: Examples on which both are.
        count: All examples, > 0.
        confidence: One-sided, in (0.5, 1).
    """
    exact = gained + lost <= EXACT_UP_TO
    risk = 1 - confidence

    def below(bar: float) -> float:
        if exact and bar == 0:
            return fair_tail(lost, gained + lost)
        return normal_tail(-score(gained, lost, count, bar))

    def above(bar: float) -> float:
        if exact and bar == 0:
            return fair_tail(gained, gained + lost)
        return normal_tail(score(gained, lost, count, bar))

    z = normal_quantile(confidence)
    low, high = _bound(gained, lost, count, z), -_bound(lost, gained, count, z)
    if exact and above(0.0) > risk:
        low = min(low, 0.0)
    if exact and below(0.0) > risk:
        high = max(high, 0.0)
    share = (gained - lost) / count
    spread = (gained + lost) / count - share * share
    return Estimate(
        candidate=(both + gained) / count,
        champion=(both + lost) / count,
        low=low,
        high=high,
        below=below,
        above=above,
        # Nothing discordant says little of how much is: half an example is a cautious stand-in.
        error=math.sqrt(max(spread, 0.5 / count) / count),
        method="McNemar (exact)" if exact else "McNemar (score)",
    )


def score(gained: int, lost: int, count: int, difference: float) -> float:
    """Tango's score statistic of a true difference in [-1, 1]: above 0 where the data say more."""
    if difference in (-1.0, 1.0):
        at_edge = (gained if difference > 0 else lost) == count
        return 0.0 if at_edge else -math.copysign(math.inf, difference)
    b = -gained - lost + (2 * count - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    root = math.sqrt(max(b * b - 8 * count * c, 0.0))
    # The stable form of (root - b) / (4 * count): b > 0 would cancel.
    share = (root - b) / (4 * count) if b <= 0 else -2 * c / (root + b)
    variance = count * (2 * share + difference * (1 - difference))
    excess = gained - lost - count * difference
    if variance <= 0:
        return 0.0 if excess == 0 else math.copysign(math.inf, excess)
    return excess / math.sqrt(variance)


def _bound(gained: int, lost: int, count: int, z: float) -> float:
    """Lower bound: the difference at which the score is z, by bisection."""
    low, high = -1.0, (gained - lost) / count
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if score(gained, lost, count, middle) > z:
            low = middle
        else:
            high = middle
    return low
