"""Walks a syntax tree for the paths that a script touches and its metrics. Serves `init`."""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

from branchline.flows.init.columns import columns_written
from branchline.flows.init.folding import UNKNOWN, names_in
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
from branchline.flows.init.options import callee, keyword
from branchline.flows.init.printed import REPORT, is_printing, names_printed, sample_of
from branchline.flows.init.touched import Measure, Role, Touched, is_metrics_file, role_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.flows.init.folding import Folding

__all__ = ["Finder"]


class Finder(ast.NodeVisitor):
    """Collects paths and metric names from calls.

    Args:
        file: The source, from the root.
        folding: What its expressions come to.
        values: Names that are given a value.
        filled: Keys that dictionaries are given later, by the dictionary's name.
        used: Names that something calls or mentions: other functions may never run.
    """

    def __init__(
        self,
        file: str,
        folding: Folding,
        values: dict[str, ast.expr],
        filled: dict[str, list[tuple[ast.Constant, ast.expr]]],
        used: frozenset[str],
    ) -> None:
        self._file = file
        self._fold = folding
        self._values = values
        self._filled = filled
        self._used = used
        self._files: dict[str, ast.expr] = {}
        self._targets: dict[int, str | None] = {}
        self._doubts = 0
        self.reads: list[Touched] = []
        self.writes: list[Touched] = []
        self.measures: list[Measure] = []
        self.hydra: Touched | None = None
        self.hydra_name = ""
        self.hydra_line = 0
        self.logs: list[str] = []

    # --- what may not happen

    def visit_If(self, node: ast.If) -> None:  # the name that ast calls
        """What stands below a condition may not happen; a default tells some conditions."""
        known = self._outcome(node.test)
        self.visit(node.test)
        for branch, taken in ((node.body, True), (node.orelse, False)):
            if known is (not taken):
                continue
            self._doubts += known is None
            for item in branch:
                self.visit(item)
            self._doubts -= known is None

    def _outcome(self, test: ast.expr) -> bool | None:
        """What a condition comes to with the defaults; None when that cannot be told."""
        if isinstance(test, ast.Compare):
            is_main = isinstance(test.left, ast.Name) and test.left.id == "__name__"
            if is_main:
                return True
            if len(test.ops) == 1 and isinstance(test.ops[0], ast.Is | ast.IsNot):
                left = self._fold.value(test.left)
                right = self._fold.value(test.comparators[0])
                if left is UNKNOWN or right is UNKNOWN:
                    return None
                return (left is right) is isinstance(test.ops[0], ast.Is)
            return None
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self._outcome(test.operand)
            return None if inner is None else not inner
        value = self._fold.value(test) if not isinstance(test, ast.Call) else UNKNOWN
        return None if value is UNKNOWN else bool(value)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:  # the name that ast calls
        """What handles an error may not happen."""
        self._doubts += 1
        self.generic_visit(node)
        self._doubts -= 1

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:  # the name that ast calls
        """A function that nobody mentions does not run."""
        is_idle = node.name not in self._used and not node.decorator_list
        is_idle = is_idle and not node.name.startswith("__")
        self._doubts += is_idle
        with self._fold.within(node):
            self.generic_visit(node)
        self._doubts -= is_idle

    # --- calls

    def visit_Call(self, node: ast.Call) -> None:  # the name that ast calls
        """Look at one call, then inside it."""
        name, owner = callee(node.func)
        if name == "open":
            self._see_open(node, owner)
        elif name == "main" and owner == "hydra":
            self._see_hydra(node)
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
        if is_printing(node):
            self._see_print(node)
        self._see_columns(node)
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
                self._add(self.writes, path or "\0", node.lineno, Role.METRICS)
                return
            self._note(self.writes, node.args[:1] or keyword(node, "filename"), node.lineno,
                       Role.METRICS)  # fmt: skip
            return
        named, position, role = FILLED[name]
        places = keyword(node, named) or node.args[position : position + 1]
        filled = self._fold.text(places[0]) if places else None
        if filled is not None and "{" in filled:  # Keras fills in {epoch}
            filled = posixpath.dirname(filled.partition("{")[0])
        if filled:
            self._add(self.writes, filled, node.lineno, role)

    # --- metrics

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

    def _measure(
        self, name: str, line: int, *, target: str = "", is_printed: bool = False, sample: str = ""
    ) -> None:
        path = posixpath.normpath(target) if target else ""
        self.measures.append(
            Measure(
                name=name,
                line=line,
                file=self._file,
                target=path,
                is_printed=is_printed,
                is_sure=not self._doubts,
                sample=sample,
            )
        )

    def _opened(self, file: ast.expr) -> str | None:
        """The path behind `file` or `open(path, "w")`."""
        if isinstance(file, ast.Name):
            file = self._files.get(file.id) or self._values.get(file.id, file)
        if not isinstance(file, ast.Call):
            return self._fold.text(file) if not isinstance(file, ast.Name) else None
        name, owner = callee(file.func)
        if name != "open":
            return None
        if isinstance(file.func, ast.Attribute) and owner not in ("io", "gzip", "bz2"):
            return self._fold.text(file.func.value)
        return self._fold.text(file.args[0]) if file.args else None

    def visit_withitem(self, node: ast.withitem) -> None:  # the name that ast calls
        """Note what `with open(path) as file` calls the file."""
        if isinstance(node.optional_vars, ast.Name):
            self._files[node.optional_vars.id] = node.context_expr
        self.generic_visit(node)

    def _see_hydra(self, node: ast.Call) -> None:
        given = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
        path = given.get("config_path")
        self.hydra_line = node.lineno
        self.hydra_name = str(given.get("config_name") or "")
        self.hydra = Touched(
            path=str(path) if path is not None else ".", line=node.lineno, file=self._file
        )

    def _note(
        self,
        found: list[Touched],
        nodes: list[ast.expr],
        line: int,
        role: Role = Role.OTHER,
        *,
        is_grown: bool = False,
    ) -> None:
        path = self._fold.text(nodes[0]) if nodes else None
        if path:
            self._add(found, path, line, role, is_grown=is_grown)

    def _add(
        self, found: list[Touched], path: str, line: int, role: Role, *, is_grown: bool = False
    ) -> None:
        if "://" in path or "\0" in path or not path.strip():
            return
        normal = posixpath.normpath(path)
        written = found is self.writes
        found.append(
            Touched(
                path=normal,
                line=line,
                file=self._file,
                is_sure=not self._doubts,
                role=role_of(normal, role) if written else Role.OTHER,
                is_grown=is_grown,
            )
        )
