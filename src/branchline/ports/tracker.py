"""Port `tracker`: another system that shows runs and versions, such as an MLflow server.

A mirror: the truth stands in records and in the registry. Every method is an *ensure*.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRun:
    """A run as a tracker shows it.

    Attributes:
        model: Name of the model. run: Id of the record.
        commit, branch, key, outcome: Where it comes from and how it was judged.
        started_at: UTC, ISO 8601. duration_s: Wall time in seconds.
        params: Name -> text. metrics: Name -> finite number.
        tags: Further facts, name -> text.
        artifacts: Folder in the tracker -> folder or file on this machine whose files it gets.
    """

    model: str
    run: str
    commit: str
    branch: str = ""
    key: str = ""
    outcome: str = ""
    started_at: str = ""
    duration_s: float = 0.0
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedVersion:
    """A registered version as a tracker knows it.

    Attributes:
        version: Ours, `v1.2.3`. commit, run, digest: As in the registry.
    """

    model: str
    version: str
    commit: str
    run: str = ""
    digest: str = ""


class Tracker(Protocol):
    """One tracking server."""

    @abstractmethod
    def show_run(self, run: TrackedRun) -> str:
        """Show a run; the same run again changes nothing.

        Returns:
            The tracker's own id of it.

        Raises:
            EffectError: The server does not answer, or refuses.
        """
        ...

    @abstractmethod
    def show_version(self, version: TrackedVersion, *, run_id: str, source: str = "") -> str:
        """Show a version, made from a run that is shown.

        Args:
            version: Ours.
            run_id: What `show_run` returned.
            source: Folder of the run's artifacts that holds the model.

        Returns:
            The tracker's own number of it.
        """
        ...

    @abstractmethod
    def show_stages(self, model: str, held: Mapping[str, str]) -> None:
        """Let aliases say who holds which stage.

        Args:
            model: Its name.
            held: Stage -> our version, "" for a stage that nobody holds. Versions that are not
                shown yet are passed over.
        """
        ...

    @abstractmethod
    def holder(self, model: str, stage: str) -> TrackedVersion | None:
        """The version that has an alias there; None when none has, or it is none of ours."""
        ...
