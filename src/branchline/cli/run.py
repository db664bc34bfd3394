"""`branchline run`: run what must run, judge the result, record it in git."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from branchline.cli import quick_memory
from branchline.cli.arguments import add_jobs
from branchline.cli.log_text import last_line
from branchline.cli.plan import add_target_options, is_bare, stages_here
from branchline.core.run import StageState
from branchline.errors import EXIT_ERROR, EXIT_FINE, EXIT_VERDICT_FAILED, EXIT_VERDICT_UNKNOWN

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from types import FrameType

    from branchline.cli.console import Console
    from branchline.cli.progress import Progress, Row
    from branchline.core.plan.values import Plan
    from branchline.core.values import JsonValue
    from branchline.flows.project import Project
    from branchline.flows.run import RunOptions, RunOutcome


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_target_options(parser)
    add_jobs(parser)
    parser.add_argument(
        "-k", "--keep-going", action="store_true", help="after a failure run what does not need it"
    )
    parser.add_argument(
        "--force-downstream",
        action="store_true",
        help="run what depends on a stage that ran, also when its output is the same",
    )
    parser.add_argument(
        "--restamp",
        action="store_true",
        help="bring dvc.lock up to date with code that differs in comments or layout only",
    )
    parser.add_argument("--no-wait", action="store_true", help="fail when another run is at work")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the record")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Walk to the verdict and print it; with several models each in turn."""
    from branchline.cli.several import for_each_model

    def ask(model: str | None) -> tuple[int, JsonValue]:
        return _walked(options, console, model)

    return for_each_model(options, console, ask, key="run", command="run")


def _walked(
    options: argparse.Namespace, console: Console, model: str | None
) -> tuple[int, JsonValue]:
    """Walk to one model's verdict; gives the exit code, and what was done as JSON if asked for."""
    from branchline import wiring
    from branchline.flows.run import run

    stop = Stop()
    document: JsonValue = None

    def wait(holder: str) -> None:
        console.note(f"waiting for {holder}; Ctrl-C gives up")

    def begin(plan: Plan) -> None:
        if not plan.is_empty:
            quick_memory.forget(project.root)  # whoever asks meanwhile shall meet this run
        stop.defer()
        watcher.show_plan(plan)

    with wiring.open_project(model=model, waiting=wait) as project, stop:
        watcher = Shown(console, project.root, is_quiet=options.json)
        with watcher:
            outcome = run(
                project,
                _options(options, project),
                watcher,
                is_stopped=lambda: stop.is_wanted() and watcher.say_stopping(),
                on_plan=begin,
            )
        if options.json:
            from branchline.cli.run_report import outcome_to_json

            document = outcome_to_json(outcome)
        else:
            from branchline.cli.run_report import show_outcome

            show_outcome(outcome, console)
        code = _exit_code(outcome)
        if outcome.walked.blocked:
            quick_memory.forget(project.root)
        elif outcome.finished is not None and model is None and is_bare(project, options):
            from branchline.cli.repeat import remember_run

            console.out.flush()
            remember_run(project, outcome, console, code=code)
    return code, document


def _options(options: argparse.Namespace, project: Project) -> RunOptions:
    from branchline.flows.plan import PlanOptions
    from branchline.flows.run import RunOptions
    from branchline.flows.walked import EngineOptions

    return RunOptions(
        plan=PlanOptions(
            targets=stages_here(project, options.stages),
            force=options.force,
            single=options.single,
            trust_elsewhere=False,
            trust_lock=options.trust_lock,
            with_tests=True,
        ),
        engine=EngineOptions(
            jobs=options.jobs or project.machine.cpus(),
            keep_going=options.keep_going,
            force_downstream=options.force_downstream,
        ),
        wait_s=0.0 if options.no_wait else 24 * 3600.0,
        restamp=options.restamp,
        reason=options.reason,
    )


