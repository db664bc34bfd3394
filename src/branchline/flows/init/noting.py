"""What a walk over a script keeps: paths, metrics, and whether they are sure. Serves `init`."""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

from branchline.flows.init.folding import UNKNOWN
from branchline.flows.init.options import callee
from branchline.flows.init.touched import Composition, Measure, Role, Touched, role_of

if TYPE_CHECKING:
    from branchline.flows.init.folding import Folding

__all__ = ["Noting"]

# Methods that frameworks call: nobody in the repository mentions them.
_HOOKS = {
    "configure_optimizers", "forward", "on_validation_epoch_end", "prepare_data", "setup",
    "train_dataloader", "training_step", "val_dataloader", "validation_step",
}  # fmt: skip


class Noting(ast.NodeVisitor):
    """Keeps what was found, and whether it happens whenever the script runs.

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
        self.hydra = Composition()
        self.logs: list[str] = []
        self.unfollowed: list[str] = []
        self.logged: list[Measure] = []
        self.computed: list[str] = []  # by `compute_metrics`, for a Trainer's results
        self.step = ""  # the function that is walked

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
        is_idle = is_idle and node.name not in _HOOKS
        is_idle = is_idle and not node.name.startswith("__")
        self._doubts += is_idle
        outer, self.step = self.step, node.name
        with self._fold.within(node):
            self.generic_visit(node)
        self.step = outer
        self._doubts -= is_idle

    def _measure(
        self,
        name: str,
        line: int,
        *,
        target: str = "",
        is_printed: bool = False,
        sample: str = "",
        into: list[Measure] | None = None,
    ) -> None:
        path = posixpath.normpath(target) if target else ""
        (self.measures if into is None else into).append(
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
        elif nodes and found is self.reads and not self._doubts:
            self.unfollowed.append(f"{self._file}:{line}")

    def _add(
        self, found: list[Touched], path: str, line: int, role: Role, *, is_grown: bool = False
    ) -> None:
        if "://" in path or "\0" in path or "${" in path or not path.strip():
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
