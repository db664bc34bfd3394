"""`branchline deploy [ENVIRONMENT]`: bring a registered version out, by the team's command."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from branchline.cli.registry_place import add_remote
from branchline.errors import (
    EXIT_ERROR,
    EXIT_FINE,
    EXIT_VERDICT_FAILED,
    NothingToDeployError,
    UnknownNameError,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from branchline.cli.console import Console
    from branchline.core.effects.deploying import Target
    from branchline.flows.deploy_site import Deployed, Site


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "environment",
        nargs="?",
        default="",
        metavar="ENVIRONMENT",
        help="such as staging; else all, in order, until one does not get the version",
    )
    parser.add_argument(
        "--version",
        default="",
        metavar="VERSION",
        help="such as v1.2.3, or a stage it holds; else what the environment before has, or the"
        " newest that passed",
    )
    parser.add_argument("--model", metavar="NAME", help="which model, where there are several")
    parser.add_argument(
        "--retry", action="store_true", help="also a version that did not hold before"
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="also where it stands already: the command has changed, or the machine is another",
    )
    parser.add_argument(
        "--if-any",
        action="store_true",
        help="where no version is registered that could be deployed, say so and end well",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    add_remote(parser)
    parser.add_argument("--json", action="store_true", help="print what became of it as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Deploy, and say what stands where now."""
    try:
        return _execute(options, console)
    except NothingToDeployError as error:
        if not options.if_any:
            raise
        # A repository that calls a workflow of another may deploy nothing.
        console.note(error.message)
        return EXIT_FINE


def _execute(options: argparse.Namespace, console: Console) -> int:
    from branchline.render.deployments import deployed_markdown, deployed_to_json

    # Who reads no longer (`| head`, a terminal that is gone) stops no deployment half-way.
    def say(text: str) -> None:
        with suppress(OSError):
            console.note(text)

    def show(text: str) -> None:
        # Beside JSON the output of commands is a remark, and no answer.
        with suppress(OSError):
            (console.err if options.json else console.out).write(f"  | {text}\n")

    with (
        _interrupted(),
        _opened(options, console, say, show) as (site, targets, write_summary),
    ):
        done = _deployed(options, site, targets)
        model = site.model
        write_summary(deployed_markdown(model, done))
    if options.json:
        console.json(deployed_to_json(model, done, is_dry=options.dry_run))
    else:
        for one in done:
            console.write(f"{one.sentence}.")
        logs = [one.log for one in done if one.log and not one.state.is_well]
        for log in logs:
            console.note(f"what its commands printed: {os.path.relpath(log)}")
    return exit_code_of(done)


def exit_code_of(done: Sequence[Deployed]) -> int:
    """0 where what was asked stands; 3 where a version did not hold; 1 where nobody knows."""
    from branchline.flows.deploy_site import DeployState

    states = {one.state for one in done}
    if DeployState.FAILED in states:
        return EXIT_ERROR
    if states & {DeployState.ROLLED_BACK, DeployState.HELD}:
        return EXIT_VERDICT_FAILED
    return EXIT_FINE


def _deployed(
    options: argparse.Namespace, site: Site, targets: Sequence[Target]
) -> Sequence[Deployed]:
    import difflib

    from branchline.flows.deploy import deploy_all

    names = [target.name for target in targets]
    wanted = options.environment
    if wanted and wanted not in names:
        near = difflib.get_close_matches(wanted, names, n=1)
        hint = f"Did you mean `{near[0]}`?" if near else f"Environments: {', '.join(names)}."
        what = f"`deploy` of branchline.yaml has no `{wanted}`"
        if options.if_any:
            raise NothingToDeployError(what, todo=hint)
        raise UnknownNameError(what, todo=hint)
    return deploy_all(
        site,
        targets,
        names=[wanted] if wanted else (),
        version=options.version,
        retry=options.retry,
        again=options.again,
        is_dry=options.dry_run,
        if_any=options.if_any,
    )


@contextmanager
def _opened(
    options: argparse.Namespace,
    console: Console,
    say: Callable[[str], None],
    show: Callable[[str], None],
) -> Iterator[tuple[Site, tuple[Target, ...], Callable[[str], object]]]:
    """In a job of GitHub's Actions by its event and token, else in the clone."""
    from branchline.wiring import deployments

    environ = dict(os.environ)
    if environ.get("GITHUB_ACTIONS") != "true":
        with deployments.open_site(options.model, remote=options.remote, say=say, show=show) as (
            site,
            targets,
        ):
            yield site, targets, lambda _text: None
        return
    from branchline.cli.ci_setting import open_setting, told
    from branchline.wiring import ci

    job = ci.open_job(environ, console.err if options.json else console.out)
    with told(job):
        setting = open_setting(options, job, environ)
        with deployments.open_ci_site(setting, environ, options.model, say=say, show=show) as (
            site,
            targets,
        ):
            yield site, targets, job.write_summary


_ASKS_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _interrupted() -> Iterator[None]:
    """End a command that runs when this process is asked to end, also where Ctrl-C was ignored.

    A shell lets what it starts in the background ignore SIGINT, and a job of CI may be such.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {n: signal.signal(n, interrupt) for n in _ASKS_TO_END}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
