"""From evidence to a verdict, all that chance does taken into account. Serves `verdict`.

Where no bar compares with a champion nothing of this is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.verdict.judge import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from branchline.core.evidence import Evidence
    from branchline.core.values import JsonValue
    from branchline.core.verdict.noise.values import Spread
    from branchline.core.verdict.values import Verdict
    from branchline.flows.champion import Champion
    from branchline.flows.project import Project
    from branchline.flows.retraining import Watching
    from branchline.flows.walked import Walked


def judged(
    project: Project,
    walked: Walked,
    evidence: Evidence,
    champion: Champion,
    *,
    history: Iterable[Mapping[str, JsonValue]],
    targets: Sequence[str],
    watching: Watching | None,
) -> tuple[Evidence, Verdict] | None:
    """Judge a run, with the champion's predictions and other seeds where a bar compares.

    Args:
        project: Ports and policy.
        walked: What ran.
        evidence: Of the run.
        champion: What it is measured against.
        history: `run.json` of the runs before.
        targets: Stages that were walked.
        watching: Who looks on while the commit is trained again; None: it never is.

    Returns:
        The evidence, with which predictions it left, and the verdict; None when it was stopped.
    """
    gate = project.policy.gate
    baseline, theirs = champion.baseline, champion.evidence
    said = _moved_again(project, walked, evidence)
    if not any(rule.compares for rule in gate.metrics):
        return evidence, judge(evidence, theirs, gate, baseline=baseline, remarks=said)
    from branchline.flows.compared import compare_with_champion
    from branchline.flows.judged_before import remarks_on, with_count

    recorded = theirs or champion.recorded
    found = compare_with_champion(
        project, evidence, recorded, baseline, is_known=theirs is not None
    )
    evidence = found.evidence
    if evidence.predictions is not None:
        evidence = with_count(evidence, project.policy.model, history)
    remarks = (*said, *found.remarks, *remarks_on(evidence))

    def once(spreads: Mapping[str, Spread], unknown: Mapping[str, str]) -> Verdict:
        return judge(
            evidence,
            theirs,
            gate,
            baseline=baseline,
            comparisons=found.comparisons,
            spreads=spreads,
            uncompared={**unknown, **found.uncompared},
            parts=found.parts,
            remarks=remarks,
        )

    if gate.replicates is None or watching is None:
        return evidence, once(_known(project, evidence, theirs), {})
    from branchline.flows.replicated import Replicated, replicated
    from branchline.flows.retraining import StoppedError

    asked = Replicated(
        project=project,
        targets=targets,
        evidence=evidence,
        champion=theirs,
        judge=once,
        watching=watching,
    )
    try:
        return evidence, replicated(asked)
    except StoppedError:
        return None


def _known(project: Project, evidence: Evidence, champion: Evidence | None) -> Mapping[str, Spread]:
    """What was measured of training noise before; nothing is loaded where nothing was."""
    if champion is None or not project.records.noise():
        return {}
    from branchline.flows.known_noise import known_spreads

    return known_spreads(project, evidence, champion)


def _moved_again(project: Project, walked: Walked, evidence: Evidence) -> tuple[str, ...]:
    if not any(walked.results[stage].attempt > 1 for stage in walked.ran):
        return ()
    from branchline.flows.nondeterminism import moved_again

    return moved_again(project, walked, evidence)
