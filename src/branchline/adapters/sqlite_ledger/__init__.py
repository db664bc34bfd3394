"""Port `ledger` in one SQLite file of the clone; port `studies`, in `studies`, in another."""

from branchline.adapters.sqlite_ledger.ledger import SqliteLedger

__all__ = ["SqliteLedger"]
