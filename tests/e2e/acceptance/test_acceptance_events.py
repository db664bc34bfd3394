"""Acceptance, group A: what git's history does never decides; what the tree holds does.

Cases that need a forge, a queue or a remote that trains stand elsewhere.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import branchline

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.acceptance.conftest import Workshop
    from tests.e2e.conftest import Project

    MakeTrained = Callable[[dict[str, str]], Project]


def action(project: Project) -> str:
    """What the plan says of `train`."""
    return str(project.plan()["train"]["action"])


def source_run(project: Project) -> str:
    """The run whose result the plan reuses for `train`."""
    return str((project.plan()["train"]["reuses"] or {}).get("run"))


def change_closure(project: Project, offset: int) -> None:
    """A commit that matters to the model."""
    project.write("pkg/deep.py", f"OFFSET = {offset}\n")
    project.commit(f"offset {offset}")


def change_docs(project: Project, text: str) -> None:
    """A commit that does not."""
    project.write("docs/guide.md", f"{text}\n")
    project.commit(text)


def train(project: Project) -> str:
    """Run and commit what the run leaves; the id of the run."""
    done = project.branchline("run")
    assert done.code == 0, done.text
    run = source_run(project)
    project.commit("results")
    return run


def head(project: Project) -> str:
    return project.git("rev-parse", "HEAD").strip()


def test_a1_a_commit_that_touches_the_closure_trains(project: Project) -> None:
    change_closure(project, 2)

    assert action(project) == "run"


def test_a2_closure_first_and_docs_last_trains(project: Project) -> None:
    change_closure(project, 2)
    change_docs(project, "more")
    change_docs(project, "most")

    assert action(project) == "run"


def test_a3_a_new_branch_with_closure_then_docs_trains(project: Project) -> None:
    project.git("checkout", "-q", "-b", "feature")
    change_closure(project, 2)
    change_docs(project, "more")

    assert action(project) == "run"


def test_a4_a_new_branch_at_the_tip_reuses(project: Project) -> None:
    project.git("checkout", "-q", "-b", "feature")

    assert action(project) == "reuse"


def test_a5_the_first_push_of_a_repository_trains(workshop: Workshop, tmp_path: Path) -> None:
    project = workshop.fresh(tmp_path / "project")

    assert {entry["action"] for entry in project.plan().values()} == {"run", "may_run"}


def test_a7_after_a_failed_run_a_docs_commit_trains(project: Project) -> None:
    project.write("pkg/deep.py", "OFFSET = 1 / 0\n")
    project.commit("broken")
    failed = project.branchline("run")

    change_docs(project, "more")

    assert failed.code == 1, failed.text
    assert action(project) == "run"


def start(project: Project) -> subprocess.Popen[str]:
    """`branchline run` beside the test, once its training has begun."""
    process = subprocess.Popen(
        [sys.executable, "-m", "branchline", "run"],
        cwd=project.root,
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "PYTHONPATH": str(Path(branchline.__file__).parent.parent),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while "begun" not in project.read("ran.log") and time.monotonic() < deadline:
        time.sleep(0.02)
    return process


SLOW = "import time\nopen('ran.log', 'a').write('begun\\n')\ntime.sleep({0})\nOFFSET = 2\n"


def test_a7_after_a_cancelled_run_a_docs_commit_trains(project: Project) -> None:
    project.write("pkg/deep.py", SLOW.format(30))
    project.commit("slow")
    process = start(project)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    change_docs(project, "more")

    assert process.returncode == 130
    assert action(project) == "run"


def test_a8_a_second_run_joins_the_one_that_is_under_way(project: Project) -> None:
    project.write("pkg/deep.py", SLOW.format(1.5))
    project.commit("slow")
    process = start(project)

    change_docs(project, "more")
    second = project.branchline("run")
    first, _ = process.communicate(timeout=60)

    assert (process.returncode, second.code) == (0, 0), first + second.text
    assert sorted(project.executed()) == ["begun", "evaluate", "train"]


def test_a10_a_change_and_its_revert_train_nothing(project: Project) -> None:
    change_closure(project, 2)
    project.git("revert", "--no-edit", "HEAD")

    assert action(project) == "reuse"


def test_a11_a_revert_after_training_reuses_the_older_result_and_names_it(project: Project) -> None:
    first = source_run(project)
    change_closure(project, 2)
    second = train(project)

    project.write("pkg/deep.py", "OFFSET = 1\n")
    project.commit("back")
    entry = project.plan()["train"]

    assert entry["action"] == "reuse"
    assert (entry["reuses"]["run"], second != first) == (first, True)
    assert first in entry["reason"]


def test_a12_dropping_the_closure_change_by_force_trains_nothing(project: Project) -> None:
    change_closure(project, 2)
    project.git("reset", "-q", "--hard", "HEAD~1")

    assert action(project) == "reuse"


def test_a13_a_rewritten_closure_trains(project: Project) -> None:
    change_closure(project, 2)
    train(project)
    project.git("reset", "-q", "--hard", "HEAD~2")
    change_closure(project, 3)

    assert action(project) == "run"


def test_a14_merging_main_into_a_docs_branch_reuses_mains_result(project: Project) -> None:
    project.git("checkout", "-q", "-b", "feature")
    change_docs(project, "more")
    project.git("checkout", "-q", "main")
    change_closure(project, 2)
    run = train(project)

    project.git("checkout", "-q", "feature")
    project.git("merge", "-q", "--no-edit", "main")

    assert (action(project), source_run(project)) == ("reuse", run)


def test_a14_merging_main_into_a_branch_with_code_of_its_own_trains(project: Project) -> None:
    project.git("checkout", "-q", "-b", "feature")
    project.replace("pkg/model.py", "RATE = 0.5", "RATE = 0.6")
    project.commit("another rate")
    train(project)
    project.git("checkout", "-q", "main")
    change_closure(project, 2)

    project.git("checkout", "-q", "feature")
    project.git("merge", "-q", "--no-edit", "main")

    assert action(project) == "run"


def test_a15_a_rebase_to_the_same_tree_reuses(project: Project) -> None:
    project.git("checkout", "-q", "-b", "feature")
    change_closure(project, 2)
    run = train(project)
    project.git("checkout", "-q", "main")
    change_docs(project, "more")
    project.git("checkout", "-q", "feature")

    project.git("rebase", "-q", "main")

    assert (action(project), source_run(project)) == ("reuse", run)


def squash(project: Project) -> None:
    project.git("checkout", "-q", "main")
    project.git("merge", "-q", "--squash", "feature")
    project.commit("squashed")


def test_a16_a_squash_of_the_trained_tree_reuses_its_result(project: Project) -> None:
    project.git("checkout", "-q", "-b", "feature")
    change_closure(project, 2)
    run = train(project)

    squash(project)

    assert (action(project), source_run(project)) == ("reuse", run)


def test_a17_a_squash_after_main_moved_in_the_closure_trains(project: Project) -> None:
    project.git("checkout", "-q", "-b", "feature")
    change_closure(project, 2)
    train(project)
    project.git("checkout", "-q", "main")
    project.replace("pkg/model.py", "RATE = 0.5", "RATE = 0.6")
    project.commit("another rate")

    squash(project)

    assert action(project) == "run"


def test_a18_a19_a_docs_branch_reuses_whichever_tree_is_checked_out(project: Project) -> None:
    old = source_run(project)
    project.git("checkout", "-q", "-b", "feature")
    change_docs(project, "more")
    project.git("checkout", "-q", "main")
    change_closure(project, 2)
    run = train(project)

    project.git("checkout", "-q", "feature")
    on_head = (action(project), source_run(project))
    project.git("checkout", "-q", "--detach", "main")
    project.git("merge", "-q", "--no-edit", "feature")
    on_merge = (action(project), source_run(project))

    assert on_head == ("reuse", old)
    assert on_merge == ("reuse", run)


def test_a20_a_docs_branch_on_a_trained_branch_reuses(project: Project) -> None:
    project.git("checkout", "-q", "-b", "base")
    change_closure(project, 2)
    run = train(project)
    project.git("checkout", "-q", "-b", "stacked")
    change_docs(project, "more")

    assert (action(project), source_run(project)) == ("reuse", run)


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        pytest.param(1, "reuse", id="A23-on-a-trained-commit"),
        pytest.param(2, "run", id="A24-on-an-untrained-commit"),
    ],
)
def test_a_tag(project: Project, offset: int, expected: str) -> None:
    if offset != 1:
        change_closure(project, offset)
    project.git("tag", "-a", "-m", "release", "v1.0.0")
    project.git("checkout", "-q", "v1.0.0")

    assert action(project) == expected


def test_a25_a26_force_trains_again_and_the_attempt_is_recorded(project: Project) -> None:
    quiet = project.branchline("run")
    asked = project.plan("--force")["train"]
    forced = project.branchline("run", "--force")

    assert quiet.code == forced.code == 0, forced.text
    assert "Nothing to run" in quiet.text
    assert (asked["action"], "--force" in asked["reason"]) == ("run", True)
    assert project.executed() == ["train", "evaluate"]
    assert any('"attempt": 2' in text or '"attempt":2' in text for text in records(project))


def records(project: Project) -> list[str]:
    """Texts of all that is recorded under our references."""
    names = project.git("for-each-ref", "--format=%(objectname)", "refs/branchline/").split()
    texts = []
    for name in names:
        listed = project.git("rev-list", "--objects", "--no-walk", name).split("\n")
        objects = [line.split(" ")[0] for line in listed if line]
        blobs = [o for o in {*objects, name} if project.git("cat-file", "-t", o).strip() == "blob"]
        texts += [project.git("cat-file", "blob", blob) for blob in blobs]
    return texts


def test_a29_an_orphan_branch_is_decided_by_its_tree(project: Project) -> None:
    project.git("checkout", "-q", "--orphan", "fresh-start")
    project.commit("everything at once")
    same = action(project)

    change_closure(project, 2)

    assert (same, action(project)) == ("reuse", "run")


CLONES = [
    pytest.param(("--depth", "1"), id="A30-depth-1"),
    pytest.param(("--depth", "2"), id="A30-depth-2"),
    pytest.param((), id="A30-full"),
    pytest.param(("--filter=blob:none",), id="A30-blobless"),
]


@pytest.mark.parametrize("options", CLONES)
def test_every_kind_of_clone_decides_the_same(
    project: Project, tmp_path: Path, options: tuple[str, ...]
) -> None:
    bare = type(project)(tmp_path / "remote.git")
    project.git("clone", "-q", "--bare", str(project.root), str(bare.root))
    bare.git("config", "uploadpack.allowFilter", "true")
    project.git("remote", "add", "origin", f"file://{bare.root}")
    assert project.branchline("records", "push", "origin").code == 0
    change_docs(project, "more")
    project.git("push", "-q", "origin", "main")
    fresh = type(project)(tmp_path / "fresh")

    project.git("clone", "-q", *options, f"file://{bare.root}", str(fresh.root))
    fetched = fresh.branchline("records", "fetch", "origin")
    before = {name: entry["action"] for name, entry in fresh.plan().items()}
    fresh.write("pkg/deep.py", "OFFSET = 2\n")
    fresh.commit("offset")
    after = fresh.plan()["train"]

    assert fetched.code == 0, fetched.text
    assert before == {"prepare": "reuse", "train": "reuse", "evaluate": "reuse"}
    assert after["action"] == "run"
    assert "pkg/deep.py" in after["reason"]


def recorded_run(project: Project) -> dict[str, Any]:
    """The newest recorded run, as `runs --json` tells it."""
    done = project.branchline("runs", "--json")
    assert done.code == 0, done.text
    runs = json.loads(done.stdout)["runs"]
    return dict(max(runs, key=lambda run: run["started_at"]))


def test_a31_a_detached_head_without_remote_works_and_uncommitted_code_is_marked(
    workshop: Workshop, tmp_path: Path
) -> None:
    project = workshop.fresh(tmp_path / "project")
    project.git("checkout", "-q", "--detach")
    assert project.branchline("run").code == 0
    clean = recorded_run(project)["is_dirty"]

    project.write("pkg/deep.py", "OFFSET = 5\n")
    planned = action(project)
    done = project.branchline("run")

    assert (clean, planned, done.code) == (False, "run", 0), done.text
    assert recorded_run(project)["is_dirty"] is True
    assert "uncommitted" in done.text


def test_a32_an_older_commit_is_decided_by_its_own_tree(project: Project) -> None:
    old, commit = source_run(project), head(project)
    change_closure(project, 2)
    train(project)

    project.git("checkout", "-q", commit)

    assert (action(project), source_run(project)) == ("reuse", old)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("0123456789abcdef0123456789abcdef01234567", id="A33-forty-hex-characters"),
        pytest.param("a;id", id="A33-shell-characters"),
        pytest.param("train/é", id="A33-non-ascii"),
        pytest.param("x'$(id)", id="A33-quote-and-substitution"),
    ],
)
def test_odd_branch_names_are_decided_normally(project: Project, name: str) -> None:
    project.git("update-ref", f"refs/heads/{name}", "HEAD")
    project.git("symbolic-ref", "HEAD", f"refs/heads/{name}")

    before = action(project)
    change_closure(project, 2)
    after = action(project)
    done = project.branchline("run")

    assert (before, after, done.code) == ("reuse", "run", 0), done.text
    assert recorded_run(project)["branch"] == name


def test_a36_one_closure_file_among_thousands_trains(project: Project) -> None:
    for number in range(3001):
        (project.root / "docs" / f"a{number:04}.md").write_text("x\n")
    project.commit("many files")
    before = action(project)
    for number in range(3001):
        (project.root / "docs" / f"a{number:04}.md").write_text("y\n")
    change_closure(project, 2)

    assert (before, action(project)) == ("reuse", "run")
