"""Columns of the tables that a script writes by Python's own csv module. Serves `init`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from branchline.core.directions import goal_of
from branchline.flows.init.options import callee

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["columns_written"]


def columns_written(
    node: ast.Call, values: Mapping[str, ast.expr]
) -> tuple[ast.expr, list[tuple[str, int]]] | None:
    """The file that a call writes a table into, and name and line of its metrics.

    Only columns whose names tell which way is better: the others may be settings.

    Args:
        node: `csv.DictWriter(file, fieldnames=[...])`, or a header by `writer.writerow([...])`.
        values: Names that are given a value.

    Returns:
        None where the call writes no header.
    """
    name, owner = callee(node.func)
    if name == "DictWriter" and node.args:
        given = [k.value for k in node.keywords if k.arg == "fieldnames"] or node.args[1:2]
        return node.args[0], _names(given, values)
    if name == "writerow" and owner:
        writer = values.get(owner)
        if isinstance(writer, ast.Call) and callee(writer.func)[0] == "writer" and writer.args:
            return writer.args[0], _names(node.args[:1], values)
    return None


def _names(given: list[ast.expr], values: Mapping[str, ast.expr]) -> list[tuple[str, int]]:
    listed = [values.get(n.id) if isinstance(n, ast.Name) else n for n in given]
    return [
        (item.value, item.lineno)
        for node in listed
        if isinstance(node, ast.List | ast.Tuple)
        for item in node.elts
        if isinstance(item, ast.Constant)
        and isinstance(item.value, str)
        and goal_of(item.value) is not None
    ]
