"""A project from nothing: its linter and tests pass, its model is judged, its gate can fail."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NEEDS = ("sklearn", "pandas", "fastapi", "httpx2", "uvicorn")
BRANCHLINE = (sys.executable, "-m", "branchline")
# The longest name with its longest package: lines of the code grow with it.
LONGEST = "2" + "x" * 39


def environment() -> dict[str, str]:
    """The interpreter of these tests as `python`, as in an environment that is active."""
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("GIT_", "PYTEST_", "COV_"))
    }
    person = {"NAME": "Ada", "EMAIL": "ada@example.org"}
    return kept | {
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "NO_COLOR": "1",
        **{f"GIT_AUTHOR_{key}": text for key, text in person.items()},
        **{f"GIT_COMMITTER_{key}": text for key, text in person.items()},
    }


def called(folder: Path, *words: str, code: int = 0) -> str:
    """What a command says; it must end with this code."""
    done = subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for module in NEEDS:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"no {module}: make .venv/.ready-example")
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(600)  # seven processes import scikit-learn
def test_from_nothing_to_a_verdict(place: Path) -> None:
    called(place, *BRANCHLINE, "new", "churn", "--yes")
    project = place / "churn"

    called(project, "ruff", "check", ".")
    called(project, "ruff", "format", "--check", ".")
    unit = called(project, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    ran = called(project, *BRANCHLINE, "run")
    judged = json.loads(called(project, *BRANCHLINE, "show", "--json"))["verdict"]
    probes = json.loads(called(project, *BRANCHLINE, "gate", "selftest", "--json"))["probes"]

    assert "6 passed" in unit
    assert judged["outcome"] == "passed"
    for test in ("data", "model", "api"):
        assert f"passed test `{test}`" in ran
    assert {probe["outcome"] for probe in probes} == {"passed"}
    called(project, *BRANCHLINE, "workflows", "check")
    called(project, "git", "add", "-A")
    called(project, "git", "commit", "-q", "-m", "trained")
    assert called(project, "git", "show", "--name-only", "--format=").split() == [
        "dvc.lock",
        "metrics.json",
    ]
    assert "Nothing to run" in called(project, *BRANCHLINE, "run")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_worse_model_and_bad_data_are_refused(place: Path) -> None:
    called(place, *BRANCHLINE, "new", "churn")
    project = place / "churn"
    params, data = project / "params.yaml", project / "src" / "churn" / "data.py"

    params.write_text(params.read_text().replace("strength: 0.5 ", "strength: 0.0001 "))
    worse = called(project, *BRANCHLINE, "run", code=3)
    data.write_text(data.read_text().replace("    return rows\n", "    return -rows\n", 1))
    bad = called(project, *BRANCHLINE, "run", code=3)

    assert "failed `log_loss`" in worse
    assert "Failed: bad data" in bad


@pytest.mark.slow
def test_the_longest_name_keeps_the_linter_quiet(place: Path) -> None:
    called(place, *BRANCHLINE, "new", LONGEST)

    called(place / LONGEST, "ruff", "check", ".")
    called(place / LONGEST, "ruff", "format", "--check", ".")
