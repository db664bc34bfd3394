"""Distributions that the comparisons need, without SciPy. Pure."""

from __future__ import annotations

import math
from statistics import NormalDist

from branchline.core.run.student import incomplete_beta, t_quantile, t_tail

# From here on Student's t and the normal distribution agree to 1e-7 in the tails that matter.
NORMAL_FREEDOM = 1e6
_STANDARD = NormalDist()


def normal_tail(value: float) -> float:
    """The share of the standard normal distribution above a value, exact where it is tiny.

    >>> round(normal_tail(1.6449), 4)
    0.05
    """
    return 0.5 * math.erfc(value / math.sqrt(2))


def normal_share(value: float) -> float:
    """The share of the standard normal distribution below a value."""
    return normal_tail(-value)


def normal_quantile(share: float) -> float:
    """The value below which a share in (0, 1) of the standard normal distribution lies.

    >>> round(normal_quantile(0.95), 4)
    1.6449
    """
    return _STANDARD.inv_cdf(share)


def student_quantile(share: float, freedom: float) -> float:
    """`t_quantile`, or the normal quantile where the two no longer differ."""
    return normal_quantile(share) if freedom >= NORMAL_FREEDOM else t_quantile(share, freedom)


def student_tail(value: float, freedom: float) -> float:
    """`t_tail`, or the normal tail where the two no longer differ."""
    return normal_tail(value) if freedom >= NORMAL_FREEDOM else t_tail(value, freedom)


def fair_tail(successes: int, trials: int) -> float:
    """The chance of at least so many heads in so many throws of a fair coin.

    Exact up to 10,000 throws; above by the normal distribution with continuity correction.

    >>> fair_tail(5, 5)
    0.03125
    """
    if successes <= 0:
        return 1.0
    if successes > trials:
        return 0.0
    if trials > 10_000:
        return normal_tail((2 * successes - 1 - trials) / math.sqrt(trials))
    return incomplete_beta(0.5, successes, trials - successes + 1)
