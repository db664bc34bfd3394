"""Records and a store of results that nobody made: what a replay of the history takes for done."""

from branchline.adapters.replayed.records import ReplayedRecords
from branchline.adapters.replayed.store import NoRunCache, RememberedMeanings, ReplayedStore

__all__ = ["NoRunCache", "RememberedMeanings", "ReplayedRecords", "ReplayedStore"]
