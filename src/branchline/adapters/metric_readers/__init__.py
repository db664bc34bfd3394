"""Adapter `metric_readers`: port `metric_readers`, the built-in readers and how one is chosen."""

from branchline.adapters.metric_readers.readers import FileReaders
from branchline.adapters.metric_readers.table import BUILT_IN, ReaderEntry

__all__ = ["BUILT_IN", "FileReaders", "ReaderEntry"]
