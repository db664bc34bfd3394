"""Station `plan`: what a decision is told about one stage, and what it may ask of the world."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.changes.values import Change, Input
    from branchline.core.pipeline import LockEntry, Stage
    from branchline.core.plan.values import Observed, Produced, Result

READING_SUFFIX = " (as YAML 1.1)"
"""Ends the name of the input that stands for a parameter's value to a reader of YAML 1.1."""

MODE_SUFFIX = " (mode)"
"""Ends the name of the input that stands for the x bit of an executed file."""


class Where(Enum):
    """Where the outputs of a result are, from the best to the worst."""

    HERE = "here"
    STORE = "store"
    REMOTE = "remote"
    ELSEWHERE = "elsewhere"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether the outputs of a result can be had.

    Attributes:
        where: The worst of its outputs.
        restore: Paths that must be put back into the workspace; those in a remote come first.
        missing: Paths whose content is nowhere.
        edited: Paths that are there with other content.
    """

    where: Where
    restore: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()


class Lookups(Protocol):
    """What a decision asks of the world."""

    def recorded(self, key: str) -> Sequence[Result]:
        """Results recorded under a key, newest first."""
        ...

    def holds(self, seen: Observed) -> bool:
        """Whether a file that an earlier run read, or looked for, is as it was then."""
        ...

    def run_cached(self, entry: LockEntry) -> LockEntry | None:
        """DVC's run cache entry for these inputs."""
        ...

    def availability(self, outs: Sequence[Produced], *, store: str | None) -> Availability:
        """Where these outputs are; `store` is the identity in the record, None for DVC's."""
        ...

    def changes(self, before: Sequence[Input], after: Sequence[Input]) -> Sequence[Change]:
        """What changed, with sentences."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that is known about one stage before it is decided.

    Attributes:
        stage: Its declaration.
        key: Its key; None while an input is pending.
        inputs: As they are now.
        pending: (path, address of the stage that will make it).
        entry: The exact reading, outs by path only; None while pending.
        lock: Its dvc.lock entry.
        uncovered: Inputs that dvc.lock and the run cache cannot vouch for: code found by imports
            and not declared.
        last: Its newest recorded result, to explain against.
        after: Addresses of stages whose outputs it needs.
        force: Run whatever is known.
        trust_elsewhere: Whether outputs that another machine keeps will do (they do for a plan).
        notes: Remarks of the closure.
    """

    stage: Stage
    key: str | None
    inputs: tuple[Input, ...]
    pending: tuple[tuple[str, str], ...] = ()
    entry: LockEntry | None = None
    lock: LockEntry | None = None
    uncovered: tuple[str, ...] = ()
    last: Result | None = None
    after: tuple[str, ...] = ()
    force: str = ""
    trust_elsewhere: bool = True
    notes: tuple[str, ...] = ()
