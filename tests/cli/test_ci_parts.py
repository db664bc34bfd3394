"""A training in several jobs, each on a machine of its own: made once, judged once, whole."""

from __future__ import annotations

import io
import json
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import CiScene, Ended, pushed

MODEL = """\
stages:
  prepare:
    cmd: python3 prepare.py
    deps: [prepare.py, raw.csv]
    outs: [features]
  train:
    cmd: python3 train.py
    deps: [train.py, features]
    outs: [model.bin]
  evaluate:
    cmd: python3 evaluate.py
    deps: [evaluate.py, model.bin]
    metrics: [{metrics.json: {cache: false}}]
gate: {metrics: {auc: {min: 0.5}}}
"""
NOTE = "open(os.environ['HOME'] + '/made', 'a').write('{} ')\n"
FILES = {
    "branchline.yaml": "model: demo\n" + MODEL,
    "raw.csv": "1,2\n",
    "prepare.py": (
        "import os\nos.makedirs('features/.hidden', exist_ok=True)\n"
        "open('features/.hidden/x', 'w').write(open('raw.csv').read())\n"
        "os.chmod('features/.hidden/x', 0o755)\n" + NOTE.format("prepare")
    ),
    "train.py": (
        "import os\nopen('model.bin', 'w').write(open('features/.hidden/x').read() * 2)\n"
        + NOTE.format("train")
    ),
    "evaluate.py": (
        "import json, os\n"
        "json.dump({'auc': len(open('model.bin').read()) / 10}, open('metrics.json', 'w'))\n"
        + NOTE.format("evaluate")
    ),
    ".gitignore": "/features\n/model.bin\n/metrics.json\n/branchline.lock\n",
}


class Parts:
    """Jobs of one push, each in a checkout of its own."""

    def __init__(self, home: Path, files: dict[str, str] = FILES) -> None:
        self.scene = CiScene(home)
        self.event = pushed("refs/heads/main", self.scene.commit(files, message="first"))
        self.home = home

    def run(self, *words: str, **event: object) -> Ended:
        payload = {**self.event[1], **event}
        return self.scene.job(
            "run", (self.event[0], payload), *words, ref="refs/heads/main",
            PYTHONDONTWRITEBYTECODE="1",
        )  # fmt: skip

    def made(self) -> list[str]:
        place = self.home / "made"
        found = place.read_text().split() if place.exists() else []
        place.unlink(missing_ok=True)
        return found


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Parts, Path]:
    """Jobs, and the folder that the first of them left; for tests that only replace its archive."""
    parts = Parts(tmp_path_factory.mktemp("prepared"))
    return parts, parts.run("--stages", "prepare").folder


def test_each_stage_is_made_once_and_the_last_job_judges_all(parts: Parts) -> None:
    first = parts.run("--stages", "prepare", "--no-push")
    second = parts.run("--stages", "train", "--earlier", str(first.folder))
    last = parts.run("--earlier", str(second.folder))

    assert (first.code, second.code, last.code) == (0, 0, 0), first.err + second.err + last.err
    assert parts.made() == ["prepare", "train", "evaluate"]
    assert "Verdict: passed" in last.summary
    assert "prepare made; another job goes on" in first.summary
    handed = json.loads((last.folder / "results.json").read_text())
    assert handed["models"][0]["state"] == "walked"
    # Results of all parts are shared, and one run.
    kinds = [name.split("/")[2] for name in parts.scene.records()]
    assert (kinds.count("results"), kinds.count("runs")) == (3, 1)


def test_modes_and_hidden_files_come_along(parts: Parts) -> None:
    first = parts.run("--stages", "prepare")

    with tarfile.open(first.folder / "outputs.tar") as archive:
        modes = {member.name: member.mode & 0o777 for member in archive if member.isreg()}
    assert modes == {"features/.hidden/x": 0o755}


def test_forced_parts_are_each_made_once(parts: Parts) -> None:
    for _ in range(2):
        first = parts.run("--stages", "prepare", "--force")
        last = parts.run("--force", "--earlier", str(first.folder))
        assert (first.code, last.code) == (0, 0), first.err + last.err

        assert parts.made() == ["prepare", "train", "evaluate"]


