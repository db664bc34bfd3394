"""How much a metric moves when only the seed of the training does, and how many runs would tell.

Pure. A training is known by its content (what it depends on, its own seed set) and its seed; all
trainings of one content form a group, and only differences within a group are noise of training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.run.student import f_below, t_quantile
from branchline.core.verdict.noise.spending import Look, confidences
from branchline.core.verdict.noise.values import Spread

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PRIOR_FREEDOM = 4.0
"""What earlier contents tell weighs at most as much as so many trainings of this one."""
UNTRIED_FREEDOM = 3.0
"""The same while this content was not trained again: its noise may be another."""
_TOO_LARGE, _TOO_SMALL = 0.25, 0.02
"""Below these chances the noise of this content does not fit that of earlier ones. Too large a
noise is believed early, since a standard deviation that is too small makes false alarms."""
LEAST_STILL = 4
"""Degrees of freedom from which a metric that never moved is taken to stand still."""
_MOST_NEEDED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What is known of the noise of one training.

    Attributes:
        sd: Standard deviation in the metric's unit; None when it is not known.
        freedom: Its degrees of freedom; 0 when it is not known.
        prior_freedom: How many of them earlier contents gave.
        fits: Whether earlier contents were believed, as far as there were any.
    """

    sd: float | None
    freedom: float
    prior_freedom: float = 0.0
    fits: bool = True


