"""Which branchline.yaml files a tree has in force: the root's, or one of each folder.

Serves whoever looks at a tree that is checked out nowhere: rules of a default branch, commits of a
history. Asks the functions it is given; reads no file itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.config.branchline_yaml import FILE, joined, load_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from branchline.config.branchline_yaml import LoadedConfig
    from branchline.config.discovery import Names

OF_THE_ROOT = (FILE, "dvc.yaml")
"""Where the root has one of these, files of folders declare nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFiles:
    """The settings of one tree.

    Attributes:
        files: Path from the root, and bytes, of each; at least one, in the order of their models.
    """

    files: tuple[tuple[str, bytes], ...]

    @classmethod
    def of_root(cls, data: bytes) -> SettingsFiles:
        """Those of a tree that has its branchline.yaml in the root."""
        return cls(files=((FILE, data),))

    @property
    def is_of_folders(self) -> bool:
        """Whether each stands in a folder."""
        return self.files[0][0] != FILE

    def text(self, path: str) -> bytes | None:
        """Bytes of one; None where it is none of them."""
        return dict(self.files).get(path)

    def load(self) -> LoadedConfig:
        """All models that they declare.

        Raises:
            ConfigError: One of them cannot be used, or two name the same model.
        """
        return joined([load_policy(data, file=path) for path, data in self.files])


def settings_in(names: Names, read: Callable[[str], bytes | None]) -> SettingsFiles | None:
    """The settings of a tree; None where nothing is declared.

    Args:
        names: Gives the names in a folder, with whether each is a folder; "." is the root.
        read: Gives a file's bytes; None where there is none.
    """
    data = read(FILE)
    if data is not None:
        return SettingsFiles.of_root(data)
    if any(name in OF_THE_ROOT for name, _ in names(".")):
        return None
    from branchline.config.discovery import Walk

    found = tuple((path, read(path) or b"") for path in Walk(names, read).named(FILE))
    return SettingsFiles(files=found) if found else None


def names_among(paths: Iterable[str]) -> Names:
    """A function as `settings_in` takes it, for a tree of which all paths of files are known.

    >>> sorted(names_among(["a/b.py", "a/c/d.py", "e"])("a"))
    [('b.py', False), ('c', True)]
    """
    folders: dict[str, dict[str, bool]] = {}
    for path in paths:
        above, _, name = path.rpartition("/")
        is_folder = False
        while name not in (held := folders.setdefault(above or ".", {})):
            held[name] = is_folder
            if not above:
                break
            above, _, name = above.rpartition("/")
            is_folder = True
    return lambda folder: tuple(folders.get(folder, {}).items())
