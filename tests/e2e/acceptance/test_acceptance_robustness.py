"""Acceptance, group E: what is lost, broken or unreachable never reads as "nothing to train"."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import branchline

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.acceptance.conftest import Workshop
    from tests.e2e.conftest import Done, Project

    MakeTrained = Callable[[dict[str, str]], Project]


def actions(project: Project) -> dict[str, str]:
    return {name: entry["action"] for name, entry in project.plan().items()}


def lose_store(project: Project) -> None:
    """The store of this machine is gone."""
    for path in (".branchline/store", ".dvc/cache"):
        shutil.rmtree(project.root / path, ignore_errors=True)


def test_e1_a_store_that_is_gone_with_the_model_is_planned_to_train(project: Project) -> None:
    lose_store(project)
    (project.root / "model.txt").unlink()

    assert actions(project)["train"] == "run"


def test_e1_a_store_that_is_gone_with_the_model_is_said_and_trains(project: Project) -> None:
    lose_store(project)
    (project.root / "model.txt").unlink()

    reason = project.plan()["train"]["reason"]
    done = project.branchline("run")

    assert "`model.txt` is gone from the store" in reason
    assert done.code == 0, done.text
    assert "train" in project.executed()


def test_e1_a_store_that_cannot_be_read_trains_or_fails(project: Project) -> None:
    lose_store(project)
    (project.root / ".branchline/store").write_text("no folder\n")
    (project.root / "model.txt").unlink()

    done = project.branchline("plan", "--json")

    assert "Traceback" not in done.text
    if done.code == 0:
        stages = {entry["stage"]: entry for entry in json.loads(done.stdout)["stages"]}
        assert stages["train"]["action"] == "run"


def test_e1_a_result_that_no_reachable_store_keeps_is_made_again(
    project: Project, tmp_path: Path
) -> None:
    project.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    project.git("clone", "-q", "--bare", str(project.root), str(tmp_path / "remote.git"))
    assert project.branchline("records", "push", "origin").code == 0
    fresh = type(project)(tmp_path / "fresh")
    project.git("clone", "-q", str(tmp_path / "remote.git"), str(fresh.root))
    assert fresh.branchline("records", "fetch", "origin").code == 0

    done = fresh.branchline("run")

    assert done.code == 0, done.text
    # The new model equals the old one, and the metrics are in git: `evaluate` need not run.
    assert fresh.executed() == ["train"]
    assert fresh.read("model.txt") == project.read("model.txt")


def test_e2_a_base_commit_that_is_gone_changes_no_decision(project: Project) -> None:
    project.git("checkout", "-q", "--orphan", "alone")
    project.commit("all at once")
    project.git("branch", "-q", "-D", "main")
    project.git("reflog", "expire", "--expire=now", "--all")
    project.git("gc", "-q", "--prune=now")

    same = actions(project)
    project.write("pkg/deep.py", "OFFSET = 2\n")
    entry = project.plan()["train"]
    why = project.branchline("why", "train")

    assert set(same.values()) == {"reuse"}
    assert (entry["action"], why.code) == ("run", 0), why.text
    assert "pkg/deep.py" in entry["reason"]


def test_e3_a_recorded_model_that_is_gone_trains(project: Project) -> None:
    locked = project.read("dvc.lock").splitlines()
    at = next(i for i, line in enumerate(locked) if line.strip() == "- path: model.txt")
    md5 = next(line.split()[-1] for line in locked[at:] if line.strip().startswith("md5:"))
    (kept,) = [p for p in project.root.rglob(md5[2:]) if p.parent.name == md5[:2]]
    kept.chmod(0o644)
    kept.unlink()
    (project.root / "model.txt").unlink()

    entry = project.plan()["train"]

    assert entry["action"] == "run"
    assert "model.txt" in entry["reason"]


@pytest.mark.parametrize(
    ("path", "text", "where"),
    [
        pytest.param(
            "branchline.yaml",
            "model: demo\ngate: {metrics: [\n",
            "branchline.yaml:",
            id="E5-no-yaml",
        ),
        pytest.param(
            "branchline.yaml", "model: demo\nmodle: x\n", "branchline.yaml:2", id="E5-unknown-key"
        ),
        pytest.param(
            "branchline.yaml",
            "model: demo\ngate:\n  confidence: 7\n",
            "branchline.yaml:3",
            id="E5-wrong-value",
        ),
        pytest.param(
            "dvc.yaml", "stages:\n  train:\n    cmd: [\n", "dvc.yaml:", id="E5-pipeline-is-no-yaml"
        ),
        pytest.param(
            "dvc.yaml", "stages:\n  train:\n    command: x\n", "dvc.yaml:", id="E5-pipeline-key"
        ),
        pytest.param("params.yaml", "train: {lr: [\n", "params.yaml:", id="E5-params-are-no-yaml"),
        pytest.param(
            "params.yaml", "train: {depth: 2, seed: 1}\n", "train.lr", id="E5-parameter-gone"
        ),
    ],
)
def test_a_broken_declaration_fails(project: Project, path: str, text: str, where: str) -> None:
    project.write(path, text)

    done = project.branchline("plan", "--json")

    refused(done, where)


def refused(done: Done, where: str) -> None:
    assert done.code in (1, 2), done.text
    assert where in done.text
    assert "Traceback" not in done.text
    assert '"is_empty": true' not in done.stdout


def test_e5_no_declaration_at_all_fails(project: Project) -> None:
    for path in ("branchline.yaml", "dvc.yaml"):
        (project.root / path).unlink()

    refused(project.branchline("plan", "--json"), "stage")


CRASH = (
    "import sys\nimport branchline.flows.plan as plan\n\n\n"
    "def crash(*_, **__):\n    raise RuntimeError('boom')\n\n\nplan.Planner.decide = crash\n"
    "from branchline.cli.dispatch import dispatch\nsys.exit(dispatch(['plan', '--json']))\n"
)


def test_e6_a_crash_of_the_decision_is_no_decision(project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASH],
        cwd=project.root,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(branchline.__file__).parent.parent),
            "HOME": "/nonexistent",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "boom" in done.stdout + done.stderr
    assert "is_empty" not in done.stdout


def test_e7_why_names_files_kind_way_and_run(project: Project) -> None:
    run = project.plan()["train"]["reuses"]["run"]
    project.replace("pkg/helper.py", "value * 2", "value * 3")

    done = project.branchline("why", "train")

    assert done.code == 0, done.text
    for word in ("pkg/helper.py", "changed in meaning", "scale", "imported by pkg/model.py", run):
        assert word in done.stdout, word


def test_e7_a_declared_script_names_its_function_too(project: Project) -> None:
    project.replace("train.py", "model.fit(2)", "model.fit(3)")

    reason = project.plan()["train"]["reason"]

    assert reason == "`train.py` changed in meaning: function `main`"


def damage(path: str) -> Callable[[Project], None]:
    def hurt(project: Project) -> None:
        (project.root / path).write_bytes(b"no database\n" * 99)

    return hurt


@pytest.mark.parametrize(
    "hurt",
    [
        pytest.param(damage(".branchline/cache.db"), id="cache"),
        pytest.param(lambda p: (p.root / ".branchline/cache.db").unlink(), id="no-cache"),
        pytest.param(damage("dvc.lock"), id="lock"),
    ],
)
def test_damaged_local_state_never_hides_a_change(
    project: Project, hurt: Callable[[Project], None]
) -> None:
    hurt(project)
    project.write("pkg/deep.py", "OFFSET = 2\n")

    done = project.branchline("plan", "--json")

    assert "Traceback" not in done.text
    if done.code == 0:
        stages = {entry["stage"]: entry for entry in json.loads(done.stdout)["stages"]}
        assert stages["train"]["action"] == "run"


@pytest.mark.slow
def test_e9_ten_thousand_files_are_decided_within_seconds(
    workshop: Workshop, tmp_path: Path
) -> None:
    many = {f"pkg/many/m{n:04}.py": f"A = {n}\n" for n in range(1000)}
    many["pkg/many/__init__.py"] = "".join(f"from . import m{n:04}\n" for n in range(1000))
    many["pkg/deep.py"] = "from . import many\n\nOFFSET = 1\n"
    project = workshop.fresh(tmp_path / "project", many)
    for number in range(9000):
        path = project.root / "docs" / f"f{number // 100}" / f"{number}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}\n")
    project.commit("many")
    assert project.branchline("run").code == 0
    project.commit("results")
    project.plan()

    project.write("pkg/many/m0999.py", "A = 0\n")
    began = time.monotonic()
    entry = project.plan()["train"]
    elapsed_s = time.monotonic() - began

    assert entry["action"] == "run"
    assert elapsed_s < 10


LOOKING = {
    "prepare.py": """\
