"""Adapter `metric_readers`: what the dialects of printed output have in common."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from branchline.core.evidence.found import Found
from branchline.core.evidence.written import Written, name_of, number_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.metric_readers.lines import Line

_STEP = re.compile(
    r"\b(?:epoch|global[ _]?step|step|iteration|iter|round|batch)\b"
    r"[ \t]{0,8}[:=#\[(]{0,2}[ \t]{0,8}(\d{1,15})\b",
    re.IGNORECASE,
)
_SHARE = re.compile(r"(?<![\w.])\d{1,12}/\d{1,12}(?![\w.])|\d{1,3}%\|")
NO_METRICS = frozenset({"epoch", "step", "global_step", "iteration", "iter", "round", "batch"})


class Steps:
    """Counts what is said step by step: a step is new when its numbers are other ones.

    The numbers themselves do not matter: of two steps the one that is said later is later.
    """

    def __init__(self) -> None:
        self.now: int | None = None
        """The step that is being told; None before the first one."""
        self._said: tuple[str, ...] = ()

    def look(self, text: str) -> bool:
        """Whether a line names its step; then that is the step from now on."""
        numbers = _STEP.findall(text)
        if not numbers:
            return False
        said = (*numbers, *_SHARE.findall(text))
        if said != self._said:
            self.next()
            self._said = said
        return True

    def next(self) -> int:
        """Begin another step."""
        self.now = 0 if self.now is None else self.now + 1
        self._said = ()
        return self.now


class Dialect(ABC):
    """One way of printing numbers; it is shown every line that no dialect before it took.

    Args:
        steps: Shared by all dialects of one text.
    """

    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    @abstractmethod
    def take(self, line: Line) -> Sequence[Found] | None:
        """The values of a line that is of this dialect; None where it is not."""

    def end(self) -> Sequence[Found]:
        """What is known only now that something else follows, or nothing."""
        return ()


def said(
    name: str, text: str, line: Line, *, step: int | None = None, voice: str = ""
) -> list[Found]:
    """What a line says of a name: a number, or a text that is none."""
    tidy = name_of(name)
    if not tidy or tidy.lower() in NO_METRICS:
        return []
    number = number_in(text)
    written = number or Written(0, text)
    return [
        Found(
            name=tidy,
            value=None if number is None else written.value,
            text=written.text[:100],
            place=f"line {line.number}",
            unit=written.unit,
            step=step,
            voice=voice,
        )
    ]
