"""Which stages of a model are trained by one job: those that one machine can run, in order.

Stages that name no runner go where the stage before them went: its outputs are there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.config.graph import closure_of, upstream_of
from branchline.core.plan.ci_machines import OWN, job_minutes, most_minutes, small_labels
from branchline.generate.workflows.limits import labels_of, wrong
from branchline.generate.workflows.values import PartFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.pipeline import Pipeline, Stage
    from branchline.core.policy import Policy

MOST_PARTS = 10
"""Jobs of one training; more are a slip in the settings."""


def parts_of(policy: Policy, pipeline: Pipeline) -> tuple[PartFacts, ...]:
    """The jobs of a training, in order; one where all stages fit one machine.

    Args:
        policy: Of the model.
        pipeline: Its stages, without a cycle.

    Raises:
        ConfigError: A runner or a limit is none of GitHub's, or the parts cannot work.
    """
    named = {stage.address: _labels(policy, stage) for stage in pipeline.stages}
    kinds = dict.fromkeys(labels for labels in named.values() if labels)
    if len(kinds) < 2:
        labels = next(iter(kinds), ()) or _default(policy)
        stages = tuple(pipeline.stages)
        return (_part(policy, stages, labels),)
    groups = _groups(pipeline.stages, named)
    if len(groups) > MOST_PARTS:
        raise wrong(
            "resources",
            f"the stages of {policy.model} change their runner {len(groups) - 1} times",
            "Give stages that follow one another the same `runs_on`.",
        )  # fmt: skip
    if policy.gate.replicates is not None:
        first, second = list(kinds)[:2]
        raise wrong(
            "gate.replicates", "trains again in one job, and stages of this model need several"
            f" machines: [{', '.join(first)}] and [{', '.join(second)}]",
            "Give all stages the same `runs_on`, or take `replicates` out.",
        )  # fmt: skip
    return tuple(_part(policy, stages, labels) for labels, stages in groups)


def tune_labels(policy: Policy, pipeline: Pipeline) -> tuple[str, ...]:
    """The machine of a search, which is one job: that of all stages that a trial may run.

    Raises:
        ConfigError: They name several, and `tune.runs_on` none.
    """
    section = policy.sections.get("tune")
    given = section if isinstance(section, dict) else {}
    if given.get("runs_on"):
        return labels_of(given["runs_on"], "tune.runs_on")
    asked = set(given.get("stages") or ())
    roots = [
        stage.address
        for stage in pipeline.stages
        if not asked or asked & {stage.address, stage.name, stage.address.partition("@")[0]}
    ]
    reached = closure_of(pipeline.stages, roots)
    kinds = dict.fromkeys(
        labels
        for stage in pipeline.stages
        if stage.address in reached and (labels := _labels(policy, stage))
    )
    if len(kinds) > 1:
        one, other = list(kinds)[:2]
        raise wrong(
            "tune", "a search is one job, and its stages name several machines:"
            f" [{', '.join(one)}] and [{', '.join(other)}]",
            f"Say which: tune: {{runs_on: [{', '.join(one)}]}}.",
        )  # fmt: skip
    return next(iter(kinds), ()) or _default(policy)


def _labels(policy: Policy, stage: Stage) -> tuple[str, ...]:
    found = policy.resources_of(stage.name).runs_on
    return labels_of(found, f"resources.{stage.name}.runs_on") if found else ()


def _default(policy: Policy) -> tuple[str, ...]:
    return labels_of(small_labels(policy), "github.runs_on")


def _groups(
    stages: Sequence[Stage], named: dict[str, tuple[str, ...]]
) -> list[tuple[tuple[str, ...], tuple[Stage, ...]]]:
    """Stages by machine, so that each stands after all that it needs, with few changes."""
    upstream = upstream_of(stages)
    left, done = list(stages), set[str]()
    groups: list[tuple[tuple[str, ...], tuple[Stage, ...]]] = []
    while left:
        labels: tuple[str, ...] = ()
        taken: list[Stage] = []
        while ready := _next(left, done, upstream, named, labels):
            labels = labels or named[ready.address]
            taken.append(ready)
            left.remove(ready)
            done.add(ready.address)
        if not taken:
            # Refused by `config` with its lines; nothing here may go on for ever.
            raise wrong("stages", "need one another in a circle", "Take one of the needs out.")
        if not labels and groups:
            labels, before = groups.pop()
            taken = [*before, *taken]
        groups.append((labels, tuple(taken)))
    return groups


def _next(
    left: Sequence[Stage],
    done: set[str],
    upstream: dict[str, tuple[str, ...]],
    named: dict[str, tuple[str, ...]],
    labels: tuple[str, ...],
) -> Stage | None:
    """A stage that can run now on such a machine; any that names none before one that names it."""
    ready = [
        stage
        for stage in left
        if set(upstream[stage.address]) - {stage.address} <= done
        and (not labels or named[stage.address] in ((), labels))
    ]
    free = [stage for stage in ready if not named[stage.address]]
    return next(iter(free or ready), None)


def _part(policy: Policy, stages: tuple[Stage, ...], labels: tuple[str, ...]) -> PartFacts:
    return PartFacts(
        stages=tuple(stage.address for stage in stages),
        runs_on=labels,
        minutes=_minutes(policy, stages, labels),
    )


def _minutes(policy: Policy, stages: Sequence[Stage], labels: Sequence[str]) -> int:
    """What the stages may take; refused where not even one try of each fits."""
    most = most_minutes(labels)
    resources = [policy.resources_of(stage.name) for stage in stages]
    once = math.ceil(sum(each.timeout_s or 0 for each in resources) / 60)
    if once > most and all(each.timeout_s is not None for each in resources):
        where = "own runners end jobs after 5 days" if OWN in labels else "GitHub's after 6 hours"
        raise wrong(
            "resources",
            f"the timeouts of the stages of {policy.model} come to {once} minutes;"
            f" {where} ({most} minutes)",
            "Shorten them, use an own runner (`runs_on`), or an executor that outlives the job.",
        )
    return job_minutes(resources, labels)
