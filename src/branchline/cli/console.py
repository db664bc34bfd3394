"""What every command prints through: plain text in a pipe, colour and tables on a terminal.

Answers go to standard output, errors and remarks to standard error. rich is imported only where a
table or the live display is really drawn on a terminal.
"""

from __future__ import annotations

import os
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, TextIO

from branchline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Console as RichConsole

    from branchline.cli.progress import Progress
    from branchline.core.values import JsonValue
    from branchline.errors import BranchlineError
    from branchline.render.table import Cell, Line, Table

__all__ = ["Color", "Console", "drop", "error_to_json"]

_PIPE_WIDTH = 100  # Columns assumed where nobody says: plain lines are never cut to it.
_ANSI = {"strong": "1", "dim": "2", "good": "32", "bad": "31", "unsure": "33"}


class Color(Enum):
    """When to print colours: `--color`."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"

    @classmethod
    def of(cls, word: str) -> Color:
        """The colour mode that a word names.

        Raises:
            UsageError: It names none.
        """
        try:
            return cls(word)
        except ValueError:
            raise UsageError(
                f"branchline: --color {word} is none of auto, always, never",
                todo="Write --color auto, --color always or --color never.",
            ) from None


class Console:
    """Where a command writes.

    Args:
        out, err: Standard output and error.
        color: What `--color` said.
        environment: Environment variables; those of the process when None. NO_COLOR,
            CLICOLOR_FORCE, TERM and COLUMNS count.
    """

    def __init__(
        self,
        out: TextIO,
        err: TextIO,
        *,
        color: Color = Color.AUTO,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.out = out
        self.err = err
        self._is_refused = False
        self._environment = os.environ if environment is None else environment
        self.is_terminal = _is_terminal(out)
        self.has_color = self._decide_color(color, out)
        self._err_has_color = self._decide_color(color, err)
        for stream in (out, err):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                # A mark that the terminal's encoding lacks becomes "?", never a traceback.
                reconfigure(errors="replace")

    @property
    def width(self) -> int:
        """Columns of the terminal; 100 in a pipe."""
        text = self._environment.get("COLUMNS", "")
        if text.isdecimal() and int(text) > 0:
            return int(text)
        if not self.is_terminal:
            return _PIPE_WIDTH
        try:
            return os.get_terminal_size(self.out.fileno()).columns or _PIPE_WIDTH
        except OSError:
            return _PIPE_WIDTH

    def write(self, text: str = "") -> None:
        """Print a text as it is, and a newline."""
        self._put(text + "\n")

    def line(self, line: Line) -> None:
        """Print a line, its pieces coloured by what they mean."""
        self._put("".join(self._painted(piece) for piece in line.pieces) + "\n")

    def lines(self, lines: Iterable[Line]) -> None:
        """Print lines."""
        for line in lines:
            self.line(line)

    def table(self, table: Table) -> None:
        """Print a table: aligned plain text in a pipe, fitted to the width on a terminal."""
        if self.is_terminal or self.has_color:
            self._rich_table(table)
            return
        from branchline.render.table import table_to_text

        self._put(table_to_text(table) + "\n")

    def json(self, value: JsonValue) -> None:
        """Print a value as one JSON document.

        NaN and the infinities become the strings "nan", "inf" and "-inf", as in records: JSON has
        no numbers for them, and dropping them would read as "no such metric".
        """
        import json

        text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
        self._put(text + "\n")

    def note(self, text: str) -> None:
        """Print a remark that is not part of the answer, on standard error."""
        self.out.flush()
        self.err.write(f"branchline: {text}\n")
        self.err.flush()

    def error(self, error: BranchlineError, *, as_json: bool = False) -> None:
        """Print an error: message, details, what to do; with `as_json` on standard output too."""
        self.reaches_reader()
        label = "\x1b[1;31merror:\x1b[0m" if self._err_has_color else "error:"
        lines = [f"{label} {error.message}"]
        lines += [f"  {detail}" for detail in error.details]
        if error.todo:
            lines.append(f"hint: {error.todo}")
        self.err.write("\n".join(lines) + "\n")
        self.err.flush()
        if as_json:
            with suppress(OSError):  # the error is told already
                self.json(error_to_json(error))
            self.reaches_reader()

    def reaches_reader(self) -> bool:
        """Whether what was printed can be written; where not, it and all that follows is dropped.

        A full disk keeps what it refused in the buffer: Python would complain of it at the end.
        """
        try:
            self.out.flush()
        except OSError:
            self._is_refused = True
        if self._is_refused:
            drop(self.out)
        return not self._is_refused

    def _put(self, text: str) -> None:
        try:
            self.out.write(text)
        except OSError:
            self._is_refused = True  # it may be no disk of ours that is full
            raise

    def progress(self) -> Progress:
        """The display of stages at work: a context manager, see `cli.progress`."""
        from branchline.cli.progress import LiveProgress, PlainProgress

        return LiveProgress(self) if self.has_live_display else PlainProgress(self)

    @property
    def has_live_display(self) -> bool:
        """Whether what was printed can be redrawn in place."""
        return self.is_terminal and self._environment.get("TERM") != "dumb"

    @property
    def has_charts(self) -> bool:
        """Whether braille and blocks can be shown; a pipe gets letters only."""
        encoding = getattr(self.out, "encoding", None) or ""
        return self.is_terminal and encoding.lower().startswith("utf")

    def _decide_color(self, color: Color, stream: TextIO) -> bool:
        if color is not Color.AUTO:
            return color is Color.ALWAYS
        if self._environment.get("NO_COLOR"):
            return False
        if self._environment.get("CLICOLOR_FORCE", "0") not in ("", "0"):
            return True
        return _is_terminal(stream) and self._environment.get("TERM") != "dumb"

    def _painted(self, piece: Cell) -> str:
        code = _ANSI.get(piece.tone.value) if self.has_color else None
        return f"\x1b[{code}m{piece.text}\x1b[0m" if code else piece.text

    def _rich_table(self, table: Table) -> None:
        from branchline.cli.drawn_table import drawn

        console = self.rich()
        for part in drawn(table, self.width):
            console.print(part)

    def rich(self) -> RichConsole:
        """A rich console on standard output, with our width and our decision about colour."""
        from rich.console import Console as NewConsole

        return NewConsole(
            file=self.out,
            force_terminal=self.is_terminal or self.has_color,
            no_color=not self.has_color,
            width=self.width,
            highlight=False,
            markup=False,
            emoji=False,
        )


def drop(stream: TextIO) -> None:
    """Let what is left in a stream's buffer, and what follows, go nowhere."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def error_to_json(error: BranchlineError) -> dict[str, JsonValue]:
    """What `--json` prints where a command ends with an error; the shape is documented."""
    from branchline.core.values import SCHEMA_VERSION

    return {
        "schema_version": SCHEMA_VERSION,
        "error": {
            "slug": error.slug,
            "exit_code": error.exit_code,
            "message": error.message,
            "details": list(error.details),
            "todo": error.todo,
        },
    }


def _finite(value: JsonValue) -> JsonValue:
    """Put strings in the place of numbers that JSON has not."""
    if isinstance(value, float):
        is_number = value - value == 0  # neither NaN nor infinite, without importing math
        return value if is_number else repr(value)
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    items = getattr(value, "items", None)
    if items is not None:
        return {str(key): _finite(item) for key, item in items()}
    return value
