from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar

from branchline.core.verdict.noise.mcnemar import paired_shares, score

TABLES = [(3, 9, 80, 100), (0, 7, 90, 100), (12, 10, 300, 500), (1, 0, 4, 5), (150, 40, 700, 1000)]


@pytest.mark.parametrize(("gained", "lost", "both", "count"), TABLES)
def test_few_discordant_examples_are_tested_exactly(
    gained: int, lost: int, both: int, count: int
) -> None:
    theirs = mcnemar([[both, lost], [gained, count - both - gained - lost]], exact=True)

    found = paired_shares(gained, lost, both, count, confidence=0.95)

    assert min(1, 2 * min(found.below(0), found.above(0))) == pytest.approx(theirs.pvalue)


def test_many_discordant_examples_are_tested_as_in_statsmodels() -> None:
    theirs = mcnemar([[9000, 400], [460, 140]], exact=False, correction=False)

    found = paired_shares(460, 400, 9000, 10_000, confidence=0.95)

    assert 2 * found.above(0) == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("difference", [-0.3, -0.02, 0.01, 0.2])
@pytest.mark.parametrize(("gained", "lost", "both", "count"), TABLES)
def test_the_score_is_that_of_the_restricted_likelihood(
    gained: int, lost: int, both: int, count: int, difference: float
) -> None:
    rest = count - gained - lost

    def unlikely(share: float) -> float:  # of "only the champion is right"
        terms = ((gained, share + difference), (lost, share), (rest, 1 - 2 * share - difference))
        return -sum(n * math.log(max(p, 1e-300)) for n, p in terms if n)

    bounds = max(0.0, -difference), (1 - difference) / 2
    share = optimize.minimize_scalar(
        unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-12}
    ).x
    variance = count * (2 * share + difference - difference**2)
    theirs = (gained - lost - count * difference) / math.sqrt(variance)

    assert score(gained, lost, count, difference) == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize(("gained", "lost", "both", "count"), TABLES)
def test_the_interval_holds_the_estimate_and_agrees_with_the_p_values(
    gained: int, lost: int, both: int, count: int
) -> None:
    found = paired_shares(gained, lost, both, count, confidence=0.95)

    assert found.low <= (gained - lost) / count <= found.high
    assert (found.above(0) <= 0.05) == (found.low > 0)
    assert (found.below(0) <= 0.05) == (found.high < 0)
    if found.low not in (0.0, -1.0):
        assert found.above(found.low) == pytest.approx(0.05, abs=1e-6)
    if found.high not in (0.0, 1.0):
        assert found.below(found.high) == pytest.approx(0.05, abs=1e-6)


def test_nothing_discordant_is_no_proof_that_nothing_is() -> None:
    found = paired_shares(0, 0, 100, 100, confidence=0.95)
    z = stats.norm.ppf(0.95)

    assert found.candidate == found.champion == 1
    assert -found.low == found.high == pytest.approx(z * z / (100 + z * z), abs=1e-9)


@pytest.mark.parametrize("discordant", range(1, 5))
def test_no_direction_is_proven_by_less_than_five_discordant(discordant: int) -> None:
    found = paired_shares(0, discordant, 1000 - discordant, 1000, confidence=0.95)

    assert found.below(0) > 0.05
    assert found.high >= 0


def test_sides_can_be_swapped() -> None:
    one = paired_shares(7, 20, 500, 600, confidence=0.9)
    other = paired_shares(20, 7, 500, 600, confidence=0.9)

    assert (one.low, one.high) == (-other.high, -other.low)
    assert one.below(-0.01) == pytest.approx(other.above(0.01))


def test_all_of_them_changed_sides() -> None:
    found = paired_shares(0, 5, 0, 5, confidence=0.95)

    assert found.low == -1
    assert np.isfinite(found.high)
    assert found.high < 0
    assert found.below(0) == pytest.approx(1 / 32)
