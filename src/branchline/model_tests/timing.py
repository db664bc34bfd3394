"""How long a model takes: measured so that a busy machine fails nobody and a slow model fails.

Timing one model after the other compares the machine with itself at two moments: the p95 of one and
the same code moved between 0.8 and 6.6 times from block to block. So candidate and baseline take
turns in random order, inside one process, and what counts is the median of the ratios of pairs,
with its interval from a bootstrap; more pairs are taken while the interval holds the limit.
"""

from __future__ import annotations

import gc
import math
import random
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

ROUND = 50
"""Calls of one round, each of a pair; a p99 of 50 calls is the slowest but none of them."""
ROUNDS_AT_LEAST = 6
ROUNDS_AT_MOST = 40
BUDGET_S = 20.0
"""After this many seconds no further round begins, once there are `ROUNDS_AT_LEAST`."""
_FEWEST_CALLS = 5
_SHORT_NS = 20_000
"""Calls shorter than this are timed several at a time: the clock and a cache miss cost as much."""
_RESAMPLES = 1000
_TAIL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A number with its interval: each end holds with 95 %, one-sided."""

    value: float
    low: float
    high: float

    def holds(self, limit: float) -> bool:
        """Whether the limit lies inside: on which side of it the truth is, cannot be told yet."""
        return self.low <= limit < self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What was measured.

    Attributes:
        p50_ms, p95_ms, p99_ms: Of the candidate: the median over the rounds of each round's
            quantile, in milliseconds; of p95 with its interval.
        base_p50_ms, base_p95_ms, base_p99_ms: The same of the baseline; None without one.
        ratio: Candidate over baseline, the median over all pairs; None without a baseline.
        calls: Of each. rounds: How many. spent_s: Seconds for all.
    """

    p50_ms: float
    p95_ms: Interval
    p99_ms: float
    base_p50_ms: float | None = None
    base_p95_ms: float | None = None
    base_p99_ms: float | None = None
    ratio: Interval | None = None
    calls: int
    rounds: int
    spent_s: float


class Stopwatch:
    """Times calls in rounds.

    Args:
        candidate: A call of the model under test.
        baseline: The same of the champion; None times the candidate alone.
        seed: Of the order of the pairs and of the bootstrap.
        budget_s: See `BUDGET_S`.
    """

    def __init__(
        self,
        candidate: Callable[[], Any],
        baseline: Callable[[], Any] | None = None,
        *,
        seed: int = 0,
        budget_s: float = BUDGET_S,
    ) -> None:
        self._calls = (candidate, baseline)
        self._random = random.Random(seed)  # noqa: S311 # an order, no secret
        self._seed = seed
        self._budget_s = budget_s
        self._ours: list[list[float]] = []
        self._theirs: list[list[float]] = []
        self._repeat = 0
        self._round = ROUND
        self._spent_s = 0.0

    def until(self, is_told: Callable[[Timed], bool]) -> Timed:
        """Take rounds until the question is answered, or no more may be taken."""
        found = self._take_more(ROUNDS_AT_LEAST)
        while not is_told(found) and len(self._ours) < ROUNDS_AT_MOST:
            if self._spent_s > self._budget_s:
                break
            found = self._take_more(2)
        return found

    def _take_more(self, rounds: int) -> Timed:
        began = time.perf_counter()
        if not self._repeat:
            self._warm_up()
        with _undisturbed():
            for _ in range(rounds):
                self._take_round()
                # A slow model is timed as often as the budget allows, never less than a few times.
                if len(self._ours) >= 2 and time.perf_counter() - began > 3 * self._budget_s:
                    break
        self._spent_s += time.perf_counter() - began
        return self._timed()

    def _warm_up(self) -> None:
        """First calls load and fill what later ones find; then how many calls the clock needs."""
        durations = []
        for call in self._calls:
            if call is not None:
                for _ in range(3):
                    began = time.perf_counter_ns()
                    call()
                    durations.append(time.perf_counter_ns() - began)
        fastest = max(1, min(durations))
        self._repeat = max(1, min(1000, math.ceil(_SHORT_NS / fastest)))
        calls = sum(call is not None for call in self._calls)
        affordable = int(self._budget_s * 1e9 / (fastest * self._repeat * calls * ROUNDS_AT_LEAST))
        self._round = max(_FEWEST_CALLS, min(ROUND, affordable))

    def _take_round(self) -> None:
        candidate, baseline = self._calls
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(self._round):
            if baseline is None:
                ours.append(self._time(candidate))
            elif self._random.random() < 0.5:
                ours.append(self._time(candidate))
                theirs.append(self._time(baseline))
            else:
                theirs.append(self._time(baseline))
                ours.append(self._time(candidate))
        self._ours.append(ours)
        self._theirs.append(theirs)

    def _time(self, call: Callable[[], Any] | None) -> float:
        assert call is not None  # noqa: S101 # who has none is not asked
        repeat = range(self._repeat)
        began = time.perf_counter_ns()
        for _ in repeat:
            call()
        return (time.perf_counter_ns() - began) / self._repeat / 1e6

    def _timed(self) -> Timed:
        import numpy as np

        generator = np.random.default_rng(self._seed)
        ours = np.asarray(self._ours)
        p50, p95, p99 = np.quantile(ours, [0.5, 0.95, 0.99], axis=1)
        base: list[float | None] = [None, None, None]
        ratio = None
        if self._calls[1] is not None:
            theirs = np.asarray(self._theirs)
            base = [float(np.median(q)) for q in np.quantile(theirs, [0.5, 0.95, 0.99], axis=1)]
            logs = np.log(ours.ravel()) - np.log(theirs.ravel())
            found = _median(logs, generator)
            ratio = Interval(
                value=math.exp(found.value), low=math.exp(found.low), high=math.exp(found.high)
            )
        return Timed(
            p50_ms=float(np.median(p50)),
            p95_ms=_median(p95, generator),
            p99_ms=float(np.median(p99)),
            base_p50_ms=base[0],
            base_p95_ms=base[1],
            base_p99_ms=base[2],
            ratio=ratio,
            calls=ours.size * self._repeat,
            rounds=len(ours),
            spent_s=self._spent_s,
        )


def _median(values: np.ndarray, generator: np.random.Generator) -> Interval:
    """The median and its percentile interval by bootstrap."""
    import numpy as np

    draws = generator.integers(0, len(values), size=(_RESAMPLES, len(values)))
    medians = np.median(values[draws], axis=1)
    low, high = np.quantile(medians, [_TAIL, 1 - _TAIL])
    return Interval(value=float(np.median(values)), low=float(low), high=float(high))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the garbage collector, which would bill one call for the litter of others."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
