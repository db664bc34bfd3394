"""Remarks on a stage that has run, a sentence each. Serves the station `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.pipeline import OutKind
from branchline.core.plan.reasons import lock_name
from branchline.core.secrecy import MASK

if TYPE_CHECKING:
    from branchline.core.pipeline import Stage
    from branchline.core.plan.values import Observed
    from branchline.flows.gathered import Gathered
    from branchline.flows.reading import Reader


def unmade(stage: Stage, missing: list[str]) -> str:
    """What a stage should have left, and what to write where nobody had named it."""
    required = [out.path for out in stage.outs if out.path in missing and not out.is_optional]
    named = ", ".join(f"`{path}`" for path in required or missing)
    if required:
        return f"did not make its output {named}"
    return (
        f"left none of {named}, which the short form `train:` takes for its outputs; name what it"
        " leaves: `train: {run: ..., outs: [...], metrics: [...]}`"
    )


def left_out(stage: Stage, path: str) -> str:
    """The remark on a default output that was not left; one of a metric costs the verdict."""
    is_metric = any(out.path == path and out.kind is OutKind.METRIC for out in stage.outs)
    cost = "there are no metrics to judge" if is_metric else "no model is kept"
    key = "metrics" if is_metric else "outs"
    return (
        f"`{stage.address}` left no `{path}`, the default of the short form: {cost}; name what it"
        f" leaves: `train: {{run: ..., {key}: [...]}}`"
    )


def secrets(stage: Stage, found: Gathered) -> tuple[str, ...]:
    """One remark about parameters that look like secrets: dvc.lock holds them as DVC writes it."""
    named = [item.name for item in found.inputs.values() if item.value == MASK]
    if not named:
        return ()
    return (
        f"`{stage.address}`: `{named[0]}` looks like a secret: it is not shown or recorded, but"
        f" {lock_name(stage)} holds it, as DVC's does; a variable of the environment is safer",
    )


def undeclared(stage: Stage, observed: tuple[Observed, ...], reader: Reader) -> tuple[str, ...]:
    """One remark about data that were read and not declared; code need not be declared."""
    data = [o.path for o in observed if not o.is_look and not reader.is_code(o.path)]
    if not data:
        return ()
    rest = f" and {len(data) - 1} more" if len(data) > 1 else ""
    return (f"`{stage.address}` read `{data[0]}`{rest}, not among its deps: it counts from now on",)
