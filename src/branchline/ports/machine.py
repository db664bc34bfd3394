"""Port `machine`: facts about the computer, the clock and the caller's environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Machine(Protocol):
    """The computer that stages run on."""

    def python_version(self) -> str:
        """Minor version of the Python that stages find on PATH ("3.11"); "none" without one."""
        ...

    def variable(self, name: str) -> str | None:
        """An environment variable; None when it is not set."""
        ...

    def versions(self) -> Mapping[str, str]:
        """Provenance: python (full), platform, branchline."""
        ...

    def now(self) -> str:
        """UTC, ISO 8601 to the millisecond, ending in "Z"; sorts as text."""
        ...

    def monotonic_s(self) -> float:
        """A clock that only goes forward, in seconds."""
        ...

    def time_ns(self) -> int:
        """The clock that file systems stamp files with, in ns since 1970."""
        ...

    def cpus(self) -> int:
        """Processors that this process may use."""
        ...

    def gpus(self) -> int:
        """NVIDIA devices found; 0 without any."""
        ...

    def memory_bytes(self) -> int:
        """Physical memory."""
        ...
