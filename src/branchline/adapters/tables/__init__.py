"""Serves the port `tables`: DuckDB reads CSV, parquet and JSON lines, NumPy reads npz."""

from branchline.adapters.tables.reader import FileTables

__all__ = ["FileTables"]
