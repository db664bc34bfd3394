"""The display of stages at work: one line a stage on a terminal, a line an event in a pipe.

Used as a context manager; `update` is called as often as there is something to say (ten times a
second is fine). Decides nothing about the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from branchline.core.run import StageState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import TextIO

    from rich.console import Console as RichConsole
    from rich.live import Live
    from rich.table import Table as RichTable

__all__ = ["LiveProgress", "PlainProgress", "Progress", "Row", "Screen", "duration_to_text"]

_MARKS = {
    StageState.QUEUED: ("·", "dim"),
    StageState.RUNNING: ("▶", "cyan"),
    StageState.SUCCEEDED: ("✓", "green"),
    StageState.FAILED: ("✗", "red"),
    StageState.CANCELLED: ("✗", "yellow"),
    StageState.LOST: ("?", "red"),
    StageState.REUSED: ("=", "green"),
    StageState.SKIPPED: ("-", "dim"),
}
_REFRESH_PER_S = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stage in the display.

    Attributes:
        stage: Its address.
        state: Where it is.
        elapsed_s: Seconds since it started; 0 before.
        text: The last line of its log, or why it is not run.
    """

    stage: str
    state: StageState
    elapsed_s: float = 0.0
    text: str = ""


class Screen(Protocol):
    """What the display needs of a `Console`."""

    out: TextIO

    @property
    def width(self) -> int:
        """Columns."""
        ...

    def write(self, text: str = "") -> None:
        """Print a line."""
        ...

    def rich(self) -> RichConsole:
        """The same output for rich."""
        ...


class Progress(Protocol):
    """What shows a run's stages while they work."""

    def __enter__(self) -> Progress:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last state on the screen."""
        ...

    def update(self, rows: Sequence[Row]) -> None:
        """Show these stages, in this order."""
        ...

    def say(self, text: str) -> None:
        """Print a line above the display, for good."""
        ...


class PlainProgress:
    """A line whenever a stage changes its state; nothing is ever taken back."""

    def __init__(self, console: Screen) -> None:
        self._console = console
        self._states: dict[str, StageState] = {}

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._console.out.flush()

    def update(self, rows: Sequence[Row]) -> None:
        """Print the stages whose state is another one than before."""
        for row in rows:
            if row.state is StageState.QUEUED or self._states.get(row.stage) is row.state:
                continue
            self._states[row.stage] = row.state
            self.say(_plain_line(row))

    def say(self, text: str) -> None:
        """Print a line at once: whoever reads a pipe wants to see where the run is."""
        self._console.write(text)
        self._console.out.flush()


class LiveProgress:
    """One line a stage that is redrawn in place; rich is imported when the first row comes."""

    def __init__(self, console: Screen) -> None:
        self._console = console
        self._live: Live | None = None

    def __enter__(self) -> LiveProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.refresh()
            self._live.stop()
            self._live = None
        self._console.out.flush()

    def update(self, rows: Sequence[Row]) -> None:
        """Redraw the stages."""
        drawn = _drawn(rows, width=self._console.width)
        if self._live is None:
            from rich.live import Live

            self._live = Live(
                drawn,
                console=self._console.rich(),
                refresh_per_second=_REFRESH_PER_S,
                redirect_stdout=False,
                redirect_stderr=False,
                vertical_overflow="ellipsis",
            )
            self._live.start()
        else:
            self._live.update(drawn)

    def say(self, text: str) -> None:
        """Print a line above the stages."""
        if self._live is None:
            self._console.write(text)
        else:
            self._live.console.print(text, soft_wrap=True)


def duration_to_text(seconds: float) -> str:
    """A duration as people say it.

    >>> [duration_to_text(s) for s in (0.04, 3.21, 75.0, 7322.0)]
    ['0.0 s', '3.2 s', '1:15', '2:02:02']
    """
    if seconds < 59.95:  # 59.96 would read as 60.0 s
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _plain_line(row: Row) -> str:
    from branchline.render.table import visible

    ended = row.state in (StageState.SUCCEEDED, StageState.FAILED, StageState.CANCELLED)
    elapsed = f" after {duration_to_text(row.elapsed_s)}" if ended else ""
    wants_text = row.text and row.state is not StageState.SUCCEEDED
    text = f": {visible(row.text)}" if wants_text else ""
    return f"{row.stage} {row.state.value}{elapsed}{text}"


def _drawn(rows: Sequence[Row], *, width: int) -> RichTable:
    from rich.table import Table as RichTable
    from rich.text import Text

    from branchline.render.table import visible

    table = RichTable(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    # A terminal writes "^C" behind the last line: at the margin it would break that line in two.
    table.width = width - 3
    table.add_column(width=1)
    table.add_column(no_wrap=True, max_width=max(12, width // 3), overflow="ellipsis")
    table.add_column(no_wrap=True, justify="right", min_width=7)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        mark, style = _MARKS[row.state]
        elapsed = duration_to_text(row.elapsed_s) if row.elapsed_s > 0 else ""
        table.add_row(
            Text(mark, style=style), Text(row.stage), Text(elapsed, style="dim"),
            Text(visible(row.text), style="dim"),
        )  # fmt: skip
    return table
