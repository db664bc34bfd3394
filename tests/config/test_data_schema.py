"""Schema files: every problem with its line, and what they mean."""

from __future__ import annotations

import pytest

from branchline.config.branchline_yaml import load_policy
from branchline.config.data_checks import data_settings
from branchline.config.data_schema import read_schema
from branchline.core.evidence.data.schema import Bounds, ColumnType, Extra, Severity
from branchline.core.evidence.data.settings import Evidently, reference_path
from branchline.errors import ConfigError, DataSchemaError

WHOLE = b"""\
data: data/train.parquet
rows: {min: 1000, change: 50%}
extra_columns: error
columns:
  id:    {unique: true, required: true}
  f3:    {nulls: 1%}
  n0:    {type: integer, between: [0, 99]}
  day:   {between: [2026-01-01, null]}
  cat:   {in: [a, b, 3], new_values: warn}
  email: {matches: '^[^@]+@[^@]+$', severity: warn}
  ts:    {freshness: 2d}
  y:     {distribution: {mean: [0.4, 0.6], shares: {'1': [40%, 60%]}}}
rules: [{sql: 'n0 <= f0 * 100', tolerance: 0.1%}]
leakage: {no_overlap: {with: data/test.parquet, key: id}}
"""


def test_everything_that_a_schema_can_say() -> None:
    schema = read_schema(WHOLE, file="s.yaml")

    rules = {rule.name: rule for rule in schema.columns}
    assert (schema.rows.min, schema.rows.change) == (1000, 0.5)
    assert schema.extra_columns is Extra.ERROR
    assert rules["f3"].nulls == 0.01
    assert rules["n0"].type is ColumnType.INTEGER
    assert rules["day"].between == Bounds(low="2026-01-01", high=None)
    assert (rules["cat"].among, rules["cat"].new_values) == (("a", "b", 3), Severity.WARN)
    assert rules["email"].severity is Severity.WARN
    assert rules["y"].distribution is not None
    assert rules["y"].distribution.shares == (("1", Bounds(low=0.4, high=0.6)),)
    assert schema.rules[0].tolerance == 0.001
    assert schema.overlaps[0].keys == ("id",)
    assert schema.depends_on_time
    assert rules["ts"].line == 11


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "columns:\n  a: {betwen: [0, 1]}\n",
            "s.yaml:2: columns.a.betwen: unknown key; did you mean `between`?",
            id="nearest-name",
        ),
        pytest.param(
            "columns: {a: {between: [3, 1]}}", "low is above high; swap them", id="bounds-swapped"
        ),
        pytest.param("columns: {a: {between: [.nan, 1]}}", "must be a number", id="nan-bound"),
        pytest.param("columns: {a: {matches: '('}}", "is no regular expression", id="bad-pattern"),
        pytest.param("columns: {a: {new_values: warn}}", "needs `in`", id="new-values-alone"),
        pytest.param(
            "columns: {a: {type: integer, matches: x}}",
            "use `between` or `in`",
            id="pattern-of-int",
        ),
        pytest.param("columns: {a: {type: int}}", "did you mean", id="near-type"),
        pytest.param("columns: {a: {in: []}}", "must have at least 1", id="no-values"),
        pytest.param("rows: {min: -1}", "must be a whole number >= 0", id="negative-rows"),
        pytest.param("rulez: []\ncolumns: {}", "did you mean `rules`?", id="top-level"),
        pytest.param("{}", "needs one of", id="nothing-asked"),
        pytest.param("columns:\n  a: {in: [}\n", "s.yaml:2:12:", id="broken-yaml-line-and-column"),
        pytest.param("", "is empty", id="empty"),
        pytest.param("leakage: {no_overlap: {with: t.csv}}", "has no `key`", id="no-key"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(DataSchemaError) as caught:
        read_schema(text.encode(), file="s.yaml")

    assert said in "\n".join((caught.value.message, *caught.value.details))


def test_all_problems_are_said_at_once() -> None:
    text = b"columns:\n  a: {betwen: [0, 1]}\n  b: {nulls: 2}\nrows: {min: x}\n"

    with pytest.raises(DataSchemaError) as caught:
        read_schema(text, file="s.yaml")

    assert [line.split(":")[1] for line in caught.value.details] == ["2", "3", "4"]


def settings(data: str):  # type: ignore[no-untyped-def] # a value of the core
    policy = load_policy(f"model: m\ndata: {data}\n".encode()).models[0].policy
    return data_settings(policy)


def test_one_check_or_a_list_of_them() -> None:
    one = settings("{validate: {path: ./d.csv, schema: s.yaml}}")
    many = settings(
        "{validate: [{path: d.csv, schema: s.yaml, evidently: DataSummaryPreset},"
        " {path: e/, pandera: 'schemas:E', examples: false}],"
        " drift: [{path: n.csv, max_share_drifted: 10%, severity: warn}]}"
    )

    assert [item.path for item in one.validate] == ["d.csv"]
    assert [item.path for item in many.validate] == ["d.csv", "e"]
    assert many.validate[0].evidently == Evidently(preset="DataSummaryPreset")
    assert not many.validate[1].examples
    assert many.drift[0].max_share_drifted == 0.1
    assert many.paths == ("d.csv", "e", "n.csv")
    assert not settings("{}")


@pytest.mark.parametrize(
    ("data", "path"),
    [
        pytest.param("{drift: {path: n}}", "n", id="the-same-path-where-nothing-is-validated"),
        pytest.param(
            "{validate: {path: t, schema: s}, drift: {path: n}}", "t", id="what-is-validated"
        ),
        pytest.param(
            "{validate: [{path: t, schema: s}, {path: n, schema: s}], drift: {path: n}}",
            "n",
            id="the-same-where-it-is-validated",
        ),
        pytest.param(
            "{validate: {path: t, schema: s}, drift: {path: n, trained_on: o}}", "o", id="as-named"
        ),
    ],
)
def test_which_data_new_ones_are_compared_with(data: str, path: str) -> None:
    found = settings(data)

    assert reference_path(found, found.drift[0]) == path


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param("{validate: {path: d}}", "needs one of `schema`, `pandera`", id="no-rules"),
        pytest.param("{validat: {}}", "did you mean `validate`?", id="near"),
        pytest.param("{validate: {schema: s}}", "has no `path`", id="no-path"),
        pytest.param(
            "{validate: {path: d, pandera: schemas}}", "must be MODULE:SCHEMA", id="no-schema"
        ),
        pytest.param(
            "{drift: {path: d, reference: r.csv, trained_on: t}}", "drop one", id="two-references"
        ),
        pytest.param(
            "{drift: {path: d, columns: [a], exclude: [a]}}", "names `a`", id="in-and-out"
        ),
    ],
)
def test_wrong_settings_are_said_with_their_line(data: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_policy(f"model: m\ndata: {data}\n".encode())

    assert said in caught.value.message
    assert "branchline.yaml:2" in caught.value.message
