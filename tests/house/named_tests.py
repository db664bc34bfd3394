"""Tests that a table names: whether they exist."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HOUSE = Path(__file__).parents[2]


def missing(names: Iterable[str]) -> list[str]:
    """Those of `file::test` that no file holds."""
    return sorted({name for name in names if name.partition("::")[2] not in _tests_of(name)})


def _tests_of(name: str) -> frozenset[str]:
    return _functions(HOUSE / name.partition("::")[0])


@cache
def _functions(path: Path) -> frozenset[str]:
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text())
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
