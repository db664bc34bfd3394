"""The walk on one machine and between clones: side by side, failing, shallow, shared records."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import branchline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Project

    MakeProject = Callable[[dict[str, str]], Project]

IGNORED = {".gitignore": "ran.log\ntimes.log\n"}


def stages(**commands: str) -> str:
    """dvc.yaml of stages in one line each: `name="inputs: command"`; stage x writes out-x."""
    text = "stages:\n"
    for name, line in commands.items():
        inputs, _, command = line.partition(": ")
        deps = "".join(f"    - {dep}\n" for dep in inputs.split())
        text += f"  {name}:\n    cmd: '{command} && echo {name} >> ran.log'\n"
        text += f"    deps:\n{deps}    outs:\n    - out-{name}\n"
    return text


NOTED = "date +%s%N >> times.log && sleep 0.4 && date +%s%N >> times.log"
DIAMOND = stages(
    top="source: cp source out-top",
    left=f"out-top: {NOTED} && cp out-top out-left",
    right=f"out-top: {NOTED} && cp out-top out-right",
    join="out-left out-right: cat out-left out-right > out-join",
)


def test_the_arms_of_a_diamond_overlap_in_time(make_project: MakeProject) -> None:
    project = make_project({"dvc.yaml": DIAMOND, "source": "1\n", **IGNORED})

    done = project.branchline("run", "--jobs", "4")

    assert done.code == 0, done.text
    executed = project.executed()
    assert (executed[0], executed[-1]) == ("top", "join")
    first, second, *_ = sorted(int(line) for line in project.read("times.log").split())
    assert second - first < 400_000_000


def test_a_failing_stage_keeps_what_was_finished(make_project: MakeProject) -> None:
    text = stages(good="source: cp source out-good", bad="out-good: echo oh no && exit 7")
    project = make_project({"dvc.yaml": text, "source": "1\n", **IGNORED})

    failed = project.branchline("run")
    first = project.executed()
    project.replace("dvc.yaml", "echo oh no && exit 7", "cp out-good out-bad")
    mended = project.branchline("run")

    assert failed.code == 1
    assert "bad" in failed.text
    assert "7" in failed.text
    assert "oh no" in failed.text
    assert first == ["good"]
    assert mended.code == 0, mended.text
    assert project.executed() == ["bad"]


def test_a_stage_that_leaves_its_output_out_fails(make_project: MakeProject) -> None:
    project = make_project({"dvc.yaml": stages(a="source: true"), "source": "1\n", **IGNORED})

    done = project.branchline("run")

    assert done.code == 1
    assert "out-a" in done.text


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(5))
def test_two_runs_at_once_in_one_clone_run_each_stage_once(
    make_project: MakeProject, attempt: int
) -> None:
    project = make_project({"dvc.yaml": DIAMOND, "source": f"{attempt}\n", **IGNORED})
    project.plan()  # the skip where the command does not exist yet
    environment = {
        **os.environ,
        "PYTHONPATH": os.path.dirname(os.path.dirname(branchline.__file__)),
    }

    both = [
        subprocess.Popen(
            [sys.executable, "-m", "branchline", "run"],
            cwd=project.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    texts = [process.communicate(timeout=60)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0], texts
    assert sorted(project.executed()) == ["join", "left", "right", "top"]
    assert project.pending() == {}


def clone(project: Project, target: Path, *options: str) -> Project:
    """A clone of a project, as `git clone` makes it from a URL."""
    subprocess.run(
        ["git", "clone", "-q", *options, f"file://{project.root}", str(target)], check=True
    )
    return type(project)(target)


def test_a_shallow_clone_without_data_plans_nothing(
    make_project: MakeProject, tmp_path: Path
) -> None:
    project = make_project({"dvc.yaml": DIAMOND, "source": "1\n", **IGNORED})
    assert project.branchline("run").code == 0
    project.commit("results")

    shallow = clone(project, tmp_path / "shallow", "--depth", "1")

    assert shallow.pending() == {}


CODE = {
    "dvc.yaml": stages(train="train.py: python3 train.py"),
    "train.py": "import model\n\nwith open('out-train', 'w') as out:\n    out.write(model.TEXT)\n",
    "model.py": "TEXT = 'one'\n",
    **IGNORED,
}


def test_records_from_elsewhere_vouch_where_the_lock_alone_does_not(
    make_project: MakeProject, tmp_path: Path
) -> None:
    project = make_project(CODE)
    assert project.branchline("run").code == 0
    project.commit("results")
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(project.root), str(bare)], check=True)
    project.git("remote", "add", "origin", str(bare))

    pushed = project.branchline("records", "push", "origin")
    fresh = clone(type(project)(bare), tmp_path / "fresh", "--depth", "1")
    alone = fresh.pending()
    fetched = fresh.branchline("records", "fetch", "origin")

    assert pushed.code == 0, pushed.text
    assert alone == {"train": "run"}, "model.py is in no deps: the lock cannot know it"
    assert fetched.code == 0, fetched.text
    assert fresh.pending() == {}


def test_a_module_that_nobody_declared_matters(make_project: MakeProject) -> None:
    project = make_project(CODE)
    assert project.branchline("run").code == 0
    project.executed()

    project.write("model.py", "TEXT = 'two'\n")
    entry = project.plan()["train"]
    done = project.branchline("run")

    assert entry["action"] == "run"
    assert "model.py" in entry["reason"]
    assert done.code == 0, done.text
    assert project.read("out-train") == "two"


def test_going_back_restores_and_a_rebase_runs_nothing(make_project: MakeProject) -> None:
    project = make_project(CODE)
    assert project.branchline("run").code == 0
    project.commit("one")
    project.write("model.py", "TEXT = 'two'\n")
    assert project.branchline("run").code == 0
    project.commit("two")
    project.executed()

    project.git("checkout", "-q", "HEAD~1")
    back = project.branchline("run")
    text = project.read("out-train")
    project.git("checkout", "-q", "main")
    project.git("commit", "-q", "--amend", "-m", "the same content, another commit")
    amended = project.branchline("run")

    assert (back.code, amended.code) == (0, 0), back.text + amended.text
    assert text == "one"
    assert project.read("out-train") == "two"
    assert project.executed() == []


def test_json_of_a_run_is_one_document(make_project: MakeProject) -> None:
    project = make_project({"dvc.yaml": DIAMOND, "source": "1\n", **IGNORED})

    first = project.branchline("run", "--json")
    second = project.branchline("run", "--json")

    assert (first.code, second.code) == (0, 0), first.text + second.text
    assert isinstance(json.loads(first.stdout), dict)
    assert isinstance(json.loads(second.stdout), dict)
