"""Try the commands of a working tree in an environment, for real, in a place of its own.

Serves `branchline env repair`. Nothing of the repository moves: no record, no result, no file.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.environment.failures import (
    Diagnosis,
    FailureKind,
    diagnose_install,
    diagnose_run,
)
from branchline.core.pipeline import Pipeline, Stage
from branchline.core.policy import Gate, MakeEnvironment
from branchline.errors import (
    BranchlineError,
    EnvironmentFailedError,
    InterruptedRunError,
    MissingToolError,
    UsageError,
)
from branchline.flows.environments.using import found_for, wanted_of
from branchline.flows.plan import PlanOptions
from branchline.flows.run import RunOptions, run
from branchline.flows.walked import EngineOptions
from branchline.ports.workspace import EntryKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.environment.values import Resolved
    from branchline.core.run import StageState
    from branchline.flows.environments.asking import Question
    from branchline.flows.project import Project

_TAIL_BYTES = 60_000
_CODE_FOLDERS = ("", "src")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How one try ended.

    Attributes:
        found: The packages; None when there were none.
        diagnosis: Why it failed; None when it ran.
        ran_s: Seconds that the commands took.
        is_cut: Whether they were stopped at the limit, without having failed by then.
    """

    found: Resolved | None
    diagnosis: Diagnosis | None
    ran_s: float = 0.0
    is_cut: bool = False


class _Quiet:
    """A watcher that shows nothing."""

    def stage(self, stage: str, state: StageState, text: str, elapsed_s: float = 0.0) -> None:
        """Nothing is shown."""

    def tick(self, running: Mapping[str, tuple[float, str]]) -> None:
        """Nothing is shown."""

    def say(self, text: str) -> None:
        """Nothing is shown."""


def commands_of(project: Project, words: Sequence[str]) -> tuple[Stage, ...]:
    """What is tried: a command of the user's, else the stages.

    Raises:
        UsageError: There is neither.
    """
    if words:
        command = words[0] if len(words) == 1 else shlex.join(words)
        return (
            Stage(
                name="command",
                address="command",
                cmd=(command,),
                cmd_is_list=False,
                wdir=".",
                file="branchline.yaml",
                line=1,
            ),
        )
    stages = project.pipeline.stages
    if not stages:
        raise UsageError(
            "branchline env repair: there is no stage to try, and no command was given",
            todo="Name one: branchline env repair -- python train.py",
        )
    return stages


def try_in(
    project: Project,
    question: Question,
    stages: tuple[Stage, ...],
    *,
    limit_s: float,
    is_stopped: Callable[[], bool],
    say: Callable[[str], None],
) -> Tried:
    """Find, make, run.

    Args:
        project: Ports.
        question: Which environment.
        stages: What is run.
        limit_s: Time for the commands; who has not failed by then counts as running.
        is_stopped: Asked often; True gives up.
        say: Told what takes time.

    Raises:
        EnvironmentFailedError: The index is at fault, not the versions.
        InterruptedRunError: It was given up.
        MissingToolError: uv is not here.
    """
    found: Resolved | None = None
    try:
        found = found_for(project, question, is_stopped=is_stopped, say=say)
        wanted = wanted_of(project, question, found) if found else None
        made = (
            project.environments.ensure(wanted, is_stopped=is_stopped, say=say) if wanted else None
        )
    except EnvironmentFailedError as error:
        lines = error.details or (error.message,)
        why = diagnose_install(lines, has_date=bool(question.asked.as_of))
        if why.kind is FailureKind.INDEX:
            raise  # no other versions would mend that
        return Tried(found=found, diagnosis=why)
    if found is None or made is None:
        raise InterruptedRunError("stopped; nothing was written")
    began = project.machine.monotonic_s()

    def is_over() -> bool:
        return is_stopped() or project.machine.monotonic_s() - began > limit_s

    say(f"running {', '.join(stage.address for stage in stages)}")
    with project.environments.entered(made):
        diagnosis, is_cut = _run(project, stages, found, is_over)
    if is_stopped():
        raise InterruptedRunError("stopped; nothing was written")
    ran_s = round(project.machine.monotonic_s() - began, 1)
    return Tried(found=found, diagnosis=diagnosis, ran_s=ran_s, is_cut=is_cut)


def _run(
    project: Project, stages: tuple[Stage, ...], found: Resolved, is_over: Callable[[], bool]
) -> tuple[Diagnosis | None, bool]:
    with project.scratch(None, has_own_records=True) as scratch:
        rules = replace(scratch.policy.environment, make=MakeEnvironment.NEVER)
        scratch.policy = replace(scratch.policy, environment=rules, gate=Gate(), tests=())
        if stages[0].address == "command":
            scratch.pipeline = Pipeline(stages=stages)
        try:
            outcome = run(
                scratch,
                RunOptions(
                    plan=PlanOptions(force=True, trust_elsewhere=False),
                    engine=EngineOptions(jobs=1),
                    judges=False,
                    label="env-repair",
                ),
                _Quiet(),
                is_stopped=is_over,
                on_plan=lambda _plan: None,
            )
        except MissingToolError:
            raise
        except BranchlineError as error:
            return _unplanned(error), False
        if not outcome.walked.failures:
            return None, outcome.walked.is_cancelled
        stage, ended = next(iter(outcome.walked.failures.items()))
        text = _tail(ended.log)
        diagnosis = diagnose_run(
            text,
            own=_own_modules(scratch),
            packages={
                package.name.partition("[")[0]: package.version for package in found.packages
            },
            root=scratch.root,
        )
        if diagnosis.kind is FailureKind.OTHER:
            sentence = f"`{stage}` failed: {ended.detail}, for a reason that is not known to come"
            return replace(diagnosis, sentence=f"{sentence} from its packages"), False
        return diagnosis, False


def _unplanned(error: BranchlineError) -> Diagnosis:
    """What kept the stages from being started at all."""
    return Diagnosis(kind=FailureKind.OTHER, sentence=error.message, quote=error.todo or "")


def _own_modules(project: Project) -> frozenset[str]:
    """Top-level modules of the repository: of its root, and of `src`."""
    found: set[str] = set()
    for folder in _CODE_FOLDERS:
        names = project.workspace.list_folder(folder) or {}
        found.update(name.removesuffix(".py") for name in names if name.endswith(".py"))
        found.update(name for name, kind in names.items() if kind is EntryKind.FOLDER)
    return frozenset(found)


def _tail(log: str) -> str:
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.path.getsize(log) - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
