"""Student's t distribution against SciPy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.run.student import t_quantile


@given(st.floats(0.001, 0.999), st.integers(1, 500))
def test_quantiles_are_those_of_scipy(share: float, freedom: int) -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")

    expected = float(stats.t.ppf(share, freedom))

    assert t_quantile(share, freedom) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(("share", "freedom"), [(0, 3), (1, 3), (0.5, 0)])
def test_what_has_no_quantile_is_refused(share: float, freedom: float) -> None:
    with pytest.raises(ValueError, match="are needed"):
        t_quantile(share, freedom)
