"""`branchline plan` in a fresh clone that has the records, answered by content.

A run that left nothing to do recorded what the plan that confirmed it had looked at, by git blob id
(`cli.answers` writes it). Here the same paths are looked at: files that hold the same cost one
stat, because git's index tells their blob ids; of those that differ only the meaning is read, as in
`cli.quick_code`. Everything that differs otherwise goes the whole way, and so does whatever cannot
be told. Changes nothing. Imports nothing heavy.
"""

from __future__ import annotations

import hashlib
import os
import stat as stat_module
import sys

from branchline.cli.quick_answer import Answer
from branchline.cli.quick_git import Index, blob_id, is_loose, objects, references

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from branchline.cli.quick_answer import File

__all__ = ["ANSWERS", "INERT", "answer", "listed", "names_in", "place_of", "read_bytes"]

ANSWERS = "refs/branchline/answers/"
READ_AT_MOST_BYTES = 1_000_000
_TRIES = 3  # Newest first.
_NAMED_BY = ("branchline.yaml", "branchline.lock", "dvc.yaml", "dvc.lock")
_PIPELINE_NAMES = ("dvc.yaml", ".dvcignore", ".gitignore", "pyvenv.cfg")
INERT = frozenset(
    {".git", ".hg", ".branchline", ".venv", "node_modules", "__pycache__"}
    | {".pytest_cache", ".mypy_cache", ".ruff_cache", ".ipynb_checkpoints"}
)
INERT_NAMES = INERT | {f"{name}/" for name in INERT}


def answer(root: str) -> tuple[str, list[str]] | None:
    """What a bare `plan` says, and its remarks; None when the whole way must be gone.

    Args:
        root: Absolute root of the repository.
    """
    found = references(root, ANSWERS + place_of(root) + "/")
    if not found:
        return None
    names = [found[name] for name in sorted(found, reverse=True)[:_TRIES]]
    index = Index(root)
    if b".branchline/" in index.data:
        return None  # Committed local state is refused, by the whole way.
    for text in objects(root, names):
        known = None if text is None else Answer.from_bytes(text)
        if known is None or known.python != _python_version(root):
            continue
        said = _Look(root, index, known).answer()
        if said is not None:
            return said
    return None


class _Look:
    """One look at the working tree, against one record."""

    def __init__(self, root: str, index: Index, known: Answer) -> None:
        self._root = root
        self._index = index
        self._known = known
        self._touched: list[File] = []
        self._away: set[str] = set()
        self._moved: list[tuple[File, bytes]] = []

    def answer(self) -> tuple[str, list[str]] | None:
        known = self._known
        if any(os.path.lexists(f"{self._root}/{path}") for path in known.absent):
            return None
        if any(self._index.names(path) for path in known.untracked):
            return None
        if not all(self._holds(file) for file in known.files):
            return None
        for path, mode, digest, names in known.folders:
            if listed(f"{self._root}/{path}", names, mode) != digest:
                return None
        if self._away and not _has_no_store(self._root):
            return None
        if not self._has_results() or not self._means_the_same():
            return None
        text, notes = self._text(), self._notes()
        is_plain = all(line.isprintable() for line in (*text.splitlines(), *notes))
        return (text, notes) if is_plain else None

    def _holds(self, file: File) -> bool:
        """Whether a file may still say what it said; what differs is noted."""
        path = f"{self._root}/{file.path}"
        try:
            stat = os.lstat(path)
        except OSError:
            self._away.add(file.path)
            return file.may_be_away
        if not stat_module.S_ISREG(stat.st_mode) or not file.blob:
            return False
        if file.mode and file.mode != ("x" if stat.st_mode & stat_module.S_IXUSR else "-"):
            return False
        if stat.st_size == file.size and self._index.is_clean(file.path, file.blob, stat):
            blob = file.blob
        else:
            data = read_bytes(path)
            if data is None:
                return False
            blob = blob_id(data)
            if blob != file.blob:
                if not file.digest:
                    return False
                self._moved.append((file, data))
        if file.digest and blob != file.recorded:
            self._touched.append(file)
        return True

    def _has_results(self) -> bool:
        """Whether the results that the record speaks of stand here, too."""
        results = "refs/branchline/results/"
        names = []
        for stage in self._known.stages:
            prefix = results + stage.reference.rpartition("/")[0] + "/"
            found = references(self._root, prefix)
            # Of several results under a key the whole way chooses.
            if found != {results + stage.reference: stage.held}:
                return False
            names.append(stage.held)
        packed = [name for name in names if not is_loose(self._root, name)]
        return all(held is not None for held in objects(self._root, packed))

    def _means_the_same(self) -> bool:
        if not self._moved:
            return True
        from branchline.cli.quick_code import MeaningRules, has_meaning

        rules = MeaningRules(*(flag == "1" for flag in self._known.rules))
        return all(has_meaning(f.path, data, f.digest, rules) for f, data in self._moved)

    def _text(self) -> str:
        from branchline.cli.quick_code import table_of

        rows = [("action", "stage", "why")]
        for position, stage in enumerate(self._known.stages):
            mine = sorted({f.told for f in self._touched if position in f.users})
            reason = "nothing changed"
            if mine:
                more = f" (and {len(mine) - 1} more)" if len(mine) > 1 else ""
                reason = f"only comments or layout changed in `{mine[0]}`{more}"
            rows.append(("reuse", stage.address, reason))
        return f"{table_of(rows)}\n{self._known.summary}\n"

    def _notes(self) -> list[str]:
        notes = []
        for stage in self._known.stages:
            said = [note for path, note in stage.outs if path in self._away]
            notes += [f"{stage.address}: {note}" for note in said[:1]]
        return notes


