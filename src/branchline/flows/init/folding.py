"""What an expression of a script comes to, as far as its text tells. Serves `init`.

Follows names that are given a value once, defaults of options, settings files that are loaded and
paths that are put together. Never runs anything: what cannot be told is `UNKNOWN`.
"""

from __future__ import annotations

import ast
import posixpath
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from branchline.flows.init.options import callee, keyword, variable_of
from branchline.flows.init.references import resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["UNKNOWN", "Folding", "Returned", "Unknown", "gives_value", "names_in"]

_DEEPEST = 12
_SETTINGS_LOADERS = {"safe_load", "load", "full_load", "loads", "unsafe_load"}
_LOADING_OWNERS = {"yaml", "json", "toml", "tomllib", "OmegaConf", "tomli"}
_SAME_PATH = {
    "EasyDict", "Path", "PosixPath", "PurePath", "absolute", "abspath", "as_posix", "create",
    "dict", "expanduser", "fspath", "normpath", "realpath", "resolve", "str",
}  # fmt: skip


class Unknown(Enum):
    """The one thing that cannot be told."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What a function of the repository returns.

    Attributes:
        folding: Of the file in which it stands.
        node: The expression.
        function: The function; None for the fields of a class.
    """

    folding: Folding
    node: ast.expr
    function: ast.FunctionDef | None


