"""What a training script reads and writes, as far as its text tells. Serves `init`.

Reads the syntax trees of one script and of the repository's modules that it imports, and never runs
them. Everything found is a proposal for a person to look at, so guessing is allowed here; keys are
never made from it.
"""

from __future__ import annotations

import ast
import posixpath
import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.flows.init.binding import bind_parameters, functions_around
from branchline.flows.init.dataclass_options import dataclass_options
from branchline.flows.init.finder import Finder
from branchline.flows.init.folding import Folding, Returned
from branchline.flows.init.options import Parser, callee, constants_of, keyword, options_of
from branchline.flows.init.programs import program_functions
from branchline.flows.init.references import resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from branchline.flows.init.touched import Composition, Measure, Touched
    from branchline.flows.init.view import View

__all__ = ["Script", "imports_of", "local_modules", "read_script"]

_MOST_MODULES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What was found in one script and in the modules of the repository that it imports.

    Attributes:
        path: From the root.
        parser: How it reads its command line.
        constants: Names in capitals with a plain value: (name, value, line).
        reads, writes: Paths, in order of first use.
        measures: Metrics that it writes or prints.
        has_relative_imports: Then it can only run as `python -m`.
        imports: Top-level names that it imports, those of Python's own library left out.
        modules: Files of the repository that it imports, itself first.
        logs: Files into which it logs.
        unfollowed: `file:line` of what it reads from paths that cannot be told.
        logged: Metrics that it hands to a framework's logger.
        hydra: How Hydra composes its configuration; None where it does not.
        calls: Names of what it calls: `fit`, `Trainer`.
    """

    path: str
    parser: Parser
    constants: tuple[tuple[str, object, int], ...] = ()
    reads: tuple[Touched, ...] = ()
    writes: tuple[Touched, ...] = ()
    measures: tuple[Measure, ...] = ()
    has_relative_imports: bool = False
    imports: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    unfollowed: tuple[str, ...] = ()
    logged: tuple[Measure, ...] = ()
    hydra: Composition | None = None
    calls: frozenset[str] = field(default_factory=frozenset)


def read_script(
    view: View,
    path: str,
    *,
    given: Mapping[str, object] | None = None,
    configuration: Mapping[str, object] | None = None,
) -> Script | None:
    """Read a script; None when it is not there or Python cannot parse it.

    Args:
        view: The repository's files.
        path: The script.
        given: Values of options on the command line, by the name of their value.
        configuration: What Hydra composes for it.
    """
    tree = view.python(path)
    if tree is None:
        return None
    parser = _parser(tree)
    defaults = {
        o.variable: o.default for o in parser.options if not o.is_required or o.default is not None
    }
    defaults |= given or {}
    modules = [path, *local_modules(view, path)][:_MOST_MODULES]
    trees = {file: found for file in modules if (found := view.python(file)) is not None}
    own = {posixpath.splitext(posixpath.basename(file))[0] for file in trees}
    own |= {part for file in trees for part in posixpath.dirname(file).split("/")}
    sources = {file: _Source(file, found, own) for file, found in trees.items()}
    used = frozenset(name for found in trees.values() for name in _mentioned(found))
    used |= program_functions(view, path)

    def settings(file: str) -> object:
        return view.mapping(file) or None

    foldings = {
        file: Folding(file, source.values, dict(defaults), settings, configuration)
        for file, source in sources.items()
    }
    returns = {
        name: Returned(folding=foldings[file], node=node, function=source.functions.get(name))
        for file, source in sources.items()
        for name, node in (*source.returns.items(), *source.fields.items())
    }
    for folding in foldings.values():
        folding.know_functions(returns)
    for file, source in sources.items() if not configuration else ():
        foldings[file].configure(_stored(source, foldings[file]))
    bind_parameters(tuple(sources.values()), foldings)
    finders = []
    for file, source in sources.items():
        finder = Finder(file, foldings[file], source.values, source.filled, used)
        with suppress(RecursionError):  # an expression of hundreds of terms: the rest is kept
            finder.visit(source.tree)
        finders.append(finder)
    return Script(
        path=path,
        parser=parser,
        constants=constants_of(tree),
        reads=_once(item for finder in finders for item in finder.reads),
        writes=_once(item for finder in finders for item in finder.writes),
        measures=_once_each(item for finder in finders for item in finder.measures),
        has_relative_imports=any(
            isinstance(node, ast.ImportFrom) and node.level > 0 for node in ast.walk(tree)
        ),
        imports=imports_of(tree),
        modules=tuple(sources),
        logs=tuple(path for finder in finders for path in finder.logs),
        unfollowed=tuple(where for finder in finders for where in finder.unfollowed),
        logged=tuple(measure for finder in finders for measure in finder.logged),
        hydra=finders[0].hydra if finders[0].hydra.line else None,
        calls=frozenset(
            callee(node.func)[0] for node in ast.walk(tree) if isinstance(node, ast.Call)
        ),
    )


def _stored(source: _Source, folding: Folding) -> dict[str, object]:
    """What Hydra composes of classes: `ConfigStore.instance().store(name="c", node=Config)`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and callee(node.func)[0] == "store":
            for holder in keyword(node, "node"):
                made = ast.Call(holder, [], []) if isinstance(holder, ast.Name) else holder
                value = folding.value(made)
                if isinstance(value, dict):
                    return resolved({str(key): item for key, item in value.items()})
    return {}


