"""Runs one check of a project's own and writes what it found as JSON.

Started by `checks.py` in the project's Python, where Branchline need not be installed: it imports
nothing of it. Words: kind, spec, data, reference, file for the answer.
"""

# ruff: noqa: BLE001  # whatever a project's check raises becomes an answer

from __future__ import annotations

import json
import math
import os
import sys
from importlib import import_module
from typing import Any

_MOST_EXAMPLES = 10
_MOST_FINDINGS = 200
_MOST_TEXT = 200


def main(words: list[str]) -> int:
    """Run the check that the words say, and write the answer."""
    kind, spec, data, reference, answer = words
    sys.path.insert(0, os.getcwd())
    sys.path[:] = [p for p in sys.path if p != os.path.dirname(os.path.abspath(__file__))]
    runs = {"pandera": _pandera, "great_expectations": _expectations, "evidently": _evidently}
    fields: dict[str, Any]
    try:
        fields = runs[kind](spec, data, reference)
    except ModuleNotFoundError as error:
        known = ("pandas", "pandera", "great_expectations", "evidently", "pyarrow")
        top = (error.name or "").partition(".")[0]
        fields = {"missing": error.name} if top in known else {"error": _said(error)}
    except Exception as error:
        import traceback

        traceback.print_exc()
        fields = {"error": _said(error)}
    with open(answer, "w", encoding="utf-8") as file:
        json.dump(fields, file, ensure_ascii=True, allow_nan=False, default=str)
    return 0


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:300]}".replace("\n", " ")


def _frame(path: str) -> Any:
    """A table as a pandas frame."""
    pandas: Any = import_module("pandas")
    base = path.lower().removesuffix(".gz").removesuffix(".zst")
    if os.path.isdir(path):
        parts = sorted(
            os.path.join(above, name)
            for above, _, names in os.walk(path)
            for name in names
            if not name.startswith((".", "_"))
        )
        return pandas.concat([_frame(part) for part in parts], ignore_index=True)
    if base.endswith((".csv", ".tsv")):
        return pandas.read_csv(path, sep="\t" if base.endswith(".tsv") else ",")
    if base.endswith((".jsonl", ".ndjson")):
        return pandas.read_json(path, lines=True)
    return pandas.read_parquet(path)


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value)[:_MOST_TEXT]


def _finding(rule: str, column: str, sentence: str, **more: Any) -> dict[str, Any]:
    return {
        "rule": rule[:80],
        "column": column,
        "outcome": more.get("outcome", "failed"),
        "severity": more.get("severity", "error"),
        "sentence": sentence[:600],
        "broken": more.get("broken"),
        "total": more.get("total"),
        "examples": more.get("examples"),
    }


def _rows(broken: int, total: int) -> str:
    return f"{broken:,} of {total:,} rows ({100 * broken / max(1, total):.2g} %)"


# pandera


def _pandera(spec: str, data: str, _reference: str) -> dict[str, Any]:
    module_name, _, path = spec.partition(":")
    import_module("pandera")
    schema: Any = import_module(module_name)
    for step in path.split("."):
        schema = getattr(schema, step)
    schema = schema.to_schema() if hasattr(schema, "to_schema") else schema
    frame = _frame(data)
    errors: Any = import_module("pandera.errors")
    rules = _pandera_rules(schema)
    try:
        schema.validate(frame, lazy=True)
    except errors.SchemaErrors as error:
        cases = error.failure_cases
        return {"findings": _pandera_findings(cases, frame), "rules": rules, "rows": len(frame)}
    return {"findings": [], "rules": rules, "rows": len(frame)}


def _pandera_rules(schema: Any) -> int:
    columns = getattr(schema, "columns", {})
    return sum(1 + len(getattr(c, "checks", ()) or ()) for c in columns.values()) + len(
        getattr(schema, "checks", ()) or ()
    )


def _pandera_findings(cases: Any, frame: Any) -> list[dict[str, Any]]:
    found = []
    for (column, check), group in cases.groupby(["column", "check"], sort=False, dropna=False):
        name = _text(column) or ""
        rows = group[group["index"].notna()]
        if not len(rows):
            found.append(_pandera_whole(str(check), name, _text(group.iloc[0]["failure_case"])))
            continue
        broken = int(rows["index"].nunique())
        pairs = zip(rows["index"], rows["failure_case"], strict=True)
        examples = [[_text(index), _text(value)] for index, value in pairs][:_MOST_EXAMPLES]
        sentence = f"`{name}` does not keep `{check}` in {_rows(broken, len(frame))}."
        found.append(
            _finding(
                f"pandera {check}",
                name,
                sentence,
                broken=broken,
                total=len(frame),
                examples={"columns": ["index", name or "value"], "rows": examples},
            )
        )
    return found[:_MOST_FINDINGS]