import os
with open("data/raw.csv") as raw, open("data/clean.csv", "w") as clean:
    clean.write(raw.read().upper())
    for name in ("data/extra.csv", "conf/more"):
        if os.path.exists(name):
            clean.write(name)
"""
}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("data/extra.csv", id="a-file"),
        pytest.param("conf/more/settings.yaml", id="a-folder"),
    ],
)
@pytest.mark.parametrize("is_tracked", [True, False], ids=["tracked", "untracked"])
def test_what_a_run_looked_for_in_vain_counts_when_it_comes(
    make_trained: Callable[[dict[str, str]], Project], path: str, is_tracked: bool
) -> None:
    project = make_trained(LOOKING)
    assert project.branchline("run").code == 0  # the answers of both are kept now
    assert "nothing" in project.branchline("plan").text

    project.write(path, "5,6\n")
    if is_tracked:
        project.commit("more data")
    plain = project.branchline("plan").text

    # What the code names and git tracks is in the key as well.
    assert "looked for in vain" in plain or "is new (named in prepare.py)" in plain
    assert project.plan()["prepare"]["action"] == "run"
    assert project.branchline("run").code == 0
    assert path.removesuffix("/settings.yaml") in project.read("data/clean.csv")
    assert set(actions(project).values()) == {"reuse"}


def test_a_secret_stands_in_no_object_of_git_and_no_output(project: Project) -> None:
    project.write(".gitignore", project.read(".gitignore") + "local.yaml\ndvc.lock\n")
    project.git("rm", "-q", "--cached", "dvc.lock")
    project.replace("dvc.yaml", "- train.lr", "- local.yaml: [db]\n    - train.lr")
    project.write("local.yaml", "db: {user: ada, password: hunter2-hunter2}\n")
    project.commit("a password in a file that git ignores")

    said = [
        project.branchline(*words).text
        for words in (
            *(["plan"], ["plan", "--json"], ["run"], ["why", "train"], ["why", "train", "--json"]),
            *(["show"], ["show", "--json"], ["report"], ["logs"], ["runs", "--json"]),
        )
    ]
    held = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch"],
        cwd=project.root,
        check=True,
        capture_output=True,
    ).stdout

    assert "local.yaml:db.password" in "".join(said)
    assert "hunter2" not in "".join(said)
    assert b"local.yaml:db.password" in held
    assert b"hunter2" not in held
