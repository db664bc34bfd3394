"""Station `changes`: all files of the repository that a stage's code can reach.

Follows imports, strings that name files or modules, Hydra's configuration, shell scripts, makefiles
and notebooks from the entry points on. Takes too much rather than too little. What cannot be
followed is said in `notes`, what cannot work in `problems`. Reads through `SourceTree` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.changes.doubts import (
    OPEN_IMPORT,
    OTHER_PYTHON,
    READS_CODE,
    READS_DOCSTRINGS,
    SYNTAX,
)
from branchline.core.changes.entries import Entry, EntryKind, kind_of_file
from branchline.core.changes.globs import Globs
from branchline.core.changes.resolve import Found, Resolver, SourceTree
from branchline.core.changes.words import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from branchline.core.changes.values import Import, Meaning
    from branchline.core.policy import ChangeRules

__all__ = ["Closure", "ClosureFile", "SourceTree", "closure_of"]

_CODE = (".py", ".pyw", ".ipynb", ".sh", ".bash", ".zsh", ".ksh", ".mk")
_SETTINGS = (".yaml", ".yml", ".toml")
_SPECIAL = ("PYTHONPATH=", "hydra-config:", "script:")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureFile:
    """One file that the code of a stage can reach.

    Attributes:
        path: From the root.
        via: "entry point", "imported by src/train.py", "named in conf/config.yaml", ...
        chain: Files from the entry point to this one, both included.
        is_named: Reached only by a string that names it. It may be an output or scratch file, so
            the caller should take it only if git tracks it and it is small.
        by_bytes: It must count by its bytes, whatever its meaning says.
    """

    path: str
    via: str
    chain: tuple[str, ...]
    is_named: bool = False
    by_bytes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """What the entry points of one stage reach.

    Attributes:
        files: Sorted by path.
        notes: Remarks: what could not be followed, what is ambiguous.
        problems: Why the code cannot run: syntax errors, imports that lead nowhere.
        probed: Folders that were looked into; a new file there may change the closure.
        by_bytes: Why all files of it count by bytes ("" when they do not).
    """

    files: tuple[ClosureFile, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    probed: tuple[str, ...] = ()
    by_bytes: str = ""


def closure_of(entries: Sequence[Entry], tree: SourceTree, rules: ChangeRules) -> Closure:
    """All files that the entry points reach.

    Args:
        entries: Where commands enter; those that do not exist are left out.
        tree: The files.
        rules: `code` adds import roots (folders) and files (globs); `ignore` takes files out.
    """
    return _Walk(entries, tree, rules).closure()


@dataclass(slots=True)
class _Reached:
    via: str
    origin: str
    is_named: bool
    by_bytes: bool


class _Walk:
    """One walk, breadth first, so that the first way to a file is the shortest."""

    def __init__(self, entries: Sequence[Entry], tree: SourceTree, rules: ChangeRules) -> None:
        self._tree = tree
        self._rules = rules
        self._entries = entries
        self._reached: dict[str, _Reached] = {}
        self._queue: list[str] = []
        self._notes: dict[str, None] = {}
        self._problems: dict[str, None] = {}
        self._whole = ""
        self._bases = _bases(entries)
        self._resolver = Resolver(tree, _roots(entries, rules))
        self._open: list[tuple[str, Import]] = []
        self._targets: dict[str, bool] = {}

    def closure(self) -> Closure:
        for entry in self._entries:
            self._enter(entry)
        if self._entries:
            self._add_declared_code()
        self._drain()
        ignored = Globs(self._rules.ignore)
        files = tuple(
            ClosureFile(
                path=path,
                via=reached.via,
                chain=self._chain(path),
                is_named=reached.is_named,
                by_bytes=reached.by_bytes or bool(self._whole),
            )
            for path, reached in sorted(self._reached.items())
            if not ignored(path)
        )
        return Closure(
            files=files,
            notes=tuple(self._notes),
            problems=tuple(self._problems),
            probed=tuple(sorted(self._resolver.probed)),
            by_bytes=self._whole,
        )

    def _chain(self, path: str) -> tuple[str, ...]:
        chain = [path]
        while (origin := self._reached[chain[0]].origin) and origin in self._reached:
            chain.insert(0, origin)
        return tuple(chain)

    def _add(
        self,
        path: str,
        via: str,
        origin: str = "",
        *,
        is_named: bool = False,
        by_bytes: bool = False,
    ) -> None:
        known = self._reached.get(path)
        if known is None:
            self._reached[path] = _Reached(via, origin, is_named, by_bytes)
            self._queue.append(path)
        elif known.is_named and not is_named:
            # Imported as well as named: it is code for sure.
            known.is_named = False
            known.via, known.by_bytes = via, known.by_bytes or by_bytes
            if origin not in self._descendants(path):
                known.origin = origin

    def _descendants(self, path: str) -> set[str]:
        return {p for p in self._reached if path in self._chain(p)}

    def _drain(self) -> None:
        position = 0
        while True:
            while position < len(self._queue):
                path = self._queue[position]
                position += 1
                self._read(path)
            # A root that was added late may answer what was open before.
            pending, self._open = self._open, []
            for path, item in pending:
                self._follow(path, item, is_second=True)
            if position == len(self._queue):
                break

    # Entry points

    def _enter(self, entry: Entry) -> None:
        for root in entry.roots:
            self._resolver.add_root(root)
        if entry.kind is EntryKind.MODULE:
            self._enter_module(entry)
        elif entry.kind is EntryKind.PROGRAM:
            self._enter_program(entry)
        elif entry.kind is EntryKind.CODE:
            self._enter_code(entry)
        elif entry.kind is EntryKind.TESTS:
            self._enter_tests(entry.path)
        elif self._tree.is_file(entry.path):
            self._add(entry.path, "entry point")
        elif entry.kind is EntryKind.SCRIPT and self._tree.is_dir(entry.path):
            if self._tree.is_file(f"{entry.path}/__main__.py"):
                self._add(f"{entry.path}/__main__.py", "entry point")
        elif entry.kind is not EntryKind.FILE:
            self._notes[f"`{entry.path}` is executed but is not there"] = None

    def _enter_module(self, entry: Entry) -> None:
        found, _ = self._resolver.module(entry.module)
        for file in found.files if found else ():
            self._add(file, "entry point")
        for folder in found.folders if found else ():
            if "__main__.py" in self._resolver.names(folder):
                self._add(f"{folder}/__main__.py", "entry point")

    def _enter_program(self, entry: Entry) -> None:
        """A program that pyproject.toml installs from this repository."""
        if not self._tree.is_file("pyproject.toml"):
            return
        meaning = self._tree.meaning("pyproject.toml")
        start = f"script:{entry.module}="
        for mention in meaning.mentions if meaning else ():
            if mention.startswith(start):
                self._target(mention[len(start) :], "pyproject.toml", via="entry point")

    def _enter_code(self, entry: Entry) -> None:
        from branchline.core.changes.python import python_meaning

        meaning = python_meaning(entry.text.encode(), self._rules, is_package=False)
        here = "-c" if entry.cwd == "." else f"{entry.cwd}/-c"
        self._consider(here, meaning, via="imported by the command")

    def _enter_tests(self, place: str) -> None:
        if self._tree.is_file(place):
            self._add(place, "entry point")
            place = place.rpartition("/")[0] or "."
        elif self._tree.is_dir(place):
            for path in self._resolver.submodules(place):
                name = path.rpartition("/")[2]
                if name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py":
                    self._add(path, "entry point")
        while True:
            if "conftest.py" in self._resolver.names(place):
                self._add("conftest.py" if place == "." else f"{place}/conftest.py", "entry point")
            if place == ".":
                break
            place = place.rpartition("/")[0] or "."

    def _add_declared_code(self) -> None:
        for pattern in self._rules.code:
            if self._tree.is_file(pattern):
                self._add(pattern, "named in branchline.yaml")
            elif any(char in pattern for char in "*?["):
                matches = Globs((pattern,))
                start = pattern.partition("*")[0].partition("?")[0].rpartition("/")[0] or "."
                for path in self._files_below(start):
                    if matches(path):
                        self._add(path, "named in branchline.yaml")

    def _files_below(self, folder: str) -> Iterable[str]:
        for name in sorted(self._resolver.names(folder)):
            path = name if folder == "." else f"{folder}/{name}"
            if self._tree.is_dir(path):
                if name not in (".git", ".dvc", ".branchline"):
                    yield from self._files_below(path)
            else:
                yield path

    # One file

    def _read(self, path: str) -> None:
        name = path.rpartition("/")[2]
        is_named = self._reached[path].is_named
        is_code = path.endswith(_CODE) or name in ("Makefile", "makefile", "GNUmakefile")
        if is_named and not is_code and not path.endswith(_SETTINGS):
            return  # data, perhaps large: nothing in it is followed
        meaning = self._tree.meaning(path)
        if meaning is None:
            return
        self._judge(path, meaning)
        if path.endswith((".py", ".pyw")):
            for init in self._resolver.parents(path):
                self._add(init, f"package of {path}", path)
        self._consider(path, meaning, via=f"imported by {path}")

    def _judge(self, path: str, meaning: Meaning) -> None:
        """Take notice of doubts that concern more than the file's own digest."""
        for doubt in meaning.doubts:
            if doubt.startswith(SYNTAX):
                # A named file need not be meant to run.
                if self._reached[path].is_named:
                    self._notes[f"{path} {doubt}"] = None
                else:
                    self._problems[f"{path} {doubt}"] = None
            elif doubt.startswith(OTHER_PYTHON):
                self._notes[f"{path} {doubt}; it counts by its bytes"] = None
            elif doubt.startswith((READS_CODE, READS_DOCSTRINGS)):
                self._whole = self._whole or f"{path} {doubt}"
            elif doubt.startswith(OPEN_IMPORT):
                self._notes[f"{path} {doubt}; a run will show which"] = None

    def _consider(self, path: str, meaning: Meaning, *, via: str) -> None:
        for mention in meaning.mentions:
            if mention.startswith("PYTHONPATH="):
                self._add_root(path, mention[len("PYTHONPATH=") :])
        for item in meaning.imports:
            self._follow(path, item, via=via)
        for run in meaning.runs:
            self._run(path, run)
        for mention in meaning.mentions:
            if mention.startswith("hydra-config:"):
                self._hydra(path, mention[len("hydra-config:") :])
            elif not mention.startswith(_SPECIAL):
                self._mention(path, mention)

    def _add_root(self, path: str, spelled: str) -> None:
        for base in (path.rpartition("/")[0] or ".", *self._bases):
            for item in spelled.split(":"):
                root = joined(base, item)
                if root is not None and self._resolver.add_root(root):
                    self._targets.clear()

    # Imports

    def _follow(self, path: str, item: Import, *, via: str = "", is_second: bool = False) -> None:
        via = via or f"imported by {path}"
        if item.is_prefix:
            self._follow_prefix(path, item, via)
            return
        found = self._relative(path, item) if item.level else self._absolute(item)
        if found is None:
            if is_second:
                self._report_missing(path, item)
            else:
                self._open.append((path, item))
            return
        for file in found.files:
            self._add(file, via, path)
        for name in item.names:
            for folder in found.folders:
                inner = self._resolver.below(folder, [name]) if name != "*" else None
                for file in inner.files if inner else ():
                    self._add(file, via, path)

    def _relative(self, path: str, item: Import) -> Found | None:
        folder = _package(path, item.level)
        if folder is None:
            return None
        if item.module:
            return self._resolver.below(folder, item.module.split("."))
        init = "__init__.py" in self._resolver.names(folder)
        inside = "__init__.py" if folder == "." else f"{folder}/__init__.py"
        return Found((inside,) if init else (), (folder,), is_regular=True)

    def _absolute(self, item: Import) -> Found | None:
        if not item.module:
            return None
        found, ambiguous = self._resolver.module(item.module)
        if ambiguous:
            listed = " and ".join(f"`{file}`" for file in ambiguous)
            self._notes[f"`{item.module}` is ambiguous: {listed}; both count"] = None
        return found

    def _report_missing(self, path: str, item: Import) -> None:
        """Say that an import leads nowhere, when it surely should lead into the repository."""
        where = f"{path}:{item.line}"
        dotted = "." * item.level + item.module
        if item.level:
            text = f"{where}: `{dotted}` is imported but is not there"
            (self._notes if item.is_weak else self._problems)[text] = None
            return
        top = item.module.partition(".")[0]
        found, _ = self._resolver.module(top)
        if found is None:
            return  # somebody else's
        text = f"{where}: `{item.module}` is imported but `{top}` has no such module"
        is_ours = found.is_regular and found.folders
        (self._problems if is_ours and not item.is_weak else self._notes)[text] = None

    def _follow_prefix(self, path: str, item: Import, via: str) -> None:
        prefix = item.names[0] if item.names else ""
        folders: tuple[str, ...]
        if item.level:
            folder = _package(path, item.level)
            inner = None
            if folder is not None and item.module:
                inner = self._resolver.below(folder, item.module.split("."))
            folders = inner.folders if inner else (folder,) if folder and not item.module else ()
        elif item.module:
            found, _ = self._resolver.module(item.module)
            folders = found.folders if found else ()
            for file in found.files if found else ():
                self._add(file, via, path)
        else:
            folders = tuple(self._resolver.roots) if prefix else ()
        hits = 0
        for folder in folders:
            for file in self._resolver.submodules(folder, prefix):
                self._add(file, via, path)
                hits += 1
        if hits:
            start = "." * item.level + ".".join(part for part in (item.module, prefix) if part)
            self._notes[
                f"{path}:{item.line} chooses a module `{start}...` at run time: "
                f"all {hits} that it may mean count"
            ] = None

    # Strings and programs

    def _run(self, path: str, run: str) -> None:
        for place in self._places(path, run):
            self._add(place, f"run by {path}", path)
            kind = kind_of_file(place)
            if kind in (EntryKind.SCRIPT, EntryKind.NOTEBOOK):
                self._resolver.add_root(place.rpartition("/")[0] or ".")

    def _mention(self, path: str, text: str) -> None:
        if text.startswith(".") and not text.startswith(("./", "../")) and "/" not in text:
            return  # ".csv" is a suffix
        found = False
        for place in self._places(path, text):
            if place == path:
                continue
            found = True
            # Somebody may read the text of the file: its comments could matter.
            is_text = place.endswith(_CODE) and path.endswith((".py", ".ipynb"))
            self._add(place, f"named in {path}", path, is_named=True, by_bytes=is_text)
        if not found and "/" not in text:
            self._target(text.replace(":", ".").strip("."), path)

    def _places(self, path: str, spelled: str) -> list[str]:
        """Files that a spelled path may mean: from the folder of the file, the root, the cwd."""
        if "$" in spelled or not spelled:
            return []
        found: dict[str, None] = {}
        for base in dict.fromkeys((path.rpartition("/")[0] or ".", *self._bases)):
            place = joined(base, spelled)
            if place is None or place in found:
                continue
            folder, _, name = place.rpartition("/")
            if name in self._resolver.names(folder or ".") and self._tree.is_file(place):
                found[place] = None
        return list(found)

    def _target(self, dotted: str, path: str, *, via: str = "") -> None:
        """A dotted name such as `pkg.model.Net`: the longest beginning that is a module."""
        dotted = dotted.replace(":", ".")
        steps = dotted.split(".")
        if self._targets.get(dotted) or not all(step.isidentifier() for step in steps):
            return
        self._targets[dotted] = True
        if self._resolver.module(steps[0])[0] is None:
            return
        for length in range(len(steps), 0 if via else 1, -1):
            found, _ = self._resolver.module(".".join(steps[:length]))
            if found is not None and found.files:
                for file in found.files:
                    self._add(file, via or f"named in {path}", path)
                return

    def _hydra(self, path: str, folder: str) -> None:
        for base in dict.fromkeys((path.rpartition("/")[0] or ".", *self._bases)):
            place = joined(base, folder)
            if place is None or place == "." or not self._tree.is_dir(place):
                continue
            for file in self._files_below(place):
                if file.endswith((".yaml", ".yml")):
                    self._add(file, f"Hydra configuration of {path}", path)


def _package(path: str, level: int) -> str | None:
    """The folder that `level` leading dots mean in a file; None above the root."""
    folder = path.rpartition("/")[0]
    for _ in range(level - 1):
        if not folder:
            return None
        folder = folder.rpartition("/")[0]
    return folder or "."


def _bases(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Folders from which the programs may see paths: their cwd, their own folder, the root."""
    found: dict[str, None] = {}
    for entry in entries:
        found[entry.cwd] = None
        found[entry.path.rpartition("/")[0] or "."] = None
    found["."] = None
    return tuple(found)


def _roots(entries: Sequence[Entry], rules: ChangeRules) -> list[str]:
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
