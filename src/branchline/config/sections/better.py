"""Which way a metric is better, where branchline.yaml must say so: bars that compare, a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.config.kinds import Path, Report


def goal_rule(
    metric: str, said: str | None, path: Path, report: Report, *, computed_as: str = ""
) -> None:
    """A comparison the wrong way round calls every loss a gain, a search finds the worst.

    Args:
        metric: Its name.
        said: What `goal` says; None where nothing is written.
        path: Of what names the metric.
        report: Told what is wrong.
        computed_as: What the metric is where its name does not say.
    """
    from branchline.core.directions import goal_of, natural_goal
    from branchline.core.policy import Goal

    natural = natural_goal(metric, computed_as)
    if natural is not None and said is not None and said != natural.value:
        way = "lower" if natural is Goal.MINIMIZE else "higher"
        what = computed_as or metric
        report.wrong(
            (*path, "goal"),
            f"is `{said}`, but `{what}` is better when it is {way}; drop `goal`, or give a metric"
            " that is another one a name of its own",
        )
    sounds = goal_of(metric)
    if natural is None and said is None and sounds is not Goal.MAXIMIZE:
        tells = "sounds as if lower were" if sounds is Goal.MINIMIZE else "does not tell either"
        first, second = ("minimize", "maximize") if sounds else ("maximize", "minimize")
        report.wrong(
            path,
            f"does not say which way is better, and `{metric}` {tells}; add `goal: {first}` (or"
            f" `goal: {second}`)",
        )


def pruner_goal_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    """What trials are stopped by is taken to be better as the objective is, unless it sounds else.

    Args:
        value: The section `tune`.
        path: Of it.
        report: Told what is wrong.
    """
    from branchline.core.directions import goal_of, goal_written, natural_goal

    objective, pruner = value["objective"], value.get("pruner")
    if not isinstance(objective, dict) or not isinstance(pruner, dict) or "goal" in pruner:
        return
    metric = str(pruner.get("metric", objective["metric"]))
    wanted = goal_written(objective["metric"], objective.get("goal"))
    sounds = goal_of(metric)
    if metric == objective["metric"] or natural_goal(metric) or sounds in (None, wanted):
        return
    report.wrong(
        (*path, "pruner"),
        f"does not say which way `{metric}` is better, which does not sound like the objective"
        f" ({objective['metric']}, {wanted.value}); add `goal: {sounds.value}` (or"
        f" `goal: {wanted.value}`)",
    )