def _parser(tree: ast.Module) -> Parser:
    found = options_of(tree)
    more = dataclass_options(tree)
    return replace(found, options=(*found.options, *more)) if more else found


class _Source:
    """One file: its tree, the names that it gives a value, and those of others' libraries."""

    def __init__(self, file: str, tree: ast.Module, own: set[str]) -> None:
        self.file = file
        self.tree = tree
        self.around = functions_around(tree)
        self.values: dict[str, ast.expr] = {}
        self.filled: dict[str, list[tuple[ast.Constant, ast.expr]]] = {}
        self.functions: dict[str, ast.FunctionDef] = {}
        self.methods: dict[str, ast.FunctionDef] = {}
        self.returns: dict[str, ast.expr] = {}
        self.fields: dict[str, ast.Dict] = {}
        self.foreign = {
            alias.asname or alias.name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name.partition(".")[0] not in own
        }
        for node in ast.walk(tree):
            self._take(node)
            self._define(node)

    def _define(self, node: ast.AST) -> None:
        """Functions and classes."""
        match node:
            case ast.FunctionDef():
                self.functions.setdefault(node.name, node)
                last = node.body[-1]
                if isinstance(last, ast.Return) and last.value is not None:
                    self.returns.setdefault(node.name, last.value)
            case ast.withitem(optional_vars=ast.Name(id=name), context_expr=opened):
                self.values.setdefault(name, opened)
            case ast.ClassDef():
                self.fields.setdefault(node.name, _fields(node))
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef):
                        self.methods.setdefault(f"{node.name}.{inner.name}", inner)
                        if inner.name == "__init__":
                            self.functions.setdefault(node.name, inner)

    def _take(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.values.setdefault(name, value)
            case ast.Assign(targets=[ast.Attribute(attr=name, value=ast.Name(id="self"))], value=v):
                self.values.setdefault(f"self.{name}", v)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.values.setdefault(name, value)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                self.values.setdefault(name, value)
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id=name), slice=ast.Constant() as key)],
                value=value,
            ):
                self.filled.setdefault(name, []).append((key, value))
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="update"), args=[ast.Dict() as d]
            ):
                pairs = zip(d.keys, d.values, strict=True)
                self.filled.setdefault(name, []).extend(
                    (key, value) for key, value in pairs if isinstance(key, ast.Constant)
                )


def _fields(node: ast.ClassDef) -> ast.Dict:
    """Fields of a class that have a value from the start, as those of a dataclass have."""
    pairs = [
        (inner.target.id, inner.value)
        for inner in node.body
        if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name) and inner.value
    ]
    return ast.Dict(keys=[ast.Constant(value=name) for name, _ in pairs],
                    values=[value for _, value in pairs])  # fmt: skip


def local_modules(view: View, path: str) -> list[str]:
    """Files of the repository that a script imports, directly or not, at most thirty."""
    found: dict[str, None] = {}
    waiting = [path]
    while waiting and len(found) < _MOST_MODULES:
        file = waiting.pop(0)
        tree = view.python(file)
        if tree is None:
            continue
        for name in _imported(tree, file):
            place = _file_of(view, path, name)
            if place is not None and place != path and place not in found:
                found[place] = None
                waiting.append(place)
    return list(found)


def _imported(tree: ast.Module, file: str) -> Iterator[str]:
    """Modules that a file imports, as paths without their ending."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.replace(".", "/")
        elif isinstance(node, ast.ImportFrom):
            folder = ""
            if node.level:
                folder = posixpath.dirname(file)
                for _ in range(node.level - 1):
                    folder = posixpath.dirname(folder)
                folder = folder or "."
            base = posixpath.join(folder, (node.module or "").replace(".", "/"))
            yield base
            for alias in node.names:
                yield posixpath.join(base, alias.name)


def _file_of(view: View, script: str, name: str) -> str | None:
    folder = posixpath.dirname(script)
    places = [folder]
    while places[-1]:
        places.append(posixpath.dirname(places[-1]))
    for place in (*places, "src"):
        base = posixpath.normpath(posixpath.join(place, name))
        for path in (f"{base}.py", f"{base}/__init__.py"):
            if not path.startswith("..") and view.has_file(path):
                return path
    return None


def _mentioned(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def imports_of(tree: ast.AST) -> tuple[str, ...]:
    """Top-level names of absolute imports, in the order met, Python's own library left out."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.append(node.module)
    names = dict.fromkeys(name.partition(".")[0] for name in found)
    return tuple(name for name in names if name not in sys.stdlib_module_names)


def _once(found: Iterator[Touched]) -> tuple[Touched, ...]:
    """Each path once: a sure mention before others, else the first."""
    best: dict[str, Touched] = {}
    for item in found:
        known = best.get(item.path)
        if known is None or (item.is_sure and not known.is_sure):
            best[item.path] = item
    return tuple(best.values())


def _once_each(found: Iterator[Measure]) -> tuple[Measure, ...]:
    best: dict[tuple[str, str], Measure] = {}
    for item in found:
        best.setdefault((item.name, item.target), item)
    return tuple(best.values())
