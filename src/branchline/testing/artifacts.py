"""Port `artifacts`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `ArtifactsContract`, give it a fixture `artifacts`, and say how
bytes get into its store (`put`), what a laid out folder holds (`held`) and how an object is lost or
spoilt (`spoil`).
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import pytest

from branchline.core.pipeline import Content
from branchline.errors import StoreError
from branchline.ports.artifacts import Artifacts, Damage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FakeArtifacts(Artifacts):
    """Folders in memory.

    Attributes:
        objects: md5 -> bytes. laid: `kind/run` -> path -> bytes.
    """

    def __init__(self, objects: Mapping[str, bytes] | None = None) -> None:
        self.objects = dict(objects or {})
        self.laid: dict[str, dict[str, bytes]] = {}

    def lay_out(self, kind: str, run: str, files: Mapping[str, Content | bytes]) -> str:
        """See the port."""
        if "/" in kind + run or ".." in run:
            raise StoreError(f"{run!r} cannot name a folder of artifacts")
        found: dict[str, bytes] = {}
        for path, held in files.items():
            if path.startswith("/") or ".." in path.split("/"):
                raise StoreError(f"{path!r} lies outside of the folder of its run")
            data = held if isinstance(held, bytes) else self.objects.get(held.md5 or "")
            if data is None:
                raise StoreError(f"{path} is not in the store")
            found[path] = data
        self.laid[f"{kind}/{run}"] = found
        return f"/fake/{kind}/{run}"

    def damage(self, path: str, content: Content) -> Sequence[Damage]:
        """See the port."""
        data = self.objects.get(content.md5 or "")
        if data is None:
            return [Damage(path=path, what="it is not in the store")]
        if hashlib.md5(data, usedforsecurity=False).hexdigest() != content.md5:
            return [Damage(path=path, what="its bytes have another digest")]
        return []


class ArtifactsContract(ABC):
    """What every implementation must do."""

    @abstractmethod
    def put(self, artifacts: Artifacts, data: bytes) -> Content:
        """Put an object into the store."""

    @abstractmethod
    def held(self, artifacts: Artifacts, folder: str) -> dict[str, bytes]:
        """What a folder holds, by path."""

    @abstractmethod
    def spoil(self, artifacts: Artifacts, content: Content, data: bytes | None) -> None:
        """Change the bytes of an object behind the store's back; None loses it."""

    def test_files_are_laid_out_by_run(self, artifacts: Artifacts) -> None:
        """Objects and bytes, in folders."""
        model = self.put(artifacts, b"weights")

        folder = artifacts.lay_out("artifacts", "abc1234", {"out/m.pkl": model, "m.json": b"{}"})

        assert folder.endswith("/artifacts/abc1234")
        assert self.held(artifacts, folder) == {"out/m.pkl": b"weights", "m.json": b"{}"}

    def test_laying_out_twice_is_once(self, artifacts: Artifacts) -> None:
        """And what differs is replaced whole."""
        one, two = self.put(artifacts, b"1"), self.put(artifacts, b"2")
        folder = artifacts.lay_out("artifacts", "a", {"x": one, "old": b"o"})

        assert artifacts.lay_out("artifacts", "a", {"x": one, "old": b"o"}) == folder
        artifacts.lay_out("artifacts", "a", {"x": two})

        assert self.held(artifacts, folder) == {"x": b"2"}

    def test_a_missing_object_leaves_nothing(self, artifacts: Artifacts) -> None:
        """Whole or not at all."""
        model = self.put(artifacts, b"weights")
        folder = artifacts.lay_out("artifacts", "a", {"x": model})

        with pytest.raises(StoreError):
            artifacts.lay_out("artifacts", "a", {"x": model, "y": Content(md5="0" * 32)})

        assert self.held(artifacts, folder) == {"x": b"weights"}

    @pytest.mark.parametrize(
        ("run", "path"), [("../a", "x"), ("a/b", "x"), ("a", "../x"), ("a", "/x"), ("a", "b/../c")]
    )
    def test_nothing_is_written_elsewhere(self, artifacts: Artifacts, run: str, path: str) -> None:
        """Names come from records, which anybody may have pushed."""
        with pytest.raises(StoreError):
            artifacts.lay_out("artifacts", run, {path: b"x"})

    def test_a_whole_object_has_no_damage(self, artifacts: Artifacts) -> None:
        """Nothing to tell."""
        assert list(artifacts.damage("m", self.put(artifacts, b"weights"))) == []

    @pytest.mark.parametrize(
        ("data", "what"), [(None, "not in the store"), (b"weighty", "another digest")]
    )
    def test_damage_is_named(self, artifacts: Artifacts, data: bytes | None, what: str) -> None:
        """One flipped bit is enough, whatever size and times say."""
        content = self.put(artifacts, b"weights")
        self.spoil(artifacts, content, data)

        (damage,) = artifacts.damage("out/m.pkl", content)

        assert damage.path == "out/m.pkl"
        assert what in damage.what
