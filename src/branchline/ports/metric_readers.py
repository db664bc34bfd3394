"""Port `metric_readers`: what finds the metrics in whatever a stage left."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from branchline.core.evidence.found import Fit, Found, Reading

GROUP = "branchline.metric_readers"
"""Group of entry points: the name is the reader's, the object a class without arguments."""


class MetricSource(Protocol):
    """A file or folder that may hold metrics. It is a stranger's: nothing in it is run."""

    path: str
    """From the root, as messages and records name it."""
    is_folder: bool
    size_bytes: int
    """Of a file; 0 of a folder."""

    @abstractmethod
    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """The bytes of a file in pieces of at most 1 MiB, from a place on; nothing of a folder."""
        ...

    @abstractmethod
    def members(self) -> Sequence[MetricSource]:
        """Files below a folder, by path, a bounded number; nothing of a file."""
        ...


class MetricReader(Protocol):
    """One form of metrics."""

    name: str
    """As `reader:` names it."""
    reads: str
    """What it reads, in half a sentence, for the reference."""
    rule: str
    """Which value counts, in a sentence."""

    @abstractmethod
    def fits(self, source: MetricSource, head: bytes) -> Fit:
        """How sure it is that the source is its own.

        Args:
            source: The file or folder.
            head: Its first bytes, at most 64 KiB; b"" of a folder.
        """
        ...

    @abstractmethod
    def read(self, source: MetricSource) -> Sequence[Found]:
        """Every value, in the order of the source; nothing where it holds none.

        Memory and time stay bounded whatever the source holds.

        Raises:
            DocumentError: It cannot be read; names the place.
        """
        ...


class MetricReaders(Protocol):
    """All readers that there are."""

    @abstractmethod
    def names(self) -> Sequence[str]:
        """Names of the readers, the built-in ones first."""
        ...

    @abstractmethod
    def read(self, source: MetricSource, *, reader: str = "", stage: str = "") -> Reading:
        """The metrics of a source; what cannot be read is a problem and no error.

        Args:
            source: The file or folder.
            reader: Name of the reader; "": the one that fits best.
            stage: Address of the stage that wrote it.

        Raises:
            UnknownNameError: There is no such reader.
        """
        ...

    @abstractmethod
    def at(self, folder: str, path: str) -> MetricSource | None:
        """A file or folder of this machine; None when there is none.

        Args:
            folder: Absolute.
            path: From there.
        """
        ...

    @abstractmethod
    def held(
        self, path: str, data: bytes, members: Mapping[str, bytes] | None = None
    ) -> MetricSource:
        """A file or folder whose bytes are at hand.

        Args:
            path: From the root.
            data: Of a file.
            members: Of a folder: path from it -> bytes; None for a file.
        """
        ...
