"""`RunFileCache` of port `records`: what was read of runs before, in `.branchline/cache.db`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.ports.records import RunFileCache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.adapters.dvc.cache_database import CacheDatabase


class SqliteRunFileCache(RunFileCache):
    """Files by the tree that holds them.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: CacheDatabase) -> None:
        self._database = database

    def load(self, trees: Sequence[str]) -> Mapping[str, bytes]:
        """See the port. A row of another type counts as absent."""
        rows = self._database.lookup("SELECT tree, file FROM run WHERE tree", trees)
        return {tree: file for tree, file in rows if isinstance(file, bytes)}

    def save(self, files: Mapping[str, bytes]) -> None:
        """See the port."""
        if files:
            self._database.write("INSERT OR REPLACE INTO run VALUES (?, ?)", files.items())
