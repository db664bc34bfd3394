"""Port `locks`: every dvc.lock of a repository, read and written as DVC does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from branchline.adapters.dvc.atomic_file import AtomicWriter
from branchline.core.plan.entries import entry_from_json, entry_to_json
from branchline.errors import DocumentError, LockFileError
from branchline.ports.locks import LockFiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.dvc.lock_document import LockDocument
    from branchline.core.pipeline import LockEntry, Stage
    from branchline.core.values import JsonValue

_START_OVER = "Mend it, take it from another commit, or delete it and run the pipeline again."


class DvcLockFiles(LockFiles):
    """The lock files below one root.

    Args:
        root: Absolute root of the repository.
        lasting: See `AtomicWriter`.
    """

    def __init__(self, root: str, *, lasting: bool = True) -> None:
        self._root = root
        self._writer = AtomicWriter(root, lasting=lasting)
        self._documents: dict[str, tuple[tuple[int, int, int], LockDocument]] = {}
        self._known: dict[str, tuple[str, dict[str, LockEntry]]] = {}

    def read(self, stages: Sequence[Stage]) -> Mapping[str, LockEntry]:
        """See the port."""
        found: dict[str, LockEntry] = {}
        for path, group in _by_file(stages).items():
            text = self._text(path)
            known = self._entries(path, text, {stage.lock_name for stage in group})
            for stage in group:
                if stage.lock_name in known:
                    found[stage.address] = known[stage.lock_name]
        return found

    def write(self, entries: Sequence[tuple[Stage, LockEntry]]) -> None:
        """See the port."""
        groups: dict[str, dict[str, LockEntry]] = {}
        for stage, entry in entries:
            groups.setdefault(lock_path(stage.file), {})[stage.lock_name] = entry
        for path, group in groups.items():
            self._write_file(path, group)

    def paths(self, stages: Sequence[Stage]) -> Sequence[str]:
        """See the port."""
        return tuple(_by_file(stages))

    def _write_file(self, path: str, group: Mapping[str, LockEntry]) -> None:
        from branchline.adapters.dvc.lock_document import rewritten

        entries = {name: entry_to_json(entry) for name, entry in group.items()}
        old, document = self._document(path)
        if document is None:
            text = rewritten(old, entries)
        else:
            for name, entry in entries.items():
                document.put(name, entry)
            text = document.text()
        if text == old:
            return
        file = os.path.join(self._root, path)
        self._documents.pop(path, None)
        try:
            self._writer.replace(file, text.encode())
            if document is not None:
                self._documents[path] = (_mark(file), document)
                self._remember(path, old, text, group)
        except OSError as error:
            raise LockFileError(f"{path} cannot be written: {error.strerror}") from error

    def _document(self, path: str) -> tuple[str, LockDocument | None]:
        """The text of a lock file, and its stages if it can be cut."""
        file = os.path.join(self._root, path)
        known = self._documents.get(path)
        if known is not None and known[0] == _mark(file):
            return known[1].text(), known[1]
        from branchline.adapters.dvc.lock_document import cut

        text = self._text(path)
        return text, cut(text)

    def _text(self, path: str) -> str:
        """A lock file's text; "" when there is none."""
        try:
            with open(os.path.join(self._root, path), "rb") as file:
                data = file.read()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            raise LockFileError(f"{path} cannot be read: {error.strerror}") from error
        return text_of(data, path)

    def _entries(self, path: str, text: str, names: set[str]) -> Mapping[str, LockEntry]:
        """Name -> entry of those names in one lock file; what this process wrote is known."""
        if not text.strip():
            return {}
        seen, known = self._known.get(path, ("", {}))
        if seen == text and names <= known.keys():
            return known
        values = read_entries(text, path)
        return {
            name: entry_in(path, name, value) for name, value in values.items() if name in names
        }

    def _remember(self, path: str, old: str, text: str, group: Mapping[str, LockEntry]) -> None:
        """Keep what was written, for whoever reads the same text again.

        Parameters are left to the reader of the file: YAML has more than one way to spell them.
        """
        seen, known = self._known.get(path, ("", {}))
        kept = known if seen == old else {}
        plain = {name: entry for name, entry in group.items() if not entry.params}
        others = group.keys() - plain.keys()
        kept = {name: entry for name, entry in kept.items() if name not in others}
        self._known[path] = (text, {**kept, **plain})


def text_of(data: bytes, path: str) -> str:
    """The text of a lock file.

    Raises:
        LockFileError: It is not UTF-8, or a merge left its markers.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise LockFileError(f"{path} is not UTF-8: {error.reason}", todo=_START_OVER) from error
    line = conflict_line(text)
    if line is not None:
        raise LockFileError(
            f"{path}:{line}: a merge left conflict markers",
            todo="Keep the side that belongs to the files you kept, or delete the file.",
        )
    return text


def lock_path(file: str) -> str:
    """The lock file of a pipeline file: `dvc.lock` beside `dvc.yaml`.

    >>> lock_path("sub/dvc.yaml")
    'sub/dvc.lock'
    """
    return os.path.splitext(file)[0] + ".lock"


def read_entries(text: str, path: str) -> Mapping[str, JsonValue]:
    """Entries of a lock file's text, by stage name.

    Raises:
        LockFileError: It is no YAML, or not of that shape.
    """
    from branchline.core.documents.yaml import read_yaml

    try:
        document = read_yaml(text.encode(), file=path)
    except DocumentError as error:
        raise LockFileError(error.message, todo=_START_OVER) from error
    value = document.value
    if not isinstance(value, Mapping):
        raise LockFileError(f"{path}:1: a lock file must be a mapping", todo=_START_OVER)
    if "schema" not in value:
        return value  # DVC 1: the stages stand at the top
    if value["schema"] != "2.0":
        raise LockFileError(
            f"{document.where(('schema',))}: schema is {value['schema']!r}, must be '2.0'",
            todo=_START_OVER,
        )
    stages = value.get("stages") or {}
    if not isinstance(stages, Mapping):
        raise LockFileError(
            f"{document.where(('stages',))}: stages must be a mapping", todo=_START_OVER
        )
    return stages


def entry_in(path: str, name: str, value: JsonValue) -> LockEntry:
    """One entry of a lock file.

    Raises:
        LockFileError: It is not of that shape.
    """
    try:
        return entry_from_json(value)
    except ValueError as error:
        raise LockFileError(f"{path}: stage {name}: {error}", todo=_START_OVER) from error


def conflict_line(text: str) -> int | None:
    """Line, from 1, of the first merge conflict marker; None when there is none."""
    if "<<<<<<< " not in text and ">>>>>>> " not in text:
        return None
    markers = ("<<<<<<< ", "=======", ">>>>>>> ")
    return next((n for n, line in enumerate(text.split("\n"), 1) if line.startswith(markers)), None)


def _by_file(stages: Sequence[Stage]) -> dict[str, list[Stage]]:
    groups: dict[str, list[Stage]] = {}
    for stage in stages:
        groups.setdefault(lock_path(stage.file), []).append(stage)
    return groups


def _mark(file: str) -> tuple[int, int, int]:
    """What tells that a file is still the one that we wrote; zeros when it is gone."""
    try:
        stat = os.stat(file)
    except OSError:
        return (0, 0, 0)
    return (stat.st_ino, stat.st_ctime_ns, stat.st_size)
