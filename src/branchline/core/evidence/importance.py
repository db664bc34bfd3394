"""Station `evidence`: which parameter of a search explains how much of its objective.

Main effects only: what two parameters do together counts for neither and stays in the rest. Says
nothing where chance would have said as much. Reads no space: groups are made of equally many
trials, so that a logarithmic scale and a linear one are the same.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.run.trials import Trial
    from branchline.core.values import JsonValue

FEWEST_TRIALS = 10
_MOST_TRIALS = 500
_MOST_GROUPS = 8
_SHUFFLES = 199
_LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one parameter explains.

    Attributes:
        parameter: Its name.
        share: Of the variance of the objective's ranks, in (0, 1].
    """

    parameter: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """What the parameters of a search explain.

    Attributes:
        shares: The largest first; only parameters that explain more than chance does.
        trials: How many had a number.
        problem: Why there are no shares; "" when there are some.
    """

    shares: tuple[Share, ...] = ()
    trials: int
    problem: str = ""

    @property
    def rest(self) -> float:
        """What none explains alone, in [0, 1]: what they do together, other parameters, noise."""
        return max(0.0, 1.0 - sum(share.share for share in self.shares))


@dataclass(frozen=True, slots=True)
class _Factor:
    """One parameter as groups of trials; those that do not have it are in none."""

    name: str
    groups: tuple[tuple[int, ...], ...]
    members: tuple[int, ...]


def importance_of(trials: Sequence[Trial], *, seed: int = 1) -> Importance:
    """How much of the objective each parameter explains.

    The objective is replaced by its ranks, each parameter by up to 8 groups of trials. The
    parameter whose groups differ most is taken first, its means are taken away, and the next is
    asked what it explains of what is left, until none does better than the best of all parameters
    did in 5 % of 199 shuffles. So a parameter that only moved along with another (as samplers that
    learn make them do) is not counted twice. Shares are cleared of what chance explains on average.

    Args:
        trials: In any order; those without a number are left out.
        seed: Of the shuffles, and of the choice of 500 trials where there are more.

    Source:
        Share: K. Pearson (1905), correlation ratio, made unbiased by T. L. Kelley (1935), Proc.
        Natl. Acad. Sci. 21(9), 554-559; on ranks it is the H of Kruskal and Wallis (1952), J. Am.
        Stat. Assoc. 47(260), 583-621. Shuffles: P. H. Westfall and S. S. Young (1993),
        Resampling-Based Multiple Testing, max T; H is made comparable between parameters by E. B.
        Wilson and M. M. Hilferty (1931), Proc. Natl. Acad. Sci. 17(12), 684-688.
    """
    whole = sorted((trial for trial in trials if trial.has_value), key=lambda one: one.number)
    count = len(whole)
    few = f"cannot be told from {count} trial{'' if count == 1 else 's'}"
    if count < FEWEST_TRIALS:
        return Importance(trials=count, problem=few)
    unknown = Importance(trials=count, problem=f"{few}: none explains more alone than chance does")
    if count > _MOST_TRIALS:
        whole = [whole[index] for index in _shuffled(count, seed, 0)[:_MOST_TRIALS]]
    ranks = _ranks([trial.value or 0.0 for trial in whole])
    total = math.fsum(rank * rank for rank in ranks)
    factors = [factor for factor in _factors(whole) if len(factor.groups) > 1]
    if not total or not factors:
        return unknown
    shares = _taken(factors, ranks, _bar(factors, ranks, seed), total)
    if not shares:
        return unknown
    shares.sort(key=lambda share: -share.share)
    return Importance(shares=tuple(shares), trials=count)


def _taken(factors: list[_Factor], ranks: Sequence[float], bar: float, total: float) -> list[Share]:
    """What each explains of what those before it left, until none reaches the bar."""
    left, shares = list(ranks), []
    while factors:
        scores = [_score(factor, left) for factor in factors]
        place = max(range(len(factors)), key=scores.__getitem__)
        explained = _explained(factors[place], left) / total
        if scores[place] <= bar or explained <= 0:
            break
        factor = factors.pop(place)
        shares.append(Share(parameter=factor.name, share=min(1.0, explained)))
        _take_away(factor, left)
    return shares


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks around 0; equal values have the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for index in order[start:end]:
            ranks[index] = (start + end - 1) / 2 - (len(values) - 1) / 2
        start = end
    return ranks


