"""Serves the port `hooks.Deliveries`: a folder of a box, one file a message."""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import asdict, fields

from branchline.adapters.box.replacing import replace_file
from branchline.core.trigger.hook import Hook, HookKind
from branchline.errors import BoxError
from branchline.ports.hooks import Deliveries

_NAME = re.compile(r"[0-9a-f]{64}\.json")
_FIELDS = frozenset(field.name for field in fields(Hook))


class LocalDeliveries(Deliveries):
    """Messages that wait in a folder.

    Args:
        folder: Made when it is first needed.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def add(self, hook: Hook) -> bool:
        """See the port."""
        path = self._path(hook)
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            if os.path.exists(path):
                return False
            text = json.dumps({**asdict(hook), "kind": hook.kind.value})
            replace_file(path, text + "\n", mode=0o600)
        except OSError as error:
            raise BoxError(f"{self._folder} cannot be written: {error.strerror}") from error
        return True

    def waiting(self) -> list[Hook]:
        """See the port."""
        try:
            names = [name for name in os.listdir(self._folder) if _NAME.fullmatch(name)]
        except FileNotFoundError:
            return []
        found = []
        for name in names:
            path = os.path.join(self._folder, name)
            with contextlib.suppress(OSError):  # another process took it
                found.append((os.stat(path).st_mtime_ns, name, path))
        hooks = [self._read(path) for *_, path in sorted(found)]
        return [hook for hook in hooks if hook is not None]

    def remove(self, hook: Hook) -> None:
        """See the port."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(hook))

    def _path(self, hook: Hook) -> str:
        name = f"{hook.digest}.json"
        if not _NAME.fullmatch(name):
            raise ValueError(f"{hook.digest!r} is no digest")
        return os.path.join(self._folder, name)

    @staticmethod
    def _read(path: str) -> Hook | None:
        """One message; one that cannot be read is put aside for people."""
        try:
            with open(path, encoding="utf-8") as file:
                document = json.load(file)
            known = {name: value for name, value in document.items() if name in _FIELDS}
            return Hook(**{**known, "kind": HookKind(known["kind"])})
        except (ValueError, TypeError, KeyError, AttributeError):
            with contextlib.suppress(OSError):
                os.replace(path, path.removesuffix(".json") + ".bad")
        except OSError:
            pass
        return None
