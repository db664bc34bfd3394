"""Station `changes`: one import statement to the files that it can load.

Tries both a submodule and an attribute, takes all of what a dynamic name may mean, and tells an
import that surely should lead into the repository and does not. Keeps no list: that is the walk's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.changes.resolve import Found, Resolver

if TYPE_CHECKING:
    from branchline.core.changes.values import Import


@dataclass(frozen=True, slots=True)
class Answer:
    """Files that an import can load, and a remark ("" for none).

    `is_lost` says that nothing in the repository fits; what Python loads on its way there counts.
    """

    files: tuple[str, ...]
    note: str = ""
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """An import that leads nowhere; `is_certain` when the program would fail."""

    text: str
    is_certain: bool


class ImportSearch:
    """Answers for the import statements of one closure.

    Args:
        resolver: Finds modules; its roots may grow between two questions.
    """

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def answer(self, path: str, item: Import) -> Answer:
        """What an import in a file can load."""
        if item.is_prefix:
            return self._all_that_begin(path, item)
        if item.level:
            found, note = self._relative(path, item), ""
        else:
            found, note = self._absolute(item)
        if found is None:
            return Answer(self._on_the_way(path, item), is_lost=True)
        files = dict.fromkeys(found.files)
        for name in item.names:
            for folder in found.folders:
                inner = self._resolver.below(folder, [name]) if name != "*" else None
                files.update(dict.fromkeys(inner.files if inner else ()))
        return Answer(tuple(files), note)

    def _on_the_way(self, path: str, item: Import) -> tuple[str, ...]:
        """Files of the longest beginning that is there: they are executed before it fails.

        An import that fails may be meant to (`except ImportError`), and the program goes on.
        """
        steps = item.module.split(".")
        for length in range(len(steps) - 1, 0, -1):
            shorter = replace(item, module=".".join(steps[:length]))
            found = self._relative(path, shorter) if item.level else self._absolute(shorter)[0]
            if found is not None:
                return found.files
        return ()

    def _relative(self, path: str, item: Import) -> Found | None:
        folder = _package(path, item.level)
        if folder is None:
            return None
        if item.module:
            return self._resolver.below(folder, item.module.split("."))
        init = "__init__.py" in self._resolver.names(folder)
        inside = "__init__.py" if folder == "." else f"{folder}/__init__.py"
        return Found((inside,) if init else (), (folder,), is_regular=True)

    def _absolute(self, item: Import) -> tuple[Found | None, str]:
        if not item.module:
            return None, ""
        found, ambiguous = self._resolver.module(item.module)
        if not ambiguous:
            return found, ""
        listed = " and ".join(f"`{file}`" for file in ambiguous)
        return found, f"`{item.module}` is ambiguous: {listed}; both count"

    def _all_that_begin(self, path: str, item: Import) -> Answer:
        prefix = item.names[0] if item.names else ""
        folders, files = self._folders(path, item, prefix)
        hits = dict.fromkeys(
            file for folder in folders for file in self._resolver.submodules(folder, prefix)
        )
        if not hits:
            return Answer(tuple(files))
        start = "." * item.level + ".".join(part for part in (item.module, prefix) if part)
        note = (
            f"{path}:{item.line} chooses a module `{start}...` at run time: "
            f"all {len(hits)} that it may mean count"
        )
        return Answer((*files, *hits), note)

    def _folders(
        self, path: str, item: Import, prefix: str
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Folders in which the name goes on, and the packages' own files."""
        if not item.module and not item.level:
            return (tuple(self._resolver.roots) if prefix else ()), ()
        if not item.level:
            found, _ = self._resolver.module(item.module)
            return (found.folders, found.files) if found else ((), ())
        folder = _package(path, item.level)
        if folder is None:
            return (), ()
        if not item.module:
            return (folder,), ()
        inner = self._resolver.below(folder, item.module.split("."))
        return (inner.folders, inner.files) if inner else ((), ())

    def lost(self, path: str, item: Import) -> Lost | None:
        """What to say of an import without an answer; None when it is somebody else's module."""
        where = f"{path}:{item.line}"
        if item.level:
            dotted = "." * item.level + item.module
            return Lost(f"{where}: `{dotted}` is imported but is not there", not item.is_weak)
        top = item.module.partition(".")[0]
        found, _ = self._resolver.module(top) if top else (None, ())
        if found is None:
            return None
        # A folder without __init__ may lose against an installed package of the same name.
        is_ours = found.is_regular and bool(found.folders)
        text = f"{where}: `{item.module}` is imported but `{top}` has no such module"
        return Lost(text, is_ours and not item.is_weak)


def _package(path: str, level: int) -> str | None:
    """The folder that `level` leading dots mean in a file; None above the root."""
    folder = path.rpartition("/")[0]
    for _ in range(level - 1):
        if not folder:
            return None
        folder = folder.rpartition("/")[0]
    return folder or "."
