"""How far a metric may move by chance alone when a run is made again. Serves `reproduce`.

By trainings that `branchline noise` and earlier verdicts left in the records, and by what both
models say of the same examples.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import figure
from branchline.core.run.student import t_quantile
from branchline.core.verdict.noise.training import learned
from branchline.core.verdict.noise.trainings import groups_of, training_of
from branchline.core.verdict.values import Baseline
from branchline.errors import BranchlineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence import Evidence, Metric
    from branchline.core.verdict.noise.trainings import Training
    from branchline.core.verdict.noise.values import Difference
    from branchline.flows.project import Project

_SAME_SEED = ""


def within_trainings(
    then: Evidence,
    now: Metric,
    *,
    recorded: float,
    trainings: Sequence[Training],
    model: str,
    confidence: float,
) -> str | None:
    """Why a metric that moved may have done so by chance, as far as trainings tell.

    The very same trained again counts first: if that stands still, another number is no chance,
    whatever another seed would do. Of a difference of two trainings the standard deviation is
    sqrt(2) times that of one; Student's t says how far chance reaches.

    Args:
        then: Of the run as recorded.
        now: The metric, made again.
        recorded: What it was.
        trainings: Recorded ones, oldest first.
        model: Whose count.
        confidence: Of the gate.

    Returns:
        "" where chance does not reach so far; None where that is not known.
    """
    if now.value is None or not math.isfinite(now.value) or not math.isfinite(recorded):
        return ""
    own = training_of(then, model=model)
    mine = [one for one in trainings if one.model == model and one.content == own.content]
    others = [one for one in trainings if one.model == model and one.content != own.content]
    varied = next((one.param for one in reversed((*others, *mine)) if one.seed is not None), "")
    for param in dict.fromkeys((_SAME_SEED, varied)):
        groups = groups_of([own, *mine], now.name, param)
        again = [one for one in mine if one.again] if param == _SAME_SEED else []
        stands_still = bool(again) and all(one.outputs == own.outputs for one in again)
        known = learned(groups, groups_of(others, now.name, param), stands_still=stands_still)
        if known.sd is None:
            continue
        reach = t_quantile(1 - (1 - confidence) / 2, known.freedom) * known.sd * math.sqrt(2)
        apart = abs(now.value - recorded)
        if apart > reach:
            return ""
        how = f"another `{param}`" if param else "the very same, trained again,"
        return (
            f"{figure(apart)} apart; {how} moves it by up to {figure(reach)}"
            f" ({confidence * 100:g} %)"
        )
    return None


def differences(
    project: Project, then: Evidence, now: Evidence, *, run: str, commit: str
) -> Mapping[str, Difference]:
    """Metric -> what the predictions of both say of it on the same examples.

    Empty where there are none, they cannot be read, or no bar of the gate compares.
    """
    from branchline.flows.compared import compare_with_champion

    baseline = Baseline(run=run, via="recorded", commit=commit)
    try:
        return compare_with_champion(project, now, then, baseline).comparisons
    except BranchlineError:
        return {}


def within_examples(difference: Difference | None) -> str:
    """Why a difference on the same examples may be chance; "" if it is not, or not known."""
    if difference is None or difference.problem:
        return ""
    if not difference.low <= 0 <= difference.high:
        return ""
    level = (2 * difference.confidence - 1) * 100
    return (
        f"{figure(difference.estimate)} on the same {difference.examples:,} examples,"
        f" {level:g} % interval {figure(difference.low)} to {figure(difference.high)}"
    )
