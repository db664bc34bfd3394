"""Checks that a project has already, in the walk: real ones, in the project's own Python."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]

HOUSE = Path(__file__).parents[2]
SCHEMAS = """\
import pandera.pandas as pa

Train = pa.DataFrameSchema({"age": pa.Column(float, pa.Check.ge(0))})
"""
SUITE = {
    "name": "s",
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "age", "min_value": 0, "max_value": 120},
        }
    ],
}
SETTINGS = """\
model: m
train: {run: touch .git/trained && mkdir -p model && touch model/m, deps: [d.csv], metrics: []}
data:
  validate:
    - {path: d.csv, pandera: "schemas:Train", great_expectations: suite.json}
"""


@pytest.mark.slow
def test_bad_data_by_a_projects_own_checks_train_nothing(
    make_clone: MakeClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = os.environ.get("BRANCHLINE_DATA_PYTHON") or str(HOUSE / ".venv-data/bin/python")
    if not os.path.exists(python):
        if os.environ.get("CI") == "true":
            pytest.fail("the environment with pandera and others is missing: make data")
        pytest.skip("no environment with pandera and others: make data")
    monkeypatch.setenv("PATH", f"{os.path.dirname(python)}:/usr/bin:/bin")
    ages = ["-5.0", *("30.5" for _ in range(99))]
    clone = make_clone(
        {
            "branchline.yaml": SETTINGS,
            "schemas.py": SCHEMAS,
            "suite.json": json.dumps(SUITE),
            "d.csv": "age\n" + "\n".join(ages) + "\n",
        }
    )

    said = clone.call("run")

    assert said.code == 3
    assert not (clone.root / ".git/trained").exists()
    assert "`d.csv` breaks 1 rule of `schemas:Train`, 100 rows" in said.out
    assert "`d.csv` breaks 1 rule of `suite.json`, 100 rows" in said.out
    assert "does not keep `greater_than_or_equal_to(0)` in 1 of 100 rows" in said.out
