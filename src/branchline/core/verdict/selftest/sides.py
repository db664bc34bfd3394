"""Which data a model learned from and which it is judged on, by what each stage reads. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind
from branchline.core.evidence.values import MODEL_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from branchline.core.plan.values import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The data on both sides of an evaluation.

    Attributes:
        train: Paths that the stages of the model read.
        test: Paths that the evaluation reads, and the training does not.
        problem: Why they cannot be told apart, as half a sentence; "" when they can.
        todo: What to do about it.
    """

    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    problem: str = ""
    todo: str = ""


def sides_of(
    results: Sequence[Result],
    model_stages: Collection[str],
    *,
    named: Sequence[str] = (),
    ignore: Collection[str] = (),
) -> Sides:
    """Tell the two sides apart.

    Args:
        results: Of all stages of the run.
        model_stages: Addresses of the stages whose outputs are the model.
        named: `gate.data`; empty means: what the stages read that leave metrics.
        ignore: Outputs that are no data: the model, predictions, metrics.
    """
    train: dict[str, None] = {}
    test: dict[str, None] = dict.fromkeys(named)
    for result in results:
        read = [path for path in _data_of(result) if path not in ignore]
        if result.stage in model_stages:
            train |= dict.fromkeys(read)
        elif not named and any(out.kind == "metric" for out in result.outs):
            test |= dict.fromkeys(read)
    both = [path for path in test if path in train]
    # Who names the evaluation set says what it is, also where one script trains and evaluates.
    apart = [path for path in test if named or path not in train]
    learned = [path for path in train if path not in test]
    if apart and learned:
        return Sides(train=tuple(learned), test=tuple(apart))
    todo = "Write both parts to files of their own, and name the evaluation: gate: {data: FILE}."
    if both:
        return Sides(problem=f"training and evaluation read the same {both[0]}", todo=todo)
    side = "evaluation" if learned else "training"
    return Sides(problem=f"it is not known which data the {side} reads", todo=todo)


def _data_of(result: Result) -> list[str]:
    """Data that a stage declares, or that it was seen to read where it declares none."""
    declared = [item.name for item in result.inputs if item.kind is InputKind.DATA]
    found = [path for path in declared if not path.lower().endswith(MODEL_SUFFIXES)]
    if found:
        return found
    endings = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".npz")
    return [s.path for s in result.observed if not s.is_look and s.path.lower().endswith(endings)]