def test_a_part_that_fails_says_so_and_hands_on_that(parts: Parts) -> None:
    parts.event = pushed(
        "refs/heads/main", parts.scene.commit({"prepare.py": "raise SystemExit(3)\n"})
    )

    first = parts.run("--stages", "prepare")

    assert first.code == 1
    handed = json.loads((first.folder / "results.json").read_text())
    assert handed["models"][0]["state"] == "failed"
    assert "`prepare` failed" in first.summary
    last = parts.run("--earlier", str(first.folder))
    assert last.code == 1
    assert "does not hold what an earlier part left" in last.err


def test_what_does_not_come_along_is_made_again(parts: Parts) -> None:
    first = parts.run("--stages", "prepare")
    with tarfile.open(first.folder / "outputs.tar", "w"):
        pass

    last = parts.run("--earlier", str(first.folder))

    assert last.code == 0, last.err
    assert parts.made() == ["prepare", "prepare", "train", "evaluate"]


def test_an_output_that_was_changed_on_the_way_is_made_again(parts: Parts) -> None:
    first = parts.run("--stages", "prepare")
    write(first.folder / "outputs.tar", "features/.hidden/x", b"other")

    last = parts.run("--earlier", str(first.folder))

    assert last.code == 0, last.err
    assert parts.made() == ["prepare", "prepare", "train", "evaluate"]


def write(archive: Path, name: str, content: bytes, **more: object) -> None:
    with tarfile.open(archive, "w") as file:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        for key, value in more.items():
            setattr(member, key, value)
        file.addfile(member, io.BytesIO(content) if content else None)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        pytest.param("train.py", {}, id="code"),
        pytest.param("features/../train.py", {}, id="a-way-out"),
        pytest.param("features/.git/config", {}, id="a-repository"),
        pytest.param("/features", {}, id="from-the-root"),
        pytest.param(".git/hooks/post-checkout", {}, id="a-hook"),
        pytest.param("features", {"type": tarfile.SYMTYPE, "linkname": "/etc"}, id="a-link-out"),
        pytest.param("features/x", {"type": tarfile.FIFOTYPE}, id="a-pipe"),
        pytest.param("features/x", {"type": tarfile.LNKTYPE, "linkname": "x"}, id="a-hard-link"),
    ],
)
def test_what_is_no_output_is_refused(
    prepared: tuple[Parts, Path], name: str, more: dict[str, object]
) -> None:
    parts, folder = prepared
    write(folder / "outputs.tar", name, b"" if more else b"x", **more)

    last = parts.run("--earlier", str(folder))

    assert last.code == 1
    assert "which is no output of a stage" in last.err
    assert "Traceback" not in last.err


def test_what_was_left_of_another_commit_is_refused(parts: Parts) -> None:
    first = parts.run("--stages", "prepare")
    parts.event = pushed("refs/heads/main", parts.scene.commit({"raw.csv": "3,4\n"}))

    last = parts.run("--earlier", str(first.folder))

    assert last.code == 1
    assert "Download the artifact of this very run" in last.err


def test_damage_and_nothing_at_all_are_said(parts: Parts, tmp_path: Path) -> None:
    first = parts.run("--stages", "prepare")
    (first.folder / "outputs.tar").write_bytes(b"no archive" * 200)

    for folder in (first.folder, tmp_path / "none"):
        last = parts.run("--earlier", str(folder))
        assert last.code == 1
        assert "earlier part" in last.err
        assert "Traceback" not in last.err
    shutil.rmtree(first.folder)


def test_a_stage_that_does_not_exist_is_said(parts: Parts) -> None:
    done = parts.run("--stages", "prepair")

    assert done.code == 1
    assert "there is no stage `prepair`" in done.err


def test_parts_are_of_one_model(tmp_path: Path) -> None:
    several = {**FILES, "branchline.yaml": "models: {a: {}, b: {}}\n" + MODEL}

    done = Parts(tmp_path, several).run("--stages", "prepare")

    assert done.code == 2
    assert "Add e.g. --model a." in done.err
