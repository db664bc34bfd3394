"""Verb: run, in several CI jobs. What a job hands to the next, where stages need other machines.

A part makes some stages and gives no verdict. It leaves their results and outputs; the job that
goes on takes these over, and finds by content that they are made. What does not come along is made
again.
"""

from __future__ import annotations

import os
import tarfile
from typing import TYPE_CHECKING

from branchline.core.effects.handed_on import HandedModel, HandedState
from branchline.core.policy import Do
from branchline.errors import CiError
from branchline.flows.ci_apply import read_results, take_records
from branchline.flows.ci_run import CiEnd
from branchline.flows.plan import PlanOptions
from branchline.flows.run import RunOptions, run
from branchline.flows.search import own_search_stages
from branchline.flows.sending import Sender, SentEnd
from branchline.flows.walked import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from branchline.core.plan.values import Plan
    from branchline.core.trigger.rules import Decision
    from branchline.flows.ci_setting import CiSetting
    from branchline.flows.project import Project
    from branchline.flows.run import RunOutcome
    from branchline.flows.walked import Watcher
    from branchline.ports.ci import ResultsFolder

OUTPUTS_FILE = "outputs.tar"
MOST_OUTPUTS_BYTES = 1_000_000_000_000


def walk_part(
    setting: CiSetting,
    project: Project,
    decision: Decision,
    stages: Sequence[str],
    folder: ResultsFolder,
    watcher: Watcher,
    *,
    unforced: frozenset[str],
    is_stopped: Callable[[], bool],
    on_plan: Callable[[Plan], None],
) -> CiEnd:
    """Make some stages, and what they need; leave their outputs for the job that goes on.

    Raises:
        UnknownNameError: There is no such stage.
        BranchlineError: Nothing was started: a missing input, unusable code or settings.
    """
    searching = own_search_stages(project)
    wanted = tuple(stage for stage in stages if stage not in searching)
    # What a part made is gone with its machine, but for what later parts read.
    sender = None if setting.event.fork else Sender(project, is_stopped=is_stopped)
    outcome = run(
        project,
        RunOptions(
            plan=PlanOptions(
                targets=wanted,
                force=decision.force,
                force_reason=decision.reason,
                unforced=unforced,
                trust_elsewhere=False,
            ),
            engine=EngineOptions(
                jobs=project.machine.cpus(), on_result=sender.offer if sender else None
            ),
            reason=decision.reason,
            trigger=setting.trigger(decision),
            judges=False,
        ),
        watcher,
        is_stopped=is_stopped,
        on_plan=on_plan,
    )
    state, detail = _state(outcome, wanted)
    if state is HandedState.UNFINISHED:
        _pack(project, outcome, f"{folder.path}/{OUTPUTS_FILE}")
    model = project.policy.model
    made = [outcome.walked.results[stage] for stage in outcome.walked.ran]
    return CiEnd(
        handed=HandedModel(model=model, do=Do.TRAIN, state=state, detail=detail),
        outcome=outcome,
        sent=sender.finish(made) if sender else SentEnd(),
    )


def _state(outcome: RunOutcome, stages: Sequence[str]) -> tuple[HandedState, str]:
    if outcome.walked.failures:
        stage, ended = next(iter(outcome.walked.failures.items()))
        return HandedState.FAILED, f"`{stage}` failed: {ended.detail}"
    if outcome.walked.is_cancelled:
        return HandedState.CANCELLED, "stopped"
    return HandedState.UNFINISHED, f"{', '.join(stages)} made; another job goes on"


def _pack(project: Project, outcome: RunOutcome, path: str) -> None:
    """Outputs of all stages of a part in one file: artifacts lose modes, and hidden files."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # Outputs may be links into a store that stays here.
    with tarfile.open(path, "w", dereference=True) as archive:
        for out in _outputs(outcome):
            place = os.path.join(project.root, out)
            if os.path.lexists(place):
                archive.add(place, arcname=out)


def _outputs(outcome: RunOutcome) -> Iterator[str]:
    for entry in outcome.plan.stages:
        result = outcome.walked.results.get(entry.stage) or entry.result
        if result is not None:
            yield from (out.path for out in result.outs)


def take_earlier(setting: CiSetting, project: Project, folder: ResultsFolder) -> frozenset[str]:
    """Take over what an earlier part made: results, and outputs in the workspace.

    Args:
        setting: The job.
        project: Whose stages they are.
        folder: That the part left.

    Returns:
        Addresses of stages that need not be forced again: their outputs came along.

    Raises:
        CiError: There is none, it is of another commit, or holds something else than outputs.
    """
    handed = read_results(setting, folder)
    path = folder.checked(OUTPUTS_FILE, most_bytes=MOST_OUTPUTS_BYTES)
    if handed is None or not path:
        raise CiError(
            f"{folder.path} does not hold what an earlier part left",
            todo="Download the artifact of the job that ran `branchline ci run --stages`.",
        )
    take_records(setting, folder)
    declared = {out.path: stage.address for stage in project.pipeline.stages for out in stage.outs}
    came: set[str] = set()
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                came.add(_stage_of(member, declared))
                archive.extract(member, project.root, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise CiError(f"the outputs of an earlier part cannot be taken over: {error}") from error
    return frozenset(came)


def _stage_of(member: tarfile.TarInfo, declared: dict[str, str]) -> str:
    """The stage whose output a member is, or lies in.

    Raises:
        CiError: It is none, or neither file nor folder.
    """
    parts = member.name.split("/")
    is_plain = (member.isreg() or member.isdir()) and ".." not in parts and ".git" not in parts
    for count in range(1, len(parts) + 1) if is_plain else ():
        stage = declared.get("/".join(parts[:count]))
        if stage is not None:
            return stage
    raise CiError(
        f"an earlier part left {ascii(member.name)[:100]}, which is no output of a stage",
        todo="Download the artifact of this very run.",
    )
