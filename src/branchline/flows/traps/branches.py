"""Branches that stand in each other's way, and branches that a workflow's patterns pass over."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from branchline.core.trigger.patterns import PatternError, matches_any
from branchline.core.trigger.refnames import conflict, explain_conflict, shown
from branchline.flows.traps.values import Trap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["traps_of_branches", "traps_of_patterns"]

_ALIASES = {"train": "training", "training": "train"}


def traps_of_branches(local: Sequence[str], remote: Mapping[str, Sequence[str]]) -> Iterator[Trap]:
    """Branches of this clone that a remote cannot hold beside its own.

    Args:
        local: Branches of this clone.
        remote: Remote -> its branches, as they were last fetched.
    """
    for name, theirs in sorted(remote.items()):
        for branch in sorted(set(local) - set(theirs)):
            other = conflict(branch, theirs)
            if other:
                sentence, instead = explain_conflict(branch, other)
                yield Trap(
                    kind="branch-in-the-way",
                    file="",
                    line=0,
                    sentence=f"{shown(branch)} cannot be pushed to {shown(name)}, which has"
                    f" {shown(other)}: {sentence}",
                    todo=f"Type: git branch -m {shlex.quote(branch)} {shlex.quote(instead)}",
                )


def traps_of_patterns(
    file: str, line: int, patterns: Sequence[str], branches: Sequence[str]
) -> Iterator[Trap]:
    """Branches that look as if a workflow's patterns meant them, and are not matched.

    Args:
        file: Of the workflow.
        line: Of the patterns.
        patterns: Below `on.push.branches`.
        branches: Names that exist, here or on a remote.
    """
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    for branch in sorted(set(branches)):
        first, slash, _ = branch.partition("/")
        if not slash or _matches(wanted, branch):
            continue
        if f"{first}/*" in wanted:
            yield Trap(
                kind="star-and-slash",
                file=file,
                line=line,
                sentence=f"`{first}/*` does not match the branch {shown(branch)}: `*` ends at `/`",
                todo=f"Write '{first}/**'.",
                is_certain=False,
            )
        elif any(pattern.startswith(f"{_ALIASES.get(first, '')}/") for pattern in wanted):
            other = _ALIASES[first]
            yield Trap(
                kind="two-spellings",
                file=file,
                line=line,
                sentence=f"the branch {shown(branch)} wakes nothing: the patterns say `{other}/`",
                todo=f"Write both, '{first}/**' and '{other}/**', or rename the branch.",
                is_certain=False,
            )


def _matches(patterns: Sequence[str], branch: str) -> bool:
    try:
        return matches_any(patterns, branch)
    except PatternError:
        # A pattern that means nothing is another finding.
        return True
