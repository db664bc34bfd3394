"""Metrics in the calls of a script: dictionaries, texts and prints. Serves `init`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from branchline.flows.init.folding import names_in
from branchline.flows.init.noting import Noting
from branchline.flows.init.options import callee, keyword
from branchline.flows.init.printed import REPORT, names_printed, sample_of
from branchline.flows.init.touched import is_metrics_file

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MetricCalls"]

# Steps whose metrics are means over an epoch, under the names that are logged.
_MEASURED = ("validation_step", "on_validation_epoch_end")


class MetricCalls(Noting):
    """Collects metrics."""

    def _see_dictionary(self, node: ast.Call) -> None:
        """`json.dump({...}, file)` or `json.dumps({...})`: its keys, where they go to metrics."""
        content = node.args[0] if node.args else None
        path = self._targets.get(id(node))
        if path is None and len(node.args) > 1:
            path = self._opened(node.args[1])
        if content is None or (path is not None and not is_metrics_file(path, texts=True)):
            return
        keys = list(self._keys(content, ""))
        if not keys:  # what a caller passes, or a function returns
            keys = [(name, node.lineno) for name in names_in(self._fold.value(content), "")]
        for name, line in keys:
            self._measure(name, line, target=path or "")

    def _keys(self, node: ast.expr, prefix: str, depth: int = 0) -> Iterator[tuple[str, int]]:
        """Dotted names of a dictionary, also where it is filled later by `d["key"] = ...`."""
        if depth > 3:
            return
        if isinstance(node, ast.Name):
            value = self._values.get(node.id)
            if value is not None and not isinstance(value, ast.Name):
                yield from self._keys(value, prefix, depth + 1)
            for key, inner in self._filled.get(node.id, ()):
                yield from self._entry(key, inner, prefix, depth)
        elif isinstance(node, ast.Dict):
            for literal, inner in zip(node.keys, node.values, strict=True):
                if isinstance(literal, ast.Constant) and isinstance(literal.value, str):
                    yield from self._entry(literal, inner, prefix, depth)
        elif isinstance(node, ast.Call) and callee(node.func)[0] == "dict":
            for given in node.keywords:
                if given.arg:
                    key = ast.copy_location(ast.Constant(value=given.arg), given)
                    yield from self._entry(key, given.value, prefix, depth)

    def _entry(
        self, key: ast.Constant, value: ast.expr, prefix: str, depth: int
    ) -> Iterator[tuple[str, int]]:
        own = str(key.value)
        name = f"{prefix}.{own}" if prefix else own
        inner = self._values.get(value.id) if isinstance(value, ast.Name) else value
        if isinstance(inner, ast.Dict):
            yield from self._keys(inner, name, depth + 1)
        elif not (isinstance(inner, ast.Constant) and isinstance(inner.value, str)):
            yield name, key.lineno

    def _see_text(
        self, file: ast.expr, arguments: list[ast.expr], line: int, path: ast.expr | None = None
    ) -> None:
        """`file.write(f"accuracy: {a}")` into a file that is called like metrics."""
        target = self._opened(file) if path is None else self._fold.text(path)
        if target is None:
            return
        for argument in arguments:
            for inner in ast.walk(argument):  # json.dumps(...) + "\n"
                if isinstance(inner, ast.Call):
                    self._targets.setdefault(id(inner), target)
        if not is_metrics_file(target, texts=True):
            return
        for name in names_printed(arguments):
            self._measure(name, line, target=target, sample=sample_of(arguments))

    def _see_logged(self, node: ast.Call, name: str) -> bool:
        """`self.log("val_loss", loss)` in a step of Lightning, `sb.glue("rmse", rmse)`."""
        owner = callee(node.func)[1]
        is_glued = name == "glue" and owner in ("sb", "scrapbook")
        if not is_glued and not (owner == "self" and name in ("log", "log_dict")):
            return False
        content = node.args[0] if node.args else None
        names = [content.value] if isinstance(content, ast.Constant) else []
        if name == "log_dict" and content is not None:
            names = [key for key, _ in self._keys(content, "")]
        for found in names:
            if is_glued:
                self._measure(str(found), node.lineno, is_printed=True)
            elif self.step in _MEASURED:
                self._measure(str(found), node.lineno, into=self.logged)
        return True

    def _see_print(self, node: ast.Call) -> None:
        target = ""
        for file in keyword(node, "file"):
            if callee(file)[0] == "stderr":
                break
            target = self._opened(file) or ""
            if not target:
                return
        for name in names_printed(node.args):
            self._measure(name, node.lineno, target=target, is_printed=not target,
                          sample=sample_of(node.args))  # fmt: skip
        for argument in node.args:
            if isinstance(argument, ast.Call) and callee(argument.func)[0] == "dumps":
                for name, line in self._keys(argument.args[0], "") if argument.args else ():
                    self._measure(name, line, is_printed=True)
                    self._targets[id(argument)] = "\0printed"
            called = self._values.get(argument.id) if isinstance(argument, ast.Name) else argument
            if isinstance(called, ast.Call) and callee(called.func)[0] == "classification_report":
                self._measure("accuracy", node.lineno, is_printed=True, sample=REPORT)
