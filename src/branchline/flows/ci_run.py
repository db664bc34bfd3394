"""Verb: run, in a CI job. The walk of each model, and what is handed on to later jobs.

Records go to the remote where the job may write; else they go into the folder alone, and the job
says what is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.effects.handed_on import (
    RECORDS_FILE,
    RESULTS_FILE,
    HandedModel,
    HandedOn,
    HandedState,
    handed_to_text,
)
from branchline.core.policy import Do
from branchline.core.verdict.standing import standing_of
from branchline.errors import BranchlineError, RecordError
from branchline.flows.ci_plan import is_withheld, targets_of
from branchline.flows.plan import PlanOptions
from branchline.flows.run import RunOptions, run
from branchline.flows.sending import Sender, SentEnd
from branchline.flows.walked import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.core.plan.values import Plan
    from branchline.core.trigger.rules import Decision
    from branchline.core.verdict.standing import Standing
    from branchline.flows.ci_setting import CiSetting
    from branchline.flows.project import Project
    from branchline.flows.run import RunOutcome
    from branchline.flows.walked import Watcher
    from branchline.ports.ci import ResultsFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class CiEnd:
    """How the walk of one model ended here.

    Attributes:
        handed: What later jobs are told.
        outcome: What the run did; None where there was none.
        standing: What its verdict lets happen; None where there is none.
        error: Why it could not begin.
        sent: What became of sending its outputs to the remote of the store.
    """

    handed: HandedModel
    outcome: RunOutcome | None = None
    standing: Standing | None = None
    error: BranchlineError | None = None
    sent: SentEnd = field(default_factory=SentEnd)


def left_behind(end: CiEnd) -> tuple[str, ...]:
    """What stands on this machine alone, where the machine is gone after the job; a sentence.

    Records name outputs by content and do not hold them: a registered model would be a name.
    """
    if end.outcome is None or end.sent.to or end.sent.problem is not None:
        return ()
    walked = end.outcome.walked
    paths = [
        out.path
        for stage in walked.ran
        for out in walked.results[stage].outs
        if out.cached and out.kind == "data"
    ]
    if not paths:
        return ()
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return (
        f"`{paths[0]}`{more} was made on a machine that GitHub takes away after this job, and is"
        " nowhere else: write `store: s3://bucket/prefix` (or gs://, azure://, ssh://) into"
        " branchline.yaml",
    )


def not_walked(setting: CiSetting, model: str, decision: Decision) -> CiEnd:
    """The end of a model for which nothing is done."""
    state = HandedState.WITHHELD if is_withheld(setting, decision) else HandedState.SKIPPED
    handed = HandedModel(model=model, do=decision.do, state=state, detail=decision.reason)
    return CiEnd(handed=handed)


def failed(model: str, decision: Decision, error: BranchlineError) -> CiEnd:
    """The end of a model whose walk could not begin."""
    handed = HandedModel(
        model=model, do=decision.do, state=HandedState.FAILED, detail=error.message
    )
    return CiEnd(handed=handed, error=error)


def walk_model(
    setting: CiSetting,
    project: Project,
    decision: Decision,
    watcher: Watcher,
    *,
    is_stopped: Callable[[], bool],
    on_plan: Callable[[Plan], None],
    unforced: frozenset[str] = frozenset(),
) -> CiEnd:
    """Walk one model to its verdict; stages of `unforced` were made by an earlier job of this run.

    Raises:
        BranchlineError: Nothing was started: a missing input, unusable code or settings.
    """
    targets = targets_of(project)
    # Code of a fork has no credentials, and its outputs are nobody's yet.
    sender = None if setting.event.fork else Sender(project, is_stopped=is_stopped)
    outcome = run(
        project,
        RunOptions(
            plan=PlanOptions(
                targets=targets,
                single=bool(targets),
                force=decision.force,
                force_reason=decision.reason,
                unforced=unforced,
                trust_elsewhere=False,
                with_tests=True,
            ),
            engine=EngineOptions(
                jobs=project.machine.cpus(), on_result=sender.offer if sender else None
            ),
            reason=decision.reason,
            trigger=setting.trigger(decision),
        ),
        watcher,
        is_stopped=is_stopped,
        on_plan=on_plan,
    )
    ended = _ended(project, outcome)
    # Also where a later stage failed: what was made need not be made again.
    sent = sender.finish(outcome.walked.results.values()) if sender else SentEnd()
    return replace(ended, sent=sent)


def _ended(project: Project, outcome: RunOutcome) -> CiEnd:
    model = project.policy.model
    handed = HandedModel(model=model, do=Do.TRAIN, state=HandedState.CANCELLED, detail="stopped")
    if outcome.walked.failures:
        stage, ended = next(iter(outcome.walked.failures.items()))
        detail = f"`{stage}` failed: {ended.detail}"
        return CiEnd(
            handed=replace(handed, state=HandedState.FAILED, detail=detail), outcome=outcome
        )
    if outcome.walked.is_cancelled or outcome.finished is None:
        return CiEnd(handed=handed, outcome=outcome)
    finished = outcome.finished
    verdict = finished.verdict
    said = verdict.summary if verdict.findings else "nothing was judged: there is no gate"
    return CiEnd(
        handed=replace(handed, state=HandedState.WALKED, run=finished.record, detail=said),
        outcome=outcome,
        standing=standing_of(verdict, project.policy.gate, is_approved=finished.is_approved),
    )


def hand_on(
    setting: CiSetting,
    ends: Sequence[CiEnd],
    folder: ResultsFolder,
    before: frozenset[tuple[str, str]],
    *,
    withheld: str,
) -> HandedOn:
    """Share what was recorded: with the remote where that is allowed, and with later jobs.

    Args:
        setting: The job.
        ends: How each model ended.
        folder: That later jobs get.
        before: Records that were here when the job began.
        withheld: Why the records are not sent; "" where they are.

    Returns:
        What was written: runs may have another number, where a run beside took theirs.
    """
    renamed: dict[str, str] = {}
    lost: list[str] = []
    # First for the later jobs, and at once: what stops this job may leave it seconds.
    _write(setting, folder, ends, renamed, setting.notes)
    if setting.remote.record_names() - before:
        lost, renamed = ([withheld], {}) if withheld else _pushed(setting)
        try:
            new = sorted(name for name, _ in setting.remote.record_names() - before)
            setting.remote.pack_records(new, f"{folder.path}/{RECORDS_FILE}")
        except BranchlineError as error:
            lost.append(f"the records could not be handed on either: {error.message}")
    # The job that applies may send what this one could not, and then nothing is lost.
    handed = _write(setting, folder, ends, renamed, setting.notes)
    setting.notes.extend(lost)
    return handed


def _pushed(setting: CiSetting) -> tuple[list[str], dict[str, str]]:
    """What was lost, and runs that got another id."""
    try:
        exchange = setting.remote.push_records()
    except RecordError as error:
        told = " ".join(dict.fromkeys([error.message, *error.details[:2]]))
        return [
            "the records were not pushed, so other machines would train this again: "
            f"{told}. They are in this run's artifact; `branchline ci apply` sends them where its"
            " job has `permissions: {contents: write}`"
        ], {}
    pairs = [entry.partition(" -> ") for entry in exchange.kept_theirs]
    runs = {
        old.removeprefix("runs/"): new.removeprefix("runs/")
        for old, arrow, new in pairs
        if arrow and old.startswith("runs/")
    }
    return [], runs


def _write(
    setting: CiSetting,
    folder: ResultsFolder,
    ends: Sequence[CiEnd],
    renamed: dict[str, str],
    notes: Sequence[str],
) -> HandedOn:
    models = [replace(end.handed, run=renamed.get(end.handed.run, end.handed.run)) for end in ends]
    handed = HandedOn(
        head=setting.event.head,
        tested=setting.event.tested,
        models=tuple(models),
        notes=tuple(dict.fromkeys(notes)),
    )
    folder.write(RESULTS_FILE, handed_to_text(handed).encode())
    return handed
