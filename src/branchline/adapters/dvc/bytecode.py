"""Compiled Python that may be older than its source. Removes it, so that Python compiles again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.adapters.dvc.stat_index import FINE_STEP_NS

if TYPE_CHECKING:
    from collections.abc import Iterable

_CACHE = "__pycache__"


def drop_stale(sources: Iterable[str]) -> None:
    """Remove the `.pyc` files that were not written clearly after their source last changed.

    The source's *change* time is compared, which a checkout or `touch -d` cannot set back.

    Args:
        sources: Absolute paths.
    """
    compiled: dict[str, dict[str, list[str]]] = {}
    for source in sources:
        folder, name = os.path.split(source)
        stem, ending = os.path.splitext(name)
        if ending != ".py":
            continue
        if folder not in compiled:
            compiled[folder] = _by_stem(os.path.join(folder, _CACHE))
        for path in compiled[folder].get(stem, ()):
            _drop_if_stale(source, path)


def _by_stem(cache: str) -> dict[str, list[str]]:
    """Module name -> its compiled files, of all Python versions and optimisations."""
    found: dict[str, list[str]] = {}
    try:
        names = os.listdir(cache)
    except OSError:
        return found
    for name in names:
        if name.endswith(".pyc"):
            found.setdefault(name.partition(".")[0], []).append(os.path.join(cache, name))
    return found


def _drop_if_stale(source: str, compiled: str) -> None:
    try:
        changed_ns = os.stat(source).st_ctime_ns
        if os.stat(compiled).st_mtime_ns <= changed_ns + FINE_STEP_NS:
            os.unlink(compiled)
    except OSError:
        return
