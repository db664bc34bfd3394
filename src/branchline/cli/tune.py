"""`branchline tune`: search for the best parameters here, and write them down."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.cli.arguments import count_of, duration_of, whole_of
from branchline.cli.plan import add_model
from branchline.errors import (
    EXIT_ERROR,
    EXIT_FINE,
    EXIT_INTERRUPTED,
    EXIT_UNFINISHED,
    BranchlineError,
    UsageError,
)

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.cli.search_progress import SearchProgress
    from branchline.flows.search import Search
    from branchline.render.search.facts import Searched
    from branchline.render.tuned import Tuned

_COMMAND = "branchline tune"
_OWN_TREE = re.compile(r"/[^\s\"']*/\.branchline/again/\d+/(?:worker-\d+/)?tree/")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_model(parser)
    parser.add_argument("--trials", type=count_of, metavar="N", help="most trials (tune.trials)")
    parser.add_argument(
        "--more", type=count_of, metavar="N", help="so many trials more than are made"
    )
    parser.add_argument(
        "--deadline",
        type=duration_of,
        metavar="TIME",
        help="end within it, with exit code 75 when trials are left; the next call goes on",
    )
    parser.add_argument("--choose", type=whole_of, metavar="N", help="write the values of trial N")
    parser.add_argument(
        "-p", "--parallel", type=count_of, metavar="N", help="trials at once (tune.parallel)"
    )
    parser.add_argument(
        "--executor", choices=("local", "ray"), help="where trials are made (tune.executor)"
    )
    parser.add_argument("--seed", type=whole_of, metavar="N", help="of what is drawn (tune.seed)")
    parser.add_argument(
        "--dry-run", action="store_true", help="make the trials, write no best values"
    )
    parser.add_argument("--json", action="store_true", help="print trials and best as JSON")
    parser.add_argument(
        "--html", metavar="FILE", help="write one HTML page with all charts to this file"
    )


def execute(options: argparse.Namespace, console: Console) -> int:
    """Search; trials run in a place of their own, with the files as they are now."""
    from branchline import wiring
    from branchline.cli.pages import refuse_no_folder
    from branchline.cli.run import Stop
    from branchline.flows.search import refuse_own_search, search_of
    from branchline.flows.tasks import expect_trials
    from branchline.wiring.again import commit_now, open_again, runner_again
    from branchline.wiring.searches import open_studies, sampler_of

    if options.html:
        refuse_no_folder(_COMMAND, options.html)
    with wiring.open_project(model=options.model) as project:
        asked = _asked(search_of(project), options)
        refuse_own_search(project, asked)
        root, model, state_dir = project.root, project.policy.model, project.state_dir
    commit = commit_now(root)
    stop = Stop()
    with (
        stop,
        open_studies(state_dir) as studies,
        open_again(root, commit, model=model, has_own_records=False, searches=True) as again,
    ):
        stop.defer()
        expect_trials(again, asked)
        # Only now what takes long to load: the imports of the training go on meanwhile.
        from branchline.cli.search_progress import SearchProgress
        from branchline.flows.search_report import searched_of
        from branchline.flows.searched import Setting
        from branchline.flows.tune import person, search_here, write_best

        progress = SearchProgress(console, asked.metric, asked.goal, is_quiet=options.json)
        setting = Setting(
            label="tune",
            trigger=person(again),
            studies=studies,
            sampler_of=sampler_of,
            say=progress.say,
            hear=progress.hear,
            show=_Shown(progress),
            is_stopped=stop.is_wanted,
            runner_of=runner_again(root, commit, model=model),
        )
        with progress:
            made = search_here(again, asked, setting)
    made = _chosen(made, options.choose)
    found = searched_of(
        asked, made.trials, made.current,
        model=model, duration_s=progress.duration_s, is_stopped=made.is_stopped,
    )  # fmt: skip
    try:
        with wiring.open_project(root, model=options.model) as project:
            made = write_best(project, asked, made, is_dry=options.dry_run)
    except BranchlineError:
        # Hours of trials are worth a look, also where the best of them cannot be written.
        if not options.json:
            _show(console, made, found)
        raise
    _report(options, console, made, found)
    return _exit_code(made)


def _report(options: argparse.Namespace, console: Console, made: Tuned, found: Searched) -> None:
    from branchline.render.tuned import tuned_lines, tuned_to_json

    if options.html:
        from branchline.cli.pages import write_page
        from branchline.render.search.page import search_page

        write_page(_COMMAND, options.html, search_page(found))
    if options.json:
        console.json(tuned_to_json(made))
        return
    _show(console, made, found)
    console.lines(tuned_lines(made))


def _show(console: Console, made: Tuned, found: Searched) -> None:
    """Its charts and its trials."""
    from branchline.render.search.terminal import search_lines
    from branchline.render.tuned import tuned_table

    if made.trials:
        console.lines(search_lines(found, width=console.width, is_unicode=console.has_charts))
        console.write()
        console.table(tuned_table(made, width=console.width if console.is_terminal else None))


def _asked(asked: Search, options: argparse.Namespace) -> Search:
    return replace(
        asked,
        trials=options.trials or asked.trials,
        parallel=options.parallel or asked.parallel,
        executor=options.executor or asked.executor,
        further=options.more or 0,
        choose=options.choose,
        seed=asked.seed if options.seed is None else options.seed,
        budget=replace(asked.budget, deadline_s=options.deadline),
    )


def _chosen(made: Tuned, number: int | None) -> Tuned:
    """The same, with the trial that was chosen.

    Raises:
        UsageError: There is no such trial, or it has no number.
    """
    if number is None or made.is_stopped or made.is_unfinished:
        return made
    if not any(trial.number == number and trial.has_value for trial in made.trials):
        raise UsageError(
            f"--choose {number}: trial {number} is not there, or left no number",
            todo="Choose one of the table.",
        )
    return replace(made, chosen=number)


def _exit_code(made: Tuned) -> int:
    if made.is_unfinished:
        return EXIT_UNFINISHED
    if made.is_stopped:
        return EXIT_INTERRUPTED
    return EXIT_FINE if made.has_best else EXIT_ERROR


class _Shown:
    """Shows the logs of stages that failed; `flows.trials.StageLog`."""

    def __init__(self, progress: SearchProgress) -> None:
        self._progress = progress
        self._paths: dict[str, str] = {}
        self._last: list[str] = []

    def follow(self, stage: str, path: str) -> None:
        """Where a stage that failed has its log."""
        self._paths[stage] = path

    def finish(self, stage: str) -> None:
        """Show the end of that log."""
        from branchline.cli.log_text import log_tail

        # The folder is gone afterwards, and another one for each trial that runs beside.
        lines = [_OWN_TREE.sub("", line) for line in log_tail(self._paths.pop(stage))]
        if len(lines) > 1 and lines == self._last:
            lines = [lines[0], "... the same as the last one that failed"]
        else:
            self._last = lines
        for line in lines:
            self._progress.say(f"  {stage} | {line}")
