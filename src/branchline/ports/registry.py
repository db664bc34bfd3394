"""Port `registry`: which model is where. Events are added, never changed.

Creation is the compare-and-swap. Times are UTC, ISO 8601.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A model to register.

    Attributes:
        model: Its name. commit: Where it is reproducible from. run: Id of the record.
        digest: Of its files, in the store's form; the identity of the version.
        paths: Path from the root -> digest of each output that belongs to the model.
        outcome: Word of the verdict. metrics: Headline numbers, for people and mirrors.
        params: `file:key` -> value as text. key: Of the stage that made it.
        by: `Name <address>`.
    """

    model: str
    commit: str
    run: str
    digest: str
    paths: Mapping[str, str] = field(default_factory=dict)
    outcome: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """A registered version.

    Attributes:
        version: `v1.2.3`. stages: Stages that it holds now. is_retired: Taken back or deprecated.
        asked: What was registered; fields that a foreign tag does not say are empty.
    """

    model: str
    version: str
    commit: str
    registered_at: str = ""
    by: str = ""
    stages: tuple[str, ...] = ()
    is_retired: bool = False
    asked: NewVersion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEvent:
    """That a version got a stage (`production`), as event number `number` of the stage."""

    model: str
    stage: str
    version: str
    commit: str
    number: int
    at: str = ""
    by: str = ""
    reason: str = ""


class Registry(Protocol):
    """Registered models of one repository."""

    @abstractmethod
    def models(self) -> Sequence[str]:
        """Names, sorted."""
        ...

    @abstractmethod
    def versions(self, model: str) -> Sequence[ModelVersion]:
        """Versions, oldest first, retired ones too."""
        ...

    @abstractmethod
    def history(self, model: str, stage: str = "") -> Sequence[StageEvent]:
        """Events of a stage (of all stages when empty), oldest first."""
        ...

    @abstractmethod
    def register(self, new: NewVersion, *, bump: str = "patch") -> tuple[ModelVersion, bool]:
        """Register, with the next free version number.

        The same digest at the same commit again is the version that is there.

        Returns:
            The version, and whether this call made it.

        Raises:
            RegistryError: The commit has a version of this model with other content: a commit has
                one version of a model, as GTO reads it.
        """
        ...

    @abstractmethod
    def assign(
        self, model: str, version: str, stage: str, *, by: str, reason: str = ""
    ) -> tuple[StageEvent, bool]:
        """Give a stage to a version; when it has it already, nothing is added.

        Raises:
            UnknownNameError: No such model or version.
            RegistryError: The version is retired, or somebody else gave the stage away meanwhile.
        """
        ...
