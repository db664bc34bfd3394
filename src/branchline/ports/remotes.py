"""Port `remotes`: the git remotes of a clone, and which of them are boxes."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """One git remote.

    Attributes:
        name, url: As git has them.
        is_box: Whether it was added as a box.
        python: Interpreter on the box's side.
    """

    name: str
    url: str
    is_box: bool = False
    python: str = ""


class Remotes(Protocol):
    """The remotes of one clone."""

    @abstractmethod
    def remotes(self) -> Sequence[Remote]:
        """All remotes, by name."""
        ...

    @abstractmethod
    def add_box(self, name: str, url: str, *, python: str) -> None:
        """Add a remote that is a box, or mark the one of that name and URL.

        Raises:
            RepositoryError: git refused.
        """
        ...

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a remote with its settings and its branches here."""
        ...

    @abstractmethod
    def reach(self, name: str) -> str:
        """Ask a remote for its branches; what git complained of, "" when it answered."""
        ...

    @abstractmethod
    def ssh_command(self) -> Sequence[str]:
        """The words by which git here starts SSH."""
        ...
