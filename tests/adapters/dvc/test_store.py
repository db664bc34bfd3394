"""The store: DVC's layout, links, damage, loss, legacy objects, a remote folder."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.remotes import Elsewhere
from branchline.adapters.dvc.settings import DvcSettings, read_settings
from branchline.adapters.dvc.store import DvcStore
from branchline.adapters.dvc.workspace import DvcWorkspace
from branchline.core.pipeline import Content
from branchline.core.policy import Link
from branchline.errors import StoreError
from branchline.ports.remote_files import RemotePlace
from branchline.testing.remote_files import FakeRemoteFiles
from branchline.testing.store import StoreContract

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.adapters.dvc.cache_database import CacheDatabase
    from branchline.ports.workspace import Workspace


def write(root: Path, path: str, data: bytes = b"x") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def object_of(root: Path, content: Content) -> Path:
    assert content.md5 is not None
    return root / ".branchline/store/files/md5" / content.md5[:2] / content.md5[2:]


class TestContract(StoreContract):
    @pytest.fixture(params=["a folder", "an address"])
    def store(self, request: pytest.FixtureRequest, workspace: DvcWorkspace) -> DvcStore:
        """A store with a remote: as a folder, and as it is reached from afar."""
        files = FakeRemoteFiles()
        is_far = request.param == "an address"
        named = Elsewhere(
            folder="" if is_far else f"{workspace.root}-remote",
            places=(("", RemotePlace(url="fake://x", said="the store")),) if is_far else (),
            open_files=lambda _place: files,
        )
        return DvcStore(workspace, elsewhere=lambda: named)

    def put(self, workspace: Workspace, path: str, data: bytes) -> None:
        assert isinstance(workspace, DvcWorkspace)
        file = workspace.absolute(path)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        workspace.unprotect(path)
        with open(file, "wb") as stream:
            stream.write(data)


def test_objects_are_read_only_and_named_by_their_digest(tmp_path: Path, store: DvcStore) -> None:
    write(tmp_path, "a", b"hello")

    content = store.save("a")

    kept = object_of(tmp_path, content)
    assert kept.read_bytes() == b"hello"
    assert kept.stat().st_mode & 0o777 == 0o444
    assert os.listdir(tmp_path / ".branchline/store/tmp") == []


def test_a_large_file_is_stored_whole(tmp_path: Path, store: DvcStore) -> None:
    data = os.urandom((3 << 20) + 1)
    write(tmp_path, "a", data)

    content = store.save("a")

    assert content.md5 == hashlib.md5(data).hexdigest()
    assert object_of(tmp_path, content).read_bytes() == data


def test_the_digest_of_a_saved_folder_is_that_of_the_workspace(
    tmp_path: Path, workspace: DvcWorkspace, store: DvcStore
) -> None:
    for name in ("a", "b/c", "b/ü", "z z/1"):
        write(tmp_path, f"d/{name}", name.encode())

    assert store.save("d") == workspace.content("d")


def test_the_x_bit_is_kept_and_put_back(tmp_path: Path, store: DvcStore) -> None:
    write(tmp_path, "run.sh").chmod(0o755)
    content = store.save("run.sh")
    (tmp_path / "run.sh").chmod(0o644)

    store.restore("run.sh", content)
    store.restore("copy.sh", content, link=Link.HARDLINK)

    assert content.is_executable
    assert os.access(tmp_path / "run.sh", os.X_OK)
    assert os.access(tmp_path / "copy.sh", os.X_OK)
    assert object_of(tmp_path, content).stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("link", [Link.HARDLINK, Link.SYMLINK])
def test_linked_outputs_cannot_be_written_by_mistake(
    tmp_path: Path, workspace: DvcWorkspace, link: Link
) -> None:
    store = DvcStore(workspace, links=(link,))
    write(tmp_path, "d/a", b"1")

    content = store.save("d")

    kept = next(content for _, content in store.members(content) or ())
    assert os.path.samefile(tmp_path / "d/a", object_of(tmp_path, kept))
    assert (tmp_path / "d/a").stat().st_mode & 0o222 == 0


def test_copies_can_be_written_without_touching_the_store(tmp_path: Path, store: DvcStore) -> None:
    write(tmp_path, "a", b"1")
    content = store.save("a", link=Link.HARDLINK)

    store.restore("a", content, link=Link.COPY)
    (tmp_path / "a").write_bytes(b"2")

    assert store.read(content) == b"1"


@pytest.mark.parametrize(
    ("data", "mode"),
    [
        pytest.param(b"", 0o444, id="emptied-by-a-power-cut"),
        pytest.param(b"hell", 0o444, id="cut-short"),
        pytest.param(b"jello", 0o644, id="other-bytes-and-writable"),
    ],
)
def test_a_damaged_object_is_named(tmp_path: Path, store: DvcStore, data: bytes, mode: int) -> None:
    write(tmp_path, "a", b"hello")
    content = store.save("a")
    kept = object_of(tmp_path, content)
    kept.chmod(0o644)
    kept.write_bytes(data)
    kept.chmod(mode)
    (tmp_path / "a").unlink()

    with pytest.raises(StoreError, match=str(kept)):
        store.restore("a", content)


def test_a_sound_but_writable_object_is_protected_again(tmp_path: Path, store: DvcStore) -> None:
    write(tmp_path, "a", b"hello")
    content = store.save("a")
    object_of(tmp_path, content).chmod(0o644)

    store.restore("b", content)

    assert object_of(tmp_path, content).stat().st_mode & 0o777 == 0o444


def test_a_folder_that_lost_a_file_is_not_here(tmp_path: Path, store: DvcStore) -> None:
    write(tmp_path, "d/a", b"1")
    write(tmp_path, "d/b", b"2")
    content = store.save("d")
    object_of(tmp_path, Content(md5=hashlib.md5(b"2").hexdigest())).unlink()

    assert not store.has(content)
    (tmp_path / "d/b").unlink()
    with pytest.raises(StoreError, match="d/b: object"):
        store.restore("d", content)


def test_a_lost_object_is_made_again_from_the_workspace(tmp_path: Path, store: DvcStore) -> None:
    write(tmp_path, "d/a", b"1")
    time.sleep(0.05)
    content = store.save("d")
    object_of(tmp_path, Content(md5=hashlib.md5(b"1").hexdigest())).unlink()

    assert store.save("d") == content
    assert store.has(content)


def test_a_list_that_points_outside_is_refused(tmp_path: Path, store: DvcStore) -> None:
    rows = b'[{"md5": "%s", "relpath": "../evil"}]' % (b"0" * 32)
    md5 = store.objects.add_bytes(rows, suffix=".dir")

    with pytest.raises(StoreError, match="outside"):
        store.restore("d", Content(md5=md5))


def test_ignored_files_stay_when_a_folder_is_restored(tmp_path: Path, store: DvcStore) -> None:
    write(tmp_path, ".dvcignore", b"*.log\n")
    write(tmp_path, "d/a", b"1")
    content = store.save("d")
    write(tmp_path, "d/x.log")
    write(tmp_path, "d/extra")

    store.restore("d", content)

    assert sorted(os.listdir(tmp_path / "d")) == ["a", "x.log"]


def test_files_that_are_right_already_are_left_alone(tmp_path: Path, store: DvcStore) -> None:
    write(tmp_path, "d/a", b"1")
    write(tmp_path, "d/b", b"2")
    content = store.save("d")
    before = (tmp_path / "d/a").stat().st_ino
    (tmp_path / "d/b").write_bytes(b"3")

    store.restore("d", content)

    assert (tmp_path / "d/a").stat().st_ino == before
    assert (tmp_path / "d/b").read_bytes() == b"2"


def test_the_identity_is_written_once(tmp_path: Path, workspace: DvcWorkspace) -> None:
    first, second = DvcStore(workspace).identity(), DvcStore(workspace).identity()

    assert first == second
    assert first.startswith("local:")
    assert sorted(os.listdir(tmp_path / ".branchline/store")) == ["branchline-store-id"]


def test_legacy_objects_stand_directly_in_the_cache(tmp_path: Path, store: DvcStore) -> None:
    md5 = hashlib.md5(b"a\n").hexdigest()
    write(tmp_path, f".branchline/store/{md5[:2]}/{md5[2:]}", b"a\r\n")
    content = Content(md5=md5, size_bytes=3, legacy=True)

    store.restore("a", content)

    assert store.has(content)
    assert (tmp_path / "a").read_bytes() == b"a\r\n"


def test_settings_come_from_dvcs_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        ".dvc/config",
        b"[core]\n    remote = box\n['remote \"box\"']\n    url = ../../remote\n"
        b"['remote \"cloud\"']\n    url = s3://bucket/x\n[cache]\n    dir = ../../shared\n",
    )
    write(tmp_path, ".dvc/config.local", b"[cache]\n    type = hardlink,symlink\n")

    settings = read_settings(str(tmp_path))

    assert settings == DvcSettings(
        cache_dir=str(tmp_path.parent / "shared"),
        links=(Link.HARDLINK, Link.SYMLINK),
        remotes={"box": str(tmp_path.parent / "remote"), "cloud": "s3://bucket/x"},
        relative={"box": "../../remote"},
        default_remote="box",
        dvc_dir=str(tmp_path / ".dvc"),
    )


def test_what_is_missing_here_comes_from_the_default_remote(
    tmp_path: Path, database: CacheDatabase
) -> None:
    config = f"[core]\n    remote = box\n['remote \"box\"']\n    url = {tmp_path}/box\n"
    clones = [tmp_path / "one", tmp_path / "two"]
    for clone in clones:
        write(clone, ".dvc/config", config.encode())
    first, second = (DvcStore(DvcWorkspace(str(clone), database)) for clone in clones)
    write(clones[0], "d/a", b"1")
    write(clones[0], "d/b/c", b"2" * (2 << 20))
    content = first.save("d")
    (remote,) = first.remotes.near
    assert remote.send([content], is_stopped=lambda: False).objects == 3
    assert remote.send([content], is_stopped=lambda: False).objects == 0

    second.restore("d", content)

    assert (clones[1] / "d/b/c").read_bytes() == b"2" * (2 << 20)
    assert second.has(content)
    assert second.identity() != first.identity()


def test_a_file_that_grows_while_it_is_stored_is_refused(tmp_path: Path, store: DvcStore) -> None:
    file = write(tmp_path, "a", b"1" * (32 << 20))
    done = threading.Event()

    def grow() -> None:
        with file.open("ab", buffering=0) as stream:
            while not done.is_set():
                stream.write(b"2")

    def save_often() -> None:
        for _ in range(50):
            store.save("a")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises(StoreError, match="a changed while it was read"):
            save_often()
    finally:
        done.set()
        writer.join()

    for folder, _, names in os.walk(store.objects.folder):
        for name in names:
            data = (tmp_path / folder / name).read_bytes()
            assert hashlib.md5(data).hexdigest() == os.path.basename(folder) + name


def test_a_pipe_is_not_stored_and_not_waited_for(workspace: DvcWorkspace) -> None:
    os.mkfifo(workspace.absolute("metrics.json"))

    with pytest.raises(StoreError, match=r"metrics\.json cannot be stored: it is neither a file"):
        DvcStore(workspace).save("metrics.json")
