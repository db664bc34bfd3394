"""Station `changes`: what a Python syntax tree says beyond its own meaning.

Which modules it imports, which files its strings may name, which programs it starts, and whether it
looks at source code. Resolves nothing: that is the closure's part.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from branchline.core.changes import doubts
from branchline.core.changes.dynamic import dynamic_import, name_of, text_of
from branchline.core.changes.started import STARTERS, started_by
from branchline.core.changes.values import Import

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from branchline.core.policy import ChangeRules

ROOT_MENTION = "PYTHONPATH="
"""Mentions that begin so name a further import root, relative to the file."""

HYDRA_MENTION = "hydra-config:"
"""Mentions that begin so name a folder of Hydra configuration, relative to the file."""

LONGEST_MENTION = 200
_PATH = re.compile(r"[^\n\r\t*?<>|\"]*(?:/|\.[A-Za-z0-9_]{1,12}$|\.[A-Za-z_]\w*:)[^\n\r\t*?<>|\"]*")
_SOURCE_NAMES = frozenset(
    str.split(
        "getsource getsourcelines getsourcefile findsource getcomments getblock getframeinfo "
        "getouterframes getinnerframes currentframe _getframe _current_frames co_firstlineno "
        "co_lines co_lnotab co_linetable co_positions f_lineno tb_lineno lineno end_lineno"
    )
)
_SOURCE_MODULES = frozenset({"linecache", "cloudpickle", "dill", "marshal", "triton", "tokenize"})
_TRACEBACK_PRINTS = frozenset({"print_exc", "print_stack", "print_last"})
_IMPORT_CALLS = frozenset({"import_module", "__import__", "run_module", "find_spec"})
_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@dataclass(slots=True)
class Facts:
    """What was found, in order; see `Meaning` for the first four.

    Attributes:
        imports, mentions, runs, doubts: As in `Meaning`.
        by_bytes: Whether a doubt forbids to read the file by its tree.
    """

    imports: list[Import] = field(default_factory=list)
    mentions: dict[str, None] = field(default_factory=dict)
    runs: dict[str, None] = field(default_factory=dict)
    doubts: dict[str, None] = field(default_factory=dict)
    by_bytes: bool = False

    def doubt(self, what: str, node: ast.AST, detail: str = "") -> None:
        """Note a doubt with its line; the file then counts by bytes."""
        tail = f": {detail}" if detail else ""
        self.doubts[f"{what} (line {getattr(node, 'lineno', 0)}){tail}"] = None
        self.by_bytes = True


def facts_of(tree: ast.Module, rules: ChangeRules, *, is_package: bool = False) -> Facts:
    """Everything that the tree says besides its meaning.

    Args:
        tree: The module.
        rules: Whether docstrings are set aside (then `__doc__` is a doubt).
        is_package: The file is an `__init__.py`: names in `__all__` may be submodules.
    """
    collector = _Collector(rules, is_package=is_package)
    for statement in tree.body:
        collector.visit(statement)
    return collector.facts


class _Collector:
    """One walk over a tree. Each node is visited once, with whether an import there may fail."""

    def __init__(self, rules: ChangeRules, *, is_package: bool) -> None:
        self.facts = Facts()
        self._docstrings = rules.docstrings
        self._is_package = is_package
        self._torch: set[str] = set()
        self._is_weak = False
        """Whether an import here may fail, or never run, without harm."""

    def visit(self, node: ast.AST) -> None:
        """Take notice of a node and of all below it."""
        handler = _HANDLERS.get(type(node))
        if handler is not None and handler(self, node):
            return
        self._children(node)

    def _children(self, node: ast.AST) -> None:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                self.visit(value)
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        self.visit(item)

    def _all(self, nodes: Iterable[ast.AST], *, is_weak: bool = False) -> None:
        outside = self._is_weak
        self._is_weak = outside or is_weak
        for node in nodes:
            self.visit(node)
        self._is_weak = outside

    # Imports

    def on_import(self, node: ast.Import) -> bool:
        for alias in node.names:
            self._add(Import(module=alias.name, is_weak=self._is_weak, line=node.lineno), node)
            if alias.name.partition(".")[0] == "torch":
                self._torch.add(alias.asname or "torch")
                if alias.name == "torch.jit":
                    self._torch_jit(node, "torch.jit")
        return True

    def on_import_from(self, node: ast.ImportFrom) -> bool:
        names = tuple(alias.name for alias in node.names)
        module = node.module or ""
        found = Import(
            module=module, names=names, level=node.level, is_weak=self._is_weak, line=node.lineno
        )
        self._add(found, node)
        if node.level:
            return True
        if module == "torch.jit" or (module == "torch" and "jit" in names):
            self._torch_jit(node, "torch.jit")
        if (module == "inspect" and {"stack", "trace"} & set(names)) or (
            module == "traceback" and set(names) - _TRACEBACK_PRINTS
        ):
            self.facts.doubt(doubts.READS_CODE, node, f"{module}.{names[0]}")
        for name in names:
            if name in _SOURCE_NAMES and name not in ("lineno", "end_lineno"):
                self.facts.doubt(doubts.READS_CODE, node, name)
        return True

    def _add(self, found: Import, node: ast.AST) -> None:
        self.facts.imports.append(found)
        top = found.module.partition(".")[0]
        if found.level:
            return
        if top in _SOURCE_MODULES:
            self.facts.doubt(doubts.READS_CODE, node, top)
        if top == "hydra":
            self.facts.mentions.setdefault(HYDRA_MENTION + "conf")

    def _torch_jit(self, node: ast.AST, what: str) -> None:
        self.facts.doubt(doubts.READS_CODE, node, what)

    # Where an import may fail

    def on_try(self, node: ast.Try) -> bool:
        catches = any(_catches_import_error(handler.type) for handler in node.handlers)
        self._all(node.body, is_weak=catches)
        for handler in node.handlers:
            self._all(handler.body, is_weak=catches)
            if handler.type is not None:
                self.visit(handler.type)
        self._all(node.orelse)
        self._all(node.finalbody)
        return True

    def on_with(self, node: ast.With) -> bool:
        suppresses = False
        for item in node.items:
            self.visit(item)
            call = item.context_expr
            if isinstance(call, ast.Call) and name_of(call.func) == "suppress":
                suppresses |= any(_catches_import_error(arg) for arg in call.args)
        self._all(node.body, is_weak=suppresses)
        return True

    def on_conditional(self, node: ast.AST) -> bool:
        # What stands in a branch or a function may never run: followed, but never missed.
        outside, self._is_weak = self._is_weak, True
        self._children(node)
        self._is_weak = outside
        return True

    # Names and strings

    def on_attribute(self, node: ast.Attribute) -> bool:
        name = node.attr
        base = node.value.id if isinstance(node.value, ast.Name) else ""
        if name in _SOURCE_NAMES:
            self.facts.doubt(doubts.READS_CODE, node, name)
        elif name in ("stack", "trace") and base == "inspect":
            self.facts.doubt(doubts.READS_CODE, node, f"inspect.{name}")
        elif name == "jit" and base in self._torch:
            self._torch_jit(node, "torch.jit")
        elif name == "__file__":
            self.facts.doubt(doubts.READS_CODE, node, "__file__ of a module")
        elif name == "__doc__":
            self._doc(node)
        elif base == "traceback" and name not in _TRACEBACK_PRINTS:
            self.facts.doubt(doubts.READS_CODE, node, f"traceback.{name}")
        return False

    def on_name(self, node: ast.Name) -> bool:
        if node.id == "__file__":
            self.facts.doubt("uses __file__", node)
        elif node.id == "__doc__":
            self._doc(node)
        return True

    def _doc(self, node: ast.AST) -> None:
        what = "uses __doc__" if self._docstrings else doubts.READS_DOCSTRINGS
        self.facts.doubt(what, node)

    def on_constant(self, node: ast.Constant) -> bool:
        text = node.value
        if isinstance(text, str):
            self.mention(text)
            if "lineno" in text and ("(lineno)" in text or "{lineno" in text):
                self.facts.doubt(doubts.READS_CODE, node, "a log format with line numbers")
        return True

    def mention(self, text: str) -> None:
        """Note a text if it may name a file or a module."""
        is_short = 2 < len(text) <= LONGEST_MENTION
        if is_short and ("." in text or "/" in text):
            self._mention_path(text)

    def _mention_path(self, text: str) -> None:
        if _PATH.fullmatch(text) and not text.startswith(("http://", "https://")):
            self.facts.mentions.setdefault(text)

    def on_joined_path(self, node: ast.BinOp) -> bool:
        """`root / "conf" / "a.yaml"` names conf/a.yaml."""
        if isinstance(node.op, ast.Div):
            pieces: list[str] = []
            here: ast.expr = node
            while isinstance(here, ast.BinOp) and isinstance(here.op, ast.Div):
                text = text_of(here.right)
                if text is None:
                    break
                pieces.insert(0, text)
                here = here.left
            first = text_of(here.args[0]) if isinstance(here, ast.Call) and here.args else None
            if len(pieces) > 1:
                self.mention("/".join(pieces))
            if first is not None and pieces:
                self.mention("/".join([first, *pieces]))
        return False

    def on_assign(self, node: ast.Assign) -> bool:
        is_all = self._is_package and any(name_of(t) == "__all__" for t in node.targets)
        if is_all and isinstance(node.value, ast.List | ast.Tuple):
            names = tuple(t for e in node.value.elts if (t := text_of(e)) is not None)
            self.facts.imports.append(
                Import(module="", names=names, level=1, is_weak=True, line=node.lineno)
            )
        return False

    # Calls

    def on_call(self, node: ast.Call) -> bool:
        name = name_of(node.func)
        if name in _IMPORT_CALLS:
            self._dynamic(node, name)
        elif name in STARTERS:
            self._starts(node, name)
        else:
            handler = _CALLS.get(name)
            if handler is not None:
                handler(self, node)
        return False

    def on_join(self, node: ast.Call) -> None:
        """`os.path.join(root, "conf", "a.yaml")` names conf/a.yaml."""
        pieces = [text_of(arg) for arg in node.args]
        while pieces and pieces[0] is None:
            pieces.pop(0)
        if len(pieces) > 1 and all(piece is not None for piece in pieces):
            self.mention("/".join(piece or "" for piece in pieces))

    def on_print_trace(self, node: ast.Call) -> None:
        """Line numbers on standard error are nobody's input; in a file they may be."""
        if len(node.args) > 1 or any(keyword.arg == "file" for keyword in node.keywords):
            self.facts.doubt(doubts.READS_CODE, node, "a traceback into a file")

    def on_exec(self, node: ast.Call) -> None:
        """Code made at run time may import anything; only a run shows what."""
        is_constant = bool(node.args) and isinstance(node.args[0], ast.Constant)
        if isinstance(node.func, ast.Name) and not is_constant:
            self.facts.doubts[
                f"{doubts.OPEN_IMPORT} (line {node.lineno}): {name_of(node.func)}"
            ] = None

    def _dynamic(self, node: ast.Call, name: str) -> None:
        found = dynamic_import(node, name)
        if found is None:
            self.facts.doubt(doubts.OPEN_IMPORT, node, name)
        else:
            self._add(found, node)

    def on_discovery(self, node: ast.Call) -> None:
        """`pkgutil.iter_modules(__path__)`: everything below the file's own package."""
        found = Import(
            module="", names=("",), level=1, is_weak=True, line=node.lineno, is_prefix=True
        )
        self.facts.imports.append(found)

    def _starts(self, node: ast.Call, name: str) -> None:
        runs, imports = started_by(node, name)
        self.facts.runs.update(dict.fromkeys(runs))
        self.facts.imports.extend(imports)

    def on_hydra(self, node: ast.Call) -> None:
        given = {keyword.arg: text_of(keyword.value) for keyword in node.keywords}
        if HYDRA_MENTION + "conf" in self.facts.mentions:  # it is Hydra's `main`, or `initialize`
            placed = zip(("config_path", "config_name"), map(text_of, node.args), strict=False)
            given = {**dict(placed), **given}
        for path in filter(None, (given.get("config_path"), given.get("config_dir"))):
            self.facts.mentions.setdefault(HYDRA_MENTION + path)
        name = given.get("config_name")
        if given.get("config_path") == "." and name:
            # The root is no folder of configuration as a whole: this file, and what it names.
            file = name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"
            self.facts.mentions.setdefault(file)

    def on_path_root(self, node: ast.Call) -> None:
        """`sys.path.insert(0, "lib")` adds an import root."""
        target = node.func.value if isinstance(node.func, ast.Attribute) else None
        if not (isinstance(target, ast.Attribute) and target.attr == "path" and node.args):
            return
        texts = [
            inner.value
            for inner in ast.walk(node.args[-1])
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
        ]
        # A root that is computed from __file__ is nearly always the folder or one of those above.
        for text in ["/".join(texts), *texts] if texts else [".", "..", "../.."]:
            self.facts.mentions.setdefault(ROOT_MENTION + text)