def _factors(trials: Sequence[Trial]) -> list[_Factor]:
    names = dict.fromkeys(name for trial in trials for name in trial.params)
    found = []
    for name in names:
        held = [(i, trial.params[name]) for i, trial in enumerate(trials) if name in trial.params]
        if len(held) >= FEWEST_TRIALS:
            groups = _groups(held)
            found.append(_Factor(name, groups, tuple(index for group in groups for index in group)))
    return found


def _groups(held: Sequence[tuple[int, JsonValue]]) -> tuple[tuple[int, ...], ...]:
    """Trials by the value of one parameter; one that stands alone says nothing and goes along."""
    by_value: dict[float | str, list[int]] = {}
    numeric = [is_number(value) for _, value in held]
    for index, value in held:
        key = value if all(numeric) else json.dumps(value, sort_keys=True)
        by_value.setdefault(key, []).append(index)  # type: ignore[arg-type] # a number, as was just seen
    if all(numeric):
        return _bins([by_value[key] for key in sorted(by_value)], len(held))
    rare = [index for members in by_value.values() if len(members) < 2 for index in members]
    groups = [tuple(members) for members in by_value.values() if len(members) > 1]
    return tuple(groups) + ((tuple(rare),) if rare else ())


def is_number(value: JsonValue) -> bool:
    """Whether a value stands on a scale: a finite number, not a yes or no."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _bins(runs: Sequence[Sequence[int]], count: int) -> tuple[tuple[int, ...], ...]:
    """Neighbours joined to groups of about equally many; equal values stay together."""
    wanted = min(_MOST_GROUPS, max(3, math.isqrt(count)))
    if len(runs) <= wanted and min(map(len, runs)) > 1:
        return tuple(tuple(run) for run in runs)
    bins: list[list[int]] = [[] for _ in range(wanted)]
    seen = 0
    for run in runs:
        middle = seen + (len(run) - 1) / 2
        bins[min(wanted - 1, int(middle * wanted / count))].extend(run)
        seen += len(run)
    return tuple(tuple(members) for members in bins if members)


def _sums(factor: _Factor, values: Sequence[float]) -> tuple[float, float]:
    """(sum of squares between the groups, sum of squares around the mean of all that have it)."""
    held = [values[i] for i in factor.members]
    mean = sum(held) / len(held)
    whole = sum([value * value for value in held]) - len(held) * mean * mean
    between = -len(held) * mean * mean
    for group in factor.groups:
        height = sum([values[i] for i in group])
        between += height * height / len(group)
    # What is left after the last group means were taken away is 0, but for rounding.
    noise = 1e-12 * len(values) ** 3
    return max(0.0, between), whole if whole > noise else 0.0


def _score(factor: _Factor, values: Sequence[float]) -> float:
    """How unlikely the differences are, about standard normal by chance, whatever the groups."""
    between, whole = _sums(factor, values)
    if whole <= 0:
        return -math.inf
    degrees = len(factor.groups) - 1
    height = (len(factor.members) - 1) * between / whole
    spread = 2 / (9 * degrees)
    return float(((height / degrees) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))


def _explained(factor: _Factor, values: Sequence[float]) -> float:
    """The sum of squares between the groups without what chance puts there on average."""
    between, whole = _sums(factor, values)
    degrees = len(factor.groups) - 1
    noise = (whole - between) / max(1, len(factor.members) - degrees - 1)
    return between - degrees * noise


def _bar(factors: Sequence[_Factor], ranks: Sequence[float], seed: int) -> float:
    """The score that the best of all parameters exceeds in 5 % of the shuffles."""
    best = []
    for number in range(1, _SHUFFLES + 1):
        shuffled = [ranks[index] for index in _shuffled(len(ranks), seed, number)]
        best.append(max(_score(factor, shuffled) for factor in factors))
    best.sort()
    return best[math.ceil((1 - _LEVEL) * (_SHUFFLES + 1)) - 1]


def _shuffled(count: int, seed: int, number: int) -> list[int]:
    """The indices below `count` in the order of a shuffle; the same with every Python."""
    size = 8
    data = hashlib.shake_256(f"{seed}:{number}".encode()).digest(size * count)
    return sorted(range(count), key=lambda index: data[size * index : size * (index + 1)])


def _take_away(factor: _Factor, values: list[float]) -> None:
    """Set the mean of each group to that of all that have the parameter."""
    members = factor.members
    mean = math.fsum(values[i] for i in members) / len(members)
    for group in factor.groups:
        step = math.fsum(values[i] for i in group) / len(group) - mean
        for index in group:
            values[index] -= step
