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
from branchline.core.changes.follow import ImportSearch
from branchline.core.changes.globs import Globs
from branchline.core.changes.resolve import Resolver, SourceTree, bases_of, roots_of
from branchline.core.changes.words import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from branchline.core.changes.values import Import, Meaning
    from branchline.core.policy import ChangeRules

__all__ = ["HYDRA_VIA", "Closure", "ClosureFile", "SourceTree", "closure_of"]

_CODE = (".py", ".pyw", ".ipynb", ".sh", ".bash", ".zsh", ".ksh", ".mk")
_SETTINGS = (".yaml", ".yml", ".toml")
HYDRA_VIA = "Hydra configuration of"  # begins `via` of what Hydra composes
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
        self._bases = bases_of(entries)
        self._resolver = Resolver(tree, roots_of(entries, rules))
        self._search = ImportSearch(self._resolver)
        self._imports: dict[tuple[str, Import], str] = {}
        self._missing: dict[tuple[str, Import], None] = {}
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
        """Read all that is reached, and again the imports that a new root may answer otherwise."""
        position = 0
        while True:
            roots = len(self._resolver.roots)
            while position < len(self._queue):
                self._read(self._queue[position])
                position += 1
            if roots == len(self._resolver.roots):
                break
            for (path, item), via in list(self._imports.items()):
                if not item.level:
                    self._follow(path, item, via)
        self._report_missing()

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
            self._follow(path, item, via)
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

    def _follow(self, path: str, item: Import, via: str) -> None:
        self._imports[path, item] = via
        answer = self._search.answer(path, item)
        if answer.is_lost:
            self._missing[path, item] = None
        else:
            self._missing.pop((path, item), None)
        for file in answer.files:
            self._add(file, via, path)
        if answer.note:
            self._notes[answer.note] = None

    def _report_missing(self) -> None:
        for path, item in self._missing:
            lost = self._search.lost(path, item)
            if lost is not None:
                (self._problems if lost.is_certain else self._notes)[lost.text] = None

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
        bases = (path.rpartition("/")[0] or ".", *self._bases)
        places = dict.fromkeys(joined(base, spelled) for base in bases)
        return [place for place in places if place is not None and self._is_file(place)]

    def _is_file(self, place: str) -> bool:
        folder, _, name = place.rpartition("/")
        return name in self._resolver.names(folder or ".") and self._tree.is_file(place)

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
            for file in (f for f in self._files_below(place) if f.endswith((".yaml", ".yml"))):
                self._add(file, f"{HYDRA_VIA} {path}", path)
