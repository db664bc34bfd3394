"""Remotes that are folders: found, read without copying, fetched, and refused where damaged."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.store import DvcStore
from branchline.adapters.dvc.workspace import DvcWorkspace
from branchline.core.pipeline import Content
from branchline.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.adapters.dvc.cache_database import CacheDatabase

CORE = "[core]\n    remote = box\n"


def write(root: Path, path: str, data: bytes = b"x") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def section(name: str, url: object) -> str:
    return f"['remote \"{name}\"']\n    url = {url}\n"


class Pair:
    """Two clones and a remote folder; what the first saves is pushed there."""

    def __init__(self, root: Path, database: CacheDatabase) -> None:
        self.root, self.box, self.two = root, root / "box", root / "two"
        self._database = database

    def clone(self, name: str, config: str = "") -> DvcStore:
        write(self.root / name, ".dvc/config", config.encode())
        return DvcStore(DvcWorkspace(str(self.root / name), self._database))

    def pushed(self, path: str) -> Content:
        store = self.clone("one", CORE + section("box", self.box))
        content = store.save(path)
        store.remotes.near[0].send([content], is_stopped=lambda: False)
        return content

    def cached(self) -> list[str]:
        """Objects in the second clone's cache."""
        cache = self.two / ".dvc/cache/files"
        return sorted(p.name for p in cache.rglob("*") if p.is_file())


@pytest.fixture
def pair(tmp_path: Path, database: CacheDatabase) -> Pair:
    write(tmp_path / "one", "d/a", b"1")
    write(tmp_path / "one", "d/b/c", b"2" * (2 << 20))
    return Pair(tmp_path, database)


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(CORE + section("box", "{root}/box"), id="the-default-remote"),
        pytest.param(section("box", "{root}/box"), id="without-a-default"),
        pytest.param(CORE + section("box", "../../box"), id="relative-to-the-config-file"),
        pytest.param(CORE + section("box", "file://{root}/box"), id="a-file-url"),
        pytest.param(
            "[core]\n    remote = cloud\n"
            + section("cloud", "s3://bucket/x")
            + section("box", "{root}/box"),
            id="beside-a-default-that-is-no-folder",
        ),
        pytest.param(
            CORE + section("box", "{root}/empty") + section("b", "{root}/box"),
            id="in-the-second-remote",
        ),
    ],
)
@pytest.mark.parametrize("path", ["d", "d/a"], ids=["a-folder", "a-file"])
def test_a_question_copies_nothing_and_an_order_fetches(pair: Pair, config: str, path: str) -> None:
    content = pair.pushed(path)
    store = pair.clone("two", config.replace("{root}", str(pair.root)))

    assert not store.has(content)
    assert store.can_fetch(content)
    if content.is_folder:
        assert [name for name, _ in store.members(content) or ()] == ["a", "b/c"]
    assert pair.cached() == []

    store.restore("x", content)

    assert store.has(content)
    found = pair.two / ("x/a" if path == "d" else "x")
    assert found.read_bytes() == b"1"
    assert len(pair.cached()) == (3 if path == "d" else 1)
    assert list((pair.two / ".dvc/cache/tmp").iterdir()) == []


def test_only_what_is_not_here_is_fetched(pair: Pair) -> None:
    content = pair.pushed("d")
    store = pair.clone("two", CORE + section("box", pair.box))
    write(pair.two, "mine", b"2" * (2 << 20))
    large = store.save("mine")
    os.unlink(pair.box / "files/md5" / str(large.md5)[:2] / str(large.md5)[2:])

    assert store.can_fetch(content)
    store.restore("d", content)

    assert (pair.two / "d/b/c").stat().st_size == 2 << 20


def test_a_folder_of_which_a_file_is_nowhere_cannot_be_fetched(pair: Pair) -> None:
    content = pair.pushed("d")
    md5 = hashlib.md5(b"1").hexdigest()
    os.unlink(pair.box / "files/md5" / md5[:2] / md5[2:])

    store = pair.clone("two", CORE + section("box", pair.box))

    assert not store.can_fetch(content)
    with pytest.raises(StoreError, match="does not have it"):
        store.restore("d", content)
    assert not (pair.two / "d").exists()


