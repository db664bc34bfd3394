"""How git spells paths in its index, numbers in names, and moments. Pure."""

from __future__ import annotations

import re


def is_spelled(path: bytes, index: bytes) -> bool:
    """Whether an index may hold a path, or one below it."""
    return path + b"\0" in index or path + b"/" in index


def with_parents(path: str) -> list[str]:
    """A path and all folders above it."""
    paths = [path]
    while "/" in path:
        path = path.rpartition("/")[0]
        paths.append(path)
    return paths


def by_number(name: str) -> list[tuple[int, str]]:
    """A sort key by which `m#prod#9` stands before `m#prod#10`."""
    return [(int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)]


def iso(stamp: str) -> str:
    """UTC in ISO 8601 of seconds since 1970; "" when there are none."""
    from datetime import UTC, datetime

    if not stamp.lstrip("-").isdigit():
        return ""
    return datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
