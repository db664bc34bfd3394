"""Plot files as drawings: what each kind becomes, and what is refused with a reason."""

from __future__ import annotations

import json
import math

import pytest

from branchline.core.evidence.values import Plot
from branchline.core.pipeline import Content
from branchline.render.drawing import Drawing, drawing_of, drawings_of

CSV = b"step,loss,name\n0,1.5,a\n1,0.5,b\n2,,c\n"


def drawn(path: str, data: bytes, **options: object) -> Drawing:
    plot = Plot(path=path, content=Content(md5="m"), options=options)  # type: ignore[arg-type] # JSON
    return drawing_of(plot, data)


def test_a_curve_has_the_columns_that_are_named() -> None:
    found = drawn("a.csv", CSV, x="step", y="loss", title="Loss")

    (curve,) = found.curves
    assert (found.title, found.x_label, found.y_label) == ("Loss", "step", "loss")
    assert curve.points[:2] == ((0.0, 1.5), (1.0, 0.5))
    assert math.isnan(curve.points[2][1])


@pytest.mark.parametrize(
    ("path", "data", "options", "points"),
    [
        pytest.param("a.csv", b"a,b\n1,2\n3,4\n", {}, ((0, 2), (1, 4)), id="last-column-by-row"),
        pytest.param("a.tsv", b"a\tb\n1\t2\n", {"x": "a"}, ((1, 2),), id="tabs"),
        pytest.param("a.csv", b"1,2\n3,4\n", {"header": False}, ((0, 2), (1, 4)), id="no-header"),
        pytest.param("a.csv", b"\xef\xbb\xbfa,b\n1,2\n", {"x": "a"}, ((1, 2),), id="byte-mark"),
        pytest.param(
            "a.json", json.dumps({"roc": [{"x": 1, "y": 2}]}).encode(), {"x": "x", "y": "y"},
            ((1, 2),), id="a-list-inside-json",
        ),
        pytest.param("a.csv", b'a,b\n"1\n",2\n', {"x": "a"}, ((1, 2),), id="line-break-in-a-cell"),
    ],
)  # fmt: skip
def test_tables_of_all_kinds_are_read(
    path: str, data: bytes, options: dict[str, object], points: tuple[tuple[float, float], ...]
) -> None:
    (curve,) = drawn(path, data, **options).curves

    assert curve.points == points


def test_templates_choose_the_drawing() -> None:
    labels = b"actual,predicted\na,a\na,b\n"
    matrix = drawn("c.csv", labels, template="confusion", x="actual", y="predicted")
    bars = drawn("f.csv", b"gain,name\n1,x\n3,y\nnan,z\n", template="bar_horizontal_sorted",
                 x="gain", y="name")  # fmt: skip
    dots = drawn("s.csv", CSV, template="scatter", x="step", y="loss")

    assert (matrix.labels, matrix.counts) == (("a", "b"), ((1, 1), (0, 0)))
    assert bars.bars == (("y", 3.0), ("x", 1.0))
    assert dots.is_scatter


@pytest.mark.parametrize(
    ("path", "data", "options", "word"),
    [
        pytest.param("a.csv", b"", {}, "no rows", id="empty"),
        pytest.param("a.csv", CSV, {"x": "no"}, "no column `no`", id="x-is-not-there"),
        pytest.param("a.csv", CSV, {"y": "no"}, "none of the columns", id="y-is-not-there"),
        pytest.param("a.json", b"{", {}, "Expecting", id="broken-json"),
        pytest.param("a.json", b"[1]", {}, "no rows", id="json-without-rows"),
        pytest.param("a.json", b"[" * 100_000, {}, "", id="json-too-deep"),
        pytest.param("a.parquet", b"PAR1", {}, "not drawn", id="another-kind"),
        pytest.param("a.png", b"<script>", {}, "not the image", id="no-image"),
        pytest.param(
            "a.csv", b"t,p\n" + b"".join(b"%d,0\n" % n for n in range(99)),
            {"template": "confusion"}, "99 classes", id="too-many-classes",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_says_why(
    path: str, data: bytes, options: dict[str, object], word: str
) -> None:
    found = drawn(path, data, **options)

    assert found.problem
    assert word in found.problem
    assert (found.curves, found.bars, found.labels, found.image) == ((), (), (), None)


def test_the_baseline_stands_in_the_same_drawing() -> None:
    plots = [Plot(path=p, content=Content(md5="m")) for p in ("a.csv", "b.csv", "gone.csv")]
    files = {"a.csv": b"x\n1\n2\n", "b.csv": b"x\n1\n"}

    moved, same, gone = drawings_of(plots, files, earlier={"a.csv": b"x\n3\n", "b.csv": b"x\n1\n"})

    assert [curve.name for curve in moved.curves] == ["this run", "baseline"]
    assert [curve.name for curve in same.curves] == ["x"]
    assert "too large" in gone.problem


def test_dvclive_names_its_step_and_no_time() -> None:
    found = drawn(
        "dvclive/plots/metrics/acc.tsv", b"timestamp\tstep\tacc\n99\t1\t0.5\n98\t2\t0.6\n"
    )

    assert found.x_label == "step"
    assert [(c.name, c.points) for c in found.curves] == [("acc", ((1, 0.5), (2, 0.6)))]


def test_yaml_is_read_and_never_run() -> None:
    assert drawn("a.yaml", b"rows:\n- {x: 1, y: 2}\n", x="x").curves[0].points == ((1, 2),)
    assert drawn("a.yaml", b"- !!python/object/apply:os.system [ls]\n").problem


def test_a_column_may_name_the_line() -> None:
    found = drawn("a.csv", b"c,x,y\nb,0,1\na,0,2\nb,1,3\n", x="x", y="y", series="c")

    assert [(c.name, len(c.points)) for c in found.curves] == [("b", 2), ("a", 1)]


def test_columns_of_several_files_stand_in_one_drawing() -> None:
    options = {"x": "e", "y": {"a.csv": "loss", "b.csv": ["loss", "acc"], "gone.csv": "x"}}
    plot = Plot(path="a.csv", content=Content(md5="m"), options=options)  # type: ignore[arg-type] # JSON
    files = {"a.csv": b"e,loss\n0,1\n", "b.csv": b"e,loss,acc\n0,2,3\n"}

    (found,) = drawings_of([plot], files)

    assert [c.name for c in found.curves] == ["loss (a.csv)", "loss (b.csv)", "acc (b.csv)"]
    assert found.x_label == "e"


def test_each_line_has_the_baselines_beside_it() -> None:
    plot = Plot(path="a.csv", content=Content(md5="m"), options={"x": "e", "y": ["p", "q"]})
    now, then = b"e,p,q\n0,1,2\n1,2,3\n", b"e,p,q\n0,1,2\n1,2,4\n"

    (found,) = drawings_of([plot], {"a.csv": now}, earlier={"a.csv": then})

    assert [(c.name, c.is_baseline) for c in found.curves] == [
        ("p", False), ("q", False), ("q, baseline", True),
    ]  # fmt: skip


def test_a_confusion_matrix_keeps_the_baselines_of_the_same_classes() -> None:
    plot = Plot(path="a.csv", content=Content(md5="m"), options={"template": "confusion"})
    now, then, other = b"t,p\na,a\nb,a\n", b"t,p\na,a\nb,b\n", b"t,p\na,a\nc,c\n"

    (found,) = drawings_of([plot], {"a.csv": now}, earlier={"a.csv": then})
    (alone,) = drawings_of([plot], {"a.csv": now}, earlier={"a.csv": other})

    assert found.before == ((1, 0), (0, 1))
    assert alone.before == ()
