"""Port `environments`: one set of installed packages for each digest of a lock file."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An environment that is needed.

    Attributes:
        digest: Of everything that decides what is installed; names the environment.
        root: Absolute root of the tree that holds the file.
        file: The lock or requirements file, from the root.
    """

    digest: str
    root: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An environment that can be used.

    Attributes:
        folder: Absolute path. programs: Its folder of programs, for PATH.
        is_new: Whether this call made it.
    """

    folder: str
    programs: str
    is_new: bool


class Environments(Protocol):
    """The environments of one machine; several processes may ask for the same at once."""

    @abstractmethod
    def can_make(self, file: str) -> bool:
        """Whether an environment can be made of a file of this name here."""
        ...

    @abstractmethod
    def ensure(
        self, wanted: Wanted, *, is_stopped: Callable[[], bool], say: Callable[[str], None]
    ) -> Made | None:
        """Make an environment, or wait until somebody else has made it.

        Args:
            wanted: Which.
            is_stopped: Asked often; True gives up.
            say: Told, once, that something takes time.

        Returns:
            The environment; None when it was given up.

        Raises:
            EnvironmentFailedError: It cannot be made; says with which words the installer gave up.
        """
        ...
