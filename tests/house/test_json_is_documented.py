"""Every field that a command prints with `--json`, or that a record holds, is in the reference."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests import ready_branchline

from branchline.generate.reference import fields_of

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
FILES = {
    "dvc.yaml": """\
stages:
  prepare:
    cmd: python3 prepare.py
    deps: [prepare.py]
    params: [depth]
    outs: [table.csv]
  train:
    foreach: [a, b]
    do:
      cmd: cp table.csv model-${item} && echo '{"auc":0.9}' > ${item}.json
      deps: [table.csv]
      outs:
      - model-${item}
      metrics:
      - ${item}.json:
          cache: false
""",
    "prepare.py": "import shutil\nshutil.copy('raw.csv', 'table.csv')\n",
    "params.yaml": "depth: 3\n",
    "raw.csv": "x,y\n1,2\n",
    "branchline.yaml": "model: demo\ngate: {metrics: {auc: {min: 0.5}}}\n",
}
IDENTITY = {
    f"GIT_{who}_{what}": text
    for who in ("AUTHOR", "COMMITTER")
    for what, text in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}


@pytest.fixture(scope="module")
def fields() -> ModuleType:
    """The meanings of all fields, docs/json_fields.py."""
    spec = util.spec_from_file_location("json_fields", ROOT / "docs" / "json_fields.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.path.append(str(ROOT / "docs"))  # its fields of data stand beside it
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "docs"))
    return module


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository after two runs: the second with another parameter, and a remote."""
    folder = tmp_path_factory.mktemp("documents")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "init", "-q", "--bare", str(folder / ".git" / "bare"))
    git(folder, "remote", "add", "origin", str(folder / ".git" / "bare"))
    first = printed_by(folder, "run")
    assert first.get("verdict"), first
    (folder / "params.yaml").write_text("depth: 4\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "deeper")
    return folder


def git(folder: Path, *words: str) -> str:
    environment = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def printed_by(folder: Path, *words: str) -> dict[str, Any]:
    """The one document that a command prints with `--json`."""
    environ = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull}
    done = ready_branchline.call([*words, "--json"], cwd=folder, env=environ)
    assert done.stdout, done.stderr
    return dict(json.loads(done.stdout))


def undocumented(fields: ModuleType, name: str, document: dict[str, Any]) -> set[str]:
    """Fields that the reference lacks; those whose keys are the user's left out."""
    open_ = [f"{path}{mark}" for path in fields.OPEN[name] for mark in (".", "[")]
    found = {path for path in fields_of(document) if not path.startswith(tuple(open_))}
    return found - set(fields.FIELDS[name])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("plan", ("plan",), id="plan"),
        pytest.param("why", ("why", "train"), id="why-of-a-foreach-is-one-document"),
        pytest.param("run", ("run",), id="run"),
        pytest.param("runs", ("runs",), id="runs"),
        pytest.param("show", ("show",), id="show"),
        pytest.param("compare", ("compare", "HEAD", "HEAD"), id="compare"),
        pytest.param("reproduce", ("reproduce",), id="reproduce"),
        pytest.param("replay", ("replay",), id="replay"),
        pytest.param("cost", ("cost", "--price", "github-linux"), id="cost"),
        pytest.param("noise", ("noise", "--runs", "2"), id="noise"),
        pytest.param("records", ("records", "push"), id="records"),
        pytest.param("doctor", ("doctor",), id="doctor"),
        pytest.param("applied", ("apply", "--dry-run"), id="apply"),
        pytest.param("models", ("models",), id="models"),
        pytest.param("error", ("why", "no-such-stage"), id="an-error"),
    ],
)
def test_what_a_command_prints_is_documented(
    project: Path, fields: ModuleType, name: str, words: tuple[str, ...]
) -> None:
    if name in ("show", "compare", "reproduce"):
        printed_by(project, "run")

    printed = printed_by(project, *words)

    assert next(iter(printed)) == "schema_version"
    assert name == "error" or "error" not in printed, printed
    assert undocumented(fields, name, printed) == set()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box with a job that waits and an effect that is pending; this process is its worker."""
    from branchline import wiring
    from branchline.core.run import Need
    from branchline.core.run.jobs import NewJob

    folder = tmp_path_factory.mktemp("boxes") / "box.git"
    printed_by(folder.parent, "remote", "init", f"--box={folder}")
    job = NewJob(kind="train", trigger="push", branch="x", commit="c" * 40, need=Need())
    with wiring.open_box(str(folder)) as opened:
        opened.box.set_worker(os.getpid())
        opened.queue.enqueue([job], event="e", at=1.0)
        opened.queue.add_effects([("check:x", "{}")], job=1, at=1.0)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("words", [("queue",), ("cancel", "1"), ("retry", "1")], ids=" ".join)
def test_what_is_said_of_jobs_is_documented(
    box: Path, fields: ModuleType, words: tuple[str, ...]
) -> None:
    if words[0] == "retry":
        printed_by(box, "cancel", "1")

    printed = printed_by(box, *words)

    assert next(iter(printed)) == "schema_version"
    assert "error" not in printed, printed
    assert undocumented(fields, words[0], printed) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run.json", "plan.json", "evidence.json", "verdict.json"])
def test_what_a_record_holds_is_documented(project: Path, fields: ModuleType, name: str) -> None:
    printed = printed_by(project, "runs")
    newest = printed["runs"][0]["run"]

    held = json.loads(git(project, "show", f"refs/branchline/runs/{newest}:{name}"))

    assert next(iter(held)) == "schema_version"
    document = name if name in fields.FIELDS else name.removesuffix(".json")
    assert undocumented(fields, document, held) == set()


@pytest.mark.slow
def test_what_a_result_holds_is_documented(project: Path, fields: ModuleType) -> None:
    refs = git(project, "for-each-ref", "--format=%(refname)", "refs/branchline/results").split()
    held = [json.loads(git(project, "cat-file", "-p", ref)) for ref in refs]

    assert len(held) >= 3
    assert {next(iter(each)) for each in held} == {"schema_version"}
    assert set().union(*(undocumented(fields, "result", each) for each in held)) == set()
