"""What each field of the JSON about data means, with a sample that has them all."""

from __future__ import annotations

from branchline.core.evidence.data.schema import ColumnType
from branchline.core.evidence.data.values import (
    ColumnDrift,
    ColumnProfile,
    DataFinding,
    DataReport,
    Examples,
    TableProfile,
)

REPORT = {
    "check": "string: `schema`, `drift`, `pandera`, `great_expectations` or `evidently`",
    "path": "string: the data",
    "against": "string: the schema file, the reference, or what was run",
    "key": "string: digest of data and rules; the same key has the same report; empty when it is "
    "made anew each time",
    "outcome": "string: `passed`, `failed` or `unknown`",
    "rows": "integer or null: how many there are",
    "rules": "integer: how many rules were held against",
    "findings": "array: rules that did not pass",
    "findings[].rule": "string: `nulls`, `between`, `in`, `missing_column`, `drift`, ...",
    "findings[].column": "string: which column; empty for rules of the whole",
    "findings[].outcome": "string: `failed` or `unknown`",
    "findings[].severity": "string: `error`, which stops the walk, or `warn`",
    "findings[].sentence": "string: with its numbers",
    "findings[].broken": "integer or null: rows that break it",
    "findings[].total": "integer or null: of how many",
    "findings[].examples": "object or null: some of these rows, personal data masked",
    "findings[].examples.columns": "array of strings: names",
    "findings[].examples.rows": "array of arrays: values as text; null for none",
    "drift": "array: a column each, those that moved most first",
    "drift[].column": "string: its name",
    "drift[].psi": "number or null: population stability index; null when it was not judged",
    "drift[].chance": "number or null: PSI that chance alone exceeds once in 100 runs over all "
    "columns",
    "drift[].distance": "number or null: Kolmogorov-Smirnov (numbers) or Jensen-Shannon distance",
    "drift[].shift": "number or null: Wasserstein distance in standard deviations",
    "drift[].is_drifted": "boolean: far enough, and more than chance",
    "drift[].why": "string: what moved, or why it was not judged",
}

PROFILE = {
    "profile_version": "integer: version of this document",
    "path": "string: the data",
    "rows": "integer: how many there are",
    "columns": "array: in the file's order; a field that is empty, zero or not known is left out",
    "columns[].name": "string: its name",
    "columns[].type": "string or null: as in a schema file",
    "columns[].nulls": "integer: rows without a value",
    "columns[].distinct": "integer: different values, about",
    "columns[].low": "number: the smallest",
    "columns[].high": "number: the largest",
    "columns[].mean": "number: of the finite values",
    "columns[].std": "number: likewise",
    "columns[].tails": "array of two numbers: the 0.1 and 99.9 percentiles",
    "columns[].edges": "array of numbers: inner edges of bins",
    "columns[].counts": "array of integers: values in each bin; an edge belongs below it",
    "columns[].categories": "array of [value, count]: the most frequent",
    "columns[].other": "integer: values that are none of these",
    "columns[].dates": "array of two strings: first and last",
}

CHECKED = {
    "schema_version": "integer: version of this document",
    "outcome": "string: `passed`, `failed` or `unknown`",
    "checks": "array: as `data_checks` in `evidence.json`",
    **{f"checks[].{name}": meaning for name, meaning in REPORT.items()},
}

PROPOSED = {
    "schema_version": "integer: version of this document",
    "schema": "string: the file that was written",
    "path": "string: the data",
    "rows": "integer: how many it has",
    "columns": "integer: how many it has",
}

SAMPLE = DataReport(
    check="schema",
    path="p",
    against="s",
    findings=(DataFinding(rule="r", sentence="s", examples=Examples(columns=("c",), rows=())),),
    drift=(ColumnDrift(column="c", psi=0.0, chance=0.0),),
)

SAMPLE_PROFILE = TableProfile(
    path="p",
    rows=2,
    columns=(
        ColumnProfile(
            name="c",
            type=ColumnType.NUMBER,
            nulls=1,
            distinct=1,
            low=1.0,
            high=1.0,
            mean=1.0,
            std=1.0,
            tails=(1.0, 1.0),
            edges=(1.0,),
            counts=(1, 0),
            categories=(("v", 1),),
            other=1,
            dates=("a", "b"),
        ),
    ),
)
