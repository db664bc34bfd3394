from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.artifacts import DvcArtifacts
from branchline.core.pipeline import Content
from branchline.testing.artifacts import ArtifactsContract

if TYPE_CHECKING:
    from branchline.adapters.dvc.store import DvcStore
    from branchline.ports.artifacts import Artifacts


def object_of(store: DvcStore, content: Content) -> Path:
    return Path(store.objects.path(content.md5 or ""))


class TestDvcArtifacts(ArtifactsContract):
    @pytest.fixture
    def artifacts(self, store: DvcStore) -> DvcArtifacts:
        self.store = store
        return DvcArtifacts(store)

    def put(self, artifacts: Artifacts, data: bytes) -> Content:
        return Content(md5=self.store.objects.add_bytes(data), size_bytes=len(data))

    def held(self, artifacts: Artifacts, folder: str) -> dict[str, bytes]:
        root = Path(folder)
        return {
            str(file.relative_to(root)): file.read_bytes()
            for file in root.rglob("*")
            if file.is_file()
        }

    def spoil(self, artifacts: Artifacts, content: Content, data: bytes | None) -> None:
        file = object_of(self.store, content)
        if data is None:
            file.unlink()
            return
        stat = file.stat()
        file.chmod(0o644)
        file.write_bytes(data)
        file.chmod(0o444)
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_folder_is_linked_file_by_file(store: DvcStore, tmp_path: Path) -> None:
    (tmp_path / "net" / "deep").mkdir(parents=True)
    (tmp_path / "net" / "a.bin").write_bytes(b"a")
    (tmp_path / "net" / "deep" / "b.bin").write_bytes(b"b")
    content = store.save("net")

    folder = Path(
        DvcArtifacts(store, str(tmp_path / "box")).lay_out("artifacts", "r", {"n": content})
    )

    members = dict(store.members(content) or ())
    assert folder == tmp_path / "box" / "artifacts" / "r"
    assert (folder / "n/deep/b.bin").samefile(object_of(store, members["deep/b.bin"]))
    assert [path.name for path in folder.parent.iterdir()] == ["r"]


def test_damage_names_the_member(store: DvcStore, tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    for name in ("a.bin", "b.bin"):
        (tmp_path / "net" / name).write_bytes(name.encode())
    content = store.save("net")
    spoilt = object_of(store, dict(store.members(content) or ())["b.bin"])
    spoilt.chmod(0o644)
    spoilt.write_bytes(b"B.bin")
    spoilt.chmod(0o444)

    (damage,) = DvcArtifacts(store).damage("net", content)

    assert damage.path == "net/b.bin"


def test_a_killed_attempt_does_not_stand_in_the_way(store: DvcStore, tmp_path: Path) -> None:
    artifacts = DvcArtifacts(store)
    half = Path(store.settings.cache_dir) / "artifacts" / "r.99-abc.tmp"
    half.mkdir(parents=True)

    folder = Path(artifacts.lay_out("artifacts", "r", {"x": b"1"}))

    assert (folder / "x").read_bytes() == b"1"
