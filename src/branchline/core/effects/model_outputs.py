"""Which outputs of a run are the model, and the registration that follows from the run.

Serves the station `effects`. Pure: the same run gives the same registration on any machine.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.effects.registering import check_model_name, rules_of
from branchline.core.effects.values import Register
from branchline.core.evidence.flatten import is_finite
from branchline.core.evidence.values import MODEL_SUFFIXES
from branchline.core.plan.reads import needs, overlap, stages_before
from branchline.core.values import Outcome, digest_of
from branchline.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from branchline.core.evidence import Evidence
    from branchline.core.plan.values import Produced, Result
    from branchline.core.policy import Policy
    from branchline.core.values import JsonValue

_METRICS_AT_MOST = 64


def files_digest(paths: Mapping[str, str]) -> str:
    """The identity of a set of files: SHA-256 over sorted (path, content digest) pairs.

    >>> files_digest({"b": "2", "a": "1"}) == files_digest({"a": "1", "b": "2"})
    True
    """
    return digest_of([[path, digest] for path, digest in sorted(paths.items())])


def registers(outcome: Outcome, policy: Policy, *, lets_on: bool = False) -> bool:
    """Whether a verdict lets a run be registered: passed, or nothing was to be judged.

    A gate that could not tell is no yes, unless only noise leaves it open and the gate or a person
    lets it on: the version then says that its verdict is unknown. Without a gate there is nothing
    to tell: the version is registered with its outcome, and a protected stage stays closed to it.
    """
    if outcome is Outcome.UNKNOWN:
        return lets_on or not (policy.gate.metrics or policy.tests)
    return outcome is Outcome.PASSED


def registration_of(
    results: Sequence[Result],
    evidence: Evidence,
    policy: Policy,
    *,
    run: str,
    outcome: Outcome,
    by: str = "",
    stage: str = "",
    lets_on: bool = False,
) -> Register:
    """The registration that follows from a finished run.

    Args:
        results: Of all stages of the run, reused ones too.
        evidence: Of the run.
        policy: Names the model, the gate and the section `registry`.
        run: Id of the record.
        outcome: Of its verdict.
        by: `Name <address>`.
        stage: Stage that the version gets; "" for none.
        lets_on: Whether a verdict that noise leaves open goes on (`core.verdict.standing`).

    Raises:
        RegistryError: The run is not reproducible from a commit, was not judged good enough, or
            it cannot be told which outputs are the model.
    """
    check_model_name(policy.model)
    if evidence.commit is None or evidence.is_dirty:
        raise RegistryError(
            f"run {run} was made from uncommitted changes: nobody could make its model again",
            todo="Commit, and run again; what is up to date is reused.",
        )
    if not registers(outcome, policy, lets_on=lets_on):
        raise RegistryError(
            f"run {run} is not registered: its verdict is {outcome.value}",
            todo=f"`branchline show {run}` says why.",
        )
    outs = model_outputs(results, policy)
    paths = {out.path: out.content.md5 or "" for _, out in outs}
    unknown = [path for path, digest in paths.items() if not digest]
    if unknown:
        raise RegistryError(f"it is not known what {unknown[0]} of run {run} holds")
    return Register(
        model=policy.model,
        commit=evidence.commit,
        run=run,
        digest=files_digest(paths),
        paths=dict(sorted(paths.items())),
        outcome=outcome.value,
        metrics=_headlines(evidence, policy),
        params={name: _text(value) for name, value in sorted(evidence.params.items())},
        key=outs[0][0].key,
        stage=stage,
        by=by,
    )


def model_outputs(results: Sequence[Result], policy: Policy) -> list[tuple[Result, Produced]]:
    """The outputs that are the model, each with the result that made it, sorted by path.

    `registry.paths` names them. Else they are the outputs (neither metrics nor plots nor
    predictions) of the stages that write metrics and of those that these depend on: the ones with
    a name of a model where there are any; never those of a stage that comes before another
    candidate's. What is left must come from one stage.

    Raises:
        RegistryError: None, or of several stages; names them.
    """
    named = rules_of(policy).paths
    made = {out.path: (result, out) for result in results for out in result.outs}
    if named:
        missing = [path for path in named if path.rstrip("/") not in made]
        if missing:
            raise RegistryError(
                f"registry.paths names {missing[0]}, which is no output of the pipeline",
                todo=f"Outputs: {', '.join(sorted(made)) or 'none'}.",
            )
        return [made[path] for path in sorted({path.rstrip("/") for path in named})]
    return _found(results, _predictions(policy))


def _found(results: Sequence[Result], left_out: Sequence[str]) -> list[tuple[Result, Produced]]:
    data = [
        (result, out)
        for result in sorted(results, key=lambda result: result.stage)
        for out in result.outs
        if out.kind == "data" and not any(overlap(out.path, path) for path in left_out)
    ]
    judged = [r for r in results if any(out.kind == "metric" for out in r.outs)]
    own = [pair for pair in data if pair[0] in judged]
    needed = [p for p in data if p[0] not in judged and any(needs(j, p[1].path) for j in judged)]
    candidates = own + needed if judged else data
    likely = _last(results, [pair for pair in candidates if is_model_like(pair[1].path)])
    if likely:
        chosen = likely
    elif own and needed:
        chosen = candidates  # an evaluation's table, or weights beside their data: not known
    else:
        chosen = _last(results, candidates)
    if len({result.stage for result, _ in chosen}) == 1:
        return sorted(chosen, key=lambda pair: pair[1].path)
    names = sorted(out.path for _, out in chosen)
    what = f"it could be {' or '.join(names)}" if names else "no stage leaves one"
    raise RegistryError(
        f"it cannot be told which output is the model: {what}",
        todo="Name it in branchline.yaml: registry: {paths: [model.pkl]}.",
    )


def _last(
    results: Sequence[Result], pairs: list[tuple[Result, Produced]]
) -> list[tuple[Result, Produced]]:
    """Those of stages that no other candidate's stage depends on, however far."""
    stages = {result.stage for result, _ in pairs}
    before = {stage: stages_before(results, stage) for stage in stages}
    return [
        (result, out)
        for result, out in pairs
        if not any(result.stage in before[other] for other in stages if other != result.stage)
    ]


def is_model_like(path: str) -> bool:
    """Whether an output has the name of a model."""
    name = path.rpartition("/")[2].lower()
    words = name.replace("-", "_").replace(".", "_").split("_")
    return name.endswith(MODEL_SUFFIXES) or "model" in words or "models" in path.lower().split("/")


def _predictions(policy: Policy) -> list[str]:
    predictions = policy.gate.predictions
    return [predictions.path] if predictions else []


def _headlines(evidence: Evidence, policy: Policy) -> dict[str, float]:
    """Finite numbers, those of the gate first."""
    barred = [rule.name for rule in policy.gate.metrics]
    found: dict[str, float] = {}
    for name in _in_order(barred, (metric.name for metric in evidence.metrics)):
        metric = evidence.metric(name)
        if metric is not None and metric.value is not None and is_finite(metric.value):
            found[name] = metric.value
    return dict(list(found.items())[:_METRICS_AT_MOST])


def _in_order(first: Iterable[str], then: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*first, *then]))


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