_HANDLERS: dict[type[ast.AST], Callable[[_Collector, Any], bool]] = {
    ast.Import: _Collector.on_import,
    ast.ImportFrom: _Collector.on_import_from,
    ast.Try: _Collector.on_try,
    ast.TryStar: _Collector.on_try,
    ast.With: _Collector.on_with,
    ast.If: _Collector.on_conditional,
    ast.FunctionDef: _Collector.on_conditional,
    ast.AsyncFunctionDef: _Collector.on_conditional,
    ast.Match: _Collector.on_conditional,
    ast.Attribute: _Collector.on_attribute,
    ast.Name: _Collector.on_name,
    ast.Constant: _Collector.on_constant,
    ast.BinOp: _Collector.on_joined_path,
    ast.Assign: _Collector.on_assign,
    ast.Call: _Collector.on_call,
}


_CALLS: dict[str, Callable[[_Collector, ast.Call], None]] = {
    "append": _Collector.on_path_root,
    "eval": _Collector.on_exec,
    "exec": _Collector.on_exec,
    "extend": _Collector.on_path_root,
    "initialize": _Collector.on_hydra,
    "initialize_config_dir": _Collector.on_hydra,
    "insert": _Collector.on_path_root,
    "iter_modules": _Collector.on_discovery,
    "join": _Collector.on_join,
    "main": _Collector.on_hydra,
    "print_exc": _Collector.on_print_trace,
    "print_stack": _Collector.on_print_trace,
    "walk_packages": _Collector.on_discovery,
}


def _catches_import_error(node: ast.AST | None) -> bool:
    if node is None:
        return True
    if isinstance(node, ast.Tuple):
        return any(_catches_import_error(item) for item in node.elts)
    return name_of(node) in _CAUGHT
