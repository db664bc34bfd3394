"""The plugin in a pytest of its own: by hand, told by a file, with xdist, in a bare environment."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from branchline import pytest_plugin
from branchline.core.evidence import model_tests as evidence
from branchline.core.evidence.model_tests import CaseState
from branchline.core.evidence.model_tests_json import reported_of
from branchline.flows.model_tests import environment_of
from branchline.model_tests import context, told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GIT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def run_pytest(
    folder: Path, *words: str, told_by: str = "", python: Sequence[str] = (sys.executable,)
) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder, as `branchline run` does where `told_by` names a context."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BRANCHLINE", "PYTEST"))}
    extra = environment_of(told_by, kept)
    if not told_by:
        del extra["BRANCHLINE_TESTS"]
    return subprocess.run(
        [*python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=folder,
        env={**kept, **GIT, **extra},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def tested_folder(tmp_path: Path) -> tuple[Path, str, Path]:
    """A folder with a model, its context, and where the report goes."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"answer": 42}))
    md5 = hashlib.md5((tmp_path / "model.pkl").read_bytes()).hexdigest()
    report = tmp_path / "report.jsonl"
    fields: dict[str, Any] = {
        "root": str(tmp_path),
        "report": str(report),
        "model": {"paths": ["model.pkl"], "problem": ""},
        "files": {"model.pkl": md5},
        "baseline": {"problem": "nothing holds `production`", "is_none": True},
        "data": [],
    }
    told_by = tmp_path / "context.json"
    told_by.write_text(json.dumps(fields))
    return tmp_path, str(told_by), report


def test_both_sides_agree_on_names() -> None:
    names = {pytest_plugin.CONTEXT_FILE, evidence.CONTEXT_FILE, context.CONTEXT_FILE}

    assert len(names) == 1
    assert told._TEXT_AT_MOST == evidence.TEXT_AT_MOST


def test_every_case_is_reported(tested_folder: tuple[Path, str, Path]) -> None:
    folder, told_by, report = tested_folder
    (folder / "test_it.py").write_text(
        "import os, subprocess, sys, pytest\n"
        "def test_good(model): assert model.load() == {'answer': 42}\n"
        "def test_bad(model): assert model.load()['answer'] == 43\n"
        "def test_no_data(eval_data): eval_data.path\n"
        "def test_skipped(): pytest.skip('not today')\n"
        "def test_champion(baseline_model): pass\n"
        "def test_ratio(latency): latency.assert_at_most(\n"
        "    ratio=1, call=lambda: 1, baseline=None) if 0 else latency.assert_at_most(ratio=1)\n"
        "@pytest.fixture\n"
        "def broken(): raise RuntimeError('no set-up')\n"
        "def test_broken(broken): pass\n"
        "def test_nested(tmp_path):\n"
        "    (tmp_path / 'test_x.py').write_text('def test_x(): assert 0')\n"
        "    words = [sys.executable, '-m', 'pytest', '-q', str(tmp_path), '--rootdir', tmp_path]\n"
        "    assert subprocess.run(words, cwd=tmp_path).returncode == 1\n"
    )

    done = run_pytest(folder, told_by=told_by)

    found = reported_of(report.read_bytes())
    states = {case.name.rpartition("::")[2]: case.state for case in found.cases}
    assert states == {
        "test_bad": CaseState.FAILED,
        "test_no_data": CaseState.FAILED,
        "test_broken": CaseState.FAILED,
        "test_good": CaseState.PASSED,
        "test_nested": CaseState.PASSED,
        "test_skipped": CaseState.SKIPPED,
        "test_champion": CaseState.NO_CHAMPION,
        "test_ratio": CaseState.NO_CHAMPION,
    }
    assert found.sessions == (1,)
    texts = {case.name.rpartition("::")[2]: case.text for case in found.cases}
    assert "in branchline.yaml: gate: {data:" in texts["test_no_data"]
    assert texts["test_broken"] == "RuntimeError: no set-up"
    assert "branchline: model of this run: model.pkl" in done.stdout


