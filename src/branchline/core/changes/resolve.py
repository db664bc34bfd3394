"""Station `changes`: module names to files of the repository.

Python's own search over several roots, without Python: packages, modules, namespace packages and
built extensions. A module that stands in two roots is found in both. Every folder that was looked
into is noted, because a new file there could change the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from branchline.core.changes.entries import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from branchline.core.changes.entries import Entry
    from branchline.core.changes.values import Meaning
    from branchline.core.policy import ChangeRules


class SourceTree(Protocol):
    """The files of one commit or working tree. Paths are POSIX from the root, "." is the root."""

    def is_file(self, path: str) -> bool:
        """Whether a file stands there, links followed."""
        ...

    def is_dir(self, path: str) -> bool:
        """Whether a folder stands there, links followed."""
        ...

    def names(self, path: str) -> Iterable[str] | None:
        """Names directly inside a folder; None when there is none."""
        ...

    def meaning(self, path: str) -> Meaning | None:
        """What a file says; None when there is no file."""
        ...


EXTENSIONS = (".so", ".pyd", ".pyx", ".c", ".cpp", ".pyi")
"""Suffixes of what stands beside or instead of a module's source."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a module is.

    Attributes:
        files: Its own file and those of its parent packages, outermost first; for a built
            extension its sources.
        folders: Folders that its submodules may stand in; empty for a plain module.
        is_regular: Its outermost package is ours for sure: a module, or a folder with `__init__`.
    """

    files: tuple[str, ...]
    folders: tuple[str, ...]
    is_regular: bool


class Resolver:
    """Finds modules below some roots of a tree.

    Args:
        tree: The files.
        roots: Import roots, from the root, in order of search.
    """

    def __init__(self, tree: SourceTree, roots: Sequence[str]) -> None:
        self.tree = tree
        self.roots: list[str] = []
        self.probed: dict[str, None] = {}
        self._names: dict[str, frozenset[str]] = {}
        self._found: dict[str, tuple[Found | None, tuple[str, ...]]] = {}
        for root in roots:
            self.add_root(root)

    def add_root(self, root: str) -> bool:
        """Search this folder too; False when it is no folder or is searched already."""
        if root in self.roots or not (root == "." or self.tree.is_dir(root)):
            return False
        self.roots.append(root)
        self._found.clear()
        return True

    def names(self, folder: str) -> frozenset[str]:
        """Names in a folder, remembered; empty when there is none."""
        known = self._names.get(folder)
        if known is None:
            known = self._names[folder] = frozenset(self.tree.names(folder) or ())
            self.probed[folder] = None
        return known

    def module(self, name: str) -> tuple[Found | None, tuple[str, ...]]:
        """Where an absolute module is, and the roots that have a file for it."""
        answer = self._found.get(name)
        if answer is None:
            answer = self._found[name] = self._search(name)
        return answer

    def _search(self, name: str) -> tuple[Found | None, tuple[str, ...]]:
        steps = name.split(".")
        hits = [(root, self.below(root, steps)) for root in self.roots]
        found = [(root, hit) for root, hit in hits if hit is not None]
        regular = [(root, hit) for root, hit in found if hit.is_regular]
        chosen = regular or found
        if not chosen:
            return None, ()
        files = dict.fromkeys(file for _, hit in chosen for file in hit.files)
        folders = dict.fromkeys(folder for _, hit in chosen for folder in hit.folders)
        owners: dict[str, str] = {}
        for root, hit in chosen:
            if hit.files:
                owners.setdefault(hit.files[-1], root)
        whole = Found(tuple(files), tuple(folders), bool(regular))
        return whole, tuple(owners) if len(owners) > 1 else ()

    def below(self, folder: str, steps: Sequence[str]) -> Found | None:
        """Where the module that these steps lead to is, below one folder; None when nowhere."""
        files: list[str] = []
        is_regular = False
        for index, step in enumerate(steps):
            names = self.names(folder)
            inner = step if folder == "." else f"{folder}/{step}"
            is_last = index == len(steps) - 1
            if step in names and self.tree.is_dir(inner):
                init = "__init__.py" in self.names(inner)
                if not init and f"{step}.py" in names and is_last:
                    return Found((*files, f"{inner}.py"), (), is_regular=True)
                if init:
                    files.append(f"{inner}/__init__.py")
                    is_regular = is_regular or index == 0
                elif not self._may_hold_code(inner):
                    return None
                folder = inner
                continue
            own = self._module_files(inner, step, names)
            if not own or not is_last:
                return None
            return Found((*files, *own), (), is_regular or index == 0)
        return Found(tuple(files), (folder,), is_regular)

    def _module_files(self, inner: str, step: str, names: frozenset[str]) -> list[str]:
        own = [f"{inner}.py"] if f"{step}.py" in names else []
        if own:
            return own
        start = step + "."
        prefix = inner[: len(inner) - len(step)]
        return sorted(
            prefix + name for name in names if name.startswith(start) and name.endswith(EXTENSIONS)
        )

    def _may_hold_code(self, folder: str, depth: int = 3) -> bool:
        """Whether a folder without `__init__` is a namespace package rather than a data folder."""
        names = self.names(folder)
        if any(name.endswith((".py", ".so", ".pyd", ".pyx")) for name in names):
            return True
        return depth > 0 and any(
            "." not in name
            and self.tree.is_dir(f"{folder}/{name}")
            and self._may_hold_code(f"{folder}/{name}", depth - 1)
            for name in sorted(names)[:50]
        )

    def parents(self, path: str) -> list[str]:
        """The `__init__.py` files of the packages that a file stands in, outermost first."""
        found: list[str] = []
        folder = path.rpartition("/")[0]
        while folder and "__init__.py" in self.names(folder):
            found.insert(0, f"{folder}/__init__.py")
            folder = folder.rpartition("/")[0]
        return found

    def submodules(self, folder: str, prefix: str = "", *, is_deep: bool = True) -> list[str]:
        """Python files below a folder whose first name begins with `prefix`, sorted."""
        found: list[str] = []
        for name in sorted(self.names(folder)):
            inner = name if folder == "." else f"{folder}/{name}"
            if not name.startswith(prefix):
                continue
            if name.endswith(".py"):
                found.append(inner)
            elif is_deep and "." not in name and self.tree.is_dir(inner):
                found.extend(self.submodules(inner))
        return found


def bases_of(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Folders from which the programs may see paths: their cwd, their own folder, the root."""
    found: dict[str, None] = {}
    for entry in entries:
        found[entry.cwd] = None
        found[entry.path.rpartition("/")[0] or "."] = None
    found["."] = None
    return tuple(found)


def roots_of(entries: Sequence[Entry], rules: ChangeRules) -> list[str]:
    """Import roots in Python's order: the script's folder, PYTHONPATH, the cwd; then src, lib."""
    found: dict[str, None] = {}
    for entry in entries:
        if entry.path and entry.kind is not EntryKind.TESTS:
            found[entry.path.rpartition("/")[0] or "."] = None
        found.update(dict.fromkeys(entry.roots))
        found[entry.cwd] = None
        if entry.cwd != ".":
            found[f"{entry.cwd}/src"] = None
    found["."] = None
    found["src"] = None
    found.update(dict.fromkeys(p.rstrip("/") for p in rules.code if not any(c in p for c in "*?[")))
    return list(found)
