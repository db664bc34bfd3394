"""One pull request as the renderers see it. Pure values; `flows.desk` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.evidence.flatten import params_of, text_of
from branchline.ports.forge import PullState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.run.jobs import QueuedJob
    from branchline.core.values import JsonValue
    from branchline.ports.forge import Check, Comment, Pull

_MOST_TEXT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterChange:
    """One parameter, before and after; None where it does not exist."""

    file: str
    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullView:
    """A pull request with all that somebody who decides on it wants to see.

    Attributes:
        pull: As it stands; its head is current.
        conflicts: Paths that both sides changed.
        refusals: Why it cannot be merged, whatever anybody says.
        objections: Why it cannot be merged unless somebody overrides them.
        checks: Of the head commit.
        report: Markdown of the newest report; "" when there is none.
        comments: The others, oldest first.
        parameters: What the change does to parameter files.
        files: (status letter, path) of what changed.
        diff: Unified, cut off where it is long.
        jobs: Of its branch, newest first.
    """

    pull: Pull
    conflicts: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    report: str = ""
    comments: tuple[Comment, ...] = ()
    parameters: tuple[ParameterChange, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    diff: str = ""
    jobs: tuple[QueuedJob, ...] = ()

    @property
    def can_merge(self) -> bool:
        """It is open, and nothing stands against merging it."""
        is_open = self.pull.state is PullState.OPEN
        return is_open and not self.refusals and not self.objections


def parameter_changes(
    old: Mapping[str, JsonValue], new: Mapping[str, JsonValue]
) -> tuple[ParameterChange, ...]:
    """Which parameters differ between two sets of parsed files, by file, in the order of `new`.

    >>> parameter_changes({"p.yaml": {"depth": 4}}, {"p.yaml": {"depth": 8}})[0].new
    '8'
    """
    changes = []
    for file in dict.fromkeys([*new, *old]):
        before, after = (_texts(file, documents) for documents in (old, new))
        changes += [
            ParameterChange(file=file, name=name, old=before.get(name), new=after.get(name))
            for name in dict.fromkeys([*after, *before])
            if before.get(name) != after.get(name)
        ]
    return tuple(changes)


def _texts(file: str, documents: Mapping[str, JsonValue]) -> dict[str, str]:
    if file not in documents:
        return {}
    flat = params_of({file: documents[file]})
    return {name.removeprefix(f"{file}:"): _short(text_of(value)) for name, value in flat.items()}


def _short(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 3] + "..."
