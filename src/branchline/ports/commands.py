"""Port `commands`: runs a command of the team whose work outlives it, such as a deployment.

Other than a stage's (port `executor`), what such a command leaves running in the background goes
on: a service that it started is what it was called for.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command to run.

    Attributes:
        name: Of the place that it works on; what a killed one left there is found by it.
        lines: Command lines; each runs as in a shell of its own, the first failure ends them.
        folder: Absolute working folder.
        environ: Variables added to those of this process. without: Names that are taken from them.
        masked: Texts that are shown and kept as `***`.
        timeout_s: Seconds, for all lines together.
        log: Absolute path; what is shown is added to it.
    """

    name: str
    lines: tuple[str, ...]
    folder: str
    environ: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    masked: tuple[str, ...] = ()
    timeout_s: float = 1800.0
    log: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnd:
    """How a command ended.

    Attributes:
        exit_code: None where a signal or the time ended it. duration_s: Seconds.
        detail: How it ended, in words; "" where it ended well.
    """

    exit_code: int | None
    duration_s: float
    detail: str = ""

    @property
    def is_well(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.exit_code == 0


class Commands(Protocol):
    """Runs commands on this machine, one at a time."""

    @abstractmethod
    def hold(self, name: str) -> AbstractContextManager[None]:
        """Keep other processes of this machine from working on a place meanwhile.

        What a process that was killed at it has left running is ended first.

        Raises:
            EffectError: Another process is at work there.
        """
        ...

    @abstractmethod
    def run(self, order: Order, show: Callable[[str], None]) -> CommandEnd:
        """Run a command to its end; raises for none that fails.

        Args:
            order: What to run.
            show: Gets each line of its output, masked, without the line's end.

        Raises:
            EffectError: It cannot be started.
        """
        ...
