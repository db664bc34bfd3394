"""`core.verdict.noise.moves`: what a metric does by itself, and the bar that follows."""

from __future__ import annotations

import pytest

from branchline.core.policy import MetricRule
from branchline.core.verdict.noise.moves import moves_of, rounded_up

VALUES = [0.90, 0.92, 0.91, 0.93, 0.89, 0.91]


def test_the_suggested_bar_refuses_as_rarely_as_asked() -> None:
    """Put into the gate it has the false alarm rate that it was made for, or a little less."""
    found = moves_of("auc", VALUES, confidence=0.95)
    rule = MetricRule(name="auc", max_regression=found.suggested)

    again = moves_of("auc", VALUES, confidence=0.95, rule=rule)

    assert again.refused is not None
    assert 0.04 < again.refused <= 0.05


def test_the_smaller_of_two_bars_counts() -> None:
    """A relative one is of the mean."""
    rule = MetricRule(name="auc", max_regression=0.1, max_relative_regression=0.01)

    assert moves_of("auc", VALUES, confidence=0.95, rule=rule).bar == pytest.approx(0.0091)


def test_a_metric_that_stands_still_needs_no_bar() -> None:
    """And no bar refuses it."""
    rule = MetricRule(name="auc", max_regression=0.0)
    found = moves_of("auc", [0.9, 0.9, 0.9], confidence=0.95, rule=rule)

    assert (found.sd, found.suggested, found.refused) == (0.0, 0.0, 0.0)


def test_one_value_tells_nothing() -> None:
    """Neither a spread nor a bar."""
    found = moves_of("auc", [0.9], confidence=0.95)

    assert (found.sd, found.suggested, found.refused) == (None, None, None)


@pytest.mark.parametrize("value", [1e-9, 0.0999, 0.1, 7.0, 12345.6])
def test_rounding_never_makes_a_bar_tighter(value: float) -> None:
    """Else it would refuse more than was asked."""
    assert value <= rounded_up(value) <= value * 1.1
