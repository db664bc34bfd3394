"""Verb: run. Walks from the plan to the verdict on the working tree, and records.

Takes up what a killed run left, holds the workspace while it works, and writes in an order that
loses nothing: ledger (each stage), store, dvc.lock, records, ledger (settled).
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.plan.entries import entry_of
from branchline.core.plan.values import Plan, Source
from branchline.core.run import StageState
from branchline.core.trigger import Trigger, TriggerKind
from branchline.errors import StoreError
from branchline.flows.data_gate import as_failures, carried_out, checked, data_checks_of
from branchline.flows.engine import Engine
from branchline.flows.entering import prepared
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.recovering import planned, settle
from branchline.flows.walked import Beside, EngineOptions, Walked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.core.pipeline import LockEntry, Stage
    from branchline.core.plan.values import StagePlan
    from branchline.flows.finish import Finished
    from branchline.flows.project import Project
    from branchline.flows.retraining import WalkAgain, Watching
    from branchline.flows.walked import WalkBeside, Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the user asked of a run.

    Attributes:
        plan: Targets and force.
        engine: Jobs and what happens after failures.
        wait_s: How long to wait for another run in this clone.
        restamp: Write dvc.lock anew where a result is reused for code that differs in layout only.
        reason: Why, in the user's words.
        trigger: What woke us; None means a person at a terminal.
        judges: Whether the run ends with a verdict and a record; a trial of a search has neither.
        label: What results say that they are of; "" is the record that the run will get.
        is_held: Whether the caller holds the workspace, as a search does for all of its trials.
    """

    plan: PlanOptions = field(default_factory=lambda: PlanOptions(trust_elsewhere=False))
    engine: EngineOptions = field(default_factory=EngineOptions)
    wait_s: float = 3600.0
    restamp: bool = False
    reason: str = ""
    trigger: Trigger | None = None
    judges: bool = True
    label: str = ""
    is_held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What a run did.

    Attributes:
        plan: As it was carried out.
        walked: States, results, failures.
        finished: Evidence, verdict, record; None when the run failed or was cancelled.
        planner: Made the plan; knows what was looked at.
        recovered: Stages of a killed run whose results were taken up.
        duration_s: Wall time.
        to_commit: Files that git should get with the run: dvc.lock, .gitignore, metrics, settings;
            of a run that does not judge none.
    """

    planner: Planner
    plan: Plan
    walked: Walked
    finished: Finished | None
    recovered: tuple[str, ...] = ()
    duration_s: float = 0.0
    to_commit: tuple[str, ...] = ()

    @property
    def goes_on(self) -> bool:
        """Whether effects follow: a verdict that chance leaves open may, as the gate says."""
        if self.finished is None:
            return False
        from branchline.core.verdict.standing import standing_of

        gate = self.planner.project.policy.gate
        approved = self.finished.is_approved
        return standing_of(self.finished.verdict, gate, is_approved=approved).lets_on


def run(
    project: Project,
    options: RunOptions,
    watcher: Watcher,
    *,
    is_stopped: Callable[[], bool],
    on_plan: Callable[[Plan], None],
    may_start: Callable[[Plan], bool] = lambda _plan: True,
) -> RunOutcome:
    """Walk to the verdict.

    Args:
        project: Ports.
        options: What was asked.
        watcher: Who shows progress.
        is_stopped: Asked often; True ends the run as cancelled.
        on_plan: Told the plan before anything starts.
        may_start: Asked after that; False ends the run as cancelled, with nothing started.

    Raises:
        BusyError: Another run holds the clone for longer than `wait_s`.
        MissingInputError, CodeError, ConfigError, ...: Nothing was started.
    """
    with nullcontext() if options.is_held else project.workspace_lock.hold(wait_s=options.wait_s):
        began = project.machine.monotonic_s()
        started_at = project.machine.now()
        planner, plan, recovered = planned(project, options.plan, options.engine.later)
        if any(out.reader for stage in planner.stages for out in stage.outs):
            from branchline.flows.printed import refuse_unknown_readers

            refuse_unknown_readers(project, planner.stages)
        data = data_checks_of(project, planner, watcher)

        def walk() -> Walked:
            on_plan(plan)
            guarded = replace(options, engine=replace(options.engine, gatekeeper=data))
            if not may_start(plan):
                return Walked(is_cancelled=True)
            with prepared(project, plan, watcher.say, is_stopped) as is_ready:
                if is_ready:
                    return _walk(project, planner, plan, guarded, watcher, is_stopped)
                return Walked(is_cancelled=True)

        walked = walk() if data is None else checked(data, walk)
        if walked.blocked and not options.judges:
            walked.failures.update(as_failures(plan, walked, data))
        carried = carried_out(plan, walked)
        finished = None
        is_done = options.judges and not walked.failures and not walked.is_cancelled
        # Asking costs a git process or two; of a trial nobody commits what it left.
        is_asked = is_done or (options.judges and walked.ran)
        dirty = project.repo.dirty_paths() if is_asked else ()
        if is_done:
            from branchline.flows.finish import finish

            finished = finish(
                project,
                planner,
                carried,
                walked,
                trigger=options.trigger or _trigger(project, options),
                started_at=started_at,
                duration_s=project.machine.monotonic_s() - began,
                dirty=dirty,
                watcher=watcher,
                walk_beside=_walk_beside(watcher, is_stopped),
                watching=_watching(project, watcher, is_stopped),
                data=data,
            )
            walked.is_cancelled = finished is None
        planner.inputs.reader.save()
        return RunOutcome(
            planner=planner,
            plan=carried,
            walked=walked,
            finished=finished,
            recovered=recovered,
            duration_s=project.machine.monotonic_s() - began,
            to_commit=_to_commit(project, planner, dirty) if walked.ran else (),
        )


def _watching(
    project: Project, watcher: Watcher, is_stopped: Callable[[], bool]
) -> Watching | None:
    """How a commit is trained again; None where no bar may ask for it."""
    if project.policy.gate.replicates is None:
        return None
    from branchline.flows.retraining import Watching

    return Watching(say=watcher.say, tick=watcher.tick, walk=walking_again(is_stopped))


def walking_again(is_stopped: Callable[[], bool]) -> WalkAgain:
    """How stages are walked in a working tree besides, with neither verdict nor record of a run.

    Args:
        is_stopped: Asked often; True ends such a walk as cancelled.
    """
    from branchline.flows.retraining import Again

    def walk(project: Project, plan: PlanOptions, engine: EngineOptions, shown: Watcher) -> Again:
        options = RunOptions(plan=plan, engine=engine, judges=False, label="noise")
        made = run(project, options, shown, is_stopped=is_stopped, on_plan=lambda _plan: None)
        return Again(
            planner=made.planner, plan=made.plan, walked=made.walked, duration_s=made.duration_s
        )

    return walk


def _walk_beside(watcher: Watcher, is_stopped: Callable[[], bool]) -> WalkBeside:
    """How stages are walked in another working tree, with no verdict and no record of a run."""

    def walk(project: Project, stages: tuple[str, ...], label: str) -> Walked:
        options = RunOptions(
            plan=PlanOptions(targets=stages, single=True, trust_elsewhere=False),
            engine=EngineOptions(jobs=project.machine.cpus(), starts_afresh=True),
            judges=False,
            label=label,
        )
        shown = Beside(watcher)
        return run(
            project, options, shown, is_stopped=is_stopped, on_plan=lambda _plan: None
        ).walked

    return walk


def _to_commit(project: Project, planner: Planner, dirty: Sequence[str]) -> tuple[str, ...]:
    """What a run left for git: lock files, `.gitignore`, outputs that the store does not keep.

    The settings, too, where git does not have them as they are: they said what was run.
    """
    written = set(project.lock_files.paths(planner.stages))
    written.update(out.path for s in planner.stages for out in s.outs if not out.cache)
    return tuple(
        path
        for path in dirty
        if path in written or path.rpartition("/")[2] in (".gitignore", "branchline.yaml")
    )


def _walk(
    project: Project,
    planner: Planner,
    plan: Plan,
    options: RunOptions,
    watcher: Watcher,
    is_stopped: Callable[[], bool],
) -> Walked:
    """Run the engine with its ledger entry around it; nothing is noted when all is reused."""
    if plan.is_empty and not any(entry.restore for entry in plan.stages):
        walked = Walked(
            plans={entry.stage: entry for entry in plan.stages},
            results={e.stage: e.result for e in plan.stages if e.result is not None},
            states={e.stage: StageState.REUSED for e in plan.stages},
        )
        _write_locks(project, planner, plan, {}, restamp=options.restamp)
        return walked
    _refuse_tracked_outputs(project, planner)
    label = options.label or next_run_id(project)
    number = project.ledger.begin(
        label=label,
        stages=[entry.stage for entry in plan.stages],
        started_at=project.machine.now(),
    )
    state = "lost"
    engine = Engine(
        project,
        planner,
        plan,
        options.engine,
        watcher,
        run=number,
        label=label,
        is_stopped=is_stopped,
    )
    try:
        walked = engine.walk()
        is_bad = bool(walked.failures or walked.blocked)
        state = "cancelled" if walked.is_cancelled else "failed" if is_bad else "succeeded"
    finally:
        carried = Plan(
            stages=tuple(engine.walked.plans.get(entry.stage, entry) for entry in plan.stages)
        )
        project.workspace.ignore(engine.touched)
        results = engine.walked.results
        made = [results[a] for a in engine.walked.ran if results[a].key]
        # The label is the id that the record gets; a run that is not recorded has none.
        record = label if state == "succeeded" else ""

        def keep() -> None:
            _write_locks(project, planner, carried, engine.entries, restamp=options.restamp)
            settle(project, made)
            project.ledger.end(number, state, at=project.machine.now(), record=record)

        later = options.engine.later
        if later is not None and state == "succeeded":
            later.add(keep, [result.key for result in made])
        else:
            if later is not None:
                later.do()
            keep()
    return walked


def _refuse_tracked_outputs(project: Project, planner: Planner) -> None:
    """Refuse outputs that both git and the store would keep.

    Raises:
        StoreError: git tracks an output that is not `cache: false`.
    """
    stages = [stage for stage in planner.stages if not stage.frozen]
    outs = [(stage, out) for stage in stages for out in stage.outs if out.cache]
    tracked = project.repo.is_tracked([out.path for _, out in outs])
    both = [pair for pair, is_both in zip(outs, tracked, strict=True) if is_both]
    if both:
        stage, out = both[0]
        if out.is_optional:
            raise StoreError(
                f"the short form `train:` would take `{out.path}` for the model that it leaves, but"
                " git tracks it",
                todo="Name what it leaves: `train: {run: ..., outs: [...]}`; `outs: []` for none.",
            )
        raise StoreError(
            f"{stage.file}:{out.line or stage.line}: output `{out.path}` of stage"
            f" `{stage.address}` is tracked by git, and the store would keep it too",
            todo=f"Run `git rm -r --cached {out.path}`, or declare it with `cache: false`.",
        )


def next_run_id(project: Project) -> str:
    """The id that the next record of this commit will get, while the workspace is held."""
    base = project.run_base
    taken = set(project.records.run_ids())
    number = 2
    label = base
    while label in taken:
        label = f"{base}-{number}"
        number += 1
    return label


def _write_locks(
    project: Project,
    planner: Planner,
    plan: Plan,
    made: dict[str, tuple[Stage, LockEntry]],
    *,
    restamp: bool,
) -> None:
    """Bring dvc.lock up to date: entries of stages that ran, and of those restored exactly."""
    stages = {stage.address: stage for stage in planner.stages}
    entries: list[tuple[Stage, LockEntry]] = []
    for entry in plan.stages:
        if entry.stage in made:
            entries.append(made[entry.stage])
            continue
        stage = stages[entry.stage]
        if stage.is_test:
            continue
        stamped = _reused_entry(planner, stage, entry, restamp=restamp)
        if stamped is not None:
            entries.append((stage, stamped))
    if entries:
        project.lock_files.write(entries)


def _reused_entry(
    planner: Planner, stage: Stage, plan: StagePlan, *, restamp: bool
) -> LockEntry | None:
    """The entry that dvc.lock should hold for a reused result; None leaves it as it is.

    A result that is reused because only layout or comments changed leaves dvc.lock alone, unless
    restamping was asked for: the entry says which bytes were trained with, and that stays true.
    """
    found = planner.gathered.get(stage.address)
    if plan.result is None or plan.source is Source.LOCK or found is None:
        return None
    outs = {out.path: out.content for out in plan.result.outs}
    if found.pending or found.unknown or not stage.leaves(outs):
        return None
    now = entry_of(stage, deps=found.deps, params=found.params, outs=outs)
    if now == planner.lock.get(stage.address):
        return None
    same_bytes = now.deps == plan.result.entry.deps and now.cmd == plan.result.entry.cmd
    return now if same_bytes or restamp else None


def _trigger(project: Project, options: RunOptions) -> Trigger:
    head = project.repo.head()
    return Trigger(
        kind=TriggerKind.PERSON,
        actor=project.repo.actor(),
        branch=head.branch,
        commit=head.commit,
        force=options.plan.force,
        reason=options.reason,
    )
