"""A bounded, read-only view of a repository, for the detectors of `init`. Writes and runs nothing.

A repository may hold a hundred thousand images, or a notebook of a gigabyte: what is listed and
what is read have limits, and what lies beyond them is told, never taken for absent.
"""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

from branchline.core.documents import read_json, read_toml, read_yaml
from branchline.errors import DocumentError
from branchline.flows.init.cells import cells_of
from branchline.ports.workspace import EntryKind

if TYPE_CHECKING:
    from branchline.core.documents import Document
    from branchline.ports.tree import Tree

__all__ = ["DOCUMENT_ENDINGS", "View"]

DOCUMENT_ENDINGS = (".yaml", ".yml", ".json", ".toml")
_READERS = {".json": read_json, ".toml": read_toml, ".yaml": read_yaml, ".yml": read_yaml}
_NOT_LOOKED_AT = {
    "node_modules", "venv", "env", "site-packages", "build", "dist", "__pycache__",
    "outputs", "multirun", "mlruns", "wandb", "lightning_logs",
}  # fmt: skip
_DEEPEST = 5
_MOST_FOLDERS = 400  # a folder of 100,000 images in folders must not make `init` slow
_MOST_FILES = 20_000
_MOST_BYTES = 2_000_000  # of one file that is read as text
_MOST_SUMMED = 20_000  # files of a folder of data whose sizes are added up


class View:
    """The files of a repository, shallow ones first; hidden and vendored folders left out.

    Args:
        tree: The repository's files.
        tracked: Files that git holds.

    Attributes:
        root: Absolute path.
        files: Paths of all files within the limits, from the root.
        is_cut: Whether there are more than the limits allow.
    """

    def __init__(self, tree: Tree, *, tracked: frozenset[str] = frozenset()) -> None:
        self._tree = tree
        self._tracked = tracked
        self.root = tree.root
        self.is_cut = False
        self.files = tuple(self._walk())
        self._known = frozenset(self.files)
        self._texts: dict[str, str | None] = {}
        self._parsed: dict[str, ast.Module | None] = {}
        self._documents: dict[str, Document | None] = {}

    def _walk(self) -> list[str]:
        found: list[str] = []
        folders = [("", 0)]
        seen = 0
        while folders:
            if seen == _MOST_FOLDERS or len(found) >= _MOST_FILES:
                self.is_cut = True
                break
            folder, depth = folders.pop(0)
            seen += 1
            for name, kind in (self._tree.list_folder(folder or ".") or {}).items():
                path = posixpath.join(folder, name)
                if kind is EntryKind.FILE:
                    found.append(path)
                elif kind is EntryKind.FOLDER and depth < _DEEPEST and _is_looked_at(name):
                    folders.append((path, depth + 1))
        self.is_cut = self.is_cut or len(found) > _MOST_FILES
        return found[:_MOST_FILES]

    def named(self, *endings: str) -> list[str]:
        """Paths that end so, in order."""
        return [path for path in self.files if path.endswith(endings)]

    def has_file(self, path: str) -> bool:
        """Whether a regular file stands there, hidden and vendored ones too."""
        if path in self._known:
            return True
        entry = self._tree.entry(path) if _is_inside(path) else None
        return entry is not None and entry.kind is EntryKind.FILE

    def has_folder(self, path: str) -> bool:
        """Whether a folder stands there."""
        return _is_inside(path) and self._tree.list_folder(path or ".") is not None

    @property
    def knows_git(self) -> bool:
        """Whether it was told which files git holds."""
        return bool(self._tracked)

    def is_tracked(self, path: str) -> bool:
        """Whether git holds a file, or anything in a folder."""
        return path in self._tracked or any(p.startswith(f"{path}/") for p in self._tracked)

    def exists(self, path: str) -> bool:
        """Whether anything that can be read stands there."""
        return self.has_file(path) or self.has_folder(path)

    def names(self, folder: str) -> list[str]:
        """Names directly inside a folder; none when there is no folder."""
        return list(self._tree.list_folder(folder or ".") or {}) if _is_inside(folder) else []

    def size_bytes(self, path: str) -> int | None:
        """Size of a file, or of all files in a folder; None when it is not there or too many."""
        entry = self._tree.entry(path) if _is_inside(path) else None
        if entry is None:
            return None
        if entry.kind is EntryKind.FILE:
            return entry.size_bytes
        total = seen = 0
        folders = [path]
        while folders:
            folder = folders.pop()
            for name, kind in (self._tree.list_folder(folder) or {}).items():
                inner = posixpath.join(folder, name)
                seen += 1
                if seen > _MOST_SUMMED:
                    return None
                if kind is EntryKind.FOLDER:
                    folders.append(inner)
                elif kind is EntryKind.FILE:
                    found = self._tree.entry(inner)
                    total += found.size_bytes if found is not None else 0
        return total

    def read(self, path: str) -> bytes | None:
        """Bytes of a file; None when there is none, or it is larger than two megabytes."""
        entry = self._tree.entry(path) if _is_inside(path) else None
        if entry is None or entry.kind is not EntryKind.FILE or entry.size_bytes > _MOST_BYTES:
            return None
        return self._tree.read(path)

    def text(self, path: str) -> str | None:
        """Text of a file, bytes that are no UTF-8 replaced; None as for `read`."""
        if path not in self._texts:
            data = self.read(path)
            self._texts[path] = None if data is None else data.decode("utf-8", errors="replace")
        return self._texts[path]

    def line(self, path: str, number: int) -> str:
        """One line of a file, without its indentation, from 1; "" when there is none."""
        lines = (self.text(path) or "").splitlines()
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""

    def python(self, path: str) -> ast.Module | None:
        """The syntax tree of a Python file or notebook; None when it cannot be read or parsed."""
        if path not in self._parsed:
            data = self.read(path)
            self._parsed[path] = None if data is None else _parsed(data, path)
        return self._parsed[path]

    def document(self, path: str) -> Document | None:
        """A YAML, JSON or TOML file; None when it is not there or of another kind.

        Raises:
            DocumentError: It cannot be read.
        """
        if path not in self._documents:
            reader = next((read for end, read in _READERS.items() if path.endswith(end)), None)
            data = self.read(path) if reader is not None else None
            self._documents[path] = (
                None if reader is None or data is None else reader(data, file=path)
            )
        return self._documents[path]

    def mapping(self, path: str) -> dict[str, object]:
        """The mapping in a YAML, JSON or TOML file; empty when it holds none or cannot be read."""
        try:
            read = self.document(path)
        except DocumentError:
            return {}
        value = read.value if read is not None else None
        return value if isinstance(value, dict) else {}


def _parsed(source: bytes, path: str) -> ast.Module | None:
    if path.endswith(".ipynb"):
        cells = cells_of(source)
        if cells is None or cells.kernel not in ("", "python"):
            return None
        source = cells.source.encode()
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_looked_at(folder: str) -> bool:
    return not folder.startswith(".") and folder not in _NOT_LOOKED_AT


def _is_inside(path: str) -> bool:
    """Whether a path stays below the root."""
    normal = posixpath.normpath(path or ".")
    return not normal.startswith(("/", "../")) and normal != ".." and "\0" not in path
