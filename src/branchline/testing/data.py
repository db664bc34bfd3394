"""Ports `data_memory` and `own_checks`: fakes in memory, and what every memory must do.

To check a memory, inherit `DataMemoryContract` and give it a fixture `memory`. `data_files` has no
fake: DuckDB is one file in this process, and counts as it does for users.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import DataCheckError
from branchline.ports.data_memory import DataMemory
from branchline.ports.own_checks import OwnChecks, OwnReport

if TYPE_CHECKING:
    from collections.abc import Mapping


class FakeDataMemory(DataMemory):
    """A dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def find(self, key: str) -> bytes | None:
        """See the port."""
        return self.kept.get(key)

    def keep(self, key: str, content: bytes) -> None:
        """See the port."""
        self.kept[key] = content


class FakeOwnChecks(OwnChecks):
    """Answers what it was told to.

    Attributes:
        answers: `kind spec` -> what it says; others could not run.
        asked: What was run, in order.
    """

    def __init__(self, answers: Mapping[str, OwnReport] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[tuple[str, str, str, str]] = []

    def run(self, kind: str, spec: str, path: str, *, reference: str = "") -> OwnReport:
        """See the port."""
        self.asked.append((kind, spec, path, reference))
        if f"{kind} {spec}" not in self.answers:
            raise DataCheckError(f"{kind} could not run `{spec}`")
        return self.answers[f"{kind} {spec}"]


class DataMemoryContract:
    """What every memory must do."""

    def test_what_was_kept_is_found(self, memory: DataMemory) -> None:
        """Bytes come back as they were; the last ones count."""
        memory.keep("ab12", b"one")
        memory.keep("ab12", b"\x00two")

        assert memory.find("ab12") == b"\x00two"

    def test_what_was_not_kept_is_not(self, memory: DataMemory) -> None:
        """An unknown key has nothing."""
        memory.keep("ab12", b"one")

        assert memory.find("cd34") is None
