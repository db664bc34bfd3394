"""The pandera, Great Expectations and Evidently of a project, run for real."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.own_checks import SubprocessChecks
from branchline.core.evidence.data.schema import Severity
from branchline.core.values import Outcome
from branchline.errors import DataCheckError, MissingToolError

if TYPE_CHECKING:
    from collections.abc import Callable

HOUSE = Path(__file__).parents[3]
SCHEMAS = """\
import pandera.pandas as pa

class Train(pa.DataFrameModel):
    age: float = pa.Field(ge=0, le=120)
    color: str = pa.Field(isin=["red", "blue"])
    id: int = pa.Field(unique=True)

Whole = pa.DataFrameSchema(
    {"height": pa.Column(float)}, checks=pa.Check(lambda d: len(d) > 999, name="many_rows")
)
"""
SUITE = {
    "name": "s",
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "age", "min_value": 0, "max_value": 120},
        },
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": "color", "value_set": ["red", "blue"]},
            "severity": "warning",
        },
        {"type": "expect_column_to_exist", "kwargs": {"column": "height"}},
        {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}},
    ],
}


def data_python() -> str:
    """Python of the environment with these libraries; skips without one, fails in CI."""
    candidates = [
        os.environ.get("BRANCHLINE_DATA_PYTHON"),
        str(HOUSE / ".venv-data/bin/python"),
    ]
    python = next((path for path in candidates if path and os.path.exists(path)), None)
    if python is None:
        if os.environ.get("CI") == "true":
            pytest.fail("the environment with pandera and others is missing: make data")
        pytest.skip("no environment with pandera and others: make data")
    return python


def write(path: Path, *, mean: float = 40.0, is_bad: bool = False) -> None:
    lines = ["id,age,color"]
    for i in range(300):
        age, color = mean + i % 17, ("red", "blue")[i % 2]
        if is_bad and i < 7:
            age = -5.0
        if is_bad and i in (3, 4):
            color = "green"
        lines.append(f"{i},{age},{color}")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def checks(tmp_path: Path) -> SubprocessChecks:
    """Checks of a small project."""
    folder = os.path.dirname(data_python())
    (tmp_path / "schemas.py").write_text(SCHEMAS)
    (tmp_path / "suite.json").write_text(json.dumps(SUITE))
    write(tmp_path / "good.csv")
    write(tmp_path / "bad.csv", is_bad=True)
    write(tmp_path / "moved.csv", mean=60.0)
    return SubprocessChecks(str(tmp_path), {**os.environ, "PATH": f"{folder}:/usr/bin:/bin"})


@pytest.mark.slow
def test_a_pandera_schema_is_run_as_it_is(checks: SubprocessChecks) -> None:
    good = checks.run("pandera", "schemas:Train", "good.csv")
    bad = checks.run("pandera", "schemas:Train", "bad.csv")
    whole = checks.run("pandera", "schemas:Whole", "good.csv")

    assert (good.findings, good.rows) == ((), 300)
    assert [(f.column, f.broken, f.total) for f in bad.findings] == [
        ("age", 7, 300),
        ("color", 2, 300),
    ]
    assert bad.findings[1].examples is not None
    assert bad.findings[1].examples.rows == (("3", "green"), ("4", "green"))
    assert "Column `height` is missing." in [f.sentence for f in whole.findings]
    assert "The table does not keep `many_rows`." in [f.sentence for f in whole.findings]


@pytest.mark.slow
def test_a_suite_of_great_expectations_is_run_as_it_is(checks: SubprocessChecks) -> None:
    found = checks.run("great_expectations", "suite.json", "bad.csv")

    assert [(f.column, f.severity, f.broken) for f in found.findings] == [
        ("age", Severity.ERROR, 7),
        ("color", Severity.WARN, 2),
        ("height", Severity.ERROR, None),
    ]
    assert (found.rules, found.rows) == (4, 300)


@pytest.mark.slow
def test_a_report_of_evidently_is_run_as_it_is(checks: SubprocessChecks) -> None:
    found = checks.run("evidently", "DataDriftPreset", "moved.csv", reference="good.csv")

    drifted = [f for f in found.findings if "age" in f.sentence]
    assert [f.outcome for f in drifted] == [Outcome.FAILED]
    assert found.rules >= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param("schemas:Nope", "has no attribute 'Nope'", id="no-such-schema"),
        pytest.param("nowhere:Nope", "No module named 'nowhere'", id="no-such-module"),
    ],
)
def test_what_cannot_be_run_is_said(checks: SubprocessChecks, spec: str, said: str) -> None:
    with pytest.raises(DataCheckError, match=said):
        checks.run("pandera", spec, "good.csv")


def test_a_library_that_is_not_installed_is_named(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a\n1\n")
    (tmp_path / "suite.json").write_text("{}")
    folder = os.path.dirname(sys.executable)
    own = SubprocessChecks(str(tmp_path), {**os.environ, "PATH": folder})

    with pytest.raises(DataCheckError) as caught:
        own.run("great_expectations", "suite.json", "d.csv")

    assert caught.value.todo == "Install it there: `pip install great_expectations`."


def test_without_any_python_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match="there is none on PATH"):
        SubprocessChecks(str(tmp_path), {"PATH": str(tmp_path)}).run("pandera", "a:B", "d.csv")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param("exec sleep 60", "did not end within 1 s", id="hangs"),
        pytest.param("echo boom; exit 3", "ended with exit code 3 and no answer", id="dies"),
        pytest.param('echo "[1, 2" > "$6"', "no answer", id="half-an-answer"),
        pytest.param('echo "[]" > "$6"', "no answer", id="another-answer"),
    ],
)
def test_a_check_that_does_not_answer_is_an_error(
    tmp_path: Path, script: str, said: str, make_python: Callable[[str], str]
) -> None:
    own = SubprocessChecks(
        str(tmp_path), {"PATH": f"{make_python(script)}:/usr/bin:/bin"}, timeout_s=1.0
    )

    with pytest.raises(DataCheckError, match=said):
        own.run("pandera", "a:B", "d.csv")


@pytest.fixture
def make_python(tmp_path: Path) -> Callable[[str], str]:
    """A program called python that does what a script says; its folder."""

    def make(script: str) -> str:
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / "python"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return str(folder)

    return make
