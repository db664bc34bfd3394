"""Quantiles of the chi-squared distribution, without a library. Pure."""

from __future__ import annotations

import math
from functools import lru_cache


@lru_cache(maxsize=1024)
def chi_squared_quantile(probability: float, degrees: int) -> float:
    """The value that a chi-squared variable stays below with a probability.

    Args:
        probability: In (0, 1).
        degrees: Degrees of freedom, >= 1.

    Raises:
        ValueError: Out of these bounds.

    >>> round(chi_squared_quantile(0.95, 9), 4)
    16.919
    """
    if not 0 < probability < 1 or degrees < 1:
        raise ValueError(f"no quantile {probability} of {degrees} degrees of freedom")
    low, high = 0.0, max(10.0, 2.0 * degrees)
    while chi_squared_below(high, degrees) < probability:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if chi_squared_below(middle, degrees) < probability:
            low = middle
        else:
            high = middle
        if high - low <= 1e-12 * high:
            break
    return (low + high) / 2


def chi_squared_below(value: float, degrees: int) -> float:
    """Probability that a chi-squared variable is at most `value`.

    Source: the series and the continued fraction of the incomplete gamma function, Abramowitz and
    Stegun (1964), 6.5.29 and 6.5.31.
    """
    if value <= 0:
        return 0.0
    a, x = degrees / 2, value / 2
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        k = a
        while term > total * 1e-16:
            k += 1
            term *= x / k
            total += term
        return min(1.0, total * scale)
    b, c = x + 1 - a, 1e300
    d = 1 / b
    fraction = d
    for i in range(1, 10_000):
        step = -i * (i - a)
        b += 2
        d = 1 / (step * d + b)
        c = b + step / c
        fraction *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return max(0.0, 1 - scale * fraction)
