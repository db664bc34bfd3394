"""What each method of comparison gives: difference, interval, p-values at any bar. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.distributions import (
    student_quantile,
    student_tail,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A difference with what sampling leaves open.

    Attributes:
        candidate, champion: The metric of each.
        low, high: Interval of candidate - champion, each bound one-sided.
        below: Bar -> p-value of "the true difference is at least this": small proves that it is
            below.
        above: Bar -> p-value of "the true difference is at most this": small proves that it is
            above.
        error: Standard error of the difference; None when the method has none.
        method: In words.
        groups: How many groups; None when examples are independent.
    """

    candidate: float
    champion: float
    low: float
    high: float
    below: Callable[[float], float]
    above: Callable[[float], float]
    error: float | None
    method: str
    groups: int | None = None


class NoComparisonError(ValueError):
    """There is no comparison; the message says why, for `Difference.problem`."""


class UnmovedError(NoComparisonError):
    """What the metric reads is the same in both: the same decisions, or the same order."""


def by_student(
    candidate: float,
    champion: float,
    error: float,
    freedom: float,
    *,
    confidence: float,
    method: str,
    groups: int | None = None,
) -> Estimate:
    """An estimate whose error follows Student's t distribution.

    Args:
        candidate: The metric of the candidate.
        champion: That of the champion.
        error: Standard error of the difference, > 0.
        freedom: Degrees of freedom, > 0.
        confidence: One-sided, in (0.5, 1).
        method: In words.
        groups: How many groups.
    """
    difference = candidate - champion
    reach = student_quantile(confidence, freedom) * error

    def above(bar: float) -> float:
        return student_tail((difference - bar) / error, freedom)

    def below(bar: float) -> float:
        return student_tail((bar - difference) / error, freedom)

    return Estimate(
        candidate=candidate,
        champion=champion,
        low=difference - reach,
        high=difference + reach,
        below=below,
        above=above,
        error=error,
        method=method,
        groups=groups,
    )


def no_difference(value: float, method: str, groups: int | None = None) -> Estimate:
    """Two models that said the same of every example: the difference is 0, without any noise."""
    return Estimate(
        candidate=value,
        champion=value,
        low=0.0,
        high=0.0,
        below=lambda bar: 0.0 if bar > 0 else 1.0,
        above=lambda bar: 0.0 if bar < 0 else 1.0,
        error=0.0,
        method=method,
        groups=groups,
    )
