"""Runs the stages of a plan: decides late, starts what fits, keeps what succeeded.

Serves the station `run`. One thread, no callbacks from elsewhere: the loop asks the schedule what
may start, waits for the executor, and tells the ledger what ended before it does anything else, so
that a kill -9 between any two lines loses no finished stage.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from branchline.core.plan.values import Action
from branchline.core.run import Capacity, Schedule, StageState
from branchline.core.run.devices import assign_devices, device_names
from branchline.core.run.retries import is_worth_retrying, retry_delay_s
from branchline.core.values import Outcome
from branchline.errors import BranchlineError, ProgramKilledError
from branchline.flows.attempts import attempt_of, job_of, kept_or_failed
from branchline.flows.endings import late_decision, not_started, why_stopped
from branchline.flows.keep import Keeper, Kept
from branchline.flows.stage_files import stage_files
from branchline.flows.walked import Attempt, EngineOptions, Walked, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.evidence.model_tests import Examined
    from branchline.core.pipeline import LockEntry, Stage
    from branchline.core.plan.values import Plan, Result, StagePlan
    from branchline.core.run.values import Ended
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project

POLL_S = 0.1
GRACE_S = 5.0


class Engine:
    """One run.

    Args:
        project: Ports.
        planner: Has made the plan and decides what was pending.
        plan: The plan.
        options: How to run.
        watcher: Who shows it.
        run: Number in the ledger.
        label: Id that the run's record will have.
        is_stopped: Asked often; True ends the run as cancelled.
    """

    def __init__(
        self,
        project: Project,
        planner: Planner,
        plan: Plan,
        options: EngineOptions,
        watcher: Watcher,
        *,
        run: int,
        label: str,
        is_stopped: Callable[[], bool],
    ) -> None:
        self._project = project
        self._planner = planner
        self._options = options
        self._watcher = watcher
        self._run = run
        self._is_stopped = is_stopped
        self._keeper = Keeper(project, planner, label=label, edited=options.edited)
        self._keeper.starts_afresh = options.starts_afresh
        self._stages = {stage.address: stage for stage in planner.stages}
        self._plans = {entry.stage: entry for entry in plan.stages}
        self._attempts: dict[str, Attempt] = {}
        self._logs = os.path.join(project.state_dir, "logs", str(run))
        self.walked = Walked()
        machine = project.machine
        self._devices = device_names(machine.variable("CUDA_VISIBLE_DEVICES"), machine.gpus())
        self._schedule = Schedule(
            jobs=[job_of(project.policy, self._stages[e.stage], e) for e in plan.stages],
            capacity=Capacity(
                jobs=options.jobs,
                cpus=max(float(options.jobs), float(machine.cpus())),
                gpus=len(self._devices),
                memory_bytes=machine.memory_bytes(),
            ),
            keep_going=options.keep_going,
        )

    @property
    def entries(self) -> dict[str, tuple[Stage, LockEntry]]:
        """Address -> (stage, what dvc.lock shall say), for stages that ran."""
        return self._keeper.entries

    @property
    def touched(self) -> list[str]:
        """Outputs that were stored or restored: git shall ignore them."""
        return self._keeper.touched

    def walk(self) -> Walked:
        """Run until everything ended; leaves no child behind, however it ends."""
        os.makedirs(self._logs, exist_ok=True)
        try:
            self._decide_all(self._schedule.ready())
            while not self._schedule.is_over:
                if self._is_stopped() or self.walked.stopped_early:
                    self._cancel()
                    break
                self._start_what_fits()
                self._wait()
        except BaseException:
            self._project.executor.stop(grace_s=GRACE_S)
            raise
        return self.walked

    # Deciding

    def _decide_all(self, ready: tuple[str, ...]) -> None:
        """Decide stages whose inputs are complete; what is reused needs no slot."""
        queue = list(ready)
        while queue:
            address = queue.pop(0)
            try:
                if self._is_blocked(address):
                    continue
                plan = self._decide(address)
                self.walked.plans[address] = plan
                if plan.action not in (Action.REUSE, Action.SKIP):
                    continue
                self._reuse(self._stages[address], plan)
            except ProgramKilledError:
                raise
            except BranchlineError as error:
                # Its input was not made, or its output cannot be put back: what runs goes on.
                self._schedule.start(address)
                self._fail(address, not_started(address, error))
                continue
            queue.extend(self._schedule.end(address, StageState.REUSED).ready)

    def _is_blocked(self, address: str) -> bool:
        """Whether a stage may not start, and with it what depends on it."""
        keeper = self._options.gatekeeper
        why = keeper.before(address) if keeper is not None else ""
        if not why:
            return False
        self.walked.blocked = self.walked.blocked or why
        self._schedule.start(address)
        skipped = self._schedule.end(address, StageState.FAILED).skipped
        for name in (address, *skipped):
            self._ended(name, StageState.SKIPPED, "not run: bad data")
        return True

    def _decide(self, address: str, *, again: bool = False) -> StagePlan:
        plan = self._plans[address]
        stage = self._stages[address]
        if self._options.later is not None and (again or plan.key is None):
            self._options.later.do()  # what was just made may be what is asked for
        ran = [n for n in plan.after if self.walked.states.get(n) is StageState.SUCCEEDED]
        after = ran[0] if ran and self._options.force_downstream else ""
        return late_decision(self._planner, stage, plan, after=after, again=again)

    def _reuse(self, stage: Stage, plan: StagePlan) -> None:
        state = StageState.SKIPPED if plan.action is Action.SKIP else StageState.REUSED
        self._keeper.reuse(stage, plan)
        if plan.result is not None:
            self.walked.results[stage.address] = plan.result
        self._planner.producers.decided(stage, plan)
        self._ended(stage.address, state, plan.reason)

    # Starting

    def _start_what_fits(self) -> None:
        while (address := self._schedule.next_to_start(self._now())) is not None:
            self._start(address)

    def _start(self, address: str) -> None:
        if self._is_reused_after_all(address):
            return
        stage, plan = self._stages[address], self.walked.plans[address]
        number = self.walked.attempts.get(address, 0) + 1
        self.walked.attempts[address] = number
        self._schedule.start(address)
        try:
            self.walked.notes.extend(self._keeper.make_room(stage))
            attempt = self._attempt(stage, plan, number)
            files = stage_files(attempt.task.log)
            files.clear()
            if stage.is_test:
                from branchline.flows.model_tests import write_context

                write_context(self._planner, self.walked, address, files.context, files.tests)
            if self._options.early is not None:
                self._options.early.starting(attempt)
            child = self._project.executor.start(attempt.task)
        except ProgramKilledError:
            raise
        except BranchlineError as error:
            self._fail(address, not_started(address, error))
            return
        self._attempts[address] = attempt
        for remark in self._project.executor.remarks():
            self._watcher.say(remark)
        self._project.ledger.stage_started(
            self._run, child, log=attempt.task.log, at=attempt.started_at
        )
        self._watcher.stage(address, StageState.RUNNING, plan.reason)

    def _is_reused_after_all(self, address: str) -> bool:
        """Look once more at inputs that were digested by the plan, perhaps hours ago.

        What was edited since is what the stage will read. True when it need not run any more.
        """
        stage, inputs = self._stages[address], self._planner.inputs
        if not inputs.moved(stage, self._planner.gathered[address]):
            return False
        inputs.look_again()
        if self._options.gatekeeper is not None:
            self._options.gatekeeper.look_again()
        try:
            if self._is_blocked(address):
                return True
            plan = self.walked.plans[address] = self._decide(address, again=True)
            if plan.action is not Action.REUSE:
                return False
            self._reuse(stage, plan)
        except ProgramKilledError:
            raise
        except BranchlineError as error:
            self._schedule.start(address)
            self._fail(address, not_started(address, error))
            return True
        self._decide_all(self._schedule.end(address, StageState.REUSED).ready)
        return True

    def _attempt(self, stage: Stage, plan: StagePlan, number: int) -> Attempt:
        wanted = self._project.policy.resources_of(stage.name)
        taken = {name for a in self._attempts.values() for name in a.devices}
        return attempt_of(
            self._project,
            stage,
            plan,
            number=number,
            logs=self._logs,
            devices=assign_devices(wanted.gpus, self._devices, taken),
            limits_memory=self._options.limits_memory,
        )

    # Waiting

    def _wait(self) -> None:
        wakes, later = self._schedule.wakes_at(), self._options.later
        timeout = POLL_S if wakes is None else max(0.0, min(POLL_S, wakes - self._now()))
        if not self._attempts and wakes is None:
            return
        if later is not None:
            later.do()
        for ended in self._project.executor.wait(timeout):
            self._take(ended)
        if self._options.early is not None and (late := self._options.early.overdue()):
            self._project.executor.stop(late, grace_s=GRACE_S)
        now = self._now()
        self._watcher.tick(
            {a: (now - run.started_s, run.task.log) for a, run in self._attempts.items()}
        )

    def _take(self, ended: Ended) -> None:
        if self._was_stopped_early(self._attempts[ended.stage]):
            return
        attempt = self._attempts.pop(ended.stage)
        if attempt.stage.is_test:
            self._take_test(attempt, ended)
            return
        if ended.failure is None:
            kept = kept_or_failed(self._project, self._keeper, attempt, ended)
            if kept.ended.failure is None and kept.result is not None:
                self._succeed(attempt, kept)
                return
            ended = kept.ended
        self._fail_or_retry(attempt, ended)

    def _take_test(self, attempt: Attempt, ended: Ended) -> None:
        """One that passed is kept like any stage, others go into the verdict."""
        from branchline.flows.model_tests import reported_result, what_came

        test = what_came(ended, stage_files(attempt.task.log).tests)
        if test.outcome is Outcome.PASSED:
            kept = kept_or_failed(self._project, self._keeper, attempt, ended)
            if kept.ended.failure is None and kept.result is not None:
                result = reported_result(kept.result, test)
                self._succeed(attempt, replace(kept, result=result))
                self.walked.tests[attempt.stage.address] = test
                return
            test = what_came(kept.ended)
        self._end_test(test, ended)

    def _end_test(self, test: Examined, ended: Ended) -> None:
        """Note a test that did not pass; nothing waits for its success, and the run goes on."""
        address = ended.stage
        self._note(address, StageState.FAILED, ended)
        self.walked.tests[address] = test
        self._ended(address, StageState.FAILED, test.said, ended.duration_s)
        self._decide_all(self._schedule.end(address, StageState.SUCCEEDED).ready)

    def _was_stopped_early(self, attempt: Attempt) -> bool:
        why = why_stopped(self._options.early, attempt)
        self.walked.stopped_early = self.walked.stopped_early or why
        return bool(why)

    def _succeed(self, attempt: Attempt, kept: Kept) -> None:
        address = attempt.stage.address
        # Without a key (data outside the repository) nothing can be looked up again.
        result = kept.result if kept.result is not None and kept.result.key else None
        self._note(address, StageState.SUCCEEDED, kept.ended, result)
        later = self._options.later
        if later is None:
            self._keeper.share(attempt.stage, self.walked.notes.append)
        else:
            later.add(partial(self._keeper.share, attempt.stage, later.say))
        if kept.result is not None:
            self.walked.results[address] = kept.result
            if self._options.on_result is not None:
                self._options.on_result(kept.result)
        self.walked.notes.extend(kept.notes)
        self._planner.producers.done(attempt.stage, kept.contents)
        self._ended(address, StageState.SUCCEEDED, "", kept.ended.duration_s)
        self._decide_all(self._schedule.end(address, StageState.SUCCEEDED).ready)

    def _fail_or_retry(self, attempt: Attempt, ended: Ended) -> None:
        address = attempt.stage.address
        retries = self._project.policy.resources_of(attempt.stage.name).retries
        if not is_worth_retrying(ended.failure, attempt.number, retries):
            self._fail(address, ended)
            return
        delay = retry_delay_s(attempt.number, f"{self._run}:{address}")
        self._watcher.say(
            f"{address}: {ended.detail}; attempt {attempt.number} of {retries + 1},"
            f" again in {delay:.1f} s"
        )
        self._schedule.retry(address, self._now() + delay)

    def _fail(self, address: str, ended: Ended) -> None:
        if self._stages[address].is_test:
            from branchline.flows.model_tests import what_came

            self._end_test(what_came(ended), ended)
            return
        self._note(address, StageState.FAILED, ended)
        self.walked.failures[address] = ended
        self._ended(address, StageState.FAILED, ended.detail, ended.duration_s)
        for skipped in self._schedule.end(address, StageState.FAILED).skipped:
            self._ended(skipped, StageState.SKIPPED, f"not run: `{address}` failed")

    def _cancel(self) -> None:
        self._project.executor.stop(grace_s=GRACE_S)
        for address in list(self._attempts):
            self._note(address, StageState.CANCELLED)
            self._ended(address, StageState.CANCELLED, "stopped")
        self._attempts.clear()
        for address in self._schedule.cancel():
            self._ended(address, StageState.CANCELLED, "not started")
        self.walked.is_cancelled = True

    def _note(
        self,
        address: str,
        state: StageState,
        ended: Ended | None = None,
        result: Result | None = None,
    ) -> None:
        self._project.ledger.stage_ended(
            self._run,
            address,
            state.value,
            ended=ended,
            result=result,
            at=self._project.machine.now(),
        )

    def _ended(self, address: str, state: StageState, text: str, elapsed_s: float = 0.0) -> None:
        self.walked.states[address] = state
        self._watcher.stage(address, state, text, elapsed_s)

    def _now(self) -> float:
        return self._project.machine.monotonic_s()
