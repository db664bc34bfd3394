"""The record that `cli.quick_records` reads: what a plan looked at, by content, and what it said.

Strings with NUL between them, because reading JSON would cost half of the answer. A record of
another version of ours, or by another Python, whose grammar may read code otherwise, is not used.
"""

from __future__ import annotations

import sys

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Answer", "File", "Stage"]

_MAGIC = "branchline answer 1"


class File:
    """One file that counts.

    Attributes:
        path: From the root.
        blob: Blob id of its bytes; "" when nobody digested it.
        size: Bytes.
        mode: "x" or "-" where the x bit counts; else "".
        digest: Of its meaning, where that is all that counts; else "".
        recorded: Blob id of the bytes that the result was made with; "" when not known.
        users: Positions of the stages that use it.
        told: The input that it belongs to: its path, or the declared folder that it stands in.
        may_be_away: It is data that another machine keeps.
    """

    __slots__ = (
        "blob",
        "digest",
        "may_be_away",
        "mode",
        "path",
        "recorded",
        "size",
        "told",
        "users",
    )

    def __init__(
        self,
        path: str,
        blob: str,
        size: int,
        mode: str,
        digest: str,
        recorded: str,
        users: tuple[int, ...],
        *,
        told: str = "",
        may_be_away: bool = False,
    ) -> None:
        self.path = path
        self.blob = blob
        self.size = size
        self.mode = mode
        self.digest = digest
        self.recorded = recorded
        self.users = users
        self.told = told or path
        self.may_be_away = may_be_away


class Stage:
    """One stage that is reused.

    Attributes:
        address: Of the stage.
        reference: Of its result, below `refs/branchline/results/`.
        held: Object that this reference names.
        outs: (path, what to say when it is not here) of each output that the store keeps.
    """

    __slots__ = ("address", "held", "outs", "reference")

    def __init__(
        self, address: str, reference: str, held: str, outs: Sequence[tuple[str, str]]
    ) -> None:
        self.address = address
        self.reference = reference
        self.held = held
        self.outs = outs


class Answer:
    """What a plan looked at, and what it says while all of that holds.

    Attributes:
        rules: Flags of what counts as a change, as in `cli.quick_code`.
        python: Minor version of the stages' Python.
        summary: The sentence below the table.
        stages: In order.
        files: All that count.
        absent: Paths at which there must be nothing.
        untracked: Paths that would count if git tracked them.
        folders: (path, which names count, as `cli.quick_records.listed` takes it, digest, names
            that do not count).
    """

    def __init__(
        self,
        *,
        rules: str,
        python: str,
        summary: str,
        stages: Sequence[Stage],
        files: Sequence[File],
        absent: Sequence[str],
        untracked: Sequence[str],
        folders: Sequence[tuple[str, str, str, Sequence[str]]],
    ) -> None:
        self.rules = rules
        self.python = python
        self.summary = summary
        self.stages = stages
        self.files = files
        self.absent = absent
        self.untracked = untracked
        self.folders = folders

    def to_bytes(self) -> bytes:
        """The record: strings, NUL between them."""
        fields = [_MAGIC, _token(), self.rules, self.python, self.summary, str(len(self.stages))]
        for stage in self.stages:
            fields += [stage.address, stage.reference, stage.held, str(len(stage.outs))]
            fields += [text for out in stage.outs for text in out]
        fields.append(str(len(self.files)))
        for f in self.files:
            recorded = "=" if f.recorded == f.blob else f.recorded
            fields += [f.path, f.blob, str(f.size), f.mode, f.digest, recorded]
            told = "" if f.told == f.path else f.told
            fields += [" ".join(map(str, f.users)), told, "away" if f.may_be_away else ""]
        for paths in (self.absent, self.untracked):
            fields += [str(len(paths)), *paths]
        fields.append(str(len(self.folders)))
        for path, mode, digest, names in self.folders:
            fields += [path, mode, digest, str(len(names)), *names]
        return "\0".join(fields).encode("utf-8", "surrogateescape")

    @classmethod
    def from_bytes(cls, data: bytes) -> Answer | None:
        """What `to_bytes` wrote for this version and this Python; None for anything else."""
        fields = data.decode("utf-8", "surrogateescape").split("\0")
        if fields[:2] != [_MAGIC, _token()]:
            return None
        rest = iter(fields[2:])
        try:
            found = cls._read(rest)
        except (ValueError, StopIteration, RuntimeError):
            return None
        return None if next(rest, None) is not None else found

    @classmethod
    def _read(cls, rest: Iterator[str]) -> Answer:
        rules, python, summary = next(rest), next(rest), next(rest)
        stages = []
        for _ in range(int(next(rest))):
            address, reference, held = next(rest), next(rest), next(rest)
            outs = [(next(rest), next(rest)) for _ in range(int(next(rest)))]
            stages.append(Stage(address, reference, held, outs))
        files = []
        for _ in range(int(next(rest))):
            path, blob, size, mode = next(rest), next(rest), int(next(rest)), next(rest)
            digest, recorded, users = next(rest), next(rest), next(rest)
            told, away = next(rest), next(rest) == "away"
            if recorded == "=":
                recorded = blob
            positions = tuple(map(int, users.split()))
            file = File(path, blob, size, mode, digest, recorded, positions)
            file.told, file.may_be_away = told or path, away
            files.append(file)
        absent = [next(rest) for _ in range(int(next(rest)))]
        untracked = [next(rest) for _ in range(int(next(rest)))]
        folders = []
        for _ in range(int(next(rest))):
            path, mode, digest = next(rest), next(rest), next(rest)
            names = [next(rest) for _ in range(int(next(rest)))]
            folders.append((path, mode, digest, names))
        return cls(
            rules=rules,
            python=python,
            summary=summary,
            stages=stages,
            files=files,
            absent=absent,
            untracked=untracked,
            folders=folders,
        )


def _token() -> str:
    from branchline.version import __version__

    return f"{__version__} {sys.version_info[:2]}"
