"""Verb: pull. Brings what a run left from the store to its place in the working tree.

What is there already is not asked for, so a pull that was killed goes on where it ended. What comes
down is digested by the store before it is used. A file that nobody else has is not written over.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from branchline.errors import StoreError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from branchline.core.plan.values import Produced, Result
    from branchline.flows.project import Project

_NOT_OUTPUTS = {".git", ".branchline", ".dvc"}


class Brought(Enum):
    """How an output came to its place.

    Attributes:
        FETCHED: From another machine. RESTORED: From the store of this one.
        STOOD: It stood there already.
    """

    FETCHED = "fetched"
    RESTORED = "restored"
    STOOD = "stood"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """One output in its place."""

    out: Produced
    how: Brought


def pull(
    project: Project,
    results: Iterable[Result],
    *,
    only: Sequence[str] = (),
    is_forced: bool = False,
    on_out: Callable[[int, int, Produced], None] = lambda _number, _of, _out: None,
) -> tuple[Pulled, ...]:
    """Make the working tree hold what stages left.

    Args:
        project: Whose store, and whose tree.
        results: Of the stages.
        only: Paths of the outputs that are wanted; empty for all.
        is_forced: Write over what stands in the way and is kept nowhere, too.
        on_out: Told the number of an output, how many there are, and which, before it is brought.

    Returns:
        The outputs in the order of the stages.

    Raises:
        BusyError: A run holds the working tree.
        UnknownNameError: No output has a path of `only`.
        UsageError: Something would be lost; nothing was changed.
        StoreError: An output is nowhere (nothing was changed), or damaged (what came before stays).
    """
    with project.workspace_lock.hold(wait_s=0.0):
        outs = _wanted(results, only)
        _refuse_outside(project.root, outs)
        standing = {out.path for out in outs if _stands(project, out)}
        missing = [out for out in outs if out.path not in standing]
        _refuse_unobtainable(project, missing)
        if not is_forced:
            _refuse_loss(project, missing)
        brought = []
        for number, out in enumerate(outs, 1):
            how = Brought.STOOD
            if out.path not in standing:
                on_out(number, len(outs), out)
                how = Brought.RESTORED if project.store.has(out.content) else Brought.FETCHED
                project.store.restore(out.path, out.content)
            brought.append(Pulled(out=out, how=how))
        return tuple(brought)


def _wanted(results: Iterable[Result], only: Sequence[str]) -> tuple[Produced, ...]:
    """Outputs that the store keeps; what git holds, a checkout brings."""
    found = {
        out.path: out
        for result in results
        for out in result.outs
        if out.cached and out.content.md5 is not None
    }
    for path in only:
        if path.rstrip("/") not in found:
            there = ", ".join(f"`{name}`" for name in found) or "none"
            raise UnknownNameError(
                f"no stage left `{path}` in the store",
                todo=f"What is kept there: {there}.",
            )
    names = {path.rstrip("/") for path in only}
    return tuple(out for path, out in found.items() if not names or path in names)


def _stands(project: Project, out: Produced) -> bool:
    held = project.workspace.content(out.path)
    return held is not None and held.md5 == out.content.md5


def _refuse_outside(root: str, outs: Iterable[Produced]) -> None:
    """Refuse places that are none of a stage's: a record may come from anybody who may push one."""
    home = os.path.realpath(root)
    for out in outs:
        parts = os.path.normpath(out.path).split(os.sep)
        folder = os.path.realpath(os.path.join(home, os.path.dirname(out.path)))
        is_inside = os.path.commonpath([home, folder]) == home and ".." not in parts
        inner = os.path.relpath(folder, home).split(os.sep)
        # Of nested repositories, too, and as file systems take it that know no case.
        names = {part.lower() for part in (*parts, *inner)}
        if os.path.isabs(out.path) or not is_inside or parts == ["."] or names & _NOT_OUTPUTS:
            raise StoreError(
                f"a record says that a stage left {out.path!r}, which is no place for outputs of"
                " this repository; nothing was changed",
                todo="Look who made that record: `branchline show RUN`.",
            )


def _refuse_unobtainable(project: Project, outs: Iterable[Produced]) -> None:
    store = project.store
    nowhere = [o for o in outs if not store.has(o.content) and not store.can_fetch(o.content)]
    if nowhere:
        first = nowhere[0]
        raise StoreError(
            f"`{first.path}` (md5 {first.content.md5}) cannot be had: it is not in the store of"
            f" this machine; {store.looked_at()}",
            details=[f"nor can `{out.path}` (md5 {out.content.md5})" for out in nowhere[1:]],
            todo="A machine that has it sends it with `branchline store push`; or make it anew:"
            " `branchline run`. The rest comes with --only PATH.",
        )


def _refuse_loss(project: Project, outs: Iterable[Produced]) -> None:
    """Refuse to write over what stands nowhere else."""
    for out in outs:
        held = project.workspace.content(out.path)
        if held is not None and not project.store.has(held):
            raise UsageError(
                f"{out.path} holds something that is kept nowhere else; nothing was changed",
                todo="Move it away, or write over it: --force.",
            )
