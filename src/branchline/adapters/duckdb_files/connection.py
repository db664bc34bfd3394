"""A connection of DuckDB that reads the named files and can do nothing else.

No extension is installed or loaded, no other file is read, none is written but spilled blocks in a
folder of its own, and a statement cannot change that again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from branchline.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MEMORY_SHARE = 0.6


def literal(text: str) -> str:
    """A text as a literal of SQL.

    >>> literal("it's")
    "'it''s'"
    """
    # DuckDB ends a statement at a zero byte; no name or value of ours may hold one.
    return "'" + text.replace("\x00", "�").replace("'", "''") + "'"


def name(text: str) -> str:
    """A name as an identifier of SQL, whatever is in it."""
    return '"' + text.replace("\x00", "�").replace('"', '""') + '"'


@contextmanager
def closed_up(files: Sequence[str], *, memory_bytes: int | None = None) -> Iterator[Any]:
    """A connection in memory that may read these files.

    Args:
        files: Absolute paths.
        memory_bytes: Most memory before blocks are spilled to disk; most of this machine's if None.

    Raises:
        MissingExtraError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError(
            "checks of data need DuckDB, which is not installed",
            todo="Install the extra: `pip install 'branchline[gate]'`.",
        ) from error
    spill = tempfile.mkdtemp(prefix="branchline-data-")
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "temp_directory": spill,
            "threads": len(os.sched_getaffinity(0)),
            "memory_limit": f"{(memory_bytes or _memory_bytes()) // 2**20}MiB",
            "preserve_insertion_order": True,
        },
    )
    try:
        # DuckDB 2.0 moves a TRY_CAST into the reading of a CSV file, where it fails like a CAST.
        connection.execute("SET enable_progress_bar = false")
        with suppress(duckdb.Error):
            connection.execute("SET disabled_optimizers = 'type_pushdown'")
        listed = ", ".join(literal(path) for path in files)
        connection.execute(f"SET allowed_paths = [{listed}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def _memory_bytes() -> int:
    """Most of the memory that this process may use: the machine's, or its container's."""
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError), open(path, encoding="ascii") as file:
            found = min(found, int(file.read()))
    return max(2**28, int(found * _MEMORY_SHARE))
