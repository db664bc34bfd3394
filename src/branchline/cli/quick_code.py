"""`branchline plan` again, when code files moved whose meaning did not. Helps `cli.quick`.

A comment was added, a formatter ran, another commit was checked out: the keys of all stages are
what they were, because a key holds the meaning of code and not its bytes. Only the sentences
change. Everything else (an import, a value, a file that is no code, a new name in a folder where
imports are looked for) goes the whole way.
"""

from __future__ import annotations

import os
import stat as stat_module

from branchline.cli.quick_memory import Kept, remember, sign

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from branchline.core.policy import ChangeRules

_SIZE_LIMIT_BYTES = 1_000_000


class MeaningRules:
    """The part of `core.policy.ChangeRules` by which a file is read.

    A class of its own: importing all policies would cost a tenth of the answer.
    """

    __slots__ = ("annotations", "docstrings", "import_order")

    def __init__(self, docstrings: bool, annotations: bool, import_order: bool) -> None:  # noqa: FBT001 # three flags in the order of the file
        self.docstrings = docstrings
        self.annotations = annotations
        self.import_order = import_order


class CodeNotes:
    """What is kept beside an answer of `plan`, for this module.

    Attributes:
        rules: What counts as a change.
        digests: Path from the root -> digest of its meaning, of code that counts by meaning.
        recorded: Path from the root -> blob id or md5 of the bytes that the result was made with.
        users: Path from the root -> positions of the stages that use it.
        folders: Absolute folder -> digest of the names in it.
        rows: (action, stage, reason) of each stage.
        summary: The sentence below the table.
    """

    def __init__(
        self,
        *,
        rules: ChangeRules | MeaningRules,
        digests: Mapping[str, str],
        recorded: Mapping[str, str],
        users: Mapping[str, Sequence[int]],
        folders: Mapping[str, str],
        rows: Sequence[tuple[str, str, str]],
        summary: str,
    ) -> None:
        self.rules = rules
        self.digests = digests
        self.recorded = recorded
        self.users = users
        self.folders = folders
        self.rows = rows
        self.summary = summary

    def to_fields(self) -> list[str]:
        """As strings without NUL, for `quick_memory.remember`."""
        rules = self.rules
        flags = "".join("01"[x] for x in (rules.docstrings, rules.annotations, rules.import_order))
        fields = [flags, self.summary]
        fields.append(str(len(self.rows)))
        for row in self.rows:
            fields += row
        fields.append(str(len(self.digests)))
        for path, digest in self.digests.items():
            users = " ".join(map(str, self.users.get(path, ())))
            fields += [path, digest, self.recorded.get(path, ""), users]
        fields.append(str(len(self.folders)))
        for path, digest in self.folders.items():
            fields += [path, digest]
        return fields

    @classmethod
    def from_fields(cls, fields: Sequence[str]) -> CodeNotes:
        """What `to_fields` wrote.

        Raises:
            ValueError, StopIteration: It was not.
        """
        rest = iter(fields)
        docstrings, annotations, import_order = (flag == "1" for flag in next(rest))
        summary = next(rest)
        rows = [(next(rest), next(rest), next(rest)) for _ in range(int(next(rest)))]
        digests: dict[str, str] = {}
        recorded: dict[str, str] = {}
        users: dict[str, list[int]] = {}
        for _ in range(int(next(rest))):
            path = next(rest)
            digests[path] = next(rest)
            recorded[path] = next(rest)
            users[path] = [int(number) for number in next(rest).split()]
        folders = {next(rest): next(rest) for _ in range(int(next(rest)))}
        return cls(
            rules=MeaningRules(docstrings, annotations, import_order),
            digests=digests,
            recorded=recorded,
            users=users,
            folders=folders,
            rows=rows,
            summary=summary,
        )


