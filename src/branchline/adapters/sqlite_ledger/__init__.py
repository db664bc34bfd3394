"""Port `ledger` in one SQLite file of the clone."""

from branchline.adapters.sqlite_ledger.ledger import SqliteLedger

__all__ = ["SqliteLedger"]
