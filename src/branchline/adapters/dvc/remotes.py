"""The remotes of a store: folders, which are asked freely, and addresses, which cost a question.

An object is looked for in folders first; the others are made, and their settings read, when it is
in none of them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.adapters.dvc.remote import LocalRemote, local_remotes, looked_at
from branchline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from branchline.adapters.dvc.far_remote import FarRemote
    from branchline.adapters.dvc.objects import ObjectFolder
    from branchline.adapters.dvc.settings import DvcSettings
    from branchline.core.pipeline import Content
    from branchline.ports.remote_files import RemoteFiles, RemotePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What is named besides the folders of DVC's settings.

    Attributes:
        folder: Absolute folder that `store:` names; "" where it is none.
        places: (Name of the DVC remote or "", where) of the addresses, that of `store:` first.
        open_files: Opens one.
    """

    folder: str
    places: tuple[tuple[str, RemotePlace], ...]
    open_files: Callable[[RemotePlace], RemoteFiles]


class Remotes:
    """All remotes of one store.

    Args:
        settings: DVC's.
        cache: The objects of this machine.
        elsewhere: Tells what else is named, when that is asked for; None: nothing else.
    """

    def __init__(
        self,
        settings: DvcSettings,
        cache: ObjectFolder,
        elsewhere: Callable[[], Elsewhere] | None = None,
    ) -> None:
        self.near = local_remotes(settings, cache)
        self._settings, self._cache, self._elsewhere = settings, cache, elsewhere
        self._far: tuple[FarRemote, ...] | None = None
        self._stores: tuple[LocalRemote, ...] = ()

    def has(self, md5: str, *, legacy: bool = False) -> bool:
        """Whether any has an object; False where one cannot be asked."""
        return any(remote.has(md5, legacy=legacy) for remote in self._all())

    def has_whole(self, content: Content) -> bool:
        """Whether one address has an object, a folder with its files."""
        return any(remote.holds(content) for remote in self.far())

    def pull(self, content: Content) -> bool:
        """Copy one object here from the first that has it; says whether one had."""
        return any(remote.pull(content) for remote in self._all())

    def pull_all(self, contents: Iterable[Content]) -> None:
        """Copy several objects here from addresses, side by side; those not there are left out."""
        left = [c for c in contents if not self._cache.has(c.md5 or "", legacy=c.legacy)]
        for remote in self.far() if left else ():
            left = [c for c in left if not self._cache.has(c.md5 or "", legacy=c.legacy)]
            remote.pull_all(left)

    def folders(self) -> tuple[LocalRemote, ...]:
        """Those that are folders here."""
        self.far()
        return (*self._stores, *self.near)

    def far(self) -> tuple[FarRemote, ...]:
        """Those that are addresses."""
        if self._far is None:
            self._far = self._opened()
        return self._far

    def target(self) -> LocalRemote | FarRemote | None:
        """The one to send to: that of `store:`, else DVC's default one."""
        far = self.far()
        if self._stores:
            return self._stores[0]
        if far and not far[0].name:
            return far[0]
        wanted = self._settings.default_remote
        every: tuple[LocalRemote | FarRemote, ...] = (*self.near, *far)
        named = [remote for remote in every if remote.name == wanted]
        return named[0] if wanted and named else None

    def needed_target(self) -> LocalRemote | FarRemote:
        """`target`.

        Raises:
            StoreError: None is named.
        """
        found = self.target()
        if found is None:
            raise StoreError(
                "no place is named where outputs are kept besides this machine",
                todo="Write `store: s3://bucket/prefix` (or a folder, gs://, azure://, ssh://) into"
                " branchline.yaml, or name a default remote: `dvc remote add -d NAME URL`.",
            )
        return found

    def looked_at(self) -> str:
        """What looking for an object in them came to."""
        folder = self._stores[0].path if self.far() is not None and self._stores else ""
        return looked_at(self._settings, self.far(), folder)

    def _all(self) -> Iterator[LocalRemote | FarRemote]:
        yield from self.near
        yield from self._stores
        known = self._stores
        far = self.far()
        yield from (store for store in self._stores if store not in known)
        yield from far

    def _opened(self) -> tuple[FarRemote, ...]:
        named = self._elsewhere() if self._elsewhere is not None else None
        if named is None:
            return ()
        if named.folder:
            self._stores = (LocalRemote(os.path.abspath(named.folder), self._cache),)
        if not named.places:
            return ()
        from branchline.adapters.dvc.far_remote import FarRemote

        return tuple(
            FarRemote(
                named.open_files(place),
                self._cache,
                identity=place.url,
                said=place.said,
                name=name,
            )
            for name, place in named.places
        )