class Folding:
    """Folds expressions of one script.

    Args:
        path: The script, from the root: what `__file__` is.
        values: What names are given, where that happens once.
        defaults: Defaults of options by the name of their value; an option without one is absent.
        settings: Content of a settings file by its path; None when there is none.
        configuration: What Hydra composes; looked up by any name that has these keys.
    """

    def __init__(
        self,
        path: str,
        values: Mapping[str, ast.expr],
        defaults: Mapping[str, object],
        settings: Callable[[str], object],
        configuration: Mapping[str, object] | None = None,
    ) -> None:
        self._file = path
        self._values = values
        self._defaults = defaults
        self._settings = settings
        self._configuration = configuration or {}
        self._bound: dict[tuple[int, str], object] = {}
        self._loose: dict[str, object] = {}
        self._around: list[ast.FunctionDef] = []
        self._returns: Mapping[str, Returned] = {}

    def configure(self, configuration: Mapping[str, object]) -> None:
        """Say what Hydra composes where that was not known at the beginning."""
        self._configuration = self._configuration or configuration

    def bind(self, name: str, value: object, function: ast.FunctionDef) -> None:
        """Say what a function's parameter is; what was said first counts."""
        self._bound.setdefault((id(function), name), value)
        self._loose.setdefault(name, value)

    def know_functions(self, returns: Mapping[str, Returned]) -> None:
        """Say what functions of the repository return: the expression, and who folds it."""
        self._returns = returns

    @contextmanager
    def within(self, *functions: ast.FunctionDef) -> Iterator[None]:
        """Fold what stands inside functions: their parameters are theirs."""
        before, self._around = self._around, [*self._around, *functions]
        try:
            yield
        finally:
            self._around = before

    @contextmanager
    def _anywhere(self) -> Iterator[None]:
        """Fold what stands elsewhere: in the constructor that gave `self.path` its value."""
        before, self._around = self._around, []
        try:
            yield
        finally:
            self._around = before

    def text(self, node: ast.expr) -> str | None:
        """The text or path that an expression spells; None when it cannot be told."""
        value = self.value(node)
        return value if isinstance(value, str) else None

    def value(self, node: ast.expr, depth: int = 0) -> object:
        """What an expression comes to; `UNKNOWN` when it cannot be told."""
        if depth > _DEEPEST:
            return UNKNOWN
        deeper = depth + 1
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id="__file__"):
                return self._file
            case ast.Name(id=name):
                return self._name(name, deeper)
            case ast.Attribute():
                return self._attribute(node, deeper)
            case ast.Subscript(
                value=ast.Attribute(attr="argv"), slice=ast.Constant(value=int(key))
            ):
                return self._defaults.get(f"sys.argv[{key}]", UNKNOWN)
            case ast.Subscript(value=ast.Attribute(attr="parents", value=inner), slice=key):
                return _above(self.value(inner, deeper), self.value(key, deeper))
            case ast.Subscript(value=inner, slice=key):
                return self._item(inner, key, deeper)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined([left, right], deeper)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                a, b = self.value(left, deeper), self.value(right, deeper)
                return a + b if isinstance(a, str) and isinstance(b, str) else UNKNOWN
        return self._composed(node, deeper)

    def _composed(self, node: ast.expr, deeper: int) -> object:
        """Expressions that put others together, or choose among them."""
        match node:
            case ast.JoinedStr(values=parts):
                return self._format(parts, deeper)
            case ast.Dict(keys=keys, values=values):
                return {
                    key.value: self.value(value, deeper)
                    for key, value in zip(keys, values, strict=True)
                    if isinstance(key, ast.Constant)
                }
            case ast.Call():
                return self._call(node, deeper)
            case ast.IfExp(test=test, body=body, orelse=otherwise) if "argv" in ast.dump(test):
                # `sys.argv[1] if len(sys.argv) > 1 else "model"`: what is given, else the other
                word, plain = (body, otherwise) if "argv" in ast.dump(body) else (otherwise, body)
                given = self.value(word, deeper)
                return self.value(plain, deeper) if given is UNKNOWN else given
            case ast.BoolOp(op=ast.Or(), values=[first, *others]):
                return self._first([first, *others], deeper)
        return UNKNOWN

    def _item(self, holder: ast.expr, key: ast.expr, depth: int) -> object:
        name = self.value(key, depth)
        made = self._values.get(holder.id) if isinstance(holder, ast.Name) else holder
        if isinstance(made, ast.Call) and callee(made.func)[0] == "vars" and isinstance(name, str):
            return self._defaults.get(variable_of(name), UNKNOWN)  # vars(options)["data.path"]
        return _inside(self.value(holder, depth), name)

    def _name(self, name: str, depth: int) -> object:
        for function in reversed(self._around):
            if gives_value(function, name):
                break  # `path = folder / path`: no longer what was passed
            if (id(function), name) in self._bound:
                return self._bound[id(function), name]
            if any(argument.arg == name for argument in _parameters(function)):
                return self._defaults.get(name, UNKNOWN)  # click passes options under their names
        if name in self._values:
            return self.value(self._values[name], depth)
        if name in self._loose:
            return self._loose[name]
        return self._defaults.get(name, UNKNOWN)

    def _attribute(self, node: ast.Attribute, depth: int) -> object:
        names = _dotted(node)
        if names and names[0] not in self._values and self._configuration:
            found: object = self._configuration
            for name in names[1:]:
                found = _inside(found, name)
            if found is not UNKNOWN and found is not None:
                return found
        if names[-2:] == ["runtime", "output_dir"]:
            return "@run"
        if isinstance(node.value, ast.Name) and f"self.{node.attr}" in self._values:
            with self._anywhere():
                return self.value(self._values[f"self.{node.attr}"], depth)
        if node.attr == "parent":
            inner = self.value(node.value, depth)
            return posixpath.dirname(inner) if isinstance(inner, str) else UNKNOWN
        inner = self.value(node.value, depth)
        if isinstance(inner, dict):
            return _inside(inner, node.attr)
        return self._defaults.get(node.attr, UNKNOWN)

    def _call(self, node: ast.Call, depth: int) -> object:
        name, owner = callee(node.func)
        if name == "compose" and self._configuration:
            return self._configuration
        if name == "get_original_cwd":
            return "@root"
        if name in ("cwd", "getcwd") and not node.args:
            return "."
        if name in _SETTINGS_LOADERS and owner in _LOADING_OWNERS and node.args:
            found = self._loaded(node.args[0], depth)
            return resolved(found) if owner == "OmegaConf" and isinstance(found, dict) else found
        if name in ("merge", "unsafe_merge") and owner == "OmegaConf":
            return self._merged(node.args, depth)
        if name == "field":
            return self._field(node, depth)
        if name == "getattr" and len(node.args) > 1:
            key = self.value(node.args[1], depth)
            return (
                self._defaults.get(variable_of(key), UNKNOWN) if isinstance(key, str) else UNKNOWN
            )
        if name == "get" and isinstance(node.func, ast.Attribute) and node.args:
            return self._got(node.func.value, node.args, depth)
        if name in self._returns and owner != "self":
            returned = self._returns[name]
            with returned.folding.within(*filter(None, [returned.function])):
                return returned.folding.value(returned.node, depth)
        return self._path(node, name, owner, depth)

    def _path(self, node: ast.Call, name: str, owner: str, depth: int) -> object:
        """Calls that make a path."""
        if name == "join" and owner in ("path", "os", "osp", ""):
            return self._joined(node.args, depth)
        if name == "joinpath" and isinstance(node.func, ast.Attribute):
            return self._joined([node.func.value, *node.args], depth)
        if name in ("dirname", "to_absolute_path") and node.args:
            inner = self.value(node.args[0], depth)
            if not isinstance(inner, str):
                return UNKNOWN
            return posixpath.dirname(inner) if name == "dirname" else posixpath.join("@root", inner)
        if name in _SAME_PATH:
            if node.args:
                return self._joined(node.args, depth)
            if isinstance(node.func, ast.Attribute):
                return self.value(node.func.value, depth)
        return UNKNOWN

    def _field(self, node: ast.Call, depth: int) -> object:
        """`field(default=1)`, `field(default_factory=Paths)` in a dataclass."""
        for given in keyword(node, "default"):
            return self.value(given, depth)
        for made in keyword(node, "default_factory"):
            inner = made.body if isinstance(made, ast.Lambda) else ast.Call(made, [], [])
            return self.value(inner, depth)
        return UNKNOWN

    def _got(self, holder: ast.expr, arguments: list[ast.expr], depth: int) -> object:
        """`settings.get("out", "model")`."""
        found = _inside(self.value(holder, depth), self.value(arguments[0], depth))
        return self.value(arguments[1], depth) if found is UNKNOWN and arguments[1:] else found

    def _first(self, nodes: list[ast.expr], depth: int) -> object:
        """`given or "model"`: the first that counts as true."""
        for node in nodes:
            value = self.value(node, depth)
            if value is UNKNOWN or value:
                return value
        return UNKNOWN

    def _merged(self, nodes: list[ast.expr], depth: int) -> object:
        """Settings files in the order in which they win; what is not known changes nothing."""
        merged: dict[object, object] = {}
        for node in nodes:
            value = self.value(node, depth)
            if isinstance(value, dict):
                merged |= value
        return merged or UNKNOWN

    def _loaded(self, node: ast.expr, depth: int) -> object:
        """What stands in the settings file that is loaded."""
        if isinstance(node, ast.Name) and node.id in self._values:
            node = self._values[node.id]
        if isinstance(node, ast.Call):
            name, _ = callee(node.func)
            if name in ("open", "read_text", "read") and isinstance(node.func, ast.Attribute):
                node = node.func.value
            elif name == "open" and node.args:
                node = node.args[0]
        path = self.value(node, depth)
        found = self._settings(path) if isinstance(path, str) else None
        return UNKNOWN if found is None else found

    def _joined(self, nodes: list[ast.expr], depth: int) -> object:
        parts = [self.value(node, depth) for node in nodes]
        if len(parts) == 1:
            return parts[0]
        texts = [part for part in parts if isinstance(part, str)]
        return posixpath.join(*texts) if len(texts) == len(parts) else UNKNOWN

    def _format(self, parts: list[ast.expr], depth: int) -> object:
        spelled = []
        for part in parts:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            value = self.value(inner, depth)
            if not isinstance(value, str | int | float):
                return UNKNOWN
            if isinstance(part, ast.FormattedValue) and part.format_spec is not None:
                return UNKNOWN
            spelled.append(str(value))
        return "".join(spelled)


