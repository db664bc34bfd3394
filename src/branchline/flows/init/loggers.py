"""Where loggers of training leave their metrics. Serves `init`.

A logger without a version takes the next number that is free, so only the folder above is the same
each time: it is the output, and being one it is empty when the training begins.
"""

from __future__ import annotations

import ast
import posixpath
import re
from typing import TYPE_CHECKING

from branchline.flows.init.options import keyword

if TYPE_CHECKING:
    from branchline.flows.init.folding import Folding

__all__ = ["lightning_metrics", "logged_in", "trainer_results", "versions_above"]

# Folders of one run: version_3, 2026-11-28, 20261128_101500.
_VERSION = re.compile(r"version_\d+|20\d\d-[01]\d-[0-3]\d.*|20\d\d[01]\d[0-3]\d[-_T]?\d{4,6}")


def lightning_metrics(node: ast.Call, folding: Folding) -> str | None:
    """The file of Lightning's `CSVLogger`; where it numbers its runs, the folder of all.

    Returns:
        "" for Keras's callback of the same name; None where the path cannot be told.
    """
    save_dir = keyword(node, "save_dir")
    if not (save_dir or keyword(node, "name") or keyword(node, "version") or node.args[1:]):
        return ""
    folder = folding.text((save_dir or node.args)[0])
    label = (keyword(node, "name") or node.args[1:2])[:1]
    inner = folding.text(label[0]) if label else "lightning_logs"
    version = keyword(node, "version")
    number = folding.value(version[0]) if version else None
    if folder is None or inner is None or not isinstance(number, str | int | None):
        return None
    return logged_in(posixpath.join(folder, inner), number)


def logged_in(folder: str, version: str | int | None) -> str:
    """Where the metrics of a logger go: a file for a version that is given, else the folder."""
    above = posixpath.normpath(folder or ".")
    if version is None and above not in (".", "..", "/"):
        return above
    last = version if isinstance(version, str) else f"version_{version or 0}"
    return posixpath.normpath(posixpath.join(folder, last, "metrics.csv"))


def versions_above(path: str) -> str:
    """The folder in which the numbered folders of runs lie, of which a path has one; else ""."""
    parts = path.split("/")
    numbered = [n for n, part in enumerate(parts[:-1]) if _VERSION.fullmatch(part)]
    return "/".join(parts[: numbered[0]]) if numbered else ""


def trainer_results(node: ast.Call, name: str, folding: Folding) -> str | None:
    """The file of `trainer.save_metrics("eval", ...)`; None for another call or folder."""
    split = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if name != "save_metrics" or not isinstance(split, str):
        return None
    holder = ast.Name(id="training_args", ctx=ast.Load())
    folder = folding.text(ast.Attribute(value=holder, attr="output_dir", ctx=ast.Load()))
    return posixpath.join(folder, f"{split}_results.json") if folder else None
