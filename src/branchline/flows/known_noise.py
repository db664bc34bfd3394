"""What is known of training noise where the gate does not train again: what was measured before.

Serves the station `verdict`: `branchline noise` and earlier verdicts left it in the records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.verdict.bars import moved_by_chance
from branchline.core.verdict.noise.training import LEAST_STILL, Schedule, spread_of
from branchline.core.verdict.noise.trainings import groups_of, value_of
from branchline.flows.retraining import own_training, recorded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.evidence import Evidence
    from branchline.core.verdict.noise.trainings import Training
    from branchline.core.verdict.noise.values import Spread
    from branchline.flows.project import Project


def known_spreads(
    project: Project, evidence: Evidence, champion: Evidence | None
) -> Mapping[str, Spread]:
    """Metric -> its training noise, for the metrics of bars that compare, as far as it is known.

    Args:
        project: Its records know.
        evidence: Of the run that is judged.
        champion: Comparable with it; None where there is none.
    """
    history = recorded(project)
    varied = [training for training in history if training.seed is not None or training.again]
    same_data = champion is not None and evidence.evaluation_data == champion.evaluation_data
    if champion is None or not varied or not same_data or evidence.outs == champion.outs:
        return {}
    # The newest seed that was varied; where none ever was, the very same again is all there is.
    param = next((t.param for t in reversed(varied) if t.seed is not None), "")
    own, his = own_training(project, evidence), own_training(project, champion)
    found = {}
    for rule in moved_by_chance(project.policy.gate, evidence):
        ours, theirs = value_of(evidence, rule.name), value_of(champion, rule.name)
        if ours is None or theirs is None:
            continue
        others = [t for t in history if t.content not in (own.content, his.content)]
        spread = spread_of(
            rule.name,
            _values(ours, own, history, rule.name, param),
            _values(theirs, his, history, rule.name, param),
            groups_of(others, rule.name, param),
            schedule=Schedule(runs=0),
            confidence=project.policy.gate.confidence,
        )
        # Three numbers or four are no measurement.
        if spread.sd is not None and spread.freedom >= LEAST_STILL:
            found[rule.name] = spread
    return found


def _values(
    own: float, training: Training, history: tuple[Training, ...], metric: str, param: str
) -> list[float]:
    """A metric of one content: the own number first, then with other seeds."""
    others = [
        t for t in history if t.content == training.content and (t.seed is not None or t.again)
    ]
    (found,) = groups_of(others, metric, param) or [[]]
    return [own, *found]
