"""The memory of checks in a folder: its contract, and what happens when the folder is no help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.adapters.folder_memory import FolderMemory
from branchline.testing.data import DataMemoryContract, FakeDataMemory

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.ports.data_memory import DataMemory


class TestFolderMemory(DataMemoryContract):
    @pytest.fixture
    def memory(self, tmp_path: Path) -> DataMemory:
        return FolderMemory(str(tmp_path / "data"))


class TestFakeDataMemory(DataMemoryContract):
    @pytest.fixture
    def memory(self) -> DataMemory:
        return FakeDataMemory()


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    memory = FolderMemory(str(tmp_path / "data"))

    memory.keep("ab12", b"one")

    assert memory.find("ab12") is None


def test_a_key_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no digest"):
        FolderMemory(str(tmp_path)).find("../../etc/passwd")


def test_old_files_go_when_there_are_many(tmp_path: Path) -> None:
    memory = FolderMemory(str(tmp_path / "data"))

    for number in range(520):
        memory.keep(f"k{number}", b"x")

    assert len(list((tmp_path / "data").iterdir())) == 500
    assert memory.find("k519") == b"x"
