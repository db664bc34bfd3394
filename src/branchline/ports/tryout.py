"""Port `tryout`: a copy of a working tree in which a command is run once, to see what it does."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.run import Ended
    from branchline.ports.metric_readers import MetricReaders
    from branchline.ports.tree import Tree

__all__ = ["Tryout"]


class Tryout(Protocol):
    """A copy that is gone afterwards: nothing that happens in it reaches the working tree."""

    tree: Tree
    """The files of the copy."""
    readers: MetricReaders
    """What reads metrics from what is left in it."""

    @abstractmethod
    def bring(self, path: str) -> bool:
        """Copy what git does not hold from the working tree; whether it is in the copy now.

        Raises:
            RepositoryError: It is too large to copy.
        """
        ...

    @abstractmethod
    def signatures(self) -> Mapping[str, tuple[int, int]]:
        """Size and time of the last change of every file of the copy, git's own left out."""
        ...

    @abstractmethod
    def run(self, command: str, folder: str, *, timeout_s: float) -> Ended:
        """Run a command in a folder of the copy, its reads observed.

        Raises:
            StageFailedError: It cannot be started.
        """
        ...

    @abstractmethod
    def walk(self, settings: str, model: str, *, timeout_s: float) -> Ended:
        """Run all stages of a model, as `branchline run` would, with this branchline.yaml.

        Raises:
            StageFailedError: It cannot be started.
        """
        ...

    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """Files of the copy that the last command read, from its root; none where none was seen."""
        ...

    @abstractmethod
    def missed(self) -> tuple[str, ...]:
        """Paths that the last command asked for and that were not there, from the root."""
        ...

    @abstractmethod
    def printed(self) -> bytes:
        """What the last command printed, its errors' stream included; at most the last 8 MiB."""
        ...
