"""The working tree: digests, ignores, links, and an index that is never trusted too early."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.cache_database import CacheDatabase
from branchline.adapters.dvc.workspace import DvcWorkspace
from branchline.core.pipeline import Content
from branchline.errors import StoreError
from branchline.ports.workspace import Entry, EntryKind
from branchline.testing.workspace import WorkspaceContract

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.ports.workspace import Workspace


def write(root: Path, path: str, data: bytes | str = b"x") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


class TestContract(WorkspaceContract):
    def put(self, workspace: Workspace, path: str, data: bytes) -> None:
        assert isinstance(workspace, DvcWorkspace)
        file = workspace.absolute(path)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as stream:
            stream.write(data)


def test_an_empty_folder_has_a_content(tmp_path: Path, workspace: DvcWorkspace) -> None:
    (tmp_path / "d").mkdir()

    empty = hashlib.md5(b"[]").hexdigest() + ".dir"
    assert workspace.content("d") == Content(md5=empty, size_bytes=0, nfiles=0)


@pytest.mark.parametrize(
    ("mode", "is_executable"),
    [
        pytest.param(0o644, False, id="plain-file"),
        pytest.param(0o744, True, id="executable-by-the-owner"),
        pytest.param(0o645, True, id="executable-by-others-only"),
    ],
)
def test_any_x_bit_makes_a_content_executable(
    tmp_path: Path, workspace: DvcWorkspace, mode: int, is_executable: bool
) -> None:
    write(tmp_path, "f").chmod(mode)

    content = workspace.content("f")

    assert content is not None
    assert content.is_executable is is_executable


def test_a_large_file_is_read_in_chunks(tmp_path: Path, workspace: DvcWorkspace) -> None:
    data = os.urandom((1 << 20) + 17)
    write(tmp_path, "f", data)

    content = workspace.content("f")

    assert content == Content(md5=hashlib.md5(data).hexdigest(), size_bytes=len(data))


def test_links_are_reported_as_links_and_followed_for_content(
    tmp_path: Path, workspace: DvcWorkspace
) -> None:
    write(tmp_path, "f", "x")
    (tmp_path / "link").symlink_to("f")

    assert workspace.entry("link") == Entry(kind=EntryKind.LINK, target="f")
    assert workspace.content("link") == workspace.content("f")
    assert workspace.read("link") == b"x"


def test_links_in_a_circle_lead_nowhere(tmp_path: Path, workspace: DvcWorkspace) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    assert workspace.entry("a") == Entry(kind=EntryKind.LINK, target="b")
    assert workspace.read("a") is None
    assert workspace.blob("a") is None


def test_a_link_out_of_the_root_is_not_read(tmp_path: Path, database: CacheDatabase) -> None:
    write(tmp_path, "secret", "x")
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "link").symlink_to("../secret")

    workspace = DvcWorkspace(str(tmp_path / "repo"), database)

    assert workspace.read("link") is None
    assert workspace.blob("link") is None


def test_folders_that_are_linked_inside_a_folder_do_not_count(
    tmp_path: Path, workspace: DvcWorkspace
) -> None:
    write(tmp_path, "d/a")
    write(tmp_path, "other/b")
    (tmp_path / "d" / "link").symlink_to("../other")

    assert [name for name, _ in workspace.members("d")] == ["a"]


def test_a_broken_link_in_a_folder_is_named(tmp_path: Path, workspace: DvcWorkspace) -> None:
    write(tmp_path, "d/a")
    (tmp_path / "d" / "gone").symlink_to("nowhere")

    with pytest.raises(StoreError, match="d/gone is a broken link"):
        workspace.content("d")


def test_a_socket_in_a_folder_is_not_read(tmp_path: Path, workspace: DvcWorkspace) -> None:
    (tmp_path / "d").mkdir()
    os.mkfifo(tmp_path / "d" / "pipe")

    with pytest.raises(StoreError, match="d/pipe"):
        workspace.content("d")


def test_names_that_are_not_utf_8_are_digested(tmp_path: Path, workspace: DvcWorkspace) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / os.fsdecode(b"\xff")).write_bytes(b"x")
    time.sleep(0.05)

    first = workspace.content("d")
    workspace.close()

    assert first is not None
    assert workspace.content("d") == first


def test_legacy_content_turns_crlf_into_lf_in_text_only(
    tmp_path: Path, workspace: DvcWorkspace
) -> None:
    write(tmp_path, "text", "a\r\nb\r\n")
    write(tmp_path, "binary", b"\0\r\n")

    text, binary = workspace.legacy_content("text"), workspace.legacy_content("binary")

    assert text is not None
    assert binary is not None
    assert (text.md5, text.legacy) == (hashlib.md5(b"a\nb\n").hexdigest(), True)
    assert binary.md5 == hashlib.md5(b"\0\r\n").hexdigest()


def test_settled_digests_are_kept_between_commands(tmp_path: Path) -> None:
    path = str(tmp_path / ".branchline" / "cache.db")
    file = write(tmp_path, "d/a", "1234")
    time.sleep(0.05)
    first = DvcWorkspace(str(tmp_path), CacheDatabase(path))
    before = first.content("d"), first.content("d/a"), first.blob("d/a"), first.signature("d")
    first.close()
    second = DvcWorkspace(str(tmp_path), CacheDatabase(path))
    file.chmod(0o000)  # chmod moves the change time: the row must not be used

    stale = second.index.below("d")["d/a"]
    assert stale[5] == hashlib.md5(b"1234").hexdigest()
    file.chmod(0o644)
    assert (second.content("d"), second.content("d/a"), second.blob("d/a")) == before[:3]
    assert second.signature("d") != before[3]


def test_the_same_times_and_size_do_not_fool_the_index(tmp_path: Path) -> None:
    path = str(tmp_path / ".branchline" / "cache.db")
    file = write(tmp_path, "a", "1234")
    os.utime(file, ns=(10**18, 10**18))
    time.sleep(0.05)
    first = DvcWorkspace(str(tmp_path), CacheDatabase(path))
    assert first.content("a") is not None
    first.close()
    file.write_bytes(b"5678")
    os.utime(file, ns=(10**18, 10**18))

    content = DvcWorkspace(str(tmp_path), CacheDatabase(path)).content("a")

    assert content == Content(md5=hashlib.md5(b"5678").hexdigest(), size_bytes=4)


def test_a_signature_taken_too_early_never_comes_again(
    tmp_path: Path, workspace: DvcWorkspace
) -> None:
    write(tmp_path, "a")

    early, later = workspace.signature("a"), workspace.signature("a")
    time.sleep(0.05)

    assert early != later
    assert workspace.signature("a") == workspace.signature("a")
    assert workspace.signature("a") not in (early, later)


@pytest.mark.parametrize(
    "ruin",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not a database, but long enough to be read as one" * 100, id="garbage"),
        pytest.param(None, id="gone"),
    ],
)
def test_a_ruined_index_is_made_anew(tmp_path: Path, ruin: bytes | None) -> None:
    path = tmp_path / ".branchline" / "cache.db"
    write(tmp_path, "d/a")
    time.sleep(0.05)
    first = DvcWorkspace(str(tmp_path), CacheDatabase(str(path)))
    before = first.content("d")
    first.close()
    path.unlink()
    if ruin is not None:
        path.write_bytes(ruin)

    second = DvcWorkspace(str(tmp_path), CacheDatabase(str(path)))
    after = second.content("d")
    second.close()

    assert after == before
    assert DvcWorkspace(str(tmp_path), CacheDatabase(str(path))).index.below("d")


def test_an_index_deleted_while_it_is_open_does_no_harm(
    tmp_path: Path, workspace: DvcWorkspace
) -> None:
    write(tmp_path, "a")
    time.sleep(0.05)
    before = workspace.content("a")
    workspace.index.save()
    os.unlink(tmp_path / ".branchline" / "cache.db")

    write(tmp_path, "b")

    assert workspace.content("a") == before
    assert workspace.content("b") is not None
    workspace.close()


def test_unprotect_makes_linked_files_ordinary(tmp_path: Path, workspace: DvcWorkspace) -> None:
    kept = write(tmp_path, "kept", "1")
    kept.chmod(0o444)
    (tmp_path / "d").mkdir()
    os.link(kept, tmp_path / "d" / "hard")
    (tmp_path / "d" / "soft").symlink_to(kept)

    workspace.unprotect("d")
    (tmp_path / "d" / "hard").write_text("2")
    (tmp_path / "d" / "soft").write_text("3")

    assert kept.read_text() == "1"
    assert kept.stat().st_mode & 0o777 == 0o444


def test_changed_at_is_the_newest_below_a_folder(tmp_path: Path, workspace: DvcWorkspace) -> None:
    old = write(tmp_path, "d/old")
    new = write(tmp_path, "d/e/new")
    os.utime(new, ns=(1, 4 * 10**18))

    assert workspace.changed_at_ns("d") == 4 * 10**18
    assert workspace.changed_at_ns("d/old") == old.stat().st_ctime_ns


def test_replacing_keeps_the_mode_and_the_link_to_a_file(
    tmp_path: Path, workspace: DvcWorkspace
) -> None:
    write(tmp_path, "conf/real.yaml", "lr: 1\n").chmod(0o640)
    (tmp_path / "params.yaml").symlink_to("conf/real.yaml")

    workspace.replace("params.yaml", b"lr: 2\n")

    assert (tmp_path / "params.yaml").is_symlink()
    assert (tmp_path / "conf" / "real.yaml").read_bytes() == b"lr: 2\n"
    assert (tmp_path / "conf" / "real.yaml").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("lasting", [True, False], ids=["lasting", "of-a-search"])
def test_a_replaced_file_has_the_new_bytes_and_nothing_is_left_beside_it(
    tmp_path: Path, *, lasting: bool
) -> None:
    workspace = DvcWorkspace(str(tmp_path), CacheDatabase(str(tmp_path / "c.db")), lasting=lasting)
    write(tmp_path, "params.yaml", "lr: 1\n").chmod(0o640)
    held = (tmp_path / "params.yaml").open("rb")

    for data in (b"lr: 2\n", b"lr: 30\n"):
        workspace.replace("params.yaml", data)
        assert workspace.read("params.yaml") == data
    workspace.replace("new.yaml", b"new")

    assert held.read() == b"lr: 1\n"  # whoever had it open sees the old bytes, whole
    held.close()
    assert (tmp_path / "params.yaml").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "new.yaml").read_bytes() == b"new"
    assert list((tmp_path / ".branchline" / "tmp").iterdir()) == []


def test_a_file_of_a_search_never_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    workspace = DvcWorkspace(str(tmp_path), CacheDatabase(str(tmp_path / "c.db")), lasting=False)
    write(tmp_path, "conf/a.yaml", "a: 1\n")

    with pytest.raises(StoreError, match="conf cannot be written"):
        workspace.replace("conf", b"b: 1\n")

    assert (tmp_path / "conf" / "a.yaml").read_bytes() == b"a: 1\n"


def test_a_link_that_leads_out_of_the_repository_is_not_written_through(
    tmp_path: Path, workspace: DvcWorkspace
) -> None:
    outside = write(tmp_path.parent, f"{tmp_path.name}-outside", "mine")
    (tmp_path / "params.yaml").symlink_to(outside)

    with pytest.raises(StoreError, match="leads out of the repository"):
        workspace.replace("params.yaml", b"yours")

    assert outside.read_text() == "mine"