@lru_cache(maxsize=1024)
def _given_values(function: ast.FunctionDef) -> frozenset[str]:
    return frozenset(
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )


def gives_value(function: ast.FunctionDef, name: str) -> bool:
    """Whether a function gives a name a value itself."""
    return name in _given_values(function)


def _above(path: object, steps: object) -> object:
    """`Path(__file__).resolve().parents[2]`."""
    if not isinstance(path, str) or not isinstance(steps, int) or not 0 <= steps < _DEEPEST:
        return UNKNOWN
    for _ in range(steps + 1):
        path = posixpath.dirname(path)
    return path


def _parameters(function: ast.FunctionDef) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _inside(holder: object, key: object) -> object:
    if isinstance(holder, dict) and isinstance(key, str | int):
        return holder.get(key, UNKNOWN)
    return UNKNOWN


def _dotted(node: ast.expr) -> list[str]:
    """Names of `cfg.model.out`, calls left out; empty where it does not begin with a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute | ast.Call):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        else:
            node = node.func
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []


def names_in(value: object, prefix: str) -> list[str]:
    """Dotted names of a dictionary that was folded, texts left out."""
    if not isinstance(value, dict):
        return []
    found = []
    for key, item in value.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(item, dict):
            found += names_in(item, name)
        elif not isinstance(item, str):
            found.append(name)
    return found
