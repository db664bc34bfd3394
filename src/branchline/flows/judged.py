"""From evidence to a verdict, all that chance does taken into account. Serves `verdict`.

Where no bar compares with a champion nothing of this is loaded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.policy import MODEL_SIZE
from branchline.core.verdict.bars import moved_by_chance
from branchline.core.verdict.judge import judge
from branchline.flows.judgement import Judged

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
    known: str = "",
) -> Judged | None:
    """Judge a run, with the champion's predictions and other seeds where a bar compares.

    Args:
        project: Ports and policy.
        walked: What ran.
        evidence: Of the run.
        champion: What it is measured against.
        history: `run.json` of the runs before.
        targets: Stages that were walked.
        watching: Who looks on while the commit is trained again; None: it never is.
        known: Id of the record of this very walk, where nothing ran; "" when it is new.

    Returns:
        None when it was stopped.
    """
    if champion.is_stopped:
        return None
    found = _judged(
        project, walked, evidence, champion, history=history, targets=targets, watching=watching
    )
    if found is None or not is_first(project, found.verdict):
        return found
    from branchline.flows.selftested import as_recorded, tested

    return tested(project, walked, found) if not known else as_recorded(project, found, known)


def _unread(evidence: Evidence) -> tuple[str, ...]:
    """Metrics files without a metric: also where no bar asks for one, nobody shall miss it."""
    more = "Mend what leaves it, and run that stage again: `branchline run --force STAGE`."
    return tuple(f"{sentence} {more}" for sentence in evidence.unread)


def is_first(project: Project, verdict: Verdict) -> bool:
    """Whether the gate has to be tested itself: nothing was ever judged good by it."""
    gate, baseline = project.policy.gate, verdict.baseline
    is_new = not baseline.run and baseline.commit is None
    return gate.selftest and bool(gate.metrics) and is_new


def _judged(
    project: Project,
    walked: Walked,
    evidence: Evidence,
    champion: Champion,
    *,
    history: Iterable[Mapping[str, JsonValue]],
    targets: Sequence[str],
    watching: Watching | None,
) -> Judged | None:
    """See `judged`."""
    gate = project.policy.gate
    baseline, theirs = champion.baseline, champion.evidence
    said = (*_moved_again(project, walked, evidence), *_unread(evidence))
    if not moved_by_chance(gate, evidence):
        verdict = judge(
            _with_size(evidence, champion), theirs, gate, baseline=baseline, remarks=said
        )
        return Judged(evidence=evidence, verdict=verdict)
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
            _with_size(evidence, champion),
            theirs,
            gate,
            baseline=baseline,
            comparisons=found.comparisons,
            spreads=spreads,
            uncompared={**unknown, **found.uncompared},
            parts=found.parts,
            remarks=remarks,
        )

    made = tuple(one.plot for one in found.plots)
    shown = replace(evidence, plots=(*made, *evidence.plots))
    if gate.replicates is None or watching is None:
        verdict = once(_known(project, evidence, theirs), {})
        return Judged(evidence=shown, verdict=verdict, plots=found.plots)
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
        return Judged(evidence=shown, verdict=replicated(asked), plots=found.plots)
    except StoppedError:
        return None


def _with_size(evidence: Evidence, champion: Champion) -> Evidence:
    """The same with the champion's size beside its own: that stands whatever was evaluated."""
    his = champion.recorded.measure(MODEL_SIZE) if champion.recorded is not None else None
    if champion.evidence is not None or his is None:
        return evidence
    measured = tuple(
        replace(item, baseline=his.value) if item.name == MODEL_SIZE else item
        for item in evidence.measured
    )
    return replace(evidence, measured=measured)


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


def with_data_checks(found: Judged) -> Judged:
    """The same, where the data were checked with what that makes of the verdict."""
    if not found.evidence.data_checks:
        return found
    from branchline.core.verdict.data import with_data

    return replace(found, verdict=with_data(found.verdict, found.evidence.data_checks))