def _exit_code(outcome: RunOutcome) -> int:
    from branchline.core.values import Outcome
    from branchline.errors import EXIT_INTERRUPTED

    if outcome.walked.is_cancelled:
        return EXIT_INTERRUPTED
    if outcome.finished is None:
        return EXIT_ERROR
    if not outcome.finished.verdict.findings:
        return EXIT_FINE  # no gate: there was nothing to fail
    verdict = outcome.finished.verdict
    if verdict.outcome is Outcome.PASSED:
        return EXIT_FINE
    if verdict.outcome is Outcome.FAILED:
        return EXIT_VERDICT_FAILED
    return EXIT_FINE if outcome.goes_on else EXIT_VERDICT_UNKNOWN


class Stop:
    """Ctrl-C and SIGTERM end a wait or a look at once; an engine at work gets a mark to ask for.

    A second Ctrl-C changes nothing: the engine stops its stages as fast as they let it.
    """

    def __init__(self) -> None:
        self._is_wanted = False
        self._is_deferred = False
        self._before: dict[int, object] = {}

    def is_wanted(self) -> bool:
        """Whether a signal came."""
        return self._is_wanted

    def defer(self) -> None:
        """From now on stages may be at work: a signal only sets the mark."""
        self._is_deferred = True

    def __enter__(self) -> Stop:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # what signal() gave us

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._is_wanted = True
        if not self._is_deferred:
            raise KeyboardInterrupt


class Shown:
    """Shows a run: the plan first, then one line a stage. `flows.engine.Watcher`."""

    def __init__(self, console: Console, root: str, *, is_quiet: bool) -> None:
        self._console = console
        self._root = root
        self._is_quiet = is_quiet
        self._progress: Progress | None = None
        self._rows: dict[str, Row] = {}
        self._has_said_stopping = False

    def __enter__(self) -> Shown:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.__exit__(None, None, None)
            self._progress = None

    def show_plan(self, plan: Plan) -> None:
        """Print what will happen, then open the display if anything will."""
        if self._is_quiet:
            return
        from branchline.render.plan import plan_notes, plan_table

        for note in plan_notes(plan):
            self._console.note(f"note: {note}")
        if plan.is_empty and not any(entry.restore for entry in plan.stages):
            return
        self._console.table(plan_table(plan))
        self._console.write()
        self._progress = self._console.progress()
        self._progress.__enter__()

    def stage(self, stage: str, state: StageState, text: str, elapsed_s: float = 0.0) -> None:
        """A stage changed its state."""
        from branchline.cli.progress import Row

        row = self._rows[stage] = Row(stage=stage, state=state, elapsed_s=elapsed_s, text=text)
        if self._console.is_terminal:
            self._update()
        elif self._progress is not None:
            self._progress.update((row,))  # a pipe gets a line an event

    def tick(self, running: Mapping[str, tuple[float, str]]) -> None:
        """Show the elapsed time and the last line of each log; a pipe gets neither."""
        if self._progress is None or not self._console.is_terminal:
            return
        from branchline.cli.progress import Row

        for stage, (elapsed_s, log) in running.items():
            row = self._rows.get(stage)
            text = last_line(log) or (row.text if row else "")
            self._rows[stage] = Row(
                stage=stage, state=StageState.RUNNING, elapsed_s=elapsed_s, text=text
            )
        self._update()

    def say(self, text: str) -> None:
        """A remark."""
        if self._progress is not None:
            self._progress.say(text)
        elif not self._is_quiet:
            self._console.note(text)

    def say_stopping(self) -> bool:
        """Say that stages are asked to end, which takes as long as they like within limits."""
        from branchline.flows.engine import GRACE_S

        if not self._has_said_stopping:
            self._has_said_stopping = True
            self.say(f"Stopping: what still runs in {GRACE_S:.0f} s is killed.")
        return True

    def _update(self) -> None:
        if self._progress is not None:
            self._progress.update(tuple(self._rows.values()))
