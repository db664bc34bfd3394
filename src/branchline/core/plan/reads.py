"""Which results of a run stand on which: by what was declared, and by what was seen to be read.

Serves the station `plan` and all after it. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.plan.values import Result


def overlap(one: str, other: str) -> bool:
    """Whether one path is the other, or lies in it.

    >>> overlap("model", "model/weights.pt"), overlap("model", "models")
    (True, False)
    """
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def needs(result: Result, path: str) -> bool:
    """Whether a result depends on an output: as declared, or as its run was seen to read it."""
    declared = any(i.kind is InputKind.DATA and overlap(i.name, path) for i in result.inputs)
    return declared or any(overlap(seen.path, path) for seen in result.observed)


def stages_before(results: Sequence[Result], stage: str) -> set[str]:
    """Stages whose outputs reach a stage, however far; never itself."""
    found: set[str] = set()
    todo = [result for result in results if result.stage == stage]
    while todo:
        result = todo.pop()
        for other in results:
            if other.stage in found or other.stage == stage:
                continue
            if any(needs(result, out.path) for out in other.outs):
                found.add(other.stage)
                todo.append(other)
    return found
