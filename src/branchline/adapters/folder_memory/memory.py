"""One file a key, written in one step; the oldest go when there are many."""

from __future__ import annotations

import os
from contextlib import suppress

from branchline.ports.data_memory import DataMemory

_MOST_FILES = 500
_MOST_BYTES = 8_000_000


class FolderMemory(DataMemory):
    """Files of a folder.

    Args:
        folder: Absolute path; made when something is kept.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find(self, key: str) -> bytes | None:
        """See the port."""
        try:
            with open(self._path(key), "rb") as file:
                return file.read(_MOST_BYTES)
        except OSError:
            return None

    def keep(self, key: str, content: bytes) -> None:
        """See the port."""
        if len(content) >= _MOST_BYTES:
            return
        path = self._path(key)
        draft = f"{path}.{os.getpid()}"
        with suppress(OSError):
            os.makedirs(self._folder, exist_ok=True)
            with open(draft, "wb") as file:
                file.write(content)
            os.replace(draft, path)
            self._tidy()

    def _tidy(self) -> None:
        names = os.listdir(self._folder)
        if len(names) <= _MOST_FILES:
            return
        paths = [os.path.join(self._folder, name) for name in names]
        for path in sorted(paths, key=os.path.getmtime)[: len(paths) - _MOST_FILES]:
            with suppress(OSError):
                os.remove(path)

    def _path(self, key: str) -> str:
        if not key.isalnum():
            raise ValueError(f"{key!r} is no digest")
        return os.path.join(self._folder, key)
