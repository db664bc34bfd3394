"""What a training script reads and writes, as far as its text tells. Serves `init`.

Reads the syntax tree of one file and never runs it. Everything found is a proposal for a person to
look at, so guessing is allowed here; keys are never made from it.
"""

from __future__ import annotations

import ast
import posixpath
import re
import sys
from dataclasses import dataclass

__all__ = ["Option", "Script", "Touched", "is_metrics_file", "read_script"]

_METRICS_FILE = re.compile(r"metric|score|result|eval", re.IGNORECASE)
_WRITING_METHODS = {
    "savefig", "save", "save_model", "save_pretrained", "save_weights", "to_csv", "to_json",
    "to_parquet", "to_pickle", "to_feather", "to_excel", "write_bytes", "write_csv",
    "write_parquet", "write_text",
}  # fmt: skip
_READING_METHODS = {
    "genfromtxt", "load_from_disk", "loadtxt", "read_bytes", "read_csv", "read_excel",
    "read_feather", "read_json", "read_parquet", "read_pickle", "read_table", "read_text",
    "scan_csv", "scan_parquet",
}  # fmt: skip
# The path is the first argument of np.save but the second of joblib.dump and torch.save.
_SECOND_ARGUMENT = {("joblib", "dump"), ("torch", "save")}
_DUMPERS = {"json", "yaml", "toml", "tomli_w"}
_LOADERS = {"joblib", "np", "numpy", "torch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A path that the script reads or writes, as spelled there, with its line."""

    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of the script's command line.

    Attributes:
        name: As typed (`--epochs`).
        default: Its default when that is a plain value; else None.
        is_required: Whether the script does not start without it.
        line: From 1.
    """

    name: str
    default: object
    is_required: bool
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What was found in one script.

    Attributes:
        options: Of argparse, click or typer, in order.
        reads, writes: Paths, in order of first use.
        metrics: Keys of dictionaries that it writes as JSON, each with its line.
        has_relative_imports: Then it can only run as `python -m`.
        imports: Top-level names that it imports, those of Python's own library left out.
        hydra: Its Hydra configuration folder, if it has one.
    """

    options: tuple[Option, ...] = ()
    reads: tuple[Touched, ...] = ()
    writes: tuple[Touched, ...] = ()
    metrics: tuple[Touched, ...] = ()
    has_relative_imports: bool = False
    imports: tuple[str, ...] = ()
    hydra: Touched | None = None


def is_metrics_file(path: str) -> bool:
    """Whether a file is called as people call their metrics: metrics.json, eval/scores.yaml."""
    name = posixpath.basename(path)
    return name.endswith((".yaml", ".yml", ".json", ".toml")) and bool(_METRICS_FILE.search(name))


def read_script(source: bytes) -> Script | None:
    """Read a script; None when Python cannot parse it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    options = _options(tree)
    finder = _Finder(options, _constants(tree))
    finder.visit(tree)
    return Script(
        options=tuple(options),
        reads=_once(finder.reads),
        writes=_once(finder.writes),
        metrics=_once(finder.metrics),
        has_relative_imports=any(
            isinstance(node, ast.ImportFrom) and node.level > 0 for node in ast.walk(tree)
        ),
        imports=_imports(tree),
        hydra=finder.hydra,
    )


def _imports(tree: ast.AST) -> tuple[str, ...]:
    """Top-level names of absolute imports, in the order met."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.append(node.module)
    names = dict.fromkeys(name.partition(".")[0] for name in found)
    return tuple(name for name in names if name not in sys.stdlib_module_names)


def _once(found: list[Touched]) -> tuple[Touched, ...]:
    return tuple({item.path: item for item in reversed(found)}[p] for p in dict.fromkeys(
        item.path for item in found
    ))  # fmt: skip


def _options(tree: ast.AST) -> list[Option]:
    """Calls of `add_argument`, `click.option` and `click.argument`, by line."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in ("add_argument", "option", "argument"):
            continue
        names = [a.value for a in node.args if isinstance(a, ast.Constant)]
        texts = [name for name in names if isinstance(name, str)]
        if not texts:
            continue
        name = next((text for text in texts if text.startswith("--")), texts[0])
        found.append(_option(name, node))
    return sorted(found, key=lambda option: option.line)


def _option(name: str, node: ast.Call) -> Option:
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    default = keywords.get("default")
    if isinstance(default, ast.Call) and default.args:  # default=Path("out")
        default = default.args[0]
    required = keywords.get("required")
    is_positional = not name.startswith("-")
    optional_positional = isinstance(nargs := keywords.get("nargs"), ast.Constant) and (
        nargs.value in ("?", "*")
    )
    return Option(
        name=name,
        default=default.value if isinstance(default, ast.Constant) else None,
        is_required=(isinstance(required, ast.Constant) and required.value is True)
        or (is_positional and not optional_positional and "default" not in keywords),
        line=node.lineno,
    )


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Names that a module gives a value at its top level, or a function once."""
    values: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                values.setdefault(target.id, node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            values.setdefault(node.target.id, node.value)
    return values


class _Finder(ast.NodeVisitor):
    """Collects paths and metric names from calls."""

    def __init__(self, options: list[Option], constants: dict[str, ast.expr]) -> None:
        self._defaults = {
            option.name.lstrip("-").replace("-", "_"): option.default for option in options
        }
        self._constants = constants
        self._files: dict[str, ast.expr] = {}
        self._targets: dict[int, str | None] = {}
        self.reads: list[Touched] = []
        self.writes: list[Touched] = []
        self.metrics: list[Touched] = []
        self.hydra: Touched | None = None

    def visit_Call(self, node: ast.Call) -> None:  # the name that ast calls
        """Look at one call, then inside it."""
        name, owner = _callee(node.func)
        if name == "open":
            self._see_open(node, owner)
        elif name in ("dump", "dumps") and owner in _DUMPERS:
            self._see_dictionary(node)
        elif name == "main" and owner == "hydra":
            self._see_hydra(node)
        elif (owner, name) in _SECOND_ARGUMENT:
            self._note(self.writes, node.args[1:2], node.lineno)
        elif name in _WRITING_METHODS:
            self._see_method(self.writes, node, name)
        elif name in _READING_METHODS or (name == "load" and owner in _LOADERS):
            self._see_method(self.reads, node, name)
        self.generic_visit(node)

    def _see_open(self, node: ast.Call, owner: str) -> None:
        """`open(path, mode)` or `path.open(mode)`."""
        is_method = isinstance(node.func, ast.Attribute) and owner not in ("io", "gzip", "bz2")
        place = node.func.value if is_method and isinstance(node.func, ast.Attribute) else None
        rest = node.args if place is not None else node.args[1:]
        modes = [k.value for k in node.keywords if k.arg == "mode"] or rest[:1]
        mode = modes[0].value if modes and isinstance(modes[0], ast.Constant) else "r"
        wanted = self.writes if isinstance(mode, str) and set(mode) & set("wax+") else self.reads
        self._note(wanted, [place] if place is not None else node.args[:1], node.lineno)

    def _see_method(self, found: list[Touched], node: ast.Call, name: str) -> None:
        if name in ("read_text", "read_bytes", "write_text", "write_bytes"):
            assert isinstance(node.func, ast.Attribute)  # noqa: S101 # these are methods of a path
            self._note(found, [node.func.value], node.lineno)
            if node.args:  # path.write_text(json.dumps(...))
                self._targets[id(node.args[0])] = self._text(node.func.value)
        else:
            self._note(found, node.args[:1], node.lineno)

    def _see_dictionary(self, node: ast.Call) -> None:
        """`json.dump({...}, file)` or `json.dumps({...})`: its keys, where they go to metrics."""
        content = node.args[0] if node.args else None
        if isinstance(content, ast.Name):
            content = self._constants.get(content.id)
        if not isinstance(content, ast.Dict) or not self._may_be_metrics(node):
            return
        self.metrics += [
            Touched(path=key.value, line=key.lineno)
            for key in content.keys
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]

    def _may_be_metrics(self, node: ast.Call) -> bool:
        """Whether the file that gets this dictionary is called like metrics, or is not known."""
        path = self._targets.get(id(node))
        if path is None and len(node.args) > 1:
            path = self._opened(node.args[1])
        return path is None or is_metrics_file(path)

    def _opened(self, file: ast.expr) -> str | None:
        """The path behind `file` or `open(path, "w")`."""
        if isinstance(file, ast.Name):
            file = self._files.get(file.id, file)
        if not isinstance(file, ast.Call):
            return None
        name, _ = _callee(file.func)
        if name != "open":
            return None
        if isinstance(file.func, ast.Attribute):
            return self._text(file.func.value)
        return self._text(file.args[0]) if file.args else None

    def visit_withitem(self, node: ast.withitem) -> None:  # the name that ast calls
        """Note what `with open(path) as file` calls the file."""
        if isinstance(node.optional_vars, ast.Name):
            self._files[node.optional_vars.id] = node.context_expr
        self.generic_visit(node)

    def _see_hydra(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            if keyword.arg == "config_path" and isinstance(keyword.value, ast.Constant):
                self.hydra = Touched(path=str(keyword.value.value), line=node.lineno)

    def _note(self, found: list[Touched], nodes: list[ast.expr], line: int) -> None:
        path = self._text(nodes[0]) if nodes else None
        if path and "://" not in path and "\0" not in path:
            found.append(Touched(path=posixpath.normpath(path), line=line))

    def _text(self, node: ast.expr, *, depth: int = 0) -> str | None:
        """The path that an expression spells; None when it cannot be told."""
        if depth > 8:
            return None
        deeper = depth + 1
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name) if name in self._constants:
                return self._text(self._constants[name], depth=deeper)
            case ast.Attribute(attr=name) if isinstance(self._defaults.get(name), str):
                return str(self._defaults[name])
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined([left, right], depth=deeper)
            case ast.Call(func=function, args=parts) if parts:
                name, _ = _callee(function)
                return (
                    self._joined(parts, depth=deeper) if name in ("Path", "join", "str") else None
                )
        return None

    def _joined(self, nodes: list[ast.expr], *, depth: int) -> str | None:
        parts = [self._text(node, depth=depth) for node in nodes]
        return posixpath.join(*(part or "" for part in parts)) if all(parts) else None


def _callee(function: ast.expr) -> tuple[str, str]:
    """Name of what is called and of what it hangs on: `np.save` -> save, np."""
    if isinstance(function, ast.Name):
        return function.id, ""
    if isinstance(function, ast.Attribute):
        owner = function.value
        return function.attr, owner.id if isinstance(owner, ast.Name) else ""
    return "", ""
