"""What a look at a team's own files finds: one place, one sentence, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Trap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """A line that does something else than it seems to.

    Attributes:
        kind: Short name; docs/explanation/traps.md has a row for each.
        file: From the root; "" where it is in no file.
        line: From 1; 0 where it is in no file.
        sentence: What happens, with the value.
        todo: What to write instead.
        is_certain: It cannot be meant so. Where not, it may be.
    """

    kind: str
    file: str
    line: int
    sentence: str
    todo: str
    is_certain: bool = True

    @property
    def place(self) -> str:
        """`file:line`, as editors take it; "" where it is in no file."""
        return f"{self.file}:{self.line}" if self.file else ""
