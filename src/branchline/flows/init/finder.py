"""Walks a syntax tree for the paths that a script touches and its metrics. Serves `init`."""

from __future__ import annotations

import ast
import posixpath

from branchline.flows.init.columns import columns_written
from branchline.flows.init.known_calls import (
    COPYING,
    DUMPERS,
    DUMPING,
    FETCHING,
    FILLED,
    LOADERS,
    LOG_FILES,
    READING_METHODS,
    SECOND_ARGUMENT,
    TABLES,
    WRITING_METHODS,
)
from branchline.flows.init.loggers import lightning_metrics, trainer_results
from branchline.flows.init.metric_calls import MetricCalls
from branchline.flows.init.options import callee, keyword
from branchline.flows.init.printed import is_printing
from branchline.flows.init.touched import Role, Touched, is_metrics_file

__all__ = ["Finder"]

_COMPOSING = ("initialize", "compose")  # of Hydra


class Finder(MetricCalls, ast.NodeVisitor):
    """Collects paths and metric names from calls."""

    def visit_Call(self, node: ast.Call) -> None:  # the name that ast calls
        """Look at one call, then inside it."""
        name, owner = callee(node.func)
        if name == "open":
            self._see_open(node, owner)
        elif (name, owner) == ("main", "hydra") or (name in _COMPOSING and owner in ("", "hydra")):
            self._see_hydra(node, name)
        elif name == "write" and node.args and isinstance(node.func, ast.Attribute):
            self._see_text(node.func.value, node.args, node.lineno)
        elif (owner, name) in SECOND_ARGUMENT:
            role = Role.MODEL if owner != "pickle" else Role.OTHER
            self._note(self.writes, node.args[1:2] or keyword(node, "f"), node.lineno, role)
        elif name in DUMPING and owner in DUMPERS:
            self._see_dictionary(node)
        elif name in FILLED or name == "CSVLogger":
            self._see_filled(node, name)
        elif self._see_file(node, name, owner):
            pass
        elif name in WRITING_METHODS and isinstance(node.func, ast.Attribute | ast.Name):
            self._see_method(self.writes, node, name, owner)
        elif name in READING_METHODS or (name in ("load", "loadtxt") and owner in LOADERS):
            self._see_method(self.reads, node, name, owner)
        if self._see_logged(node, name):
            pass
        elif is_printing(node):
            self._see_print(node)
        self._see_columns(node)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:  # the name that ast calls
        """What `compute_metrics` of a Transformers Trainer gives is in the results of a split."""
        is_asked = self.step == "compute_metrics" and self.step in self._used
        if is_asked and isinstance(node.value, ast.Dict):
            self.computed += [key for key, _ in self._keys(node.value, "")]
        self.generic_visit(node)

    def _see_file(self, node: ast.Call, name: str, owner: str) -> bool:
        """Copies, downloads and files of loggers; whether it was one."""
        if owner == "shutil" and name in COPYING:
            self._note(self.reads, node.args[:1] or keyword(node, "src"), node.lineno)
            self._note(self.writes, node.args[1:2] or keyword(node, COPYING[name]), node.lineno)
        elif name in FETCHING and (name != "download" or owner in ("gdown", "wget")):
            self._note(self.writes, node.args[1:2] or keyword(node, FETCHING[name]), node.lineno)
        elif results := trainer_results(node, name, self._fold):
            self._add(self.writes, results, node.lineno, Role.METRICS)
            split = posixpath.basename(results).partition("_")[0]
            for key in ("loss", *self.computed):
                named = key if key.startswith(f"{split}_") else f"{split}_{key}"
                self._measure(named, node.lineno, target=results)
        elif name in LOG_FILES or (name, owner) == ("basicConfig", "logging"):
            files = keyword(node, "filename") or (node.args[:1] if name in LOG_FILES else [])
            self.logs += [path for file in files if (path := self._fold.text(file))]
        else:
            return False
        return True

    def _see_columns(self, node: ast.Call) -> None:
        """Headers of tables by Python's own csv module."""
        table = columns_written(node, self._values)
        target = self._opened(table[0]) if table is not None else None
        if table is not None and target is not None and is_metrics_file(target, texts=True):
            for column, line in table[1]:
                self._measure(column, line, target=target)

    def _see_open(self, node: ast.Call, owner: str) -> None:
        """`open(path, mode)` or `path.open(mode)`."""
        is_method = isinstance(node.func, ast.Attribute) and owner not in ("io", "gzip", "bz2")
        place = node.func.value if is_method and isinstance(node.func, ast.Attribute) else None
        rest = node.args if place is not None else node.args[1:]
        modes = [k.value for k in node.keywords if k.arg == "mode"] or rest[:1]
        mode = modes[0].value if modes and isinstance(modes[0], ast.Constant) else "r"
        letters = set(mode) if isinstance(mode, str) else set()
        wanted = self.writes if letters & set("wax+") else self.reads
        nodes = [place] if place is not None else node.args[:1]
        self._note(wanted, nodes, node.lineno, is_grown="a" in letters)

    def _see_method(self, found: list[Touched], node: ast.Call, name: str, owner: str) -> None:
        role = WRITING_METHODS.get(name, Role.OTHER)
        if name in ("read_text", "read_bytes", "write_text", "write_bytes"):
            if not isinstance(node.func, ast.Attribute):
                return
            self._note(found, [node.func.value], node.lineno)
            if name == "write_text" and node.args:
                self._targets[id(node.args[0])] = self._fold.text(node.func.value)
                self._see_text(node.func, node.args, node.lineno, path=node.func.value)
            return
        if name == "save" and owner not in ("np", "numpy", "cv2"):
            role = Role.MODEL
        places = node.args[:1] or [
            k.value
            for k in node.keywords
            if k.arg in ("path", "fname", "filepath", "path_or_buf", "filepath_or_buffer", "file")
        ]
        if name == "save_model" and owner in ("xgb", "xgboost", "lgb", "mlflow"):
            places = node.args[1:2]
        if name == "save_file":
            places = node.args[1:2]
        mode = [self._fold.value(value) for value in keyword(node, "mode")]
        self._note(found, places, node.lineno, role, is_grown=mode == ["a"])
        if name in TABLES and isinstance(node.func, ast.Attribute) and places:
            self._see_table(node.func.value, self._fold.text(places[0]), node.lineno)

    def _see_table(self, frame: ast.expr, target: str | None, line: int) -> None:
        """`DataFrame([{...}]).to_csv("metrics.csv")`: its columns."""
        if target is None or not is_metrics_file(target, texts=True):
            return
        made = self._values.get(frame.id) if isinstance(frame, ast.Name) else frame
        if not (isinstance(made, ast.Call) and callee(made.func)[0] in ("DataFrame", "Series")):
            return
        content = made.args[0] if made.args else None
        rows = content.elts if isinstance(content, ast.List | ast.Tuple) else [content]
        for row in rows[:1]:
            for name, at in self._keys(row, "") if row is not None else ():
                self._measure(name, at or line, target=target)

    def _see_filled(self, node: ast.Call, name: str) -> None:
        """Constructors of loggers, checkpoints and trainers."""
        if name == "CSVLogger":
            path = lightning_metrics(node, self._fold)
            if path != "":
                is_file = path is None or path.endswith("/metrics.csv")
                self._add(self.writes, path or "\0", node.lineno,
                          Role.METRICS if is_file else Role.LOGS)  # fmt: skip
                return
            self._note(self.writes, node.args[:1] or keyword(node, "filename"), node.lineno,
                       Role.METRICS)  # fmt: skip
            return
        named, position, role = FILLED[name]
        places = [value for key in named for value in keyword(node, key)]
        places = places or node.args[position : position + 1]
        filled = self._fold.text(places[0]) if places else None
        if filled is not None and "{" in filled:  # Keras fills in {epoch}
            filled = posixpath.dirname(filled.partition("{")[0])
        if filled:
            self._add(self.writes, filled, node.lineno, role)

    def _see_hydra(self, node: ast.Call, name: str) -> None:
        """`@hydra.main(...)`, or `with initialize(...): compose(...)`."""
        given = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
        if name != "initialize":
            chosen = node.args[0] if name == "compose" and node.args else None
            config = chosen.value if isinstance(chosen, ast.Constant) else given.get("config_name")
            self.hydra.name = str(config or "")
            self.hydra.overrides |= any(
                not isinstance(value, ast.List) or bool(value.elts)
                for value in keyword(node, "overrides")
            )
        if name != "compose":
            path = given.get("config_path")
            self.hydra.folder = str(path) if path is not None else "."
            self.hydra.line = node.lineno
            self.hydra.is_decorated = name == "main"
