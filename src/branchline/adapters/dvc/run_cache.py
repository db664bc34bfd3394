"""Port `locks`: DVC's run cache, `runs/<2>/<key>/<value>` below the cache folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.core.plan.entries import entry_from_json, entry_to_json, exact_key, exact_value
from branchline.errors import DocumentError, StoreError
from branchline.ports.locks import RunCache

if TYPE_CHECKING:
    from branchline.core.pipeline import LockEntry


class DvcRunCache(RunCache):
    """Results by exact key, shared with DVC.

    Args:
        cache_dir: Absolute folder, as DVC's `cache.dir`.
    """

    def __init__(self, cache_dir: str) -> None:
        self._folder = os.path.join(cache_dir, "runs")
        self._temporary_folder = os.path.join(cache_dir, "tmp")

    def find(self, entry: LockEntry) -> LockEntry | None:
        """See the port. What cannot be read is passed over."""
        try:
            key = exact_key(entry)
        except TypeError:  # a parameter that JSON cannot hold, such as a date
            return None
        folder = os.path.join(self._folder, key[:2], key)
        try:
            with os.scandir(folder) as entries:
                found = [
                    (item.stat().st_mtime_ns, item.path) for item in entries if _is_value(item)
                ]
        except OSError:
            return None
        for _, path in sorted(found, reverse=True):
            result = _read(path)
            if result is not None:
                return result
        return None

    def save(self, entry: LockEntry) -> None:
        """See the port; a parameter that JSON cannot hold keeps an entry out.

        Raises:
            StoreError: It cannot be written.
        """
        from branchline.adapters.dvc.lock_text import entry_text

        try:
            key, value = exact_key(entry), exact_value(entry)
        except TypeError:
            return
        folder = os.path.join(self._folder, key[:2], key)
        path = os.path.join(folder, value)
        if os.path.exists(path) and _read(path) is not None:
            return
        try:
            # Not beside the entries: DVC takes the newest file of a key, whatever its name.
            temporary = f"{self._temporary_folder}/{os.getpid()}-{os.urandom(4).hex()}.tmp"
            text = entry_text(entry_to_json(entry)).encode()
            try:
                _write(temporary, text)
            except FileNotFoundError:
                os.makedirs(self._temporary_folder, exist_ok=True)
                _write(temporary, text)
            try:
                os.mkdir(folder)
            except FileNotFoundError:
                os.makedirs(folder, exist_ok=True)
            except FileExistsError:
                pass
            os.replace(temporary, path)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}") from error


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with open(descriptor, "wb") as file:
        file.write(data)


def _is_value(item: os.DirEntry[str]) -> bool:
    return len(item.name) == 64 and not item.name.startswith(".")


def _read(path: str) -> LockEntry | None:
    from branchline.core.documents.yaml import read_yaml

    try:
        with open(path, "rb") as file:
            value = read_yaml(file.read(), file=path).value
        return entry_from_json(value)  # type: ignore[arg-type] # it checks the shape itself
    except (OSError, DocumentError, ValueError):
        return None
