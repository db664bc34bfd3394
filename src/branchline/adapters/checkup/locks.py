"""Locks that somebody left behind: git's, and DVC's list of who reads and writes."""

from __future__ import annotations

import os
import time

__all__ = ["stale_locks"]

_OLD_S = 3600.0  # git holds its locks for milliseconds; an hour leaves room for any clock


def stale_locks(root: str) -> list[str]:
    """Lock files whose owner is gone, from the root, sorted.

    Args:
        root: Absolute path of a repository's root.
    """
    found = []
    for path in (".git/index.lock", ".git/HEAD.lock", ".git/packed-refs.lock", ".git/config.lock"):
        try:
            age_s = time.time() - os.lstat(os.path.join(root, path)).st_mtime
        except OSError:
            continue
        if age_s > _OLD_S:
            found.append(path)
    if any(not _is_alive(pid) for pid in _holders(os.path.join(root, ".dvc/tmp/rwlock"))):
        found.append(".dvc/tmp/rwlock")
    return sorted(found)


def _holders(path: str) -> set[int]:
    """Process ids in DVC's rwlock file; empty when it is missing or unreadable."""
    import json

    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError):
        return set()
    return set(_pids(content))


def _pids(value: object) -> list[int]:
    if isinstance(value, dict):
        own = [value["pid"]] if isinstance(value.get("pid"), int) else []
        return own + [pid for item in value.values() for pid in _pids(item)]
    if isinstance(value, list):
        return [pid for item in value for pid in _pids(item)]
    return []


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
