"""Port `environments`: the interpreters of a machine, and sets of packages installed for them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from branchline.core.environment.values import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from branchline.core.environment.plain import Plain
    from branchline.core.environment.values import Asked, Interpreter, Resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An environment that is needed.

    Attributes:
        digest: Of everything that decides what is installed; names the environment.
        root: Absolute root of the tree that holds the file.
        file: The lock or requirements file, from the root.
        text: What is installed instead of what the file says, in pip's grammar; "" is the file.
        is_whole: Whether `text` names all that its packages need.
        python: Absolute path of the interpreter; "" is the usual one.
        as_of: Only files that were there before this moment; "" is now.
        no_build: Packages of which only built files are taken; ":all:" is each.
        index: Where packages come from.
        local: Folders of the repository that are installed besides, from the root.
    """

    digest: str
    root: str
    file: str
    text: str = ""
    is_whole: bool = False
    python: str = ""
    as_of: str = ""
    no_build: tuple[str, ...] = ()
    index: Index = field(default_factory=Index)
    local: tuple[str, ...] = ()


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
        """Whether an environment can be made of a file of this name here, without finding more."""
        ...

    @abstractmethod
    def interpreters(self) -> Sequence[Interpreter]:
        """The Pythons of this machine, the usual one first."""
        ...

    @abstractmethod
    def resolve(
        self, asked: Asked, *, is_stopped: Callable[[], bool], say: Callable[[str], None]
    ) -> Resolved | None:
        """Find the versions that are wanted; what was found before is not looked for again.

        Args:
            asked: What is wanted.
            is_stopped: Asked often; True gives up.
            say: Told, once, that something takes time.

        Returns:
            The set; None when it was given up.

        Raises:
            EnvironmentFailedError: There is none; `details` are the finder's own words.
            MissingToolError: uv is not here.
        """
        ...

    @abstractmethod
    def look(self, asked: Asked, plain: Plain) -> Resolved | str:
        """Find what `resolve` would find, without running code of any package.

        What was found before counts.

        Args:
            asked: What is wanted.
            plain: The same, as far as it only names packages.

        Returns:
            The set; or why it cannot be known so, as half a sentence.

        Raises:
            EnvironmentFailedError: The index is not reached or refuses, or there is no such set.
            MissingToolError: uv is not here.
        """
        ...

    @abstractmethod
    def export(self, root: str, lock: str) -> str:
        """The text of a uv.lock in pip's grammar, with digests, without what serves development.

        Args:
            root: Absolute root of the tree.
            lock: The lock file, from the root.

        Raises:
            EnvironmentFailedError: uv cannot read it.
            MissingToolError: uv is not here.
        """
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

    @abstractmethod
    def folder_of(self, digest: str) -> str:
        """Absolute path where the environment of a digest stands, or would stand."""
        ...

    @abstractmethod
    def entered(self, made: Made) -> AbstractContextManager[None]:
        """Have this process and all that it starts find an environment first, for a while."""
        ...
