from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.render.plots import (
    Curve,
    bars_svg,
    confusion_of,
    confusion_svg,
    curves_mermaid,
    curves_of,
    curves_svg,
)

SVG = "{http://www.w3.org/2000/svg}"


def test_a_confusion_matrix_is_counted_and_drawn() -> None:
    rows = [{"y": "a", "p": "a"}, {"y": "a", "p": "b"}, {"y": "b", "p": "b"}]

    labels, counts = confusion_of(rows, "y", "p")
    drawing = ET.fromstring(confusion_svg(labels, counts, title="T"))

    assert (labels, counts) == (("a", "b"), ((1, 1), (0, 1)))
    texts = [text.text for text in drawing.iter(f"{SVG}text")]
    assert texts == ["T", "predicted", "actual", "a", "a", "1", "1", "b", "b", "0", "1"]


def test_counts_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="one row and one column"):
        confusion_svg(["a", "b"], [[1, 2]])


def test_curves_are_broken_where_numbers_are_missing() -> None:
    rows: list[dict[str, object]] = [
        {"x": "0", "y": "1"},
        {"x": 1, "y": "nan"},
        {"x": 2, "y": 3},
        {"x": 3, "y": None},
    ]

    curves = curves_of(rows, "x", ["y"])
    drawing = ET.fromstring(curves_svg(curves, x_label="x", y_label="y"))

    assert len(list(drawing.iter(f"{SVG}polyline"))) == 2
    assert curves_of(rows, "", ["y"])[0].points[2] == (2.0, 3.0)


@given(
    st.lists(st.tuples(st.floats(), st.floats()), max_size=20),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_every_curve_makes_a_drawing_that_parses(
    points: list[tuple[float, float]], name: str, title: str
) -> None:
    curve = Curve(name=name, points=tuple(points))

    text = curves_svg([curve, curve], title=title, x_label=name)
    drawing = ET.fromstring(text.encode("utf-8", "replace"))

    assert "script" not in {element.tag for element in drawing.iter()}
    assert "nan" not in "".join(line.get("points", "") for line in drawing.iter())


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


def test_bars_and_points_are_drawn() -> None:
    bars = ET.fromstring(bars_svg([("age", 3.0), ("<b>", -1.0)], title="importance"))
    curve = Curve(name="x", points=((0.0, 1.0), (1.0, 2.0)))
    dots = ET.fromstring(curves_svg([curve], is_scatter=True))

    widths = [float(r.get("width", "0")) for r in bars.iter() if r.get("x") == "160"]
    assert widths[0] == pytest.approx(3 * widths[1], abs=0.2)
    assert sum(element.tag.endswith("circle") for element in dots.iter()) == 2


def test_long_curves_are_thinned_and_keep_their_end() -> None:
    points = tuple((float(n), float(n)) for n in range(50_001))

    drawing = curves_svg([Curve(name="x", points=points)])

    assert len(drawing) < 60_000
    assert "50,000" in drawing
