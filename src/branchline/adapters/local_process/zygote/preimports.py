"""Which installed modules a script will import for sure, read from its source without running it.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path. It follows imports
into modules of the project, which it never imports, and stops where the code changes what libraries
may look at when they are imported (environment, search path): what comes after may depend on it.
"""

from __future__ import annotations

import ast
import builtins
import importlib.machinery
import importlib.util
import os
import sys
import warnings
from contextlib import suppress

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from typing import Any

_STORES = frozenset({"setdefault", "update", "pop", "clear", "popitem"})
_MOVES = frozenset({"insert", "append", "extend", "remove", "pop", "clear"})
_SETTERS = frozenset({"putenv", "unsetenv", "load_dotenv", "addsitedir", "chdir", "fchdir"})
_FILTERS = ("filterwarnings", "simplefilter")
_UNKNOWN = object()
_SUFFIXES = tuple(importlib.machinery.all_suffixes())


def installed_folders() -> tuple[str, ...]:
    """Folders, each with a "/" at its end, whose modules no project changes."""
    import sysconfig

    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = [folder for name, folder in sysconfig.get_paths().items() if name in names]
    found += [entry for entry in sys.path if entry.endswith(("-packages", "/lib-dynload"))]
    return tuple(
        sorted({form.rstrip("/") + "/" for e in found for form in (e, os.path.realpath(e))})
    )


class Preimports:
    """Collects the imports of one script.

    Args:
        folder: What the first entry of the script's `sys.path` will be; "" for none.
        installed: See `installed_folders`.

    Attributes:
        found: (module, names taken from it), in the order in which the script imports them.
        is_cut: Whether the collection was stopped by code that changes settings.
        filters: Which warnings are to be said: after how many of these imports that is set, name of
            the function of `warnings`, arguments.
    """

    def __init__(self, folder: str, installed: Sequence[str]) -> None:
        self.folder, self.installed = folder, tuple(installed)
        self.found: dict[tuple[str, tuple[str, ...]], None] = {}
        self.is_cut = False
        self.filters: list[tuple[int, str, list[Any], dict[str, Any]]] = []
        self._read: dict[str, tuple[object, list[str]]] = {}

    def read_script(self, path: str) -> None:
        """Take the imports of a script."""
        self._read_file(path, ())

    def read_module(self, name: str) -> str:
        """Take the imports of a module that is run by `-m`; returns why that cannot be done."""
        spec = self._find(name.partition(".")[0])
        if spec is None or self.is_installed(spec):
            return f"`-m {name}` is no module of the project"
        self._local(spec, name, ("__main__",))
        return ""

    def says_the_same(self) -> bool:
        """Whether the files that were read ask for the same imports still, under like settings.

        One that cannot be read any more says so when it runs.
        """
        for path, (stamp, said) in self._read.items():
            if _stamp(path) != stamp:
                with suppress(OSError, SyntaxError, ValueError, RecursionError):
                    if _said(_read_statements(path)) != said:
                        return False
        return True

    def is_installed(self, spec: importlib.machinery.ModuleSpec) -> bool:
        """Whether a module is built in, or of a folder whose modules no project changes."""
        places = [spec.origin] if spec.has_location else list(spec.submodule_search_locations or ())
        if not places:
            return spec.origin in ("built-in", "frozen")
        return all(place and os.path.abspath(place).startswith(self.installed) for place in places)

    def set_filters(self, number: int) -> None:
        """Let the next import say what it would say when the script runs.

        Args:
            number: Imports before it.
        """
        for place, function, given, named in self.filters:
            if place == number:
                with suppress(Exception):  # what it does not take, the script meets by itself
                    getattr(warnings, function)(*given, **named)

    def _find(self, name: str) -> importlib.machinery.ModuleSpec | None:
        """What a top-level name stands for when the script runs; imports nothing."""
        if name in sys.builtin_module_names:
            return importlib.machinery.BuiltinImporter.find_spec(name)
        path = [self.folder] if self.folder else []
        own = importlib.machinery.PathFinder.find_spec(name, path)
        if own is not None and own.origin is not None:  # a folder without __init__.py comes last
            return own
        try:
            return importlib.util.find_spec(name) or own
        except (ImportError, ValueError):
            return own

    def _read_file(self, path: str, package: tuple[str, ...]) -> None:
        """Take the imports of a file; `package` is the folder of its package, and those above."""
        if path in self._read or not path.endswith(".py") or self.is_cut:
            return
        stamp = _stamp(path)
        self._read[path] = stamp, []
        read = _read_statements(path)
        self._read[path] = stamp, _said(read)
        statements, changes_settings = read
        for statement in statements:  # what is read on the way may end it
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    self._take(alias.name, ())
            elif isinstance(statement, ast.ImportFrom):
                self._from(statement, package)
            else:
                self._filter(statement.value)
        self.is_cut |= changes_settings

    def _from(self, statement: ast.ImportFrom, package: tuple[str, ...]) -> None:
        names = tuple(alias.name for alias in statement.names if alias.name != "*")
        if not statement.level:
            self._take(statement.module or "", names)
        elif len(package) >= statement.level:
            folder = package[statement.level - 1]
            parts = statement.module.split(".") if statement.module else []
            self._walk(package[statement.level - 1 :], folder, parts, names)

    def _filter(self, call: ast.Call) -> None:
        """Take note of which warnings are to be said, where the code says it in plain values."""
        given = [_value(argument) for argument in call.args]
        named = {word.arg or "": _value(word.value) for word in call.keywords}
        is_plain = _UNKNOWN not in (*given, *named.values()) and "" not in named
        if is_plain and not self.is_cut:
            self.filters.append((len(self.found), _name(call.func), given, named))

    def _take(self, name: str, names: tuple[str, ...]) -> None:
        if self.is_cut or not name or name == "__future__":
            return
        spec = self._find(name.partition(".")[0])
        if spec is None:
            return  # found only after the script has changed its path, or never
        if self.is_installed(spec):
            self.found[name, names] = None
        else:
            self._local(spec, name, names)

    def _local(
        self, spec: importlib.machinery.ModuleSpec, name: str, names: tuple[str, ...]
    ) -> None:
        """Read a module of the project, and those on the way to it."""
        folders = spec.submodule_search_locations
        if folders is None:
            if spec.origin:
                self._read_file(spec.origin, ())
            return
        for folder in folders:
            if spec.origin and spec.has_location:
                self._read_file(spec.origin, (folder,))
            self._walk((folder,), folder, name.split(".")[1:], names)

    def _walk(
        self, package: tuple[str, ...], folder: str, parts: Sequence[str], names: Sequence[str]
    ) -> None:
        """Read the modules of a package, from a folder down; `names` may be modules, too."""
        for number, part in enumerate(parts):
            is_folder = os.path.isdir(folder + "/" + part)
            if not is_folder:
                if number == len(parts) - 1:
                    self._read_if_there(folder + "/" + part + ".py", package)
                return
            folder = folder + "/" + part
            package = (folder, *package)
            self._read_if_there(folder + "/__init__.py", package)
        for name in names:
            self._read_if_there(folder + "/" + name + ".py", package)
            if os.path.isdir(folder + "/" + name):
                self._read_if_there(
                    folder + "/" + name + "/__init__.py", (folder + "/" + name, *package)
                )

    def _read_if_there(self, path: str, package: tuple[str, ...]) -> None:
        if os.path.isfile(path):
            self._read_file(path, package)


