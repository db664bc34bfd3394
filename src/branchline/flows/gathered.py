"""Values of one stage's inputs while they are gathered. Serves the station `plan`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.plan.entries import entry_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.changes.values import Input
    from branchline.core.pipeline import Content, LockEntry, Stage
    from branchline.core.values import JsonValue


CHAMPION_INPUT = "(model of the champion)"
"""Name of the input by which a test depends on the champion's model."""


@dataclass(frozen=True, slots=True)
class ReadParams:
    """Parameters as they were read.

    Attributes:
        data: Bytes of their file.
        values: Key -> value.
        others: Leaf -> the other value that PyYAML, a reader of YAML 1.1, takes it for.
    """

    data: bytes = b""
    values: Mapping[str, JsonValue] = field(default_factory=dict)
    others: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Gathered:
    """All about one stage's inputs; filled by `InputReader`.

    Attributes:
        inputs: Path or name -> input.
        pending: (path, address of the stage that will make it).
        missing: Declared inputs that are nowhere, each with where it is declared.
        deps: Path -> content, for the exact reading.
        params: File -> key -> value.
        read: What that was read from, by file and declared keys.
        uncovered: Code in use that the declared inputs do not cover.
        problems: Why the stage cannot run (syntax errors, imports that cannot be found).
        notes: Remarks.
        unknown: Why an input cannot be digested at all ("" when all can).
        probed: Folders whose listing mattered.
        untracked: Files that the code names and that would count if git tracked them.
        listed: Metrics of the top level of a dvc.yaml that the code names, mostly to write them.
    """

    inputs: dict[str, Input] = field(default_factory=dict)
    pending: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    deps: dict[str, Content] = field(default_factory=dict)
    params: dict[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    read: dict[tuple[str, tuple[str, ...] | None], ReadParams] = field(default_factory=dict)
    uncovered: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unknown: str = ""
    probed: set[str] = field(default_factory=set)
    untracked: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)

    def entry(self, stage: Stage) -> LockEntry | None:
        """The exact reading; None while an input is pending or unknown."""
        if self.pending or self.unknown:
            return None
        return entry_of(stage, deps=self.deps, params=self.params)
