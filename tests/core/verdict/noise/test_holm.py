from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from branchline.core.verdict.noise.holm import holm


@settings(max_examples=20)  # theirs takes 0.1 s a call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_it_is_that_of_statsmodels(p_values: list[float]) -> None:
    theirs = multipletests(p_values, method="holm")[1]

    assert holm(p_values) == pytest.approx(np.asarray(theirs), abs=1e-12)


def test_what_was_not_judged_is_left_out_of_the_family() -> None:
    first, second, third = holm([0.01, math.nan, 0.04])

    assert (first, third) == (0.02, 0.04)
    assert math.isnan(second)


def test_no_family_is_no_family() -> None:
    assert holm([]) == ()


def test_a_share_above_one_is_refused() -> None:
    with pytest.raises(ValueError, match="needed"):
        holm([0.1, 1.2])
