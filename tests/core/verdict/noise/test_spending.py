"""`core.verdict.noise.spending`: looks that together keep the chance of one."""

from __future__ import annotations

import random

import pytest

from branchline.core.run.student import t_quantile
from branchline.core.verdict.noise.spending import Look, confidences

PLAN = (Look(2, 2, 50.0), Look(3, 2, 50.0), Look(3, 3, 50.0))


def test_the_only_look_gets_all() -> None:
    """Nothing is kept for a look that never comes."""
    assert confidences([Look(1, 1, 10.0)], 0.95) == (0.95,)


def test_no_look_is_nothing() -> None:
    """Nor are looks at which nothing is known."""
    assert confidences([], 0.95) == ()
    assert confidences([Look(1, 1, 0.0)], 0.95) == (1.0,)


def test_every_look_is_surer_than_the_gate() -> None:
    """Looking again costs."""
    levels = confidences(PLAN, 0.95)

    assert all(0.95 < level < 1 for level in levels)


def test_a_look_of_few_degrees_of_freedom_is_left_out() -> None:
    """But for the last: there is no other."""
    levels = confidences([Look(2, 1, 1.0), Look(2, 2, 2.0)], 0.95)

    assert levels == pytest.approx((1.0, 0.95), abs=1e-6)


@pytest.mark.slow
def test_peeking_at_every_look_keeps_the_level() -> None:
    """The motion crosses any of its bounds as often as one look would, or less often.

    40,000 draws: the standard error at 5 % is 0.11 points.
    """
    chance = random.Random(1)  # a simulation
    levels = confidences(PLAN, 0.95)
    bounds = [t_quantile(level, look.freedom) for level, look in zip(levels, PLAN, strict=True)]
    crossed, draws = 0, 40_000
    for _ in range(draws):
        ours = [chance.gauss(0, 1) for _ in range(3)]
        theirs = [chance.gauss(0, 1) for _ in range(3)]
        for look, bound in zip(PLAN, bounds, strict=True):
            difference = sum(ours[: look.candidate]) / look.candidate
            difference -= sum(theirs[: look.champion]) / look.champion
            if difference * look.information**0.5 < -bound:
                crossed += 1
                break

    assert 0.035 < crossed / draws < 0.05
