"""The line below a search at a terminal that says where it is; nothing in a pipe.

Used as a context manager around the search, which tells it every line that it says, and of every
trial that begins and ends. Decides nothing about the search.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from branchline.render.search.live import Standing, heard, live_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from rich.live import Live
    from rich.text import Text

    from branchline.cli.console import Console
    from branchline.core.policy import Goal
    from branchline.core.run.trial_events import TrialEvent

__all__ = ["SearchProgress"]

_REFRESH_PER_S = 2.0


class SearchProgress:
    """Lines of a search, and below them where it is.

    Args:
        console: Where they go.
        metric, goal: What is searched for.
        is_quiet: Whether nothing is shown at all.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        console: Console,
        metric: str,
        goal: Goal,
        *,
        is_quiet: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._is_quiet = is_quiet
        self._clock = clock
        self._began_s = clock()
        self._live: Live | None = None
        self.standing = Standing(metric=metric, goal=goal)

    @property
    def duration_s(self) -> float:
        """Seconds since it began."""
        return self._clock() - self._began_s

    def __enter__(self) -> SearchProgress:
        if self._console.has_live_display and not self._is_quiet:
            from rich.live import Live

            self._live = Live(
                get_renderable=self._drawn,
                console=self._console.rich(),
                refresh_per_second=_REFRESH_PER_S,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._console.out.flush()

    def hear(self, event: TrialEvent) -> None:
        """Note where the search is."""
        self.standing = heard(self.standing, event)

    def say(self, text: str) -> None:
        """Print a line for good."""
        if self._is_quiet:
            return
        if self._live is None:
            self._console.write(text)
            self._console.out.flush()
        else:
            self._live.console.print(text, soft_wrap=True)

    def _drawn(self) -> Text:
        from rich.text import Text

        # A terminal writes "^C" behind the last line: at the margin it would break it in two.
        width = self._console.width - 3
        words = live_line(
            self.standing, began_s=self._began_s, now_s=self._clock(), width=max(1, width)
        )
        return Text(words, style="bold", no_wrap=True, overflow="crop")
