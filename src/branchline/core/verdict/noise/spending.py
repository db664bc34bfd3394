"""How sure each look must be, so that looking after every training costs no false alarm. Pure.

A gate that looks after each training has several chances to be wrong. The chance of being wrong at
all is spent look by look (alpha spending): the looks together keep what a single one would.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

from branchline.core.run.student import t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_FREEDOM = 3.0
"""A look with fewer degrees of freedom is left out, but for the last: it hardly tells anything, and
Student's t of so few is where levels of a normal process fit worst (measured: 6.6 % for 5 %)."""
_KEPT = 4
"""Power of the share of what is known: the larger, the more of the chance is kept for later."""
_TOLL = 1.3
"""What several looks with a standard deviation that itself moves cost more than those of a normal
process: with it, looks of few degrees of freedom keep 5 % (benchmarks/training_noise.py)."""
_CELLS = 64
_WIDE = 7.0
_LEAST = 1e-9
"""Below this level a look is as good as none."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look.

    Attributes:
        candidate, champion: Trainings of each until then, >= 1.
        freedom: Degrees of freedom of the standard deviation, >= 0; 0: it is not known.
    """

    candidate: int
    champion: int
    freedom: float

    @property
    def information(self) -> float:
        """Of the difference of the means, in units of one over the variance of a training."""
        return 1 / (1 / self.candidate + 1 / self.champion)


def confidences(looks: Sequence[Look], confidence: float) -> tuple[float, ...]:
    """The one-sided confidence that each look needs, so that all together keep `confidence`.

    What is spent grows with what is known: a look with few trainings, or with a standard deviation
    of few degrees of freedom, can tell little and is given little. The levels of a normal process
    are put on Student's t of each look's own freedom.

    Args:
        looks: All that may come, in order; what a look gets depends on earlier ones and on how much
            the last may know, so that later looks may turn out otherwise.
        confidence: One-sided, in (0.5, 1).

    Returns:
        One a look; 1 where nothing is known. The only look, and one that is followed by none that
        may know more, gets what is left.

    Source:
        S. K. Lan, D. L. DeMets (1983), Biometrika 70(3), 659-663; P. Armitage et al. (1969), J. R.
        Stat. Soc. A 132(2), 235-244; C. Jennison, B. W. Turnbull (2000), Group Sequential Methods,
        4.4 and 11.5 (levels of a normal process for t statistics).

    >>> confidences([Look(1, 1, 10.0)], 0.95)
    (0.95,)
    >>> [round(one, 3) for one in confidences([Look(1, 1, 0), Look(2, 1, 1), Look(2, 2, 2)], 0.95)]
    [1.0, 1.0, 0.95]
    """
    if not looks:
        return ()
    used = [
        look.freedom > 0 and (look.freedom >= LEAST_FREEDOM or place + 1 == len(looks))
        for place, look in enumerate(looks)
    ]
    freedoms = [look.freedom for look, is_used in zip(looks, used, strict=True) if is_used]
    if not freedoms:
        return (1.0,) * len(looks)
    alpha = 1 - confidence
    if len(freedoms) > 1:
        alpha *= min(freedoms) / (min(freedoms) + _TOLL)
    widths = [_width(look, confidence) for look in looks]
    least = min(width for width, is_used in zip(widths, used, strict=True) if is_used)
    spent = 0.0
    known: list[tuple[float, float]] = []
    for look, width, is_used in zip(looks, widths, used, strict=True):
        share = min(1.0, (least / width) ** _KEPT) if is_used else 0.0
        spent = max(spent, alpha * share)
        known.append((look.information if share else 0.0, spent))
    return tuple(1 - level for level in _levels(tuple(known)))


def _width(look: Look, confidence: float) -> float:
    """Half the width of the interval of a look, in units of one training's standard deviation."""
    if look.freedom <= 0:
        return math.inf
    return t_quantile(confidence, look.freedom) / math.sqrt(look.information)


@lru_cache(maxsize=64)
def _levels(known: tuple[tuple[float, float], ...]) -> tuple[float, ...]:
    """Level of each look, by its information and what all until then may spend.

    The sum of information times estimate is a Brownian motion. Its density where no bound was
    crossed is carried from look to look on a grid.
    """
    levels: list[float] = []
    density: list[tuple[float, float]] = [(0.0, 1.0)]  # (value of the motion, mass there)
    before, spent = 0.0, 0.0
    for place, (information, may_spend) in enumerate(known):
        step = information - before
        wanted = may_spend - spent
        if information <= 0 or wanted < _LEAST or step < 1e-12:
            levels.append(0.0)
            continue
        scale = math.sqrt(step)
        bound = _bound(density, scale, wanted)
        levels.append(_above(bound / math.sqrt(information)))
        spent = may_spend
        if place + 1 < len(known):
            density = _carried(density, scale, bound, information)
        before = information
    return tuple(levels)


def _above(value: float) -> float:
    """Share of the standard normal distribution above a value."""
    return 0.5 * math.erfc(value / math.sqrt(2))


def _bound(density: Sequence[tuple[float, float]], scale: float, wanted: float) -> float:
    """The value that the motion exceeds with a chance after one more step."""
    low = min(value for value, _ in density)
    high = max(value for value, _ in density) + 9 * scale
    for _ in range(60):
        middle = (low + high) / 2
        crossed = math.fsum(mass * _above((middle - value) / scale) for value, mass in density)
        if crossed > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _carried(
    density: Sequence[tuple[float, float]], scale: float, bound: float, information: float
) -> list[tuple[float, float]]:
    """The density below a bound after one more step, in cells."""
    normal = NormalDist()
    low = -_WIDE * math.sqrt(information)
    size = (bound - low) / _CELLS
    edges = [low + size * place for place in range(_CELLS + 1)]
    mass = [0.0] * _CELLS
    for value, held in density:
        below = [normal.cdf((edge - value) / scale) for edge in edges]
        for place in range(_CELLS):
            mass[place] += held * (below[place + 1] - below[place])
    return [(low + size * (place + 0.5), mass[place]) for place in range(_CELLS)]
