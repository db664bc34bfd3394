"""Looks as JSON: what is written is read, and what a stranger wrote is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from tests.core.verdict.test_health import ASKED, FAILED, after, seen

from branchline.core.evidence.watched import ColumnSeen
from branchline.core.verdict.health_json import (
    look_from_json,
    look_to_json,
    seen_from_json,
    seen_to_json,
)


def test_a_look_comes_back_equal() -> None:
    look = after(seen(0, "x"), seen(3, "x", metrics=(FAILED,), notes=("New: `y`.",)), asked=ASKED)

    assert look_from_json(json.loads(json.dumps(look_to_json(look)))) == look


def test_what_is_not_finite_is_not_known() -> None:
    column = ColumnSeen(column="x", psi=math.inf, limit=0.1)
    one = seen(0, columns=(column,), metrics=(replace(FAILED, value=math.nan),))

    read = seen_from_json(json.loads(json.dumps(seen_to_json(one), allow_nan=False)))

    assert read.columns[0].psi is None
    assert read.metrics[0].value is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "yesterday"), ("at", 5), ("due", "x"), ("rows", -1), ("rows", True), ("rows", 1.5),
        ("compared", 10**30), ("is_judged", "no"), ("columns", {}), ("columns", [3]),
        ("columns", [{}] * 1000), ("problems", "all"), ("problems", [1]), ("metrics", [{"a": 1}]),
        ("model", None),
    ],
)  # fmt: skip
def test_what_we_do_not_write_is_refused(field: str, value: Any) -> None:
    fields = {**seen_to_json(seen(0)), field: value}

    with pytest.raises((TypeError, ValueError)):
        seen_from_json(fields)


@pytest.mark.parametrize("value", [None, [], "x", 5, {}])
def test_what_is_no_look_at_all_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        look_from_json(value)


def test_numbers_that_are_none_are_refused() -> None:
    fields = seen_to_json(seen(0, "x"))
    text = json.dumps(fields).replace('"psi": 0.3', '"psi": NaN')

    with pytest.raises(ValueError, match="psi"):
        seen_from_json(json.loads(text))


def test_endless_texts_are_cut() -> None:
    fields = {**seen_to_json(seen(0)), "problems": ["x" * 100_000]}

    assert len(seen_from_json(fields).problems[0]) == 1_000