def _pandera_whole(check: str, column: str, case: str | None) -> dict[str, Any]:
    """What is said of a column or the table as a whole."""
    if check == "column_in_dataframe":
        return _finding("missing_column", case or "", f"Column `{case}` is missing.")
    about = f"`{column}`" if column else "The table"
    detail = f" ({case})" if case not in (None, "False", "True") else ""
    return _finding(f"pandera {check}", column, f"{about} does not keep `{check}`{detail}.")


# Great Expectations


def _expectations(spec: str, data: str, _reference: str) -> dict[str, Any]:
    gx: Any = import_module("great_expectations")
    with open(spec, encoding="utf-8") as file:
        document = json.load(file)
    document = document.get("suite", document)
    context = gx.get_context(mode="ephemeral")
    suite = gx.ExpectationSuite(name=str(document.get("name") or "suite"))
    for item in document["expectations"]:
        kind = item.get("type") or item["expectation_type"]
        classes: Any = import_module("great_expectations.expectations")
        name = "".join(part.capitalize() for part in str(kind).split("_"))
        expectation = getattr(classes, name)(**item.get("kwargs", {}), meta=item.get("meta"))
        if item.get("severity"):
            expectation.severity = item["severity"]
        suite.add_expectation(expectation)
    frame = _frame(data)
    source = context.data_sources.add_pandas("data")
    batch = (
        source.add_dataframe_asset("data")
        .add_batch_definition_whole_dataframe("data")
        .get_batch({"dataframe": frame})
    )
    done = batch.validate(suite, result_format="SUMMARY").to_json_dict()
    found = [_expected(item, len(frame)) for item in done["results"] if not item["success"]]
    return {
        "findings": found[:_MOST_FINDINGS],
        "rules": len(done["results"]),
        "rows": len(frame),
    }


def _expected(item: dict[str, Any], rows: int) -> dict[str, Any]:
    config = item["expectation_config"]
    kind = str(config.get("type") or config.get("expectation_type"))
    kwargs = {k: v for k, v in config.get("kwargs", {}).items() if k != "batch_id"}
    column = str(kwargs.pop("column", "") or "")
    result = item.get("result") or {}
    exception = item.get("exception_info") or {}
    asked = ", ".join(f"{k}={v}" for k, v in kwargs.items())
    about = f"`{column}` does" if column else "The table does"
    broken = result.get("unexpected_count")
    many = f" in {_rows(int(broken), rows)}" if isinstance(broken, int) else ""
    sentence = f"{about} not keep `{kind}`{f' ({asked})' if asked else ''}{many}."
    if kind == "expect_column_to_exist":
        sentence = f"Column `{column}` is missing."
    if "observed_value" in result and not many:
        sentence = f"{sentence[:-1]}: observed {_text(result['observed_value'])}."
    raised = exception.get("exception_message") or next(
        (e.get("exception_message") for e in exception.values() if isinstance(e, dict)), None
    )
    outcome = "failed"
    if raised:
        sentence = f"{about} not fit `{kind}`: {str(raised)[:200]}"
    values = result.get("partial_unexpected_list") or []
    examples = None
    if values and column:
        examples = {"columns": [column], "rows": [[_text(v)] for v in values[:_MOST_EXAMPLES]]}
    severity = "error" if config.get("severity", "critical") == "critical" else "warn"
    return _finding(
        kind, column, sentence, outcome=outcome, severity=severity,
        broken=broken if isinstance(broken, int) else None, total=rows, examples=examples,
    )  # fmt: skip


# Evidently


def _evidently(spec: str, data: str, reference: str) -> dict[str, Any]:
    evidently: Any = import_module("evidently")
    presets: Any = import_module("evidently.presets")
    preset = getattr(presets, spec, None)
    if preset is None:
        known = ", ".join(sorted(n for n in dir(presets) if n.endswith("Preset")))
        raise ValueError(f"evidently.presets has no {spec}; known are {known}")
    report = evidently.Report([preset()], include_tests=True)
    frame = _frame(data)
    other = _frame(reference) if reference else None
    done = json.loads(report.run(frame, other).json())
    tests = done.get("tests") or []
    found = []
    for test in tests:
        status = str(test.get("status", "")).upper().rpartition(".")[2]
        if status == "SUCCESS":
            continue
        outcome = "failed" if status in ("FAIL", "WARNING") else "unknown"
        severity = "warn" if status == "WARNING" else "error"
        sentence = f"{test.get('name', 'test')}: {test.get('description', '')}".strip()
        found.append(
            _finding("evidently", _column_of(test), sentence, outcome=outcome, severity=severity)
        )
    if not tests:
        text = (
            f"{spec} has no tests{'' if reference else ' without a reference'}: nothing was judged."
        )
        found.append(_finding("evidently", "", text, outcome="unknown", severity="warn"))
    return {"findings": found[:_MOST_FINDINGS], "rules": len(tests), "rows": len(frame)}


def _column_of(test: dict[str, Any]) -> str:
    config = test.get("metric_config") or {}
    params = config.get("params") or {}
    return str(params.get("column") or "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
