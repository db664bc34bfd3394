"""A box on this machine: the port's suite, and what only files can meet."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.box import LocalBox, is_box
from branchline.errors import BoxError
from branchline.ports.box import BegunPush, BoxFiles, BoxSettings, PushEvent
from branchline.testing.box import HOOKS, BoxContract, FakeBox, event_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = BoxSettings(python=sys.executable)
NAME = "1795728590763553557-42"


def text_of(event: PushEvent) -> dict[str, object]:
    return {"schema_version": 1, **asdict(event)}


class TestLocalBox(BoxContract):
    @pytest.fixture
    def box(self, tmp_path: Path) -> BoxFiles:
        return LocalBox(str(tmp_path / "box.git"))

    def put(self, box: BoxFiles, event: PushEvent) -> None:
        with open(f"{box.state_dir}/spool/{event.event}.json", "w") as file:
            json.dump(text_of(event), file)

    def begin(self, box: BoxFiles, number: int, *, is_going_on: bool) -> PushEvent:
        # No system gives the first number. A git is that of a push when it was there before it.
        process = self.git.pid if is_going_on else 4_194_305
        event = event_of(f"{time.time_ns() + number}-{process}")
        with open(f"{box.state_dir}/spool/{event.event}.pre", "w") as file:
            json.dump(text_of(event), file)
        return event

    @pytest.fixture(autouse=True)
    def living(self, tmp_path: Path) -> Iterator[None]:
        """A git that goes on while the test does."""
        words = ["git", "hash-object", "--stdin"]
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=tmp_path
        ) as self.git:
            yield


class TestFakeBox(BoxContract):
    @pytest.fixture
    def box(self) -> BoxFiles:
        return FakeBox()

    def put(self, box: BoxFiles, event: PushEvent) -> None:
        assert isinstance(box, FakeBox)
        box.events[event.event] = event

    def begin(self, box: BoxFiles, number: int, *, is_going_on: bool) -> PushEvent:
        assert isinstance(box, FakeBox)
        event = event_of(f"179572859076355355{number}-7")
        box.begun_events[event.event] = BegunPush(event=event, is_going_on=is_going_on)
        return event


@pytest.fixture
def box(tmp_path: Path) -> LocalBox:
    made = LocalBox(str(tmp_path / "box.git"))
    made.create(SETTINGS, HOOKS)
    return made


def git(box: LocalBox, *words: str) -> str:
    return subprocess.run(
        ["git", "--git-dir", box.path, *words], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_git_is_set_up(box: LocalBox) -> None:
    assert git(box, "rev-parse", "--is-bare-repository") == "true"
    assert git(box, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert git(box, "config", "receive.advertisePushOptions") == "true"
    assert git(box, "config", "receive.fsckObjects") == "true"
    assert git(box, "config", "core.hooksPath") == f"{box.path}/hooks"
    assert is_box(box.path)


def test_hooks_can_be_executed(box: LocalBox) -> None:
    for name in HOOKS:
        assert os.stat(f"{box.path}/hooks/{name}").st_mode & stat.S_IXUSR


def test_a_hook_that_cannot_be_executed_is_none(box: LocalBox) -> None:
    os.chmod(f"{box.path}/hooks/pre-receive", 0o644)

    assert list(box.hooks()) == ["post-receive"]


def test_a_bare_repository_is_taken_up_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "old.git"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    (path / "description").write_text("ours\n")

    assert not LocalBox(str(path)).create(SETTINGS, HOOKS)
    assert (path / "description").read_text() == "ours\n"


def test_a_foreign_hook_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "old.git"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    (path / "hooks" / "post-receive").write_text("#!/bin/sh\necho mine\n")

    with pytest.raises(BoxError) as caught:
        LocalBox(str(path)).create(SETTINGS, HOOKS)

    assert "post-receive.local" in caught.value.todo
    assert (path / "hooks" / "post-receive").read_text() == "#!/bin/sh\necho mine\n"
    assert not (path / "hooks" / "pre-receive").exists()
    assert not (path / "branchline").exists()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda path: path.write_text("x"), "no git repository", id="a-file"),
        pytest.param(
            lambda path: (path.mkdir(), (path / "x").write_text("x")),
            "no git repository",
            id="full",
        ),
        pytest.param(
            lambda path: subprocess.run(["git", "init", "-q", str(path)], check=True),
            "working tree",
            id="a-clone",
        ),
    ],
)
def test_anything_else_is_left_alone(tmp_path: Path, make: object, words: str) -> None:
    path = tmp_path / "there"
    make(path)  # type: ignore[operator] # a lambda of the table

    with pytest.raises(BoxError, match=words):
        LocalBox(str(path)).create(SETTINGS, HOOKS)


def test_an_empty_folder_becomes_a_box(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    assert LocalBox(str(tmp_path / "empty")).create(SETTINGS, HOOKS)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"schema_version": 2}, id="another-schema"),
        pytest.param({"event": "1795728590763553557-43"}, id="another-name"),
        pytest.param({"transport": "post"}, id="another-transport"),
        pytest.param({"at": "noon"}, id="no-time"),
        pytest.param({"pusher": None}, id="no-pusher"),
        pytest.param({"options": [1]}, id="an-option-that-is-no-text"),
        pytest.param({"updates": []}, id="no-updates"),
        pytest.param({"updates": [7]}, id="an-update-that-is-none"),
        pytest.param({"updates": [{"ref": "refs/heads/a", "old": ""}]}, id="half-an-update"),
        pytest.param({"updates": [{"ref": "refs/heads/a", "old": "", "new": "xyz"}]}, id="no-hash"),
        pytest.param({"updates": [{"ref": "main", "old": "", "new": ""}]}, id="no-full-name"),
    ],
)
def test_a_file_of_nobody_is_put_aside(box: LocalBox, change: dict[str, object]) -> None:
    file = f"{box.state_dir}/spool/{NAME}.json"
    with open(file, "w") as opened:
        json.dump(text_of(event_of(NAME)) | change, opened)

    assert box.spool() == []
    assert os.listdir(f"{box.state_dir}/spool/bad") == [f"{NAME}.json"]
    assert box.facts().bad == 1


def test_bytes_that_are_no_json_are_put_aside(box: LocalBox) -> None:
    with open(f"{box.state_dir}/spool/{NAME}.json", "wb") as opened:
        opened.write(b"\xff{")

    assert box.spool() == []


def test_a_reason_that_is_no_utf8_is_read(box: LocalBox) -> None:
    event = text_of(event_of(NAME)) | {"options": ["reason=?"]}
    with open(f"{box.state_dir}/spool/{NAME}.json", "wb") as opened:
        opened.write(json.dumps(event).encode().replace(b"reason=?", b"reason=\xff"))

    assert box.spool()[0].options == ("reason=\ufffd",)


def test_a_file_that_is_being_written_is_not_read(box: LocalBox) -> None:
    half = f"{box.state_dir}/spool/.{NAME}.tmp"
    with open(half, "w") as opened:
        opened.write("{")

    assert box.spool() == []
    assert os.path.exists(half)
    os.utime(half, (1, 1))
    assert box.spool() == []
    assert not os.path.exists(half)


def test_an_event_cannot_name_a_file_elsewhere(box: LocalBox, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")

    box.unspool("../../../x")

    assert (tmp_path / "x.json").exists()


def test_a_worker_of_an_earlier_boot_does_not_live(box: LocalBox) -> None:
    with open(f"{box.state_dir}/worker.pid", "w") as opened:
        opened.write(f"{os.getpid()} 1\n")

    assert box.worker() is None


@pytest.mark.parametrize("text", ["", "x y", "1", "99999999 5", "-1 5"])
def test_a_damaged_pid_file_is_no_worker(box: LocalBox, text: str) -> None:
    with open(f"{box.state_dir}/worker.pid", "w") as opened:
        opened.write(text)

    assert box.worker() is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no JSON"),
        ("[]", "schema_version"),
        ('{"schema_version": 9}', "schema_version 9"),
        ('{"schema_version": 1}', "absolute path"),
        ('{"schema_version": 1, "python": 3}', "must be text"),
        ('{"schema_version": 1, "python": "/p", "most_bytes": -1}', "most_bytes"),
        ('{"schema_version": 1, "python": "/p", "environment": {"A": 1}}', "environment"),
    ],
)
def test_damaged_settings_are_told(box: LocalBox, text: str, words: str) -> None:
    with open(f"{box.state_dir}/box.json", "w") as opened:
        opened.write(text)

    with pytest.raises(BoxError, match=words):
        box.settings()


def test_a_worker_is_started_with_the_environment_of_the_box(tmp_path: Path) -> None:
    spy = tmp_path / "python"
    spy.write_text(
        f'#!/bin/sh\nenv > {tmp_path}/half\necho "$@" >> {tmp_path}/half\n'
        f"mv {tmp_path}/half {tmp_path}/seen\n"
    )
    spy.chmod(0o755)
    box = LocalBox(str(tmp_path / "box.git"))
    box.create(BoxSettings(python=str(spy), environment={"PATH": "/usr/bin:/bin"}), HOOKS)

    assert box.wake()

    until = time.monotonic() + 20
    while not (tmp_path / "seen").exists() and time.monotonic() < until:
        time.sleep(0.02)
    lines = (tmp_path / "seen").read_text().splitlines()
    assert lines[-1] == f"-P -m branchline.server.worker {box.path}"
    names = {line.partition("=")[0] for line in lines[:-1]}
    assert names <= {"PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"}


def test_facts_of_an_interpreter_that_is_gone(box: LocalBox) -> None:
    box.create(BoxSettings(python="/nonexistent/python"), HOOKS)

    facts = box.facts()

    assert facts.version == ""
    assert "nonexistent" in facts.complaint


def test_a_git_that_is_younger_than_the_note_is_another(box: LocalBox) -> None:
    name = f"{time.time_ns() - 60_000_000_000}"
    words = ["git", "hash-object", "--stdin"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=box.path
    ) as younger:
        event = event_of(f"{name}-{younger.pid}")
        with open(f"{box.state_dir}/spool/{event.event}.pre", "w") as file:
            json.dump(text_of(event), file)

        assert [push.is_going_on for push in box.begun()] == [False]


def test_a_process_that_is_no_git_is_not_one(box: LocalBox) -> None:
    event = event_of(f"{time.time_ns()}-{os.getpid()}")
    with open(f"{box.state_dir}/spool/{event.event}.pre", "w") as file:
        json.dump(text_of(event), file)

    assert [push.is_going_on for push in box.begun()] == [False]


def test_a_note_that_was_killed_while_it_was_written_takes_nothing_with_it(box: LocalBox) -> None:
    event = event_of(f"{time.time_ns()}-4194305")
    spool = f"{box.state_dir}/spool"
    with open(f"{spool}/{event.event}.pre", "w") as file:
        file.write('{"schema_ver')

    assert list(box.begun()) == []
    assert os.listdir(spool) == ["bad"]
