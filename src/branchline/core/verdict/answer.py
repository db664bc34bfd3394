"""One comparison with the champion, its noise taken into account: better, no worse, worse, or open.

Pure. Sampling noise (`Difference`) and training noise (`Spread`) are independent, so their
variances add; each is shown apart.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.policy import Goal
from branchline.core.verdict.values import Answer, Noise

if TYPE_CHECKING:
    from branchline.core.verdict.noise.values import Difference, Spread

_POWER = 0.8
_MOST_RUNS = 10_000
_CERTAIN = 1e9  # So many degrees of freedom make a Student a normal distribution.


def answer_of(
    estimate: float,
    goal: Goal,
    *,
    margin: float | None,
    min_gain: float | None,
    confidence: float,
    sampling: Difference | None,
    training: Spread | None,
) -> tuple[Answer, Noise]:
    """What a difference says.

    Worse is said where the whole interval is a loss and the estimate lost more than the margin; no
    worse where the interval excludes a loss of more than the margin; better where it excludes no
    gain (or a gain below `min_gain`). Without a margin the margin is 0.

    The same predictions of every example are the same model on these examples: no seed has a say.

    Args:
        estimate: This run less the champion, in the metric's own direction.
        goal: Which way is better.
        margin: Tolerated loss, >= 0.
        min_gain: Wanted gain, >= 0; None when superiority was not asked for.
        confidence: One-sided, in (0.5, 1).
        sampling: By examples; None without predictions.
        training: By seeds; None when not known.

    Raises:
        ValueError: Neither noise is known.
    """
    known = sampling is not None and not sampling.problem
    is_spread = training is not None and training.sd is not None and training.freedom > 0
    if not known and not is_spread:
        raise ValueError("neither noise is known")
    below = above = 0.0
    by_examples: float | None = None
    if sampling is not None and known:
        below, above = sampling.estimate - sampling.low, sampling.high - sampling.estimate
        by_examples = (below + above) / 2
        is_spread = is_spread and not (sampling.estimate == below == above == 0)
    by_seeds = _half_width(training) if is_spread and training is not None else None
    low = estimate - math.hypot(below, by_seeds or 0.0)
    high = estimate + math.hypot(above, by_seeds or 0.0)
    answer = _answer(estimate, low, high, goal, margin=margin or 0.0, min_gain=min_gain)
    is_open = answer is Answer.CANNOT_TELL
    runs = (
        _runs_needed(margin, by_examples, training, confidence) if is_open and is_spread else None
    )
    seconds = training.run_s if training is not None else None
    # Where seeds alone leave more open than the margin, no number of examples would tell.
    is_room = by_seeds is None or not margin or by_seeds < margin
    noise = Noise(
        low=low,
        high=high,
        confidence=confidence,
        method=sampling.method if sampling is not None and known else "",
        examples=sampling.examples if sampling is not None and known else 0,
        groups=sampling.groups if sampling is not None and known else None,
        sampling=by_examples,
        training=by_seeds,
        runs=len(training.candidate) + len(training.champion) if training is not None else 0,
        needed_examples=_examples_needed(sampling) if is_open and known and is_room else None,
        needed_runs=runs,
        needed_s=None if runs is None or seconds is None else runs * seconds,
    )
    return answer, noise


def _answer(
    estimate: float, low: float, high: float, goal: Goal, *, margin: float, min_gain: float | None
) -> Answer:
    """The answer in gains: above 0 is better, whatever the metric's direction."""
    if goal is Goal.MINIMIZE:
        estimate, low, high = -estimate, -high, -low
    if low > 0 and low >= (min_gain or 0.0):
        return Answer.BETTER
    if high < 0 and estimate < -margin:
        return Answer.WORSE
    if low >= -margin:
        return Answer.NO_WORSE
    return Answer.CANNOT_TELL


def _half_width(training: Spread) -> float:
    """Half the interval of a difference of two means over seeds."""
    from branchline.core.run.student import t_quantile

    quantile = t_quantile(training.confidence, min(training.freedom, _CERTAIN))
    shares = 1 / len(training.candidate) + 1 / len(training.champion)
    return quantile * (training.sd or 0.0) * math.sqrt(shares)


def _examples_needed(sampling: Difference | None) -> int | None:
    """How many would tell, where that is more than there are."""
    needed = sampling.needed if sampling is not None else None
    return needed if sampling is not None and needed and needed > sampling.examples else None


def _runs_needed(
    margin: float | None, by_examples: float | None, training: Spread | None, confidence: float
) -> int | None:
    """How many further trainings would tell, were the true difference 0; None when none would.

    Both contents are trained equally often; the interval has to fit into the margin with a power of
    80 %.
    """
    if not margin or training is None or not training.sd:
        return None
    from statistics import NormalDist

    sure, power = NormalDist().inv_cdf(confidence), NormalDist().inv_cdf(_POWER)
    room = (margin / (sure + power)) ** 2 - ((by_examples or 0.0) / sure) ** 2
    if room <= 0:
        return None
    have = len(training.candidate) + len(training.champion)
    each = math.ceil(2 * training.sd**2 / room)
    return max(1, 2 * each - have) if each <= _MOST_RUNS else None
