"""The queue: the port's contract on the fake, on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.adapters.sql import SqlQueue, open_database
from branchline.testing.queue import FakeQueue
from branchline.testing.queue_contract import QueueContract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from branchline.ports.queue import Queue


class TestFakeQueue(QueueContract):
    @pytest.fixture
    def queue(self) -> Queue:
        return FakeQueue()


class TestSqliteQueue(QueueContract):
    @pytest.fixture
    def queue(self, tmp_path: Path) -> Iterator[Queue]:
        queue = SqlQueue(open_database(str(tmp_path / "box" / "ledger.db")))
        yield queue
        queue.close()


class TestPostgresQueue(QueueContract):
    @pytest.fixture
    def queue(self, postgres_url: str) -> Iterator[Queue]:
        queue = SqlQueue(open_database(postgres_url))
        yield queue
        queue.close()
