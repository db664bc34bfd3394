"""What `branchline noise` shows while it trains: a line a training, and what runs below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.cli.console import Console
    from branchline.cli.progress import Progress


class NoiseProgress:
    """Lines, and at a terminal the stage that runs. Used as a context manager.

    Args:
        console: Where they go.
        is_quiet: Whether nothing is shown at all.
    """

    def __init__(self, console: Console, *, is_quiet: bool) -> None:
        self._console = console
        self._is_quiet = is_quiet
        self._progress: Progress | None = None

    def __enter__(self) -> NoiseProgress:
        if not self._is_quiet:
            self._progress = self._console.progress()
            self._progress.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.__exit__(None, None, None)
            self._progress = None

    def say(self, text: str) -> None:
        """A line."""
        if self._progress is not None:
            self._progress.say(text)

    def tick(self, running: Mapping[str, tuple[float, str]]) -> None:
        """Show what runs and for how long; a pipe gets nothing."""
        if self._progress is None or not self._console.is_terminal:
            return
        from branchline.cli.log_text import last_line
        from branchline.cli.progress import Row
        from branchline.core.run import StageState

        self._progress.update(
            tuple(
                Row(
                    stage=stage,
                    state=StageState.RUNNING,
                    elapsed_s=elapsed_s,
                    text=last_line(log) or "",
                )
                for stage, (elapsed_s, log) in running.items()
            )
        )