def squares_of(groups: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Sum of squares around the mean of each group, and the degrees of freedom.

    >>> squares_of([[1.0, 3.0], [5.0]])
    (2.0, 1)
    """
    squares, freedom = 0.0, 0
    for values in groups:
        if len(values) > 1:
            # From the first on: of equal values the mean must be that value, to the last bit.
            mean = values[0] + math.fsum(value - values[0] for value in values) / len(values)
            squares += math.fsum((value - mean) ** 2 for value in values)
            freedom += len(values) - 1
    return squares, freedom


def learned(
    groups: Sequence[Sequence[float]],
    earlier: Sequence[Sequence[float]] = (),
    *,
    stands_still: bool = False,
) -> Learned:
    """The standard deviation of one training, pooled.

    Earlier contents are a prior (scaled inverse chi-square) of at most `MOST_PRIOR_FREEDOM`, and of
    `UNTRIED_FREEDOM` while none of `groups` was repeated. It is dropped when the groups contradict
    it (F test of the two variances).

    Args:
        groups: The metric for each seed, of each content that is compared now.
        earlier: The same of other contents of the model, newest first.
        stands_still: Whether the trainings left the very same outputs with each seed: a metric that
            did not move is no chance then.

    Source:
        A. Gelman et al. (2013), Bayesian Data Analysis, 2.6 (a normal of unknown variance).

    >>> learned([[0.90, 0.92], [0.91]])
    Learned(sd=0.014142135623730963, freedom=1.0, prior_freedom=0.0, fits=True)
    """
    squares, freedom = squares_of(groups)
    variance, rests_on = _prior(earlier)
    weight = min(float(rests_on), MOST_PRIOR_FREEDOM)
    fits = True
    if weight and freedom:
        # The prior is tried against all that it rests on, before its weight is capped.
        fits = _fits(squares / freedom, freedom, variance, rests_on)
    if weight and not freedom:
        weight = min(weight, UNTRIED_FREEDOM)
    if not fits:
        weight = 0.0
    together = freedom + weight
    if not together:
        return Learned(sd=None, freedom=0.0, fits=fits)
    pooled = (squares + weight * variance) / together
    if pooled == 0 and not stands_still and together < LEAST_STILL:
        return Learned(sd=None, freedom=0.0, fits=fits)
    return Learned(sd=math.sqrt(pooled), freedom=together, prior_freedom=weight, fits=fits)


def _prior(earlier: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Variance by the newest groups that are enough, and its degrees of freedom."""
    squares, freedom = 0.0, 0
    for values in earlier:
        more, count = squares_of([values])
        squares, freedom = squares + more, freedom + count
        if freedom >= MOST_PRIOR_FREEDOM:
            break
    return (squares / freedom if freedom else 0.0), freedom


def _fits(variance: float, freedom: int, prior: float, prior_freedom: int) -> bool:
    """Whether a variance may be that of earlier contents."""
    if prior == 0:
        return variance == 0
    below = f_below(variance / prior, freedom, prior_freedom)
    return 1 - below >= _TOO_LARGE and below >= _TOO_SMALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """In which order trainings are made again, and how many.

    Attributes:
        candidate, champion: How many trainings of each were there before the first look, >= 1.
        runs: Most further trainings.
        has_champion: Whether the champion can be trained again.
    """

    candidate: int = 1
    champion: int = 1
    runs: int = 5
    has_champion: bool = True

    def counts(self, made: int) -> tuple[int, int]:
        """How many trainings of each there are after so many further ones.

        The candidate goes first, then whichever has fewer.

        >>> [Schedule().counts(made) for made in range(4)]
        [(1, 1), (2, 1), (2, 2), (3, 2)]
        """
        ours, theirs = self.candidate, self.champion
        for _ in range(made):
            if self.has_champion and theirs < ours:
                theirs += 1
            else:
                ours += 1
        return ours, theirs

    def is_champion(self, made: int) -> bool:
        """Whether the training after so many further ones is one of the champion's."""
        return self.counts(made + 1)[1] > self.counts(made)[1]

    def looks(self, freedoms: Sequence[float]) -> tuple[Look, ...]:
        """The looks, given the freedom at those that were made; the rest as they will be."""
        found = []
        for made in range(self.runs + 1):
            ours, theirs = self.counts(made)
            known = freedoms[min(made, len(freedoms) - 1)] if freedoms else 0.0
            # Each further training adds a degree of freedom.
            added = max(0, made - len(freedoms) + 1)
            found.append(Look(ours, theirs, known + added))
        return tuple(found)


def spread_of(
    metric: str,
    candidate: Sequence[float],
    champion: Sequence[float],
    earlier: Sequence[Sequence[float]] = (),
    *,
    schedule: Schedule,
    freedoms: Sequence[float] = (),
    confidence: float,
    run_s: float | None = None,
    stands_still: bool = False,
) -> Spread:
    """What is known of a metric's training noise at one look; no `sd` where it may not decide yet.

    Args:
        metric: Its name.
        candidate: The metric of this run's content for each seed, its own first; finite.
        champion: The same of the champion's content.
        earlier: Of other contents of the model, newest first.
        schedule: What may still come.
        freedoms: Of the looks before this one; their number says which look this is.
        confidence: Of the gate, one-sided.
        run_s: Seconds of one training.
        stands_still: See `learned`.
    """
    known = learned([candidate, champion], earlier, stands_still=stands_still)
    looks = schedule.looks((*freedoms, known.freedom))
    sure = confidences(looks, confidence)[len(freedoms)]
    # At a look that may not decide anything the standard deviation is as good as unknown.
    is_look = known.sd is not None and sure < 1
    return Spread(
        metric=metric,
        candidate=tuple(candidate),
        champion=tuple(champion),
        sd=known.sd if is_look else None,
        freedom=known.freedom if is_look else 0.0,
        confidence=sure if is_look else confidence,
        run_s=run_s,
    )


def half_width(spread: Spread) -> float | None:
    """Half the width of the interval by seeds alone; None when it is not known."""
    if spread.sd is None or spread.freedom <= 0:
        return None
    quantile = t_quantile(spread.confidence, spread.freedom)
    count = Look(len(spread.candidate), len(spread.champion), spread.freedom)
    return quantile * spread.sd / math.sqrt(count.information)


def needed_runs(
    spread: Spread, distance: float, *, sampling: float = 0.0, has_champion: bool = True
) -> int | None:
    """About how many further trainings would tell, were the estimate to stay as it is.

    Args:
        spread: As it is now.
        distance: From the estimate to the nearest bound that would decide it, > 0.
        sampling: Half the width of the interval by examples alone, which trainings do not narrow.
        has_champion: Whether the champion can be trained again.

    Returns:
        None when it is not known, or no number of trainings would tell.
    """
    if spread.sd is None or not distance > sampling:
        return None
    allowed = math.sqrt(distance**2 - sampling**2)
    ours, theirs = len(spread.candidate), len(spread.champion)
    schedule = Schedule(
        candidate=ours, champion=theirs, runs=_MOST_NEEDED, has_champion=has_champion
    )
    for more in range(1, _MOST_NEEDED + 1):
        ours, theirs = schedule.counts(more) if more < 20 else _far(schedule, more)
        look = Look(ours, theirs, spread.freedom + more)
        quantile = t_quantile(spread.confidence, look.freedom)
        if quantile * spread.sd / math.sqrt(look.information) <= allowed:
            return more
    return None


def _far(schedule: Schedule, made: int) -> tuple[int, int]:
    """`Schedule.counts` without counting, where the two have long been even."""
    if not schedule.has_champion:
        return schedule.candidate + made, schedule.champion
    together = schedule.candidate + schedule.champion + made
    return together - together // 2, together // 2
