"""How often chance decides the gate: ours, looking after every training, beside two usual ways.

A metric of standard deviation 1 is simulated; champion and candidate are trained with other seeds,
alternately, at most five times. `naive` compares the two plain numbers with the tolerated loss;
`t-tests` looks after every training at a 95 % t interval, as if each look were the only one.

    python benchmarks/training_noise.py [CASES]

prints a Markdown table. 20,000 cases: the standard error of 5 % is 0.15 points.
"""

from __future__ import annotations

import math
import random
import sys
from dataclasses import dataclass

from branchline.core.run.student import t_quantile
from branchline.core.verdict.noise.training import (
    Schedule,
    half_width,
    learned,
    spread_of,
    squares_of,
)

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is simulated.

    Attributes:
        name: In the table.
        loss: True loss, in standard deviations of one training.
        margin: Tolerated loss, likewise.
        earlier: Contents that were trained with three seeds each before.
        runs: Most further trainings.
        has_champion: Whether the champion can be trained again.
        ratio: Standard deviation of the candidate's trainings.
        earlier_ratio: Of those of earlier contents.
    """

    name: str
    loss: float = 0.0
    margin: float = 0.0
    earlier: int = 0
    runs: int = 5
    has_champion: bool = True
    ratio: float = 1.0
    earlier_ratio: float = 1.0


@dataclass(slots=True)
class Counts:
    """How often it was refused or let pass as proven, and what that cost."""

    refused: int = 0
    proven: int = 0
    trainings: int = 0


CASES = (
    Case(name="seeds only, nothing tolerated"),
    Case(name="seeds only, nothing tolerated, champion cannot be trained", has_champion=False),
    Case(name="seeds only, nothing tolerated, 12 trainings", runs=12),
    Case(name="seeds only, nothing tolerated, 4 earlier changes", earlier=4),
    Case(name="seeds only, 1 sd tolerated", margin=1.0),
    Case(name="seeds only, 2 sd tolerated", margin=2.0),
    Case(name="seeds only, 2 sd tolerated, 4 earlier changes", margin=2.0, earlier=4),
    Case(name="seeds only, 3 sd tolerated, 4 earlier changes", margin=3.0, earlier=4),
    Case(name="lost exactly the 2 sd that are tolerated", loss=2.0, margin=2.0),
    Case(name="lost 3 sd, 2 tolerated", loss=3.0, margin=2.0),
    Case(name="lost 4 sd, 2 tolerated", loss=4.0, margin=2.0),
    Case(name="lost 4 sd, 2 tolerated, 4 earlier changes", loss=4.0, margin=2.0, earlier=4),
    Case(name="seeds only, 2 sd tolerated, this change doubles the noise", margin=2.0, earlier=4,
         ratio=2.0),
    Case(name="seeds only, nothing tolerated, this change doubles the noise", earlier=4, ratio=2.0),
    Case(name="seeds only, nothing tolerated, earlier changes had half the noise", earlier=4,
         earlier_ratio=0.5),
)  # fmt: skip


def ours(case: Case, chance: random.Random, counts: Counts) -> None:
    """One verdict of the gate."""
    groups = [[chance.gauss(0, case.earlier_ratio) for _ in range(3)] for _ in range(case.earlier)]
    schedule = Schedule(runs=case.runs, has_champion=case.has_champion)
    candidate, champion = [chance.gauss(-case.loss, case.ratio)], [chance.gauss(0, 1)]
    freedoms: list[float] = []
    for made in range(schedule.runs + 1):
        spread = spread_of(
            "m", candidate, champion, groups,
            schedule=schedule, freedoms=freedoms, confidence=CONFIDENCE,
        )  # fmt: skip
        freedoms.append(learned([candidate, champion], groups).freedom)
        half = half_width(spread)
        if half is not None and _decides(case, candidate, champion, half, counts):
            break
        if made < schedule.runs:
            is_theirs = schedule.is_champion(made)
            (champion if is_theirs else candidate).append(
                chance.gauss(0, 1) if is_theirs else chance.gauss(-case.loss, case.ratio)
            )
    counts.trainings += len(candidate) + len(champion) - 2


def t_tests(case: Case, chance: random.Random, counts: Counts) -> None:
    """An interval of 95 % after every training, as if it were the only look."""
    schedule = Schedule(runs=case.runs, has_champion=case.has_champion)
    candidate, champion = [chance.gauss(-case.loss, case.ratio)], [chance.gauss(0, 1)]
    for made in range(schedule.runs):
        is_theirs = schedule.is_champion(made)
        (champion if is_theirs else candidate).append(
            chance.gauss(0, 1) if is_theirs else chance.gauss(-case.loss, case.ratio)
        )
        squares, freedom = squares_of([candidate, champion])
        half = t_quantile(CONFIDENCE, freedom) * math.sqrt(
            squares / freedom * (1 / len(candidate) + 1 / len(champion))
        )
        if _decides(case, candidate, champion, half, counts):
            break
    counts.trainings += len(candidate) + len(champion) - 2


def naive(case: Case, chance: random.Random, counts: Counts) -> None:
    """Two plain numbers and the tolerated loss."""
    lost = chance.gauss(0, 1) - chance.gauss(-case.loss, case.ratio)
    counts.refused += lost > case.margin
    counts.proven += lost <= case.margin


def _decides(
    case: Case, candidate: list[float], champion: list[float], half: float, counts: Counts
) -> bool:
    gain = sum(candidate) / len(candidate) - sum(champion) / len(champion)
    if gain + half < 0 and -gain > case.margin:
        counts.refused += 1
        return True
    if gain - half >= -case.margin:
        counts.proven += 1
        return True
    return False


def main() -> None:
    """Print the table."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rows = [
        "| change | refused | proven no worse | trainings | naive: refused | t-tests: refused |",
        "|---|---|---|---|---|---|",
    ]
    for case in CASES:
        chance = random.Random(case.name)  # a simulation
        found = {}
        for way in (ours, naive, t_tests):
            counts = Counts()
            for _ in range(number):
                way(case, chance, counts)
            found[way.__name__] = counts
        mine = found["ours"]
        rows.append(
            f"| {case.name} | {mine.refused / number:.1%} | {mine.proven / number:.1%} |"
            f" {mine.trainings / number:.1f} | {found['naive'].refused / number:.1%} |"
            f" {found['t_tests'].refused / number:.1%} |"
        )
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
