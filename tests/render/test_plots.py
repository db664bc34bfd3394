from __future__ import annotations

import math
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.render.plots import (
    Curve,
    confusion_of,
    confusion_svg,
    curve_mermaid,
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

    chart = curve_mermaid(Curve(name='a"]\n```<script>', points=points))

    assert chart.count("\n") == 5
    assert chart.count(",") < 60
    assert "<" not in chart
    assert curve_mermaid(Curve(name="x", points=((math.nan, 1.0),))) == ""
