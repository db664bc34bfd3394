"""Port `locks` for a commit: its dvc.lock files, read only. Texts that stay are read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.adapters.dvc.lock_files import entry_in, lock_path, read_entries, text_of
from branchline.errors import LockFileError
from branchline.ports.locks import LockFiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.pipeline import LockEntry, Stage
    from branchline.core.values import JsonValue
    from branchline.ports.workspace import Workspace


class CommitLockFiles(LockFiles):
    """The dvc.lock files among a commit's files.

    Args:
        files: The files.
    """

    def __init__(self, files: Workspace) -> None:
        self._files = files
        self._known: dict[str, tuple[bytes, Mapping[str, JsonValue]]] = {}

    def read(self, stages: Sequence[Stage]) -> Mapping[str, LockEntry]:
        """See the port."""
        found: dict[str, LockEntry] = {}
        for path in self.paths(stages):
            values = self._values(path)
            for stage in stages:
                if lock_path(stage.file) == path and stage.lock_name in values:
                    name = stage.lock_name
                    found[stage.address] = entry_in(path, name, values[name])
        return found

    def _values(self, path: str) -> Mapping[str, JsonValue]:
        data = self._files.read(path) or b""
        known = self._known.get(path)
        if known is None or known[0] != data:
            text = text_of(data, path)
            known = self._known[path] = (data, read_entries(text, path) if text.strip() else {})
        return known[1]

    def write(self, entries: Sequence[tuple[Stage, LockEntry]]) -> None:
        """See the port: refused."""
        raise LockFileError(f"{len(entries)} entries cannot be written into a commit")

    def paths(self, stages: Sequence[Stage]) -> Sequence[str]:
        """See the port."""
        return tuple(dict.fromkeys(lock_path(stage.file) for stage in stages))
