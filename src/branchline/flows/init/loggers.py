"""Where loggers of training leave their metrics. Serves `init`."""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

from branchline.flows.init.options import keyword

if TYPE_CHECKING:
    from branchline.flows.init.folding import Folding

__all__ = ["lightning_metrics", "trainer_results"]


def lightning_metrics(node: ast.Call, folding: Folding) -> str | None:
    """The file of Lightning's `CSVLogger`, which makes a folder for each version.

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
    number = folding.value(version[0]) if version else 0
    if folder is None or inner is None or not isinstance(number, str | int):
        return None
    last = number if isinstance(number, str) else f"version_{number}"
    return posixpath.join(folder, inner, last, "metrics.csv")


def trainer_results(node: ast.Call, name: str, folding: Folding) -> str | None:
    """The file of `trainer.save_metrics("eval", ...)`; None for another call or folder."""
    split = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if name != "save_metrics" or not isinstance(split, str):
        return None
    holder = ast.Name(id="training_args", ctx=ast.Load())
    folder = folding.text(ast.Attribute(value=holder, attr="output_dir", ctx=ast.Load()))
    return posixpath.join(folder, f"{split}_results.json") if folder else None
