"""Bytes of a growing log as whole lines. Pure."""

from __future__ import annotations

MOST_BYTES = 1 << 16
"""A longer line is none of a log of steps; it is passed over, so that memory stays bounded."""


class LineReader:
    """Cuts bytes into lines as they come; a torn last line waits for the rest of it.

    Args:
        has_returns: Whether a carriage return ends a line, too, as progress bars have it.
    """

    def __init__(self, *, has_returns: bool = False) -> None:
        self._has_returns = has_returns
        self._rest = b""
        self._is_too_long = False
        self._is_first = True

    def feed(self, data: bytes) -> list[str]:
        """Whole lines that the bytes complete, without their ends."""
        if self._has_returns:
            data = data.replace(b"\r", b"\n")
        *ended, rest = data.split(b"\n")
        lines = []
        for part in ended:
            line, is_too_long = self._rest + part, self._is_too_long
            self._rest, self._is_too_long = b"", False
            if not is_too_long and len(line) <= MOST_BYTES:
                lines.append(self._text(line))
        self._rest += b"" if self._is_too_long else rest
        if len(self._rest) > MOST_BYTES:
            self._rest, self._is_too_long = b"", True
        return lines

    def _text(self, line: bytes) -> str:
        if self._is_first:
            line = line.removeprefix(b"\xef\xbb\xbf")
            self._is_first = False
        return line.decode("utf-8", "replace").rstrip("\r")
