"""Whether the champion's recorded numbers still stand, and what has to be scored again if not.

Pure. The champion is a model: its outputs, and what its training left beside it. The *evaluation*
is what reads these and leaves metrics or predictions; it is always today's. What runs is decided
here, by the results of both runs; how it runs stands in `flows.scoring`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind
from branchline.core.evidence.figures import exact, figure, wide_context
from branchline.core.evidence.find import find_metric
from branchline.core.evidence.flatten import is_finite
from branchline.core.evidence.values import MODEL_SUFFIXES
from branchline.core.plan.reads import needs, overlap, stages_before
from branchline.core.policy import Goal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from branchline.core.changes.values import Input
    from branchline.core.evidence import Evidence
    from branchline.core.plan.values import Result
    from branchline.core.policy import MetricRule

_NAMES_AT_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The stages of a run, told apart.

    Attributes:
        carried: Outputs that belong to the model: its files, and what its training left with them.
        stages: Addresses of the evaluation, in the order of the run; empty when it has none.
        both: Stages that train and leave metrics or predictions in one.
        mixed: Stage of the evaluation that reads predictions which training made; "" for none.
    """

    carried: tuple[str, ...]
    stages: tuple[str, ...]
    both: tuple[str, ...]
    mixed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One input of the evaluation that differs from the champion's; `name` as in `Input`."""

    kind: InputKind
    name: str


def split(results: Sequence[Result], model: Mapping[str, str], predictions: str = "") -> Split:
    """Tell training and evaluation apart.

    Args:
        results: Of all stages of the run, in its order.
        model: Path of each output that is the model -> address of its stage.
        predictions: Path that `gate.predictions` names; "" for none.
    """
    makers = set(model.values())
    last = {m for m in makers if not any(m in stages_before(results, o) for o in makers - {m})}
    trained = [result for result in results if result.stage in last]
    left = {out.path for result in trained for out in result.outs}
    carried = tuple(sorted(left | set(model)))
    others = [result for result in results if result.stage not in makers]
    of_model = _downstream(others, model)
    of_carried = _downstream(others, carried)
    scoring = [r for r in others if r.stage in of_carried and _scores(r, predictions)]
    guessed = [p for p in left if is_predictions(p, predictions)]
    mixed = [
        r.stage for r in scoring if r.stage not in of_model or any(needs(r, p) for p in guessed)
    ]
    wanted = {result.stage for result in scoring}
    for stage in tuple(wanted):
        wanted |= stages_before(results, stage) & of_carried
    return Split(
        carried=carried,
        stages=tuple(r.stage for r in others if r.stage in wanted),
        both=tuple(r.stage for r in trained if _scores(r, predictions)),
        mixed=mixed[0] if mixed else "",
    )


def is_predictions(path: str, named: str) -> bool:
    """Whether an output is taken for predictions: named so in the settings, or by its name.

    >>> is_predictions("reports/test_preds.csv", ""), is_predictions("model.pkl", "")
    (True, False)
    """
    if named and overlap(path, named):
        return True
    words = path.rpartition("/")[2].lower().replace("-", "_").replace(".", "_").split("_")
    return any(word.startswith("predict") or word in ("pred", "preds") for word in words)


def sounds_like_training(stage: str) -> bool:
    """Whether a stage is called a training.

    >>> [sounds_like_training(name) for name in ("train", "sub/dvc.yaml:fit_final@a", "evaluate")]
    [True, True, False]
    """
    name = stage.rpartition(":")[2].lower()
    words = "".join(c if c.isalnum() else " " for c in name).split()
    return any(word.startswith(("train", "fit", "finetune")) for word in words)


def leaves_numbers(result: Result) -> bool:
    """Whether a stage leaves metrics."""
    return any(out.kind == "metric" for out in result.outs)


def _scores(result: Result, predictions: str) -> bool:
    return leaves_numbers(result) or any(
        out.kind == "data" and is_predictions(out.path, predictions) for out in result.outs
    )


def _downstream(results: Sequence[Result], paths: Iterable[str]) -> set[str]:
    """Stages that read one of these outputs, or what such a stage leaves."""
    reached, found = set(paths), set[str]()
    while True:
        new = [
            r for r in results if r.stage not in found and any(needs(r, path) for path in reached)
        ]
        if not new:
            return found
        found |= {result.stage for result in new}
        reached |= {out.path for result in new for out in result.outs}