def _read_statements(path: str) -> tuple[list[Any], bool]:
    """Statements of a file that matter here, down to one that changes settings.

    Returns:
        Imports, and calls that set which warnings are said; whether settings are changed then.
    """
    with open(path, "rb") as file:
        tree = ast.parse(file.read())
    found: list[Any] = []
    for statement in tree.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)) or _is_filter(statement):
            found.append(statement)
        if _changes_settings(statement):
            return found, True
    return found, False


def _said(read: tuple[list[Any], bool]) -> list[str]:
    """The same as texts, which are the same where it is."""
    statements, changes_settings = read
    return [*map(ast.dump, statements), *(["settings"] if changes_settings else ())]


def _is_filter(statement: ast.stmt) -> bool:
    """Whether a statement is a call that sets which warnings are said."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    return _name(statement.value.func) in _FILTERS


def _stamp(path: str) -> object:
    """What of a file's state differs once it was written anew."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def top_names(loaded: Iterable[str]) -> frozenset[str]:
    """Names that a file of the project can take from modules."""
    tops = {name.partition(".")[0] for name in loaded}
    return frozenset(tops - set(sys.builtin_module_names))


def hidden_by(folder: str, tops: Container[str]) -> str:
    """A file of a folder that has one of these names of modules; "" when there is none.

    A fresh interpreter would find that file first.
    """
    try:
        entries = os.listdir(folder) if folder else []
    except OSError:
        return ""
    for entry in sorted(entries):
        stem = entry.partition(".")[0]
        if stem not in tops:
            continue
        if entry == stem:
            if os.path.isfile(folder + "/" + entry + "/__init__.py"):
                return entry
        elif entry[len(stem) :] in _SUFFIXES:
            return entry
    return ""


def _changes_settings(statement: ast.stmt) -> bool:
    """Whether code may change what libraries look at when they are imported."""
    return any(_is_setting(node) for node in ast.walk(statement))


def _is_setting(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        called = node.func
        name = _name(called)
        if name in _SETTERS:
            return True
        if not isinstance(called, ast.Attribute):
            return False
        held = called.value
        return (_is_environ(held) and name in _STORES) or (_is_path(held) and name in _MOVES)
    if isinstance(node, ast.Assign) and _is_environ(node.value):  # another name for it
        return True
    if isinstance(node, ast.arguments) and any(map(_is_environ, node.defaults)):
        return True
    if isinstance(node, ast.alias):
        return node.name == "environ" and bool(node.asname)
    if isinstance(node, (ast.Subscript, ast.Attribute, ast.Name)):
        held = node.value if isinstance(node, ast.Subscript) else node
        is_read = isinstance(node.ctx, ast.Load)
        return not is_read and (_is_environ(held) or _is_path(held))
    return False


def _value(node: ast.AST) -> object:
    """What a constant, or the name of a class of warnings, stands for."""
    if isinstance(node, ast.Constant):
        return node.value
    found = getattr(builtins, _name(node), None) if isinstance(node, ast.Name) else None
    is_warning = isinstance(found, type) and issubclass(found, Warning)
    return found if is_warning else _UNKNOWN


def _name(node: ast.AST) -> str:
    return getattr(node, "attr", "") or getattr(node, "id", "")


def _is_environ(node: ast.AST) -> bool:
    return _name(node) in ("environ", "environb")


def _is_path(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and _name(node) == "path" and _name(node.value) == "sys"
