"""Training noise of a real model: verdicts over many seeds, with known truth.

A pool of real trainings is made once; verdicts draw from it as they would train.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from branchline.core.verdict.noise.training import Schedule, half_width, learned, spread_of

if TYPE_CHECKING:
    from collections.abc import Sequence

datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")

CASES = 2000
MARGIN = 0.01


@pytest.fixture(scope="module")
def pool() -> tuple[list[float], list[float]]:
    """Accuracies of a small linear model over seeds, and of one that sees a tenth of it."""
    examples, truth = datasets.load_digits(return_X_y=True)
    test = slice(1000, None)

    def accuracies(rows: int) -> list[float]:
        found = []
        for seed in range(150):
            model = linear.SGDClassifier(max_iter=5, tol=None, random_state=seed)
            model.fit(examples[:rows], truth[:rows])
            found.append(float(model.score(examples[test], truth[test])))
        return found

    return accuracies(1000), accuracies(100)


@pytest.mark.slow
def test_two_seeds_of_the_same_training_are_rarely_refused(
    pool: tuple[list[float], list[float]],
) -> None:
    """At most 6 % fail, with 5 % asked for; two plain numbers refuse far more."""
    good, _ = pool
    chance = random.Random(3)  # a simulation
    refused = sum(_is_refused(good, good, chance) for _ in range(CASES))
    naive = sum(chance.choice(good) - chance.choice(good) > MARGIN for _ in range(CASES))

    assert refused / CASES <= 0.06
    assert naive > 3 * refused


@pytest.mark.slow
def test_a_true_drop_is_found(pool: tuple[list[float], list[float]]) -> None:
    """One of several standard deviations beyond what is tolerated, in 80 % or more."""
    good, bad = pool
    chance = random.Random(4)  # a simulation

    found = sum(_is_refused(bad, good, chance) for _ in range(CASES))

    assert found / CASES >= 0.8


def _is_refused(ours: Sequence[float], theirs: Sequence[float], chance: random.Random) -> bool:
    schedule = Schedule()
    candidate, champion = [chance.choice(ours)], [chance.choice(theirs)]
    freedoms: list[float] = []
    for made in range(schedule.runs + 1):
        spread = spread_of(
            "accuracy", candidate, champion, schedule=schedule, freedoms=freedoms, confidence=0.95
        )
        freedoms.append(learned([candidate, champion]).freedom)
        half = half_width(spread)
        if half is not None:
            gain = sum(candidate) / len(candidate) - sum(champion) / len(champion)
            if gain + half < 0 and -gain > MARGIN:
                return True
            if gain - half >= -MARGIN:
                return False
        if schedule.is_champion(made):
            champion.append(chance.choice(theirs))
        else:
            candidate.append(chance.choice(ours))
    return False
