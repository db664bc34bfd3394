"""Charts of Vega-Lite: simple ones are drawn, all others are a table with the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from branchline.core.evidence.values import Plot
from branchline.core.pipeline import Content
from branchline.render.drawing import Drawing, drawing_of

LITE = "https://vega.github.io/schema/vega-lite/v5.json"
ROWS = [{"t": 1, "v": 2.5, "k": "a"}, {"t": 0, "v": 1, "k": "a"}, {"t": 0, "v": 3, "k": "b"}]
AXES = {"x": {"field": "t"}, "y": {"field": "v", "title": "loss"}}


def drawn(**chart: Any) -> Drawing:
    whole = {"$schema": LITE, "data": {"values": ROWS}, "mark": "line", "encoding": AXES, **chart}
    plot = Plot(path="a.vl.json", content=Content(md5="m"))
    return drawing_of(plot, json.dumps(whole).encode())


def test_lines_are_sorted_and_told_apart_by_colour() -> None:
    found = drawn(encoding={**AXES, "color": {"field": "k"}}, title={"text": "T"})

    assert [(c.name, c.points) for c in found.curves] == [
        ("a", ((0, 1), (1, 2.5))),
        ("b", ((0, 3),)),
    ]
    assert (found.title, found.x_label, found.y_label) == ("T", "t", "loss")


@pytest.mark.parametrize("mark", ["point", "circle", {"type": "square"}])
def test_points_are_points(mark: object) -> None:
    assert drawn(mark=mark).is_scatter


@pytest.mark.parametrize(
    "encoding",
    [
        pytest.param({"x": {"field": "k"}, "y": {"field": "v"}}, id="standing"),
        pytest.param({"x": {"field": "v"}, "y": {"field": "k"}}, id="lying"),
    ],
)
def test_bars_stand_or_lie(encoding: object) -> None:
    assert drawn(mark="bar", encoding=encoding).bars == (("a", 2.5), ("a", 1.0), ("b", 3.0))


@pytest.mark.parametrize(
    ("chart", "word"),
    [
        pytest.param({"layer": []}, "`layer`", id="layers"),
        pytest.param({"transform": [{"filter": "datum.x"}]}, "`transform`", id="computed"),
        pytest.param({"mark": "arc"}, "line, bar and point", id="another-mark"),
        pytest.param({"mark": None}, "line, bar and point", id="no-mark"),
        pytest.param({"encoding": {"x": {"field": "t"}}}, "encoding.y.field", id="no-y"),
        pytest.param({"encoding": []}, "encoding.x.field", id="no-encoding"),
        pytest.param(
            {"encoding": {"x": {"field": "t", "bin": True}, "y": {"field": "v"}}}, "computed",
            id="bins",
        ),
        pytest.param({"$schema": "https://vega.github.io/schema/vega/v5.json"}, "Vega", id="vega"),
    ],
)  # fmt: skip
def test_what_is_not_drawn_is_a_table(chart: dict[str, Any], word: str) -> None:
    found = drawn(**chart)

    assert word in found.problem
    assert found.heads == ("t", "v", "k")
    assert found.rows[0] == ("1", "2.5", "a")


@pytest.mark.parametrize("data", [{"url": "https://x.example/d.csv"}, {"values": "text"}, None, []])
def test_data_from_elsewhere_are_not_fetched(data: object) -> None:
    assert "no data of its own" in drawn(data=data).problem
