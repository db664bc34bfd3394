from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from branchline.core.run.student import t_share, t_tail
from branchline.core.verdict.noise import distributions


@pytest.mark.parametrize("freedom", [0.7, 1.0, 4.0, 33.3, 1000.0, 123_456.7])
@pytest.mark.parametrize("value", [-30.0, -2.5, -0.1, 0.0, 0.3, 1.96, 12.0])
def test_student_is_that_of_scipy(value: float, freedom: float) -> None:
    assert t_tail(value, freedom) == pytest.approx(stats.t.sf(value, freedom), rel=1e-8)
    assert t_share(value, freedom) == pytest.approx(stats.t.cdf(value, freedom), abs=1e-10)


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 0.9, 0.995])
def test_quantiles_are_those_of_scipy(share: float) -> None:
    assert distributions.normal_quantile(share) == pytest.approx(stats.norm.ppf(share), abs=1e-12)
    for freedom in (2.0, 17.5, 5e6):
        ours = distributions.student_quantile(share, freedom)
        assert ours == pytest.approx(stats.t.ppf(share, freedom), abs=1e-5)


def test_tails_are_exact_where_they_are_tiny() -> None:
    for value in (-3.0, 0.0, 5.0, 20.0, 37.0):
        ours = distributions.normal_tail(value)
        assert ours == pytest.approx(stats.norm.sf(value), rel=1e-12)


@pytest.mark.parametrize("trials", [0, 1, 5, 40, 1000, 10_000, 10_001, 200_000])
def test_a_fair_coin_is_that_of_scipy(trials: int) -> None:
    for successes in np.unique(np.linspace(0, trials, 9).astype(int)).tolist():
        theirs = stats.binom.sf(successes - 1, trials, 0.5)
        ours = distributions.fair_tail(successes, trials)
        assert ours == pytest.approx(theirs, rel=1e-8 if trials <= 10_000 else 0.1, abs=1e-5)
