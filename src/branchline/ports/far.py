"""Port `far`: the machine of a box that is reached over SSH."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a box is.

    Attributes:
        path: Of its bare repository, on its own machine.
        host: `HOST` or `USER@HOST`; "" is this machine. port: "" is SSH's own choice.
        python: Interpreter on that machine that has Branchline.
        name: The remote's name; "" when the box itself is where we are.
    """

    path: str
    host: str = ""
    port: str = ""
    python: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command there said: its exit code, output and complaints."""

    code: int
    out: str
    err: str


class Far(Protocol):
    """One machine that is reached over SSH. Words reach the command there as they are."""

    @abstractmethod
    def ask(self, argv: Sequence[str], *, stdin: str = "") -> Said:
        """Run a command there and keep what it says.

        Args:
            argv: Its words; whoever lists processes, here or there, sees them.
            stdin: What it reads; a secret goes this way.

        Raises:
            MissingToolError: There is no SSH client here.
        """
        ...

    @abstractmethod
    def stream(self, argv: Sequence[str]) -> int:
        """Run a command there, its output in this terminal as it comes.

        Returns:
            Its exit code; 255 when SSH itself failed.
        """
        ...
