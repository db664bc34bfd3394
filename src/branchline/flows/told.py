"""What the queue was told of branches, and what of them it was not told. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.trigger.refnames import HEADS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.ports.box import PushedRef


def found_event(branch: str, commit: str, again: int = 0) -> str:
    """Name of the event of a push whose hook was killed before it could tell.

    Args:
        branch: Short name.
        commit: What it holds.
        again: So many times the same was found before: branches go back.
    """
    return f"found:{branch}:{commit}" + (f":{again}" if again else "")


def is_gap(update: PushedRef, heads: Mapping[str, str]) -> bool:
    """Whether something lies between what the queue knows of a branch and what an update moves."""
    if not update.ref.startswith(HEADS):
        return False
    return heads.get(update.ref.removeprefix(HEADS), "") not in (update.old, update.new)


def untold(heads: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Branches that hold what the queue was never told, with what it knows of each."""
    return {
        branch: known.get(branch, "")
        for branch, commit in heads.items()
        if known.get(branch) != commit
    }
