"""One comparison with the champion, its noise taken into account: better, no worse, worse, or open.

Pure. Sampling noise (`Difference`) and training noise (`Spread`) are independent, so their
variances add; each is shown apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.core.policy import Goal
    from branchline.core.verdict.noise.values import Difference, Spread
    from branchline.core.verdict.values import Answer, Noise


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
    worse where the interval excludes a loss of the margin; better where it excludes no gain (or a
    gain below `min_gain`). Without a margin the margin is 0.

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
    raise NotImplementedError
