"""Where the dvc.yaml and .dvc files of a repository stand.

Serves `pipeline`. Walks folders through the functions it is given; reads no pipeline file itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.config.ignore import Patterns, is_ignored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Names = Callable[[str], Iterable[tuple[str, bool]]]

SKIPPED = frozenset({".git", ".hg", ".dvc", ".branchline", ".venv", "node_modules", "__pycache__"})
"""Folders that hold no pipeline of the user's."""
_WALKED = frozenset({"dvc.yaml", "pyvenv.cfg", ".dvcignore", ".gitignore"})


def names_on_disk(root: str) -> Names:
    """A function that gives the names in a folder, with whether each is a folder (links are not).

    Args:
        root: Absolute path of the repository.
    """
    import os

    def names(folder: str) -> list[tuple[str, bool]]:
        try:
            with os.scandir(root if folder == "." else f"{root}/{folder}") as entries:
                return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except OSError:
            return []

    return names


def names_that_count(
    folder: str, names: Iterable[tuple[str, bool]], outs: set[str]
) -> set[tuple[str, bool]]:
    """Those names in a folder that a walk looks at: another of them makes it another walk.

    Args:
        folder: From the root; "." is the root.
        names: With whether each is a folder.
        outs: Outputs that are not walked into.
    """
    prefix = "" if folder == "." else f"{folder}/"
    return {
        (name, is_folder)
        for name, is_folder in names
        if name in _WALKED
        or name.endswith(".dvc")
        or (is_folder and name not in SKIPPED and prefix + name not in outs)
    }


class Walk:
    """One walk over a repository.

    Args:
        names: Gives the names in a folder from the root, with whether each is a folder.
        read: Gives a file's bytes by its path from the root; None when there is none.

    Attributes:
        outs: Paths that are not walked into: add outputs as they become known.
        folders: Folders whose names were read.
        files: Ignore files that were read.
    """

    def __init__(self, names: Names, read: Callable[[str], bytes | None]) -> None:
        self._names = names
        self._read = read
        self.outs: set[str] = set()
        self.folders: list[str] = []
        self.files: list[str] = []

    def pipeline_files(self) -> Iterator[str]:
        """Paths of all dvc.yaml and .dvc files, parents before children, sorted in a folder.

        Honours `.dvcignore` and `.gitignore`; leaves out folders with a `.dvc` of their own,
        virtual environments and outputs.
        """
        yield from self._below(".", [], [], _is_pipeline)

    def named(self, name: str) -> Iterator[str]:
        """Paths of all files of one name, in the same folders and order."""
        yield from self._below(".", [], [], name.__eq__)

    def _below(
        self,
        folder: str,
        dvc: list[Patterns],
        git: list[Patterns],
        is_wanted: Callable[[str], bool],
    ) -> Iterator[str]:
        entries = dict(self._names(folder))
        if folder != "." and (entries.get(".dvc") or "pyvenv.cfg" in entries):
            return
        self.folders.append(folder)
        prefix = "" if folder == "." else f"{folder}/"
        dvc = self._with(dvc, prefix, folder, ".dvcignore", entries)
        git = self._with(git, prefix, folder, ".gitignore", entries)
        for name in sorted(entries, key=lambda name: (name != "dvc.yaml", name)):
            if is_wanted(name) and not entries[name]:
                path = prefix + name
                if not self._ignored(path, dvc, git, is_folder=False):
                    yield path
        for name in sorted(name for name, is_folder in entries.items() if is_folder):
            path = prefix + name
            if (
                name not in SKIPPED
                and path not in self.outs
                and not self._ignored(path, dvc, git, is_folder=True)
            ):
                yield from self._below(path, dvc, git, is_wanted)

    def _with(
        self, stack: list[Patterns], prefix: str, folder: str, name: str, entries: dict[str, bool]
    ) -> list[Patterns]:
        if name not in entries:
            return stack
        path = prefix + name
        self.files.append(path)
        patterns = Patterns((self._read(path) or b"").decode("utf-8", "replace"), folder)
        return [*stack, patterns] if patterns else stack

    @staticmethod
    def _ignored(path: str, dvc: list[Patterns], git: list[Patterns], *, is_folder: bool) -> bool:
        return is_ignored(dvc, path, is_folder=is_folder) or is_ignored(
            git, path, is_folder=is_folder
        )


def _is_pipeline(name: str) -> bool:
    return name == "dvc.yaml" or (name.endswith(".dvc") and name != ".dvc")
