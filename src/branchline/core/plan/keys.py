"""Station `plan`: keys. The digest of everything that a stage's result depends on.

Two levels, as in a compiler cache with a manifest. The *key* covers what can be known before a run:
command, parameters, declared inputs, the static import closure, the environment. What a run was
*seen* to read besides is stored with its result; the result serves again only while those files
hold the same. So the key never depends on which run came last, and nothing that was read is
forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.changes.values import ALGORITHM, InputKind
from branchline.core.values import digest_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from branchline.core.changes.values import Input
    from branchline.core.pipeline import Stage
    from branchline.core.plan.values import Observed, Plan, StagePlan
    from branchline.core.values import JsonValue


def key_of(stage: Stage, inputs: Sequence[Input]) -> str | None:
    """The key of a stage with these inputs.

    The stage's name is not in it: a renamed stage is the same work. Paths are, because results hold
    them.

    Args:
        stage: Command, folder and outputs are taken from it.
        inputs: Everything else that counts; order does not matter.

    Returns:
        64 hexadecimal characters; None while the digest of any input is not known.
    """
    if any(item.digest is None for item in inputs):
        return None
    return digest_of(
        {
            "algorithm": ALGORITHM,
            "cmd": list(stage.cmd) if stage.cmd_is_list else "\n".join(stage.cmd),
            "wdir": stage.wdir,
            "outs": sorted(out.path for out in stage.outs),
            "inputs": sorted(
                (item.kind.value, item.name, item.digest or "")
                for item in inputs
                if item.kind is not InputKind.COMMAND
            ),
        }
    )


def observed_digest(observed: Sequence[Observed]) -> str:
    """Digest that tells two results under one key apart: what each was seen to read besides."""
    return digest_of(sorted((item.path, item.digest) for item in observed))


def run_key(plan: Plan, made: Collection[str]) -> str:
    """What a run of this plan would make, as one digest, so that two need not make it both.

    Only what stands before the run counts, so that it does not matter how far somebody else is who
    makes the same: an input that a stage of the plan makes counts by its name.

    Args:
        plan: All stages, in order.
        made: Paths of the outputs of these stages, from the root.

    Returns:
        64 hexadecimal characters; "" when nothing has to run.
    """
    if plan.is_empty:
        return ""
    return digest_of([[entry.stage, _known(entry, made)] for entry in plan.stages])


def _known(entry: StagePlan, made: Collection[str]) -> JsonValue:
    found: list[JsonValue] = []
    for item in sorted(entry.inputs, key=lambda i: (i.kind.value, i.name)):
        is_made = bool(item.pending) or any(
            item.name == path or item.name.startswith(f"{path}/") for path in made
        )
        found.append([item.kind.value, item.name, "" if is_made else item.digest or ""])
    return found
