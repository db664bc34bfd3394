"""Data and outputs that real DVC pushed to a folder, and a fresh clone that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Dvc

pytestmark = [pytest.mark.peers, pytest.mark.slow]

FILES = {
    "dvc.yaml": """\
stages:
  prepare: {cmd: cat iris.csv data/a data/sub/b > all.csv, deps: [iris.csv, data], outs: [all.csv]}
  train: {cmd: cp all.csv model, deps: [all.csv], outs: [model]}
""",
    "iris.csv": "1\n",
    "data/a": "2\n",
    "data/sub/b": "3\n",
}


@pytest.fixture(
    params=[
        pytest.param((True, False), id="the-default-remote"),
        pytest.param((False, False), id="without-a-default"),
        pytest.param((True, True), id="relative"),
    ]
)
def made(request: pytest.FixtureRequest, tmp_path: Path, dvc: Dvc) -> Project:
    """A project whose data DVC tracks and pushed, cloned without them."""
    is_default, is_relative = request.param
    project = Project.create(tmp_path / "one", {"dvc.yaml": FILES["dvc.yaml"]})
    for name, text in FILES.items():
        project.write(name, text)

    def call(*words: str) -> None:
        fine, said = dvc.call("command", project.root, words=words)
        assert fine, said

    call("init", "-q")
    place = "../box" if is_relative else str(tmp_path / "box")
    call("remote", "add", "-q", *(["-d"] if is_default else []), "box", place)
    call("add", "-q", "iris.csv", "data")
    call("repro", "-q")
    call("push", "-q", "-r", "box")
    project.commit("data")
    project.git("clone", "-q", ".", "../two")
    return Project(tmp_path / "two")


def objects_of(project: Project) -> list[str]:
    return sorted(p.name for p in (project.root / ".dvc/cache/files").rglob("*") if p.is_file())


def test_outputs_are_fetched_and_data_only_for_a_stage_that_runs(made: Project) -> None:
    planned = made.branchline("plan")
    assert "`all.csv` is fetched from a remote" in planned.text
    assert objects_of(made) == []

    ran = made.branchline("run")

    assert (ran.code, made.read("model")) == (0, "1\n2\n3\n"), ran.text
    assert not (made.root / "iris.csv").exists()
    assert len(objects_of(made)) == 1  # both outputs hold the same bytes

    made.replace("dvc.yaml", "cat iris.csv", "cat iris.csv iris.csv")
    again = made.branchline("run")

    assert again.code == 0, again.text
    assert made.read("model") == "1\n1\n2\n3\n"
    assert made.read("data/sub/b") == "3\n"


def test_a_file_inside_tracked_data_brings_them_whole(made: Project) -> None:
    made.write(
        "dvc.yaml", "stages:\n  fit: {cmd: cp data/sub/b m, deps: [data/sub/b], outs: [m]}\n"
    )
    made.commit("another pipeline")

    ran = made.branchline("run")

    assert (ran.code, made.read("m"), made.read("data/a")) == (0, "3\n", "2\n"), ran.text
    assert "uncommitted" not in ran.text


def test_what_is_nowhere_ends_with_what_to_type(made: Project) -> None:
    made.replace("dvc.yaml", "cat iris.csv", "cat iris.csv iris.csv")
    for file in list((made.root.parent / "box").rglob("*")):
        if file.is_file() and file.read_bytes() == b"1\n":
            file.unlink()

    ran = made.branchline("run")

    assert ran.code == 1
    assert "`iris.csv` is not on this machine: DVC remote `box`, the folder " in ran.text
    assert "does not have it; type `dvc pull iris.csv` here" in ran.text


def test_a_damaged_object_is_refused(made: Project) -> None:
    made.replace("dvc.yaml", "cat iris.csv", "cat iris.csv iris.csv")
    for file in list((made.root.parent / "box").rglob("*")):
        if file.is_file() and file.read_bytes() == b"1\n":
            file.chmod(0o644)
            file.write_bytes(b"0\n")

    ran = made.branchline("run")

    assert ran.code == 1
    assert "where outputs are kept for others, is damaged" in ran.text
    assert not (made.root / "iris.csv").exists()
