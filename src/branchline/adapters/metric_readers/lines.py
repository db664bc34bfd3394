"""Adapter `metric_readers`: lines of text of any size, as they would stand on a terminal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from branchline.ports.metric_readers import MetricSource

MOST_LINE = 1 << 14
"""Bytes of a line of text; a longer one is none that a person reads, and is passed over."""
_HEAD = 2 << 20
_TAIL = 6 << 20
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_BACKSPACES = re.compile(r"[^\x08]?\x08")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what stands on it in the end, and its number from 1.

    A line that was rewritten with carriage returns is what was written last.
    """

    number: int
    text: str


def lines_of(source: MetricSource) -> Iterator[Line]:
    """Lines of a text; of one that is larger than 8 MiB its beginning and its end.

    Raises:
        DocumentError: It is no text.
    """
    cutter = _Cutter()
    place = 0
    for chunk in source.chunks():
        if b"\0" in chunk:
            raise DocumentError(
                f"{source.path}: byte {place + chunk.index(0):,} is 0: it is no text",
                todo="Name the reader of its form with `reader:`.",
            )
        yield from cutter.feed(chunk)
        place += len(chunk)
        if place >= _HEAD and source.size_bytes - place > _TAIL:
            break
    if source.size_bytes - place > _TAIL:
        start = source.size_bytes - _TAIL
        cutter.leave_out(_newlines(source, place, start))
        place = start
        for chunk in source.chunks(start):
            yield from cutter.feed(chunk)
    yield from cutter.feed(b"\n")


def plain(text: str) -> str:
    """A text without colours, other escapes, and what backspaces wipe out."""
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    while "\x08" in text:
        shorter = _BACKSPACES.sub("", text)
        if shorter == text:
            break
        text = shorter
    return text


def _newlines(source: MetricSource, start: int, end: int) -> int:
    count = 0
    for chunk in source.chunks(start):
        part = chunk[: end - start]
        count += part.count(b"\n")
        start += len(part)
        if start >= end:
            break
    return count


class _Cutter:
    """Cuts bytes into lines."""

    def __init__(self) -> None:
        self._number = 1
        self._rest = b""
        self._is_too_long = False
        self._last = b""

    def leave_out(self, newlines: int) -> None:
        """Go on after a gap; the line that it begins in, and the one that it ends in, are lost."""
        self._number += newlines
        self._rest, self._last, self._is_too_long = b"", b"", True

    def feed(self, data: bytes) -> Iterator[Line]:
        """Whole lines that the bytes complete."""
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._add(part)
            shown = self._rest if self._rest.strip() else self._last
            if shown.strip() and not self._is_too_long:
                yield Line(self._number, plain(shown.decode("utf-8", "replace")).rstrip())
            self._number += 1
            self._rest, self._last, self._is_too_long = b"", b"", False
        self._add(rest)

    def _add(self, part: bytes) -> None:
        for index, segment in enumerate(part.split(b"\r")):
            if index:
                self._last = self._rest if self._rest.strip() else self._last
                self._rest, self._is_too_long = b"", False
            if self._is_too_long or len(self._rest) + len(segment) > MOST_LINE:
                self._rest, self._is_too_long = b"", True
            else:
                self._rest += segment


def lines_in(text: str) -> Iterable[Line]:
    """Lines of a text at hand."""
    cutter = _Cutter()
    return [*cutter.feed(text.encode("utf-8", "replace")), *cutter.feed(b"\n")]
