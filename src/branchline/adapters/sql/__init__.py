"""Ports `queue` and `forge` in one database: a SQLite file, or PostgreSQL by its URL."""

from branchline.adapters.sql.database import Database, open_database
from branchline.adapters.sql.forge import SqlForge
from branchline.adapters.sql.queue import SqlQueue

__all__ = ["Database", "SqlForge", "SqlQueue", "open_database"]
