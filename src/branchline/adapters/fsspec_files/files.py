"""Port `remote_files` by fsspec: what s3fs, gcsfs, adlfs and sshfs reach."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from branchline.adapters.fsspec_files.kinds import SECRET_OPTIONS, access_to
from branchline.core.values import without_secrets
from branchline.errors import StoreError
from branchline.ports.remote_files import RemoteFiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.adapters.fsspec_files.kinds import Access
    from branchline.ports.remote_files import RemotePlace

_WAITS_S = (0.5, 2.0)
_UNFINISHED = "tmp"
"""Folder of uploads that are on their way."""
_LONGEST = 300
_OLDEST_S = 86_400.0
_REFUSED = (
    *("NoCredentials", "PartialCredentials", "ProfileNotFound", "ClientAuthentication"),
    *("PermissionDenied", "DefaultCredentials", "KeyImport", "KeyEncryption", "Refresh"),
)
_REFUSALS = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden")
_UNKNOWN_HOST = "HostKeyNotVerifiable"
# What fsspec raises where the library or an option of it is not as it has to be: asking again would
# not help. NotImplementedError is what its file systems say of what they do not offer.
_WRONG = (ImportError, TypeError, ValueError, NotImplementedError, AttributeError)  # caught only
_T = TypeVar("_T")


class FsspecFiles(RemoteFiles):
    """Files below one address; the library is imported and the host met when first asked.

    Args:
        place: Where.
        waits_s: Seconds between the tries of what fails by chance.
    """

    def __init__(self, place: RemotePlace, *, waits_s: tuple[float, ...] = _WAITS_S) -> None:
        self._place, self._waits_s = place, waits_s
        self._lock = threading.Lock()
        self._opened: tuple[Any, Access] | None = None
        self._tidied = False

    @property
    def can_write(self) -> bool:
        """See the port."""
        return True

    def size(self, path: str) -> int | None:
        """See the port."""

        def ask(system: Any, access: Access) -> int | None:
            try:
                found = system.info(f"{access.root}/{path}")
            except FileNotFoundError:
                return None
            return int(found["size"]) if found.get("type") == "file" else None

        return self._tried("asked", ask)

    def get(self, path: str, file: str) -> bool:
        """See the port."""

        def fetch(system: Any, access: Access) -> bool:
            try:
                system.get_file(f"{access.root}/{path}", file)
            except FileNotFoundError:
                return False
            return os.path.isfile(file)

        return self._tried("read", fetch)

    def put(self, file: str, path: str) -> None:
        """See the port."""
        self._tried("written", lambda system, access: self._put(system, access, file, path))

    def _put(self, system: Any, access: Access, file: str, path: str) -> None:
        target = f"{access.root}/{path}"
        if not access.kind.renames:
            system.put_file(file, target)
            return
        self._tidy(system, access)
        folder = f"{access.root}/{_UNFINISHED}"
        temporary = f"{folder}/{os.urandom(12).hex()}.tmp"
        system.makedirs(folder, exist_ok=True)
        system.makedirs(target.rpartition("/")[0], exist_ok=True)
        try:
            system.put_file(file, temporary)
            system.mv(temporary, target)
        except BaseException:
            with contextlib.suppress(Exception):
                system.rm_file(temporary)
            raise

    def _tidy(self, system: Any, access: Access) -> None:
        """Take away what uploads left that were killed more than a day ago; once."""
        with self._lock:
            is_first, self._tidied = not self._tidied, True
        if not is_first:
            return
        with contextlib.suppress(OSError):
            for found in system.ls(f"{access.root}/{_UNFINISHED}", detail=True):
                since = found.get("mtime") or found.get("created")
                if since is not None and time.time() - since.timestamp() > _OLDEST_S:
                    system.rm_file(found["name"])

    def _tried(self, verb: str, action: Callable[[Any, Access], _T]) -> _T:
        for wait_s in (*self._waits_s, None):
            try:
                system, access = self._open()
                return action(system, access)
            except StoreError:
                raise
            except Exception as error:
                if wait_s is None or _is_lasting(error):
                    raise self._problem(verb, error) from error
                time.sleep(wait_s)
        raise StoreError(f"{self._place.said} cannot be {verb}")

    def _open(self) -> tuple[Any, Access]:
        with self._lock:
            if self._opened is None:
                access = access_to(self._place)
                self._opened = _file_system(access, self._place), access
            return self._opened

    def _problem(self, verb: str, error: Exception) -> StoreError:
        """What a vendor's error means, without anything that opens a door."""
        text = f"{type(error).__name__}: {error}".strip(": ")
        for name in SECRET_OPTIONS:
            value = self._place.options.get(name)
            text = text.replace(value, "***") if value else text
        text = without_secrets(" ".join(text.split()))[:_LONGEST]
        said = f"{self._place.said} cannot be {verb}: {text}"
        if type(error).__name__ == _UNKNOWN_HOST:
            return StoreError(
                f"{said}; the host's key is not among those known here",
                todo="Compare its key, then type: ssh-keyscan HOST >> ~/.ssh/known_hosts",
            )
        if _is_refusal(error):
            variables = access_to(self._place).kind.variables
            return StoreError(
                said,
                todo=f"It needs {variables}, with leave to read, list and write there. In GitHub"
                " Actions a job sees a secret only where `github.secrets` names it, and a secret"
                " of an environment only in jobs of that environment.",
            )
        return StoreError(said, todo="Try again; what is there already is not sent again.")


def _file_system(access: Access, place: RemotePlace) -> Any:
    import importlib

    kind = access.kind
    try:
        importlib.import_module(kind.module)
        from fsspec import get_filesystem_class
    except ImportError as error:
        packages = " ".join(dict.fromkeys(["'branchline[store]'", kind.package]))
        raise StoreError(
            f"{place.said} cannot be reached: {error.name or kind.module} is not installed",
            todo=f"Type: pip install {packages}",
        ) from error
    return get_filesystem_class(kind.protocol)(**access.arguments)


def _is_refusal(error: Exception) -> bool:
    name, text = type(error).__name__, str(error)
    return (
        isinstance(error, PermissionError)
        or any(part in name for part in _REFUSED)
        or any(
            part in text for part in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden")
        )
    )


def _is_lasting(error: Exception) -> bool:
    """Whether another try would end in the same way."""
    is_full = getattr(error, "errno", None) in (28, 122)  # ENOSPC, EDQUOT
    return (
        isinstance(error, _WRONG)
        or is_full
        or _is_refusal(error)
        or (type(error).__name__ == _UNKNOWN_HOST)
    )
