"""What `tune.pruner` and `tune.follow` say, as values. Serves the flows that make trials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from branchline.config.units import seconds_of
from branchline.core.directions import goal_written, natural_goal
from branchline.core.evidence.steps import PRINTED_WORD, form_of
from branchline.core.policy import Goal
from branchline.core.run.pruning import Patience, Pruner, PrunerSettings
from branchline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WHOLE = ("startup", "warmup_steps", "every", "min_steps", "max_steps", "factor")


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRules:
    """When the trials of a search are stopped early.

    Attributes:
        pruner: The rule.
        metric: What trials report and are compared by. goal: Which way it is better.
        follow: Logs of steps, from the root, or `printed`; empty: those that are declared.
        grace_s: Seconds that a script which asks `should_stop` has to end by itself.
    """

    pruner: PrunerSettings = field(default_factory=PrunerSettings)
    metric: str = ""
    goal: Goal = Goal.MAXIMIZE
    follow: tuple[str, ...] = ()
    grace_s: float = 10.0


def stop_rules_of(section: Mapping[str, Any]) -> StopRules:
    """The rules of a `tune` section that has been checked.

    Raises:
        ConfigError: `follow` names what is no log, or there are several objectives to stop by.

    >>> rules = stop_rules_of({"objective": {"metric": "auc"}, "pruner": "asha"})
    >>> rules.pruner.kind.value, rules.pruner.factor, rules.metric
    ('asha', 3, 'auc')
    """
    objective, written = section["objective"], section.get("pruner", "none")
    said: Mapping[str, Any] = {"kind": written} if isinstance(written, str) else written
    follow = section.get("follow", ())
    follow = (follow,) if isinstance(follow, str) else tuple(follow)
    pruner = _pruner_of(said)
    _refuse_what_is_no_log(follow)
    if isinstance(objective, list):
        if len(objective) > 1 and pruner.kind is not Pruner.NONE:
            raise ConfigError(
                f"tune.pruner is {pruner.kind.value}, and tune.objective names {len(objective)}"
                " metrics: a trial that is bad in one may be the best in another",
                todo="Write pruner: none, or name one objective.",
            )
        objective = objective[0]
    grace_s = seconds_of(said.get("grace"))
    return StopRules(
        pruner=pruner,
        metric=said.get("metric") or objective["metric"],
        goal=_goal(said, objective),
        follow=follow,
        grace_s=10.0 if grace_s is None else grace_s,
    )


def _goal(said: Mapping[str, Any], objective: Mapping[str, Any]) -> Goal:
    """Of the metric that trials are stopped by: by nature where it is another one."""
    metric = said.get("metric", objective["metric"])
    wanted = goal_written(objective["metric"], objective.get("goal"))
    if metric == objective["metric"] or "goal" in said:
        return Goal(said.get("goal", wanted.value))
    return natural_goal(metric) or wanted


def _refuse_what_is_no_log(follow: Sequence[str]) -> None:
    for path in follow:
        if path != PRINTED_WORD and form_of(path) is None:
            raise ConfigError(
                f"tune.follow names `{path}`, whose ending is that of no log of steps",
                todo="Name a .jsonl, .csv or .tsv file, a folder, or `printed`.",
            )


def _pruner_of(said: Mapping[str, Any]) -> PrunerSettings:
    patience = said.get("patience")
    more: dict[str, Any] = {name: int(said[name]) for name in _WHOLE if name in said}
    if "percentile" in said:
        more["percentile"] = float(said["percentile"])
    if patience:
        more["patience"] = Patience(
            steps=int(patience["steps"]), min_delta=float(patience.get("min_delta", 0.0))
        )
    return PrunerSettings(kind=Pruner(said.get("kind", "median")), **more)
