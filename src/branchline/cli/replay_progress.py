"""The bar of a replay at a terminal; a pipe gets nothing. Used as a context manager."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.cli.console import Console

_EVERY_S = 0.1
_WIDTH = 30


class ReplayProgress:
    """One line on standard error, drawn again in place.

    Args:
        console: Where it goes, if that is a terminal.
        is_quiet: Whether nothing is shown at all.
    """

    def __init__(self, console: Console, *, is_quiet: bool) -> None:
        self._err = console.err
        self._is_shown = not is_quiet and console.has_live_display and console.err.isatty()
        self._drawn_at_s = 0.0
        self._has_drawn = False

    def __enter__(self) -> ReplayProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._has_drawn:
            self._err.write("\r\x1b[2K")
            self._err.flush()

    def tell(self, done: int, total: int) -> None:
        """Say how many pushes of how many were looked at."""
        now = time.monotonic()
        if not self._is_shown or now - self._drawn_at_s < _EVERY_S:
            return
        self._drawn_at_s = now
        self._has_drawn = True
        filled = _WIDTH * done // max(1, total)
        bar = "#" * filled + "-" * (_WIDTH - filled)
        self._err.write(f"\r\x1b[2K[{bar}] {done:,} of {total:,} pushes")
        self._err.flush()