@pytest.mark.parametrize(
    ("text", "words", "sessions"),
    [
        pytest.param("def broken(:\n", (), (2,), id="a-file-that-cannot-be-parsed"),
        pytest.param("x = 1\n", (), (5,), id="no-test"),
        pytest.param("import os\ndef test_x(): os._exit(0)\n", (), (None,), id="gone-with-exit-0"),
    ],
)
def test_what_is_no_result_is_told(
    tested_folder: tuple[Path, str, Path],
    text: str,
    words: Sequence[str],
    sessions: tuple[int | None, ...],
) -> None:
    folder, told_by, report = tested_folder
    (folder / "test_it.py").write_text(text)

    run_pytest(folder, *words, told_by=told_by)

    assert reported_of(report.read_bytes()).sessions == sessions


@pytest.mark.slow
def test_workers_of_xdist_report_once(tested_folder: tuple[Path, str, Path]) -> None:
    pytest.importorskip("xdist")
    folder, told_by, report = tested_folder
    (folder / "test_it.py").write_text(
        "def test_a(model): assert model.load()\n"
        "def test_b(latency): latency.measure(call=lambda: sum(range(99)), budget_s=0.05)\n"
    )

    run_pytest(folder, "-n", "2", told_by=told_by)

    found = reported_of(report.read_bytes())
    assert found.counts == {CaseState.PASSED: 2}
    assert found.sessions == (0,)
    assert {"latency.p50_ms", "latency.p95_ms"} <= {item.name for item in found.measured}


@pytest.mark.slow
def test_it_works_where_branchline_is_not_installed(
    tested_folder: tuple[Path, str, Path],
) -> None:
    folder, told_by, report = tested_folder
    (folder / "test_it.py").write_text("def test_a(model): assert model.load()\n")
    # Hides what our own environment makes importable, as an environment of its own would.
    hide = (
        # Our own entry point would be found, and not its module.
        "import os, sys, runpy; os.environ['PYTEST_DISABLE_PLUGIN_AUTOLOAD'] = '1';"
        " sys.path = [p for p in sys.path"
        " if not p.rstrip('/').endswith('/src')];"
        " sys.meta_path = [f for f in sys.meta_path if '_editable' not in repr(f)];"
        " sys.argv = ['pytest', *sys.argv[3:]];"
        " runpy.run_module('pytest', run_name='__main__')"
    )

    done = run_pytest(folder, told_by=told_by, python=(sys.executable, "-c", hide))

    assert reported_of(report.read_bytes()).counts == {CaseState.PASSED: 1}, done.stdout


def test_by_hand_the_newest_results_are_taken(tmp_path: Path) -> None:
    (tmp_path / "make.py").write_text("import pickle; pickle.dump(41, open('model.pkl', 'wb'))\n")
    (tmp_path / "dvc.yaml").write_text(
        f"stages: {{fit: {{cmd: {sys.executable} make.py, outs: [model.pkl]}}}}\n"
    )
    (tmp_path / "test_it.py").write_text("def test_a(model): assert model.load() == 41\n")
    environment = {**os.environ, **GIT}

    def call(*words: str) -> str:
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    call("git", "init", "-q", "-b", "main")
    nothing = run_pytest(tmp_path)
    call(sys.executable, "-m", "branchline", "run")
    good = run_pytest(tmp_path)
    (tmp_path / "model.pkl").unlink()
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(43))
    edited = run_pytest(tmp_path)

    assert nothing.returncode == 1
    assert "no result is recorded in this repository" in nothing.stdout
    assert good.returncode == 0, good.stdout
    assert "branchline: model of run initial: model.pkl" in good.stdout
    assert edited.returncode == 1
    assert "is not what run initial" in edited.stdout


def test_unused_it_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_a():\n"
        "    ours = [m for m in sys.modules if m.startswith('branchline')]\n"
        "    assert sorted(set(ours) - {'branchline_pytest_shim'}) == [\n"
        "        'branchline', 'branchline.pytest_plugin', 'branchline.version']\n"
        "    assert 'numpy' not in sys.modules\n"
    )

    done = run_pytest(tmp_path)

    assert done.returncode == 0, done.stdout