def same_meaning(
    root: str, command: str, kept: Kept, moved: Collection[str], *, since_ns: int
) -> Kept | None:
    """The answer as it is now, if all that moved is layout and comments; else None.

    Args:
        root: Absolute root of the repository.
        command: The command.
        kept: Its answer.
        moved: Paths whose signatures differ.
        since_ns: When the look at the signatures began.
    """
    try:
        notes = CodeNotes.from_fields(kept.extra)
    except (ValueError, StopIteration, RuntimeError):
        return None
    touched: list[str] = []
    moved = frozenset(moved)
    for path in sorted(moved):
        if path in notes.folders and names_digest(path) == notes.folders[path]:
            continue
        name = path.removeprefix(root + "/")
        data = _bytes(path, kept) if name in notes.digests else None
        if data is None or not has_meaning(name, data, notes.digests[name], notes.rules):
            return None
        if not _is_recorded(data, notes.recorded[name]):
            touched.append(name)
    text = _text(notes, touched)
    remember(
        root,
        command,
        code=kept.code,
        plain=text,
        colored=text,
        watched=kept.signatures,
        since_ns=since_ns,
        extra=kept.extra,
        unchanged={path: held for path, held in kept.signatures.items() if path not in moved},
    )
    return Kept(kept.code, text, text, kept.signatures, kept.extra)


def names_digest(folder: str) -> str:
    """Digest of the names directly in a folder, and of which are folders."""
    from hashlib import blake2b

    try:
        with os.scandir(folder) as entries:
            names = sorted(f"{e.name}/" if e.is_dir() else e.name for e in entries)
    except OSError:
        return "absent"
    joined = "\0".join(names).encode("utf-8", "surrogateescape")
    return blake2b(joined, digest_size=16).hexdigest()


def _bytes(path: str, kept: Kept) -> bytes | None:
    """Bytes of a file; None when it is no plain file with the mode it had, or moves just now."""
    before = sign(path)
    try:
        stat = os.lstat(path)
        with open(path, "rb") as file:
            data = file.read(_SIZE_LIMIT_BYTES + 1)
    except OSError:
        return None
    is_same_kind = kept.signatures[path].rpartition(".")[2] == str(stat.st_mode)
    is_plain = stat_module.S_ISREG(stat.st_mode) and len(data) <= _SIZE_LIMIT_BYTES
    return data if is_same_kind and is_plain and sign(path) == before else None


def has_meaning(name: str, data: bytes, digest: str, rules: ChangeRules | MeaningRules) -> bool:
    """Whether a file still says what it said."""
    from branchline.core.changes.meaning import meaning_of

    return meaning_of(name, data, rules).digest == digest  # type: ignore[arg-type] # it asks for the three flags only


def _is_recorded(data: bytes, recorded: str) -> bool:
    """Whether these are the very bytes that the result was made with."""
    import hashlib

    if len(recorded) == 32:
        return hashlib.md5(data, usedforsecurity=False).hexdigest() == recorded
    head = b"blob %d\0" % len(data)
    name = "sha256" if len(recorded) == 64 else "sha1"
    return hashlib.new(name, head + data, usedforsecurity=False).hexdigest() == recorded


def _text(notes: CodeNotes, touched: Sequence[str]) -> str:
    reasons = [reason for _, _, reason in notes.rows]
    for position in range(len(reasons)):
        mine = [name for name in touched if position in notes.users.get(name, ())]
        if mine:
            more = f" (and {len(mine) - 1} more)" if len(mine) > 1 else ""
            reasons[position] = f"only comments or layout changed in `{mine[0]}`{more}"
    rows = [("action", "stage", "why")]
    rows += [(a, b, why) for (a, b, _), why in zip(notes.rows, reasons, strict=True)]
    return f"{table_of(rows)}\n{notes.summary}\n"


def table_of(rows: Sequence[tuple[str, str, str]]) -> str:
    """Rows as `render.table.table_to_text` sets them; it is loaded for wide letters only."""
    if all(text.isascii() for row in rows for text in row):
        first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
        return "\n".join(
            f"{action:<{first}}  {stage:<{second}}  {why}".rstrip() for action, stage, why in rows
        )
    from branchline.render.table import Column, Table, cell, table_to_text

    action, stage, why = rows[0]
    columns = (Column(heading=action), Column(heading=stage), Column(heading=why))
    cells = tuple((cell(a), cell(b), cell(c)) for a, b, c in rows[1:])
    return table_to_text(Table(columns=columns, rows=cells))
