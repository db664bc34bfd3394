"""Files of a team that `branchline doctor` reads: workflows, and who may take a role."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["TRUST_PATTERNS", "contents", "workflows"]

TRUST_PATTERNS = ("*.json", "*.tf", "*.yml", "*.yaml", "*.sh", "*.template")
_FOLDER = ".github/workflows"
_LARGEST = 1_000_000
_MOST_FILES = 100


def workflows(root: str) -> Iterator[tuple[str, bytes]]:
    """(path from the root, content) of each workflow of GitHub Actions, by name."""
    place = os.path.join(root, _FOLDER)
    names = sorted(os.listdir(place)) if os.path.isdir(place) else []
    yield from contents(
        root, (f"{_FOLDER}/{name}" for name in names if name.endswith((".yml", ".yaml")))
    )


def contents(root: str, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """(path, content) of files that can be read; the first million bytes of the first hundred."""
    for count, path in enumerate(paths):
        place = os.path.join(root, path)
        if count == _MOST_FILES:
            return
        if os.path.isfile(place):
            try:
                with open(place, "rb") as file:
                    yield path, file.read(_LARGEST)
            except OSError:
                continue