def changed_inputs(
    ours: Result, theirs: Result, own: Collection[str], *, made: Collection[str] = ()
) -> tuple[Changed, ...]:
    """What differs between two runs of one stage of the evaluation, but for what is the model's.

    Args:
        ours: Of the run that is judged.
        theirs: Of the champion's run.
        own: Outputs that are the model's or made of it: they differ, of course.
        made: Further outputs that do not count.
    """
    apart = (*own, *made)
    before, now = _known(theirs.inputs, apart), _known(ours.inputs, apart)
    found = [item for item in (*now, *before) if before.get(item) != now.get(item)]
    read = {seen.path: seen.digest for seen in theirs.observed if not seen.is_look}
    found += [
        (InputKind.DATA, seen.path)
        for seen in ours.observed
        if not seen.is_look
        and read.get(seen.path, seen.digest) != seen.digest
        and not any(overlap(seen.path, path) for path in apart)
    ]
    if {out.path for out in ours.outs} != {out.path for out in theirs.outs}:
        found.append((InputKind.COMMAND, ""))
    return tuple(Changed(kind=kind, name=name) for kind, name in dict.fromkeys(found))


def _known(inputs: Sequence[Input], apart: Sequence[str]) -> dict[tuple[InputKind, str], str]:
    return {
        (item.kind, item.name): item.digest or ""
        for item in inputs
        if item.kind is not InputKind.DATA or not any(overlap(item.name, path) for path in apart)
    }


def has_same_data(ours: Result, theirs: Result) -> bool:
    """Whether two runs of one stage read the same data."""
    return _data(ours) == _data(theirs)


def _data(result: Result) -> dict[str, str | None]:
    return {item.name: item.digest for item in result.inputs if item.kind is InputKind.DATA}


def has_same_code(ours: Result, theirs: Result) -> bool:
    """Whether two runs of one stage had the same command and code, parameters left out."""
    kinds = (InputKind.COMMAND, InputKind.CODE)

    def code(result: Result) -> dict[str, str | None]:
        return {item.name: item.digest for item in result.inputs if item.kind in kinds}

    return code(ours) == code(theirs)


def prepared_otherwise(
    ours: Sequence[Result], theirs: Mapping[str, Result], told: Split
) -> tuple[str, ...]:
    """Stages that prepare data for the evaluation and work otherwise than in the champion's run.

    A model that learned from what they made before is then given what they make now. Other data
    are no such change; other code, parameters or surroundings are, and so is a fitted piece (a
    file with a model's ending) that the evaluation takes from them.

    Args:
        ours: Results of the run that is judged, in its order.
        theirs: Address -> result in the champion's run.
        told: Its stages, told apart.
    """
    before: set[str] = set()
    for stage in told.stages:
        before |= stages_before(ours, stage)
    trained = {r.stage for r in ours if any(out.path in told.carried for out in r.outs)}
    scored = [result for result in ours if result.stage in told.stages]
    found = []
    for result in ours:
        if result.stage not in before - trained - set(told.stages):
            continue
        old = theirs.get(result.stage)
        if old is None or _settings(result) != _settings(old) or _refitted(result, old, scored):
            found.append(result.stage)
    return tuple(found)


def _settings(result: Result) -> dict[tuple[InputKind, str], str | None]:
    return {(i.kind, i.name): i.digest for i in result.inputs if i.kind is not InputKind.DATA}


def _refitted(ours: Result, theirs: Result, scored: Sequence[Result]) -> bool:
    held = {out.path: out.content.md5 for out in theirs.outs}
    return any(
        out.path.endswith(MODEL_SUFFIXES)
        and held.get(out.path) != out.content.md5
        and any(needs(result, out.path) for result in scored)
        for out in ours.outs
    )


def fell(rules: Sequence[MetricRule], recorded: Evidence, scored: Evidence) -> str:
    """How the champion lost by being scored again, beyond what the gate tolerates; "" if not.

    Returns:
        "`auc` fell from 0.95 to 0.52", for the first metric of the gate that did.
    """
    for rule in rules:
        old, new = find_metric(recorded, rule.name).metric, find_metric(scored, rule.name).metric
        before, now = (old.value if old else None), (new.value if new else None)
        if before is None or now is None or not is_finite(before) or not is_finite(now):
            continue
        context = wide_context()
        loss = context.subtract(exact(before), exact(now))
        if rule.goal is Goal.MINIMIZE:
            loss = context.minus(loss)
        share = rule.max_relative_regression or 0.0
        allowed = context.multiply(exact(share), context.abs(exact(before)))
        if loss > max(allowed, exact(rule.max_regression or 0.0)):
            verb = "rose" if now > before else "fell"
            return f"`{rule.name}` {verb} from {figure(before)} to {figure(now)}"
    return ""


def listed(names: Sequence[str]) -> str:
    """Names for a sentence, the first few; "" is the command, and which outputs it leaves.

    >>> listed(["a.py", ""])
    '`a.py`, the command or its outputs'
    """
    shown = [
        f"`{name}`" if name else "the command or its outputs" for name in names[:_NAMES_AT_MOST]
    ]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
