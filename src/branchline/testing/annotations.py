"""Port `annotations`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `AnnotationsContract` in a test module and give it a fixture
`annotations`, and a fixture `commit`, a commit that the forge has.
"""

# ruff: noqa: S101, D102 - a contract suite is made of assertions, and its names say what they show

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import pytest

from branchline.ports.annotations import MOST_LINES, Annotations
from branchline.ports.ci import Note, NoteLevel

if TYPE_CHECKING:
    from collections.abc import Sequence


class FakeAnnotations(Annotations):
    """Sentences at lines, in memory.

    Attributes:
        shown: (commit, name) -> what the newest check of that name shows.
    """

    def __init__(self) -> None:
        self.shown: dict[tuple[str, str], tuple[Note, ...]] = {}

    def put(self, commit: str, name: str, notes: Sequence[Note], *, summary: str) -> int:  # noqa: ARG002 # shown nowhere
        """See the port."""
        rows = tuple(dict.fromkeys(n for n in notes if n.file and n.line > 0))[:MOST_LINES]
        if rows:
            self.shown[commit, name] = rows
        return len(rows)


class AnnotationsContract(ABC):
    """What every forge does that shows sentences at lines."""

    @pytest.fixture
    @abstractmethod
    def annotations(self) -> Annotations:
        """Of a repository that shows none."""

    @pytest.fixture
    @abstractmethod
    def commit(self) -> str:
        """A commit of it."""

    def test_what_has_a_line_is_shown_once(self, annotations: Annotations, commit: str) -> None:
        at = Note(level=NoteLevel.WARNING, text="a\nb", file="x.yaml", line=3, title="t")
        nowhere = Note(level=NoteLevel.ERROR, text="c")

        counts = [annotations.put(commit, "n", [at, nowhere, at], summary="s") for _ in range(2)]

        assert counts == [1, 1]

    def test_no_line_is_no_check(self, annotations: Annotations, commit: str) -> None:
        assert annotations.put(commit, "n", [], summary="s") == 0

    def test_there_is_an_end(self, annotations: Annotations, commit: str) -> None:
        many = [
            Note(level=NoteLevel.NOTICE, text="x", file="x.yaml", line=line)
            for line in range(1, MOST_LINES + 9)
        ]

        assert annotations.put(commit, "n", many, summary="") == MOST_LINES
