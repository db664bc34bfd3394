"""`branchline ci run`: the walk of a job's models, and what is handed on."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.cli.ci_setting import open_setting, told
from branchline.core.effects.handed_on import HandedModel, HandedState
from branchline.core.policy import Do
from branchline.errors import (
    EXIT_ERROR,
    EXIT_FINE,
    EXIT_INTERRUPTED,
    EXIT_UNFINISHED,
    EXIT_VERDICT_FAILED,
    EXIT_VERDICT_UNKNOWN,
    BranchlineError,
    UsageError,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from branchline.cli.console import Console
    from branchline.cli.run import Shown, Stop
    from branchline.core.plan.values import Plan
    from branchline.core.policy import Policy
    from branchline.core.trigger.rules import Decision
    from branchline.flows.ci_run import CiEnd
    from branchline.flows.ci_setting import CiSetting
    from branchline.flows.project import Project
    from branchline.ports.ci import Note, ResultsFolder

_WORST_FIRST = (
    EXIT_INTERRUPTED,
    EXIT_ERROR,
    EXIT_VERDICT_FAILED,
    EXIT_VERDICT_UNKNOWN,
    EXIT_UNFINISHED,
)
_NOT_ASKED = "the records stay in the folder of results, as --no-push says"
_OF_A_PART = "the records stay in the folder of results, for the job that goes on"
_OF_A_FORK = "the records stay in the folder of results: code of a fork writes nothing"
HOSTED = "github-hosted"
_CODES = {
    HandedState.FAILED: EXIT_ERROR,
    HandedState.CANCELLED: EXIT_INTERRUPTED,
    HandedState.UNFINISHED: EXIT_UNFINISHED,
}


def execute_run(options: argparse.Namespace, console: Console) -> int:
    """Walk, share, hand on."""
    from branchline.cli.ci_decide import decide, wanted
    from branchline.cli.run import Stop
    from branchline.flows.ci_run import hand_on
    from branchline.flows.ci_setting import bring_records, policies_of, say_changed_rules
    from branchline.render.ci import nothing_markdown, run_markdown
    from branchline.wiring import ci

    environ = dict(os.environ)
    job = ci.open_job(environ, console.out)
    stop = Stop()
    with stop, told(job) as notes:
        setting = open_setting(options, job, environ)
        own = () if setting.idle_reason else ci.own_policies()
        setting = replace(setting, of_several=len(own) > 1)
        folder = ci.open_results(options.folder, environ)
        ci.take_away()
        walks = Walks(
            setting, console, stop, notes,
            deadline_s=options.deadline, stages=options.stages, folder=folder,
        )  # fmt: skip
        policies = policies_of(setting, own) if own else ()
        if policies:
            bring_records(setting, [policy.model for policy in policies])
            say_changed_rules(setting, own)
        else:
            console.write(f"Nothing to do: {setting.idle_reason}.")
            walks.reports.append(nothing_markdown("", setting.idle_reason))
        if options.decide:
            policies = wanted(decide(setting, policies, job, console, notes), policies)
            if not policies:
                return EXIT_FINE
        before = setting.remote.record_names()
        one = _one_of(options, policies)
        if options.earlier and one is not None:
            walks.unforced = _earlier(options.earlier, environ, setting, one)
        for policy in policies:
            walks.walk(policy)
        stop.defer()
        withheld = _NOT_ASKED if options.no_push else _OF_A_FORK if setting.event.fork else ""
        withheld = _OF_A_PART if options.stages else withheld
        hand_on(setting, walks.ends, folder, before, withheld=withheld)
        job.write_summary(run_markdown(setting.event, walks.reports, setting.notes))
        for note in setting.notes:
            console.note(f"note: {note}")
        console.write(f"Results for later jobs: {folder.path}")
    codes = [_exit_code(end) for end in walks.ends]
    return next((code for code in _WORST_FIRST if code in codes), EXIT_FINE)


def _one_of(options: argparse.Namespace, policies: Sequence[Policy]) -> Policy | None:
    """The model whose training is in parts.

    Raises:
        UsageError: There are several.
    """
    if len(policies) > 1 and (options.stages or options.earlier):
        raise UsageError(
            "branchline ci run: --stages and --earlier are for one model, and there are"
            f" {len(policies)}",
            todo=f"Add e.g. --model {policies[0].model}.",
        )
    return policies[0] if policies else None


def _earlier(
    path: str, environ: dict[str, str], setting: CiSetting, policy: Policy
) -> frozenset[str]:
    """Take over what an earlier job made; where nothing is done here, nothing is taken."""
    from branchline.flows.ci_parts import take_earlier
    from branchline.wiring import ci

    if setting.decide(policy).do is not Do.TRAIN:
        return frozenset()
    with setting.project(policy.model) as project:
        return take_earlier(setting, project, ci.open_results(path, environ))


class Walks:
    """The walks of a job, one after the other.

    Args:
        setting: The job.
        console: Where they are shown.
        stop: Asked whether to stop.
        notes: Takes annotations.
        deadline_s: Seconds within which a search has to end.
        stages: That are made, with no verdict; empty for all.
        folder: That later jobs get.
    """

    unforced: frozenset[str] = frozenset()
    """Stages that an earlier job of this run made."""

    def __init__(
        self,
        setting: CiSetting,
        console: Console,
        stop: Stop,
        notes: list[Note],
        *,
        deadline_s: float | None = None,
        stages: Sequence[str] = (),
        folder: ResultsFolder,
    ) -> None:
        self._stages, self._folder = stages, folder
        self._setting, self._console, self._stop, self._notes = setting, console, stop, notes
        self._deadline_s = deadline_s
        self.ends: list[CiEnd] = []
        self.reports: list[str] = []

    def walk(self, policy: Policy) -> None:
        """Walk one model, whatever became of those before it."""
        from branchline.flows.ci_run import CiEnd, failed, not_walked
        from branchline.flows.ci_scheduled import decide
        from branchline.render.ci import error_remarks, failure_markdown

        decision = decide(self._setting, policy)
        model = policy.model
        if self._stop.is_wanted():
            handed = HandedModel(
                model=model, do=decision.do, state=HandedState.CANCELLED, detail="stopped"
            )
            self.ends.append(CiEnd(handed=handed))
            return
        if decision.do is Do.NOTHING:
            self.ends.append(not_walked(self._setting, model, decision))
            self._console.write(f"{model}: nothing is trained: {decision.reason}.")
            self.reports.append(_nothing(model, decision))
            return
        try:
            self._walk(policy, decision)
        except BranchlineError as error:
            self.ends.append(failed(model, decision, error))
            self._notes.extend(error_remarks(error))
            told_of = [error.message, *error.details, error.todo]
            self.reports.append(failure_markdown(model, [text for text in told_of if text]))
            self._console.error(error)

    def _walk(self, policy: Policy, decision: Decision) -> None:
        from branchline.cli.run import Shown
        from branchline.cli.run_report import show_outcome

        if decision.do is Do.TUNE:
            from branchline.cli.ci_tune import tune

            end, report = tune(
                self._setting,
                policy,
                decision,
                self._console,
                self._stop,
                deadline_s=self._deadline_s,
            )
            self.ends.append(end)
            self.reports.append(report)
            return

        def begin(plan: Plan) -> None:
            self._stop.defer()
            watcher.show_plan(plan)

        with self._setting.project(policy.model) as project:
            watcher = Shown(self._console, project.root, is_quiet=False)
            with watcher:
                end = self._walked(project, decision, watcher, begin)
            self._tell_sent(policy.model, end)
            if end.outcome is not None:
                # A job commits nothing: what git should get, the branch's author sends.
                show_outcome(replace(end.outcome, to_commit=()), self._console)
            self.ends.append(end)
            self._report(project, end)

    def _walked(
        self, project: Project, decision: Decision, watcher: Shown, begin: Callable[[Plan], None]
    ) -> CiEnd:
        from branchline.flows.ci_parts import walk_part
        from branchline.flows.ci_run import walk_model

        def is_stopped() -> bool:
            return self._stop.is_wanted() and watcher.say_stopping()

        if self._stages:
            return walk_part(
                self._setting, project, decision, self._stages, self._folder, watcher,
                unforced=self.unforced, is_stopped=is_stopped, on_plan=begin,
            )  # fmt: skip
        return walk_model(
            self._setting, project, decision, watcher,
            is_stopped=is_stopped, on_plan=begin, unforced=self.unforced,
        )  # fmt: skip

    def _tell_sent(self, model: str, end: CiEnd) -> None:
        """What went to the remote of the store, what did not, and what is lost with the machine."""
        from branchline.flows.ci_run import left_behind

        if end.sent.problem is not None:
            self._setting.notes.append(end.sent.said)
        elif end.sent.said:
            self._console.write(f"{model}: {end.sent.said}.")
        # A part hands its outputs on.
        if os.environ.get("RUNNER_ENVIRONMENT") == HOSTED and not self._stages:
            self._setting.notes.extend(left_behind(end))

    def _report(self, project: Project, end: CiEnd) -> None:
        """The report of a run for the summary, and annotations of what did not hold."""
        from branchline.flows.history import History
        from branchline.flows.report import report_markdown
        from branchline.render.ci import failure_markdown, stage_remarks, verdict_remarks

        finished = end.outcome.finished if end.outcome else None
        if end.handed.state is HandedState.UNFINISHED:
            self.reports.append(_nothing_of(end.handed))
            return
        if end.outcome is None or finished is None:
            self.reports.append(failure_markdown(end.handed.model, [end.handed.detail]))
            if end.outcome is not None:
                declared = {stage.address: stage for stage in end.outcome.planner.stages}
                failures = {s: e.detail for s, e in end.outcome.walked.failures.items()}
                self._notes.extend(stage_remarks(failures, declared))
            return
        history = History(project.records, project.repo)
        gate = project.policy.gate
        self.reports.append(report_markdown(history, history.find(finished.record), gate))
        # Lines are those of the default branch's file, which this tree may hold otherwise.
        file = project.policy.source if self._setting.law is None else ""
        self._notes.extend(verdict_remarks(finished.verdict, gate, file))


def _nothing(model: str, decision: Decision) -> str:
    from branchline.render.ci import nothing_markdown

    return nothing_markdown(model, decision.reason)


def _nothing_of(handed: HandedModel) -> str:
    from branchline.render.ci import nothing_markdown

    return nothing_markdown(handed.model, handed.detail)


def _exit_code(end: CiEnd) -> int:
    from branchline.core.values import Outcome

    handed = end.handed
    if handed.state is HandedState.UNFINISHED and handed.do is Do.TRAIN:
        # A part of a training that went well.
        return EXIT_FINE
    if handed.state is not HandedState.WALKED:
        return _CODES.get(handed.state, EXIT_FINE)
    finished = end.outcome.finished if end.outcome else None
    if finished is None or end.standing is None or end.standing.lets_on:
        return EXIT_FINE
    is_failed = finished.verdict.outcome is Outcome.FAILED
    return EXIT_VERDICT_FAILED if is_failed else EXIT_VERDICT_UNKNOWN