@pytest.mark.parametrize("harm", [b"", b"?", b"[]"], ids=["emptied", "another-byte", "no-files"])
@pytest.mark.parametrize("which", ["1", "2", "list"])
def test_damage_in_a_remote_does_not_come_over(pair: Pair, which: str, harm: bytes) -> None:
    content = pair.pushed("d")
    md5s = {
        "1": hashlib.md5(b"1").hexdigest(),
        "2": hashlib.md5(b"2" * (2 << 20)).hexdigest(),
        "list": str(content.md5),
    }
    name = md5s[which]
    there = pair.box / "files/md5" / name[:2] / name[2:]
    os.chmod(there, 0o644)
    there.write_bytes(harm)
    os.chmod(there, 0o444)
    store = pair.clone("two", CORE + section("box", pair.box))

    assert store.can_fetch(content)  # so that the order says what is wrong
    with pytest.raises(StoreError, match="damaged") as caught:
        store.restore("d", content)

    assert str(there) in caught.value.message
    assert name[2:] not in pair.cached()
    assert not (pair.two / "d").exists()


def test_a_list_that_cannot_be_read_is_an_error_of_ours(pair: Pair) -> None:
    content = pair.pushed("d")
    there = pair.box / "files/md5" / str(content.md5)[:2] / str(content.md5)[2:]
    there.unlink()
    there.mkdir()

    store = pair.clone("two", CORE + section("box", pair.box))

    assert store.can_fetch(content)
    with pytest.raises(StoreError, match="cannot be read"):
        store.members(content)
    with pytest.raises(StoreError):
        store.restore("d", content)


@pytest.mark.parametrize(
    ("held", "is_sound"), [(b"a\r\n", True), (b"b\r\n", False)], ids=["sound", "damaged"]
)
def test_legacy_objects_are_digested_as_dvc_2_did(pair: Pair, held: bytes, is_sound: bool) -> None:
    md5 = hashlib.md5(b"a\n").hexdigest()
    write(pair.box, f"{md5[:2]}/{md5[2:]}", held)
    store = pair.clone("two", CORE + section("box", pair.box))
    content = Content(md5=md5, size_bytes=3, legacy=True)

    assert store.can_fetch(content)
    if is_sound:
        store.restore("x", content)
        assert (pair.two / "x").read_bytes() == held
    else:
        with pytest.raises(StoreError, match="damaged"):
            store.restore("x", content)
        assert not store.has(content)
        assert list((pair.two / ".dvc/cache/tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param("", "no DVC remote is named", id="none"),
        pytest.param(
            CORE + section("box", "{root}/box"),
            "DVC remote `box`, the folder {root}/box, does not have it",
            id="a-folder",
        ),
        pytest.param(
            CORE + section("box", "../nowhere"),
            "`box`, the folder {root}/two/nowhere (`../nowhere` from .dvc), is not there",
            id="a-relative-one-that-leads-nowhere",
        ),
        pytest.param(
            CORE + section("box", "https://ann:secret@host/x"),
            "DVC remote `box` (https://...) is not the default one, so that it is not asked",
            id="no-folder-and-no-password",
        ),
        pytest.param(
            section("a", "s3://x") + section("box", "{root}/box") + CORE,
            "DVC remote `box`, the folder {root}/box, does not have it; DVC remote `a` (s3://...)",
            id="the-default-first",
        ),
    ],
)
def test_what_was_looked_at_is_said(pair: Pair, config: str, said: str) -> None:
    pair.box.mkdir()

    store = pair.clone("two", config.replace("{root}", str(pair.root)))

    assert said.replace("{root}", str(pair.root)) in store.looked_at()


def test_a_remote_that_went_is_said(pair: Pair) -> None:
    content = pair.pushed("d")
    store = pair.clone("two", CORE + section("box", pair.box))
    shutil.rmtree(pair.box)

    assert not store.can_fetch(content)
    assert store.looked_at().endswith("is not there")
