"""A DVC remote that is a local folder: `files/md5/...` and `runs/...` below one path."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.adapters.dvc.folder import legacy_md5
from branchline.adapters.dvc.objects import ObjectFolder
from branchline.errors import StoreError
from branchline.ports.store import Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from branchline.adapters.dvc.far_remote import FarRemote
    from branchline.adapters.dvc.settings import DvcSettings
    from branchline.core.pipeline import Content


class LocalRemote:
    """Objects and run-cache entries of one remote folder.

    Args:
        path: Absolute folder, the remote's `url`.
        cache: The repository's own objects.
        name: In DVC's settings.
    """

    def __init__(self, path: str, cache: ObjectFolder, *, name: str = "") -> None:
        self.name = name
        self.path = path
        self.objects = ObjectFolder(path)
        self._cache = cache

    def has(self, md5: str, *, legacy: bool = False) -> bool:
        """Whether an object is there, damaged or not."""
        return os.path.exists(self.objects.path(md5, legacy=legacy))

    def pull(self, content: Content) -> bool:
        """Copy one object into the cache (a folder: its list only); says whether it was there.

        Raises:
            StoreError: It is damaged there.
        """
        return _transfer(self.objects, self._cache, content.md5 or "", legacy=content.legacy)

    @property
    def said(self) -> str:
        """How messages name it."""
        return f"DVC remote `{self.name}`" if self.name else f"the store {self.path}"

    def holds(self, content: Content) -> bool:
        """Whether a file is there, or a folder with its files."""
        md5 = content.md5 or ""
        if not md5 or not self.has(md5, legacy=content.legacy):
            return False
        members = _members(self.objects, md5, legacy=content.legacy)
        return all(self.has(member, legacy=content.legacy) for member in members)

    def is_kept(self, content: Content) -> bool:
        """`holds`: a folder is always asked anew."""
        return self.holds(content)

    def send(
        self,
        contents: Iterable[Content],
        *,
        is_stopped: Callable[[], bool] = lambda: False,
        anew: bool = False,  # noqa: ARG002 - a folder is always asked
    ) -> Sent:
        """Copy objects to the remote, folders with their files: the list last.

        Raises:
            StoreError: One is neither here nor there, or the folder cannot be written.
        """
        objects = size = 0
        nowhere: list[str] = []
        try:
            for content in contents:
                md5 = content.md5 or ""
                for member in (*self._own_members(md5), md5):
                    if is_stopped() or not md5 or self.objects.has(member):
                        continue
                    if not _transfer(self._cache, self.objects, member, legacy=False):
                        nowhere.append(member)
                        break  # a folder's list without all of its files would be a lie
                    objects += 1
                    size += os.stat(self.objects.path(member)).st_size
        except OSError as error:
            raise StoreError(
                f"{self.said}, the folder {self.path}, cannot be written: {error.strerror or error}"
            ) from error
        if nowhere:
            raise StoreError(
                f"object {nowhere[0]} is neither here nor in {self.said}",
                todo="Run the stage that makes it.",
            )
        return Sent(objects=objects, size_bytes=size)

    def _own_members(self, md5: str) -> list[str]:
        """Files of a folder object; none where its list is only there: then they are, too."""
        is_here = os.path.exists(self._cache.path(md5))
        return _members(self._cache, md5) if is_here else []

    def push_runs(self) -> int:
        """Copy run-cache entries to the remote; returns how many were new."""
        return _copy_new(f"{self._cache.cache_dir}/runs", f"{self.path}/runs")

    def pull_runs(self) -> int:
        """Copy run-cache entries from the remote; returns how many were new."""
        return _copy_new(f"{self.path}/runs", f"{self._cache.cache_dir}/runs")


def local_remotes(settings: DvcSettings, cache: ObjectFolder) -> tuple[LocalRemote, ...]:
    """The remotes that are local folders, the default one first.

    Objects are known by their digest, so it does no harm to look at more than DVC would.
    """
    return tuple(
        LocalRemote(url, cache, name=name) for name, url in in_order(settings) if os.path.isabs(url)
    )


def looked_at(settings: DvcSettings, far: Sequence[FarRemote], store: str = "") -> str:
    """What looking for an object in the remotes came to: half a sentence for an error.

    Args:
        settings: DVC's.
        far: Remotes that are no folders here, and are asked.
        store: Folder that `store:` names; "" for none.
    """
    said = [_said_of_folder(f"the store, the folder {store}", store)] if store else []
    said += [_said_of_far(remote) for remote in far]
    asked = {remote.name for remote in far}
    said += [_said(settings, name, url) for name, url in in_order(settings) if name not in asked]
    if not said:
        return "no DVC remote is named in .dvc/config, and no `store:` in branchline.yaml"
    return "; ".join(said)


def in_order(settings: DvcSettings) -> list[tuple[str, str]]:
    """(name, URL or absolute path), the default one first."""
    return sorted(settings.remotes.items(), key=lambda item: item[0] != settings.default_remote)


def _said_of_far(remote: FarRemote) -> str:
    if remote.problem is None:
        return f"{remote.said} does not have it"
    return " ".join(filter(None, [remote.problem.message, remote.problem.todo])).rstrip(".")


def _said(settings: DvcSettings, name: str, url: str) -> str:
    if not os.path.isabs(url):
        scheme = url.partition("://")[0]  # the rest may hold a password
        return (
            f"DVC remote `{name}` ({scheme}://...) is not the default one, so that it is not asked"
        )
    place = f"DVC remote `{name}`, the folder {url}"
    if name in settings.relative:
        place += f" (`{settings.relative[name]}` from .dvc)"
    return _said_of_folder(place, url)


def _said_of_folder(place: str, path: str) -> str:
    if not os.path.isdir(path):
        return f"{place}, is not there"
    if not os.access(path, os.R_OK | os.X_OK):
        return f"{place}, cannot be read"
    return f"{place}, does not have it"


def _members(objects: ObjectFolder, md5: str, *, legacy: bool = False) -> list[str]:
    """Digests of the files of a folder object; none for a file."""
    if not md5.endswith(".dir"):
        return []
    import json

    try:
        with open(objects.path(md5, legacy=legacy), "rb") as file:
            return [str(row["md5"]) for row in json.load(file)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        path = objects.path(md5, legacy=legacy)
        raise StoreError(f"{path} cannot be read: {error}") from error


def _transfer(source: ObjectFolder, target: ObjectFolder, md5: str, *, legacy: bool) -> bool:
    """Copy one object, digesting it on the way; says whether it was there."""
    if not md5 or target.has(md5, legacy=legacy):
        return bool(md5)
    path = source.path(md5, legacy=legacy)
    if not os.path.exists(path):
        return False
    if legacy:
        _transfer_legacy(path, target, md5)
        return True
    suffix = ".dir" if md5.endswith(".dir") else ""
    if suffix:
        with open(path, "rb") as file:
            found = target.add_bytes(file.read(), suffix=suffix)
    else:
        found, _ = target.add_file(path, path)
    if found != md5:
        raise damaged_there(path)
    return True


def _transfer_legacy(path: str, target: ObjectFolder, md5: str) -> None:
    import shutil

    wanted = target.path(md5, legacy=True)
    os.makedirs(os.path.dirname(wanted), exist_ok=True)
    temporary = target.temporary()
    shutil.copyfile(path, temporary)
    if legacy_md5(temporary) != md5.removesuffix(".dir"):
        os.unlink(temporary)
        raise damaged_there(path)
    os.replace(temporary, wanted)


def damaged_there(path: str) -> StoreError:
    """The error for an object of a remote that is not what its name says."""
    return StoreError(
        f"{path}, where outputs are kept for others, is damaged: its bytes have another digest",
        todo="Delete that file; a clone where it is sound sends it again: `branchline store push`"
        " (or `dvc push`).",
    )


def _copy_new(source: str, target: str) -> int:
    """Copy the files below one folder that another lacks."""
    import shutil

    copied = 0
    for folder, _, names in os.walk(source):
        into = target + folder[len(source) :]
        for name in names:
            if name.endswith(".tmp") or os.path.exists(f"{into}/{name}"):
                continue
            os.makedirs(into, exist_ok=True)
            temporary = f"{into}/.{os.getpid()}.tmp"
            shutil.copy2(f"{folder}/{name}", temporary)
            os.replace(temporary, f"{into}/{name}")
            copied += 1
    return copied
