"""Tables in files, read by DuckDB: one pass for all checks, larger than memory, closed up."""

from branchline.adapters.duckdb_files.files import DuckdbFiles

__all__ = ["DuckdbFiles"]
