"""Charts of a report's page: each parses, has its values beside it, and is complete by itself."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.render.report.sample import ATTACKS, drawings

from branchline.render.drawing import Drawing
from branchline.render.plots import Curve
from branchline.render.report.charts import curves, figure_html


def element(html: str) -> ET.Element:
    return ET.fromstring(f"<div>{html}</div>".encode("utf-8", "replace"))


def test_every_kind_of_plot_is_well_formed() -> None:
    for drawing in drawings():
        figure = element(figure_html(drawing))

        assert figure.findtext(".//figcaption") == drawing.title


def test_a_line_has_its_values_and_is_broken_where_one_is_missing() -> None:
    points = ((0.0, 1.0), (1.0, math.nan), (2.0, 3.0), (3.0, 2.5), (4.0, math.inf))
    drawing = Drawing(path="a", title="T", x_label="step", curves=(Curve(name="v", points=points),))

    (group,) = element(curves(drawing)).iter("g")

    assert group.get("data-points") == "0,1 2,3 3,2.5"
    line, dot = group
    assert str(line.get("d")).count("M") == 1
    assert str(dot.get("d")).count("h0") == 1


def test_the_baseline_has_the_colour_of_its_line() -> None:
    points = ((0.0, 1.0), (1.0, 2.0))
    names = [("a", False), ("b", False), ("b, baseline", True), ("c, baseline", True)]
    lines = tuple(Curve(name=n, points=points, is_baseline=is_base) for n, is_base in names)

    groups = element(curves(Drawing(path="a", title="T", curves=lines))).iter("g")

    kinds = [str(group.get("class")) for group in groups if group.get("data-name")]
    assert kinds == ["series s0", "series s1", "series s1 past", "series base past"]


def test_a_matrix_shows_what_changed_against_the_baseline() -> None:
    drawing = Drawing(path="c", title="C", labels=("a", "b"), counts=((3, 1), (0, 1234)),
                      before=((4, 0), (0, 1234)))  # fmt: skip

    cells = ["".join(cell.itertext()) for cell in element(figure_html(drawing)).iter("td")]

    assert cells == ["3-1", "1+1", "0", "1,234"]


@given(
    st.lists(st.tuples(st.floats(), st.floats()), max_size=20),
    st.text(max_size=20),
    st.booleans(),
)
def test_any_numbers_and_names_make_a_chart(
    points: list[tuple[float, float]], name: str, is_scatter: bool
) -> None:
    curve = Curve(name=name, points=tuple(points))
    drawing = Drawing(path=name, title=name, x_label=name, y_label=name, curves=(curve, curve),
                      is_scatter=is_scatter, has_diagonal=True)  # fmt: skip

    text = figure_html(drawing)

    element(text)
    assert not re.search(r'(?: d|data-axes|data-points|data-box)="[^"]*(?:nan|inf)', text)


def test_long_lines_are_thinned_and_keep_their_end() -> None:
    points = tuple((float(n), float(n)) for n in range(50_001))

    text = curves(Drawing(path="a", title="T", curves=(Curve(name="x", points=points),)))

    assert len(text) < 60_000
    assert "50000,50000" in text


@pytest.mark.parametrize("attack", ATTACKS)
def test_names_stay_text(attack: str) -> None:
    point = ((0.0, 1.0), (1.0, 1.0))
    for drawing in (
        Drawing(path=attack, title=attack, note=attack, x_label=attack, y_label=attack,
                curves=(Curve(name=attack, points=point), Curve(name=attack, points=point))),
        Drawing(path=attack, title=attack, bars=((attack, 0.0),), x_label=attack),
        Drawing(path=attack, title=attack, labels=(attack,), counts=((0,),), before=((1,),)),
        Drawing(path=attack, title=attack, problem=attack, heads=(attack,), rows=((attack,),)),
        Drawing(path=attack, title=attack, image=("image/png", b"x")),
    ):  # fmt: skip
        figure = element(figure_html(drawing))

        assert {e.tag for e in figure.iter()} & {"script", "b", "a"} == set()
        assert not [name for e in figure.iter() for name in e.attrib if name.startswith("on")]
