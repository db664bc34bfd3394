"""The forge: the port's contract on the fake, on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.adapters.sql import SqlForge, open_database
from branchline.testing.forge import FakeForge
from branchline.testing.forge_contract import ForgeContract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from branchline.ports.forge import Forge


class TestFakeForge(ForgeContract):
    @pytest.fixture
    def forge(self) -> Forge:
        return FakeForge()


class TestSqliteForge(ForgeContract):
    @pytest.fixture
    def forge(self, tmp_path: Path) -> Iterator[Forge]:
        database = open_database(str(tmp_path / "box" / "ledger.db"))
        yield SqlForge(database)
        database.close()


class TestPostgresForge(ForgeContract):
    @pytest.fixture
    def forge(self, postgres_url: str) -> Iterator[Forge]:
        database = open_database(postgres_url)
        yield SqlForge(database)
        database.close()
