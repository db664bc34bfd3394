"""dvc.lock: read, written in place, whole or not at all, and told where it is broken."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.lock_files import DvcLockFiles
from branchline.adapters.dvc.lock_text import dump
from branchline.core.pipeline import Content, LockEntry, LockItem
from branchline.core.plan.entries import entry_to_json
from branchline.errors import LockFileError
from branchline.testing.locks import LockFilesContract, entry_made, stage_named

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.core.values import JsonValue


@pytest.fixture
def lock_files(tmp_path: Path) -> DvcLockFiles:
    (tmp_path / "sub").mkdir()
    return DvcLockFiles(str(tmp_path))


class TestContract(LockFilesContract):
    pass


def text_of(entries: dict[str, LockEntry]) -> str:
    stages: dict[str, JsonValue] = {name: entry_to_json(entry) for name, entry in entries.items()}
    return dump({"schema": "2.0", "stages": stages})


def test_a_new_file_is_what_the_dumper_writes(tmp_path: Path, lock_files: DvcLockFiles) -> None:
    lock_files.write([(stage_named("b"), entry_made()), (stage_named("a"), entry_made(lr=1e-5))])

    expected = text_of({"b": entry_made(), "a": entry_made(lr=1e-5)})
    assert (tmp_path / "dvc.lock").read_text() == expected


def test_order_is_kept_and_gone_stages_stay(tmp_path: Path, lock_files: DvcLockFiles) -> None:
    lock_files.write([(stage_named(name), entry_made()) for name in ("gone", "b", "a")])

    DvcLockFiles(str(tmp_path)).write(
        [(stage_named("new"), entry_made()), (stage_named("b"), entry_made(lr=9.0))]
    )

    expected = {
        "gone": entry_made(),
        "b": entry_made(lr=9.0),
        "a": entry_made(),
        "new": entry_made(),
    }
    assert (tmp_path / "dvc.lock").read_text() == text_of(expected)


def test_other_stages_are_kept_byte_for_byte(tmp_path: Path, lock_files: DvcLockFiles) -> None:
    text = (
        "schema: '2.0'\nstages:\n  a:\n    cmd: >-\n      folded\n      by hand\n"
        "  'on':\n    cmd: x\n    outs:\n    - path: o\n      files:\n      - relpath: f\n"
        "datasets:\n- name: d\n  type: url\n"
    )
    (tmp_path / "dvc.lock").write_text(text)

    lock_files.write([(stage_named("new"), entry_made())])

    head, tail = text.split("datasets:")
    new = text_of({"new": entry_made()}).split("stages:\n")[1]
    assert (tmp_path / "dvc.lock").read_text() == f"{head}{new}datasets:{tail}"


def test_uninterpreted_fields_survive_reading_and_writing(
    tmp_path: Path, lock_files: DvcLockFiles
) -> None:
    cloud: dict[str, JsonValue] = {"cloud": {"box": {"etag": "1", "version_id": "2"}}}
    item = LockItem(spelled="o", content=Content(md5="a" * 32, size_bytes=1), extra=cloud)
    entry = LockEntry(cmd="x", outs=(item,))

    lock_files.write([(stage_named("a"), entry)])

    assert DvcLockFiles(str(tmp_path)).read([stage_named("a")]) == {"a": entry}


def test_entries_of_dvc_2_are_read_as_legacy(tmp_path: Path, lock_files: DvcLockFiles) -> None:
    text = "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    deps:\n    - path: d\n      md5: {}\n"
    (tmp_path / "dvc.lock").write_text(text.format("a" * 32))

    (entry,) = lock_files.read([stage_named("a")]).values()

    assert entry.deps[0].content == Content(md5="a" * 32, legacy=True)


def test_a_file_of_dvc_1_is_read_and_brought_up(tmp_path: Path, lock_files: DvcLockFiles) -> None:
    (tmp_path / "dvc.lock").write_text("a:\n  cmd: x\n")

    before = lock_files.read([stage_named("a")])
    lock_files.write([(stage_named("b"), entry_made())])

    assert before == {"a": LockEntry(cmd="x")}
    assert (tmp_path / "dvc.lock").read_text() == text_of(
        {"a": LockEntry(cmd="x"), "b": entry_made()}
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("schema: '2.0'\nstages: {a: {cmd: x}}\n", id="flow-style"),
        pytest.param("schema: '2.0'\n# note\nstages:\n  # why\n  a:\n    cmd: x\n", id="comments"),
        pytest.param("stages:\n  a:\n    cmd: x\nschema: '2.0'\n", id="schema-at-the-end"),
        pytest.param("schema: '2.0'\r\nstages:\r\n  a:\r\n    cmd: x\r\n", id="crlf"),
        pytest.param("schema: '2.0'\nstages:\n    a:\n        cmd: x", id="other-indentation"),
        pytest.param("schema: '2.0'\nstages:\n", id="no-stages"),
        pytest.param("schema: '2.0'\n", id="no-key-stages"),
    ],
)
def test_any_spelling_can_be_added_to(tmp_path: Path, lock_files: DvcLockFiles, text: str) -> None:
    (tmp_path / "dvc.lock").write_text(text, newline="")
    stages = [stage_named("a"), stage_named("new")]
    before = lock_files.read(stages)

    lock_files.write([(stages[1], entry_made())])

    assert DvcLockFiles(str(tmp_path)).read(stages) == {**before, "new": entry_made()}


def test_writing_the_same_touches_nothing(tmp_path: Path, lock_files: DvcLockFiles) -> None:
    lock_files.write([(stage_named("a"), entry_made())])
    before = os.stat(tmp_path / "dvc.lock")

    DvcLockFiles(str(tmp_path)).write([(stage_named("a"), entry_made())])

    assert os.stat(tmp_path / "dvc.lock") == before


def test_an_edit_between_two_writes_is_seen(tmp_path: Path, lock_files: DvcLockFiles) -> None:
    lock_files.write([(stage_named("a"), entry_made())])
    (tmp_path / "dvc.lock").write_text(text_of({"z": entry_made()}))

    lock_files.write([(stage_named("b"), entry_made())])

    assert (tmp_path / "dvc.lock").read_text() == text_of({"z": entry_made(), "b": entry_made()})


def test_mode_and_link_of_a_lock_file_are_kept(tmp_path: Path, lock_files: DvcLockFiles) -> None:
    (tmp_path / "real.lock").write_text("")
    (tmp_path / "real.lock").chmod(0o640)
    (tmp_path / "dvc.lock").symlink_to("real.lock")

    lock_files.write([(stage_named("a"), entry_made())])

    assert (tmp_path / "dvc.lock").is_symlink()
    assert (tmp_path / "real.lock").stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path / ".branchline/tmp") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "schema: '2.0'\nstages:\n<<<<<<< HEAD\n  a: {}\n=======\n>>>>>>> other\n",
            "dvc.lock:3: a merge left conflict markers",
            id="conflict-markers",
        ),
        pytest.param("schema: '2.0'\nstages:\n  a: [\n", "dvc.lock:", id="bad-yaml"),
        pytest.param("- 1\n", "dvc.lock:1: a lock file must be a mapping", id="a-list"),
        pytest.param("schema: '3.0'\n", "dvc.lock:1: schema is '3.0'", id="newer-schema"),
        pytest.param("schema: '2.0'\nstages: [a]\n", "dvc.lock:2: stages must", id="stages-a-list"),
        pytest.param("schema: '2.0'\nstages:\n  a: 1\n", "dvc.lock: stage a", id="entry-a-number"),
        pytest.param(
            "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    deps:\n    - md5: x\n",
            "stage a: deps",
            id="dep-without-path",
        ),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    tmp_path: Path, lock_files: DvcLockFiles, text: str, message: str
) -> None:
    (tmp_path / "dvc.lock").write_text(text)

    with pytest.raises(LockFileError, match=re.escape(message)):
        lock_files.read([stage_named("a")])


def test_what_was_written_is_read_as_another_process_reads_it(tmp_path: Path) -> None:
    stages = [stage_named(name) for name in ("a", "b", "c")]
    plain = LockEntry(cmd=("x", "y"), outs=(LockItem(spelled="o", content=Content(md5="0" * 32)),))
    lock_files = DvcLockFiles(str(tmp_path))

    for entries in ({"a": plain, "b": entry_made()}, {"a": entry_made(lr=2.0), "c": plain}):
        lock_files.write([(stage_named(name), entry) for name, entry in entries.items()])
        assert lock_files.read(stages) == DvcLockFiles(str(tmp_path)).read(stages)


def test_what_somebody_else_wrote_is_read_anew(tmp_path: Path) -> None:
    lock_files = DvcLockFiles(str(tmp_path))
    plain = LockEntry(cmd="x", outs=(LockItem(spelled="o", content=Content(md5="0" * 32)),))
    lock_files.write([(stage_named("a"), plain)])
    file = tmp_path / "dvc.lock"
    file.write_text(file.read_text().replace("cmd: x", "cmd: z"))

    assert lock_files.read([stage_named("a")])["a"].cmd == "z"
