"""`reproduce` on a real project: the same, other bytes, other numbers, a failure, a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests import ready_branchline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PREPARE = "open('clean.txt', 'w').write(open('raw.txt').read().upper())\n"
TRAIN = """\
import json, os
from pathlib import Path
rate = float(open("params.yaml").read().split(":")[1])
Path("model.txt").write_text(open("clean.txt").read() + str(rate) + os.environ.get("NOISE", ""))
json.dump({"auc": rate + float(os.environ.get("SHIFT", "0"))}, open("metrics.json", "w"))
"""
PIPELINE = """\
stages:
  prepare: {cmd: python prepare.py, deps: [prepare.py, raw.txt], outs: [clean.txt]}
  train:
    cmd: python train.py
    deps: [train.py, clean.txt]
    params: [rate]
    outs: [model.txt]
    metrics: [{metrics.json: {cache: false}}]
"""


class Project:
    """A repository whose run was committed and whose working tree went on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        bin_dir = folder.parent / "bin"
        bin_dir.mkdir()
        (bin_dir / "python").symlink_to(sys.executable)
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        self.environ = kept | {
            "PATH": f"{bin_dir}:{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "NO_COLOR": "1",
        }

    def begin(self, files: Mapping[str, str]) -> None:
        """Make the repository, with these files committed."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "first")

    def git(self, *words: str) -> str:
        return subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env=self.environ,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def call(self, *words: str, code: int = 0, **more: str) -> str:
        done = ready_branchline.call(words, cwd=self.folder, env=self.environ | more)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def state(self) -> tuple[str, str, str]:
        """References, what differs, and the files that are there."""
        return (
            self.git("for-each-ref"),
            self.git("status", "--porcelain"),
            " ".join(sorted(p.name for p in (self.folder / ".branchline" / "again").glob("*"))),
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "work")
    files = {
        "prepare.py": PREPARE,
        "train.py": TRAIN,
        "dvc.yaml": PIPELINE,
        "branchline.yaml": "model: m\npipeline: dvc.yaml\ngate: {metrics: {auc: {min: 0.1}}}\n",
        "params.yaml": "rate: 0.5\n",
        "raw.txt": "data\n",
    }
    made.begin(files)
    made.call("run")
    made.git("add", "-A")
    made.git("commit", "-q", "-m", "ran")
    made.call("run")
    # The working tree goes on, and may even be broken.
    (made.folder / "train.py").write_text("raise SystemExit('unfinished')\n")
    (made.folder / "raw.txt").write_text("other\n")
    return made


def test_the_same_commit_gives_the_same_and_nothing_of_the_clone_moves(project: Project) -> None:
    before = project.state()

    said = project.call("reproduce")

    assert "run     train    run " in said
    assert "is made again" in said
    assert "came out the same, byte for byte." in said
    assert said.count("same bytes") == 3
    assert project.state() == before


def test_other_bytes_are_no_other_model(project: Project) -> None:
    said = project.call("reproduce", NOISE="now")
    told = json.loads(project.call("reproduce", "--json", NOISE="then"))

    assert "came out with the same metrics; one output has other bytes." in said
    assert (told["is_same"], told["is_reproduced"]) == (False, True)
    assert [row["name"] for row in told["rows"] if not row["is_same"]] == ["model.txt"]


def test_other_numbers_are_exit_code_3_unless_they_are_tolerated(project: Project) -> None:
    said = project.call("reproduce", code=3, SHIFT="0.001")
    told = json.loads(project.call("reproduce", "--json", "--tolerance", "0.01", SHIFT="0.001"))

    assert "auc" in said
    assert "differs" in said
    assert "came out otherwise" in said
    assert told["rows"][0] | {"now": ""} == {
        "kind": "metric",
        "name": "auc",
        "recorded": "0.5",
        "now": "",
        "is_same": True,
        "within": "",
    }


def test_a_stage_that_fails_is_exit_code_1(project: Project) -> None:
    before = project.state()

    said = project.call("reproduce", code=1, SHIFT="no number")

    assert "could not be made again" in said
    assert "`train` failed" in said
    assert project.state() == before


def test_what_cannot_be_made_again_says_why(project: Project) -> None:
    (project.folder / "train.py").write_text(TRAIN + "# more\nprint(1)\n")
    (project.folder / "raw.txt").write_text("data\n")
    project.call("run")

    said = project.call("reproduce", code=1)
    unknown = project.call("reproduce", "nothing", code=2)
    tolerance = project.call("reproduce", "--tolerance", "2", code=2)

    assert "it was made with changes that were in no commit" in said
    assert "nothing" in unknown
    assert "'2' is not a number from 0 to below 1" in tolerance


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_or_killed_it_leaves_nothing_for_long(project: Project, number: int) -> None:
    before = project.state()
    words = [sys.executable, "-m", "branchline", "reproduce"]
    slow = project.folder.parent / "bin" / "python"
    slow.unlink()
    slow.write_text(f"#!/bin/sh\ntouch {project.folder.parent}/started\nsleep 20\n")
    slow.chmod(0o755)
    with subprocess.Popen(
        words, cwd=project.folder, env=project.environ, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 30
        while not (project.folder.parent / "started").exists() and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(number)
        process.communicate(timeout=30)
    slow.unlink()
    slow.symlink_to(sys.executable)

    assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    if number == signal.SIGKILL:
        project.call("reproduce")
    assert project.state() == before


def test_a_commit_that_is_not_here_says_how_to_get_it(project: Project, tmp_path: Path) -> None:
    first = project.git("rev-list", "--max-parents=0", "HEAD")
    clone = Project.__new__(Project)
    clone.folder, clone.environ = tmp_path / "shallow", project.environ
    project.git("clone", "-q", "--depth", "1", f"file://{project.folder}", str(clone.folder))
    clone.call("records", "fetch")

    said = clone.call("reproduce", first[:7], code=1)

    assert f"commit {first[:10]} is not in this clone" in said
    assert "git fetch --unshallow" in said


@pytest.mark.parametrize("kind", ["submodule", "filter"])
def test_what_a_place_of_its_own_would_lack_is_refused(project: Project, kind: str) -> None:
    (project.folder / "train.py").write_text(TRAIN)
    (project.folder / "raw.txt").write_text("data\n")
    if kind == "filter":
        (project.folder / ".gitattributes").write_text("*.bin filter=lfs diff=lfs -text\n")
        project.git("add", ".gitattributes")
    else:
        head = project.git("rev-parse", "HEAD")
        project.git("update-index", "--add", "--cacheinfo", f"160000,{head},lib")
    project.git("commit", "-q", "-m", kind)
    if kind == "submodule":
        (project.folder / "lib").mkdir()
    project.call("run")

    said = project.call("reproduce", "HEAD", code=1)

    assert {"submodule": "`lib` is a submodule", "filter": "go through a filter"}[kind] in said


def test_remotes_of_the_clone_are_asked(project: Project, tmp_path: Path) -> None:
    store = tmp_path / "remote"
    (project.folder / ".dvc").mkdir()
    (project.folder / ".dvc" / "config").write_text("[core]\n remote = st\n")
    local = "['remote \"st\"']\n url = ../../remote\n"
    (project.folder / ".dvc" / "config.local").write_text(local)
    digest = "8d777f385d3dfec8815d20f7496026dc"  # of "data"
    (store / "files" / "md5" / digest[:2]).mkdir(parents=True)
    (store / "files" / "md5" / digest[:2] / digest[2:]).write_text("data")
    (project.folder / "train.py").write_text(TRAIN)
    (project.folder / "raw.txt").write_text("data")
    project.git("rm", "-q", "--cached", "raw.txt")
    (project.folder / ".gitignore").write_text("/raw.txt\n/clean.txt\n/model.txt\n")
    (project.folder / "raw.txt.dvc").write_text(
        f"outs:\n- md5: {digest}\n  size: 4\n  hash: md5\n  path: raw.txt\n"
    )
    project.git("add", ".dvc/config", ".gitignore", "raw.txt.dvc", "train.py")
    project.git("commit", "-q", "-m", "tracked")
    project.call("run")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "ran")
    project.call("run")

    assert "came out the same" in project.call("reproduce")
