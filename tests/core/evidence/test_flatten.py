from __future__ import annotations

import math

import pytest

from branchline.core.evidence.flatten import is_finite, metrics_of, params_of


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({"auc": 0.9}, [("auc", 0.9, "0.9")], id="flat"),
        pytest.param(
            {"val": {"auc": 0.9, "n": 3}},
            [("val.auc", 0.9, "0.9"), ("val.n", 3, "3")],
            id="nested-with-dots",
        ),
        pytest.param({"f": [0.1, 2]}, [("f.0", 0.1, "0.1"), ("f.1", 2, "2")], id="by-position"),
        pytest.param({"x": math.inf}, [("x", math.inf, "inf")], id="infinity-is-kept"),
        pytest.param(
            {"b": True, "t": "0.9", "n": None},
            [("b", None, "true"), ("t", None, "0.9"), ("n", None, "null")],
            id="what-is-no-number-has-a-text-only",
        ),
        pytest.param(0.9, [("scores", 0.9, "0.9")], id="a-bare-number-is-named-after-its-file"),
        pytest.param({}, [], id="an-empty-document-has-none"),
        pytest.param({1: {2: 3}}, [("1.2", 3, "3")], id="keys-become-text"),
    ],
)
def test_metrics_of(document: object, expected: list[tuple[str, float | None, str]]) -> None:
    metrics = metrics_of(document, file="reports/scores.json", stage="evaluate")

    assert [(m.name, m.value, m.text) for m in metrics] == expected
    assert all((m.file, m.stage) == ("reports/scores.json", "evaluate") for m in metrics)


def test_nan_is_kept() -> None:
    (metric,) = metrics_of({"auc": math.nan}, file="m.json")

    assert metric.value is not None
    assert math.isnan(metric.value)
    assert not is_finite(metric.value)


def test_params_keep_their_lists() -> None:
    assert params_of({"params.yaml": {"train": {"lr": 0.1, "layers": [1, 2]}}, "x.py": 3}) == {
        "params.yaml:train.lr": 0.1,
        "params.yaml:train.layers": [1, 2],
        "x.py": 3,
    }