def place_of(root: str) -> str:
    """Where answers for this pipeline and this lock file stand, below `ANSWERS`."""
    hasher = hashlib.sha1(usedforsecurity=False)
    for name in _NAMED_BY:
        data = read_bytes(f"{root}/{name}")
        hasher.update(b"absent;" if data is None else b"%d:%s" % (len(data), data))
    return hasher.hexdigest()[:16]


def listed(folder: str, apart: Iterable[str], mode: str) -> str:
    """Digest of the names in a folder; folders end in a slash.

    Args:
        folder: Absolute.
        apart: Names that do not count: git did not track them when the answer was recorded.
        mode: "every" name counts, "all" that could be imported or named, or "some": only folders
            and files that declare something.
    """
    left_out = frozenset(apart)
    if mode != "every":
        left_out |= INERT_NAMES
    kept = [n for n in names_in(folder) if n not in left_out]
    if mode == "some":
        kept = [n for n in kept if n.endswith(("/", ".dvc")) or n in _PIPELINE_NAMES]
    joined = "\0".join(sorted(kept)).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(joined, digest_size=16).hexdigest()


def names_in(folder: str) -> list[str]:
    """Names directly in a folder, those of folders with a slash at the end; none if it is none."""
    try:
        with os.scandir(folder) as entries:
            return [e.name + "/" if e.is_dir() else e.name for e in entries]
    except OSError:
        return []


def read_bytes(path: str) -> bytes | None:
    """Bytes of a file that is small enough to be code; None for any other."""
    try:
        with open(path, "rb") as file:
            data = file.read(READ_AT_MOST_BYTES + 1)
    except OSError:
        return None
    return data if len(data) <= READ_AT_MOST_BYTES else None


def _has_no_store(root: str) -> bool:
    """Whether this clone has surely no store of outputs yet, nor the use of a shared one."""
    for name in (".dvc/cache", ".branchline/store", ".branchline/store-id"):
        if os.path.lexists(f"{root}/{name}"):
            return False
    for name in ("config", "config.local"):
        data = read_bytes(f"{root}/.dvc/{name}")
        if data is not None and b"dir" in data:
            return False
    return True


def _python_version(root: str) -> str:
    """The minor version of the Python that stages will find, where that costs no process."""
    for name in ("python", "python3"):
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            path = os.path.join(folder or ".", name)
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return _version_of(path, root)
    return ""


def _version_of(python: str, root: str) -> str:
    """The minor version of an interpreter as its files tell it; "" where they do not."""
    settings = read_bytes(os.path.join(os.path.dirname(os.path.dirname(python)), "pyvenv.cfg"))
    for line in (settings or b"").decode("utf-8", "replace").splitlines():
        name, _, value = line.partition("=")
        if name.strip() in ("version", "version_info") and value.strip():
            return ".".join(value.strip().split(".")[:2])
    if os.path.realpath(python) == os.path.realpath(sys.executable):
        return "{}.{}".format(*sys.version_info[:2])
    return _pyenv_version(python, root) if python.endswith("/shims/python") else ""


def _pyenv_version(shim: str, root: str) -> str:
    """The minor version that pyenv chooses where only its global file says so; else ""."""
    home = shim.removesuffix("/shims/python")
    if os.environ.get("PYENV_VERSION") or os.environ.get("PYENV_ROOT", home) != home:
        return ""
    folder = root
    while not os.path.lexists(f"{folder}/.python-version"):
        if folder == "/":
            break
        folder = os.path.dirname(folder)
    else:
        return ""
    said = (read_bytes(f"{home}/version") or b"").decode("utf-8", "replace").strip()
    is_there = said.replace(".", "").isdigit() and os.path.isfile(
        f"{home}/versions/{said}/bin/python"
    )
    return ".".join(said.split(".")[:2]) if is_there and said.count(".") == 2 else ""
