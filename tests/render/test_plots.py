from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.render.plots import (
    Curve,
    confusion_of,
    curves_mermaid,
    curves_of,
)


def test_a_confusion_matrix_is_counted() -> None:
    rows = [{"y": "a", "p": "a"}, {"y": "a", "p": "b"}, {"y": "b", "p": "b"}]

    assert confusion_of(rows, "y", "p") == (("a", "b"), ((1, 1), (0, 1)))


def test_a_confusion_matrix_may_be_counted_already() -> None:
    rows: list[dict[str, object]] = [
        {"y": "b", "p": "b", "n": 5},
        {"y": "b", "p": "a", "n": "2"},
        {"y": "a", "p": "a"},
    ]

    assert confusion_of(rows, "y", "p", "n") == (("b", "a"), ((5, 2), (0, 0)))


def test_numbers_that_are_missing_stay_in_their_place() -> None:
    rows: list[dict[str, object]] = [{"x": "0", "y": "1"}, {"x": 1, "y": "nan"}, {"x": 2, "y": 3}]

    assert curves_of(rows, "", ["y"])[0].points[2] == (2.0, 3.0)
    assert math.isnan(curves_of(rows, "x", ["y"])[0].points[1][1])


def test_a_mermaid_chart_has_few_points_and_no_foreign_syntax() -> None:
    points = tuple((float(x), math.sin(x)) for x in range(1000))

    chart = curves_mermaid([Curve(name='a"]\n```<script>', points=points)], x_label='"]\n')

    assert chart.count("\n") == 5
    assert chart.count(",") < 40
    assert "<" not in chart
    assert curves_mermaid([]) == ""
    assert curves_mermaid([Curve(name="x", points=((math.nan, 1.0),))]) == ""


def lines_of(chart: str) -> list[list[float]]:
    """The numbers of each line of a Mermaid chart."""
    found = re.findall(r"line \[(.*)\]", chart)
    return [[float(number) for number in text.split(",")] for text in found]


def test_a_mermaid_chart_reads_curves_off_at_equal_steps() -> None:
    steep = Curve(name="now", points=((0.0, 0.0), (0.0, 0.5), (0.1, 1.0), (1.0, 1.0)))
    plain = Curve(name="then", points=((0.0, 0.0), (0.2, 0.2), (0.6, 0.6), (1.0, 1.0)))

    first, second = lines_of(curves_mermaid([steep, plain]))

    assert first == [0.5, 1.0, 1.0, 1.0]
    assert second == pytest.approx([0, 1 / 3, 2 / 3, 1], abs=1e-5)


def test_a_curve_that_goes_back_is_no_mermaid_chart() -> None:
    assert curves_mermaid([Curve(name="x", points=((1.0, 1.0), (0.0, 1.0)))]) == ""


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-5, 5)), min_size=1, max_size=30))
def test_a_mermaid_chart_stays_within_the_curve(points: list[tuple[float, float]]) -> None:
    points.sort()

    (line,) = lines_of(curves_mermaid([Curve(name="x", points=tuple(points))]))

    heights = [y for _, y in points]
    assert min(heights) - 1e-4 <= min(line)
    assert max(line) <= max(heights) + 1e-4
