"""Fixtures of the tests of processes on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.adapters.local_process.places import Place

from branchline.adapters.local_process import LocalExecutor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "work", LocalExecutor(shell="/bin/sh", grace_s=0.5, forks=True))
    made.folder.mkdir()
    yield made
    made.executor.stop(grace_s=0)
