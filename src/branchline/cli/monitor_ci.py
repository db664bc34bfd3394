"""`branchline monitor` in a job of GitHub Actions: one job looks, another one tells.

The job that looks runs the team's code and may write nothing; the one that tells runs none, and
reads what the other one saw as a stranger's.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from branchline.cli.ci_setting import open_setting, told
from branchline.cli.monitor_told import CODES, applied, asked_of, show
from branchline.core.verdict.health_json import MOST_BYTES, seen_from_json, seen_to_json
from branchline.errors import EXIT_ERROR, EXIT_FINE, EXIT_INTERRUPTED, CiError, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.cli.monitor_told import Row
    from branchline.cli.run import Stop
    from branchline.core.evidence.watched import Monitor, Seen
    from branchline.core.policy import Policy
    from branchline.flows.ci_setting import CiSetting
    from branchline.flows.watching import Watched

LOOK_FILE = "look.json"


def execute_in_job(options: argparse.Namespace, console: Console) -> int:
    """Look, or tell, or both."""
    from branchline.cli.run import Stop
    from branchline.flows.ci_setting import bring_records, policies_of
    from branchline.flows.look import LookStopped
    from branchline.wiring import ci

    environ = dict(os.environ)
    job = ci.open_job(environ, console.out)
    stop = Stop()
    with stop, told(job):
        setting = open_setting(options, job, environ, is_trusted=bool(options.taken))
        policy = _one(policies_of(setting, ci.own_policies()))
        asked = asked_of(policy)
        missing = bring_records(setting, [policy.model])
        if missing:
            # Without the looks before, every look would begin an alarm of its own.
            raise CiError(
                missing, todo="Give the step GITHUB_TOKEN, and the job `permissions: {contents:"
                " read}`; then run it again.",
            )  # fmt: skip
        if options.taken:
            seen = _taken(options, environ, policy)
        else:
            ci.take_away()
            try:
                seen = _looked(setting, policy, asked, console, stop)
            except LookStopped:
                console.note("stopped; nothing was recorded")
                return EXIT_INTERRUPTED
        if options.leave:
            return _left(setting, options, console, environ, seen, asked)
        watched, rows = _told(setting, options, environ, seen, asked)
        from branchline.render.look import look_markdown

        said = [error or holds or f"would {what}" for what, holds, error in rows]
        job.write_summary(look_markdown(watched.look, [f"{one}." for one in said]))
        show(options, console, watched, rows, is_told=True)
        for note in setting.notes:
            console.note(f"note: {note}")
    if any(error for *_, error in rows):
        return EXIT_ERROR
    return EXIT_FINE if options.taken else CODES[watched.look.health]


def _one(policies: tuple[Policy, ...]) -> Policy:
    if len(policies) != 1:
        names = ", ".join(policy.model for policy in policies)
        raise UsageError(
            f"branchline monitor: one model is looked at, and there are {len(policies)}: {names}",
            todo=f"Add e.g. --model {policies[0].model}.",
        )
    return policies[0]


def _looked(
    setting: CiSetting, policy: Policy, asked: Monitor, console: Console, stop: Stop
) -> Seen:
    from branchline.core.plain_text import plain
    from branchline.flows.look import look

    with setting.project(policy.model) as project:
        stop.defer()
        return look(
            project,
            asked,
            say=lambda text: console.note(plain(text)),
            is_stopped=stop.is_wanted,
        )


def _left(
    setting: CiSetting,
    options: argparse.Namespace,
    console: Console,
    environ: dict[str, str],
    seen: Seen,
    asked: Monitor,
) -> int:
    """Leave what was seen, and show how it would be judged."""
    from branchline.flows.watching import judged_look
    from branchline.render.look import look_markdown
    from branchline.wiring import ci

    folder = ci.open_results(options.leave, environ)
    text = json.dumps(seen_to_json(seen), ensure_ascii=False)
    folder.write(LOOK_FILE, text.encode())
    with setting.project(seen.model) as project:
        watched = judged_look(project.records, seen, asked)
    setting.job.write_summary(look_markdown(watched.look, ()))
    show(options, console, watched, (), is_told=True)
    for note in setting.notes:
        console.note(f"note: {note}")
    console.write(f"Left for the job that tells: {folder.path}")
    return EXIT_FINE


def _taken(options: argparse.Namespace, environ: dict[str, str], policy: Policy) -> Seen:
    """What another job saw.

    Raises:
        CiError: There is nothing that can be read, or it is of another model.
    """
    from branchline.wiring import ci

    folder = ci.open_results(options.taken, environ)
    content = folder.read(LOOK_FILE, most_bytes=MOST_BYTES)
    if content is None:
        raise CiError(
            f"there is no look in {folder.path}",
            todo="Download the artifact that the job of `branchline monitor --leave` left.",
        )
    try:
        seen = seen_from_json(json.loads(content))
    except (TypeError, ValueError, RecursionError) as error:
        raise CiError(f"the look in {folder.path} cannot be read: {error}") from error
    if seen.model != policy.model:
        raise CiError(f"the look in {folder.path} is not of the model {policy.model}")
    return seen


def _told(
    setting: CiSetting,
    options: argparse.Namespace,
    environ: dict[str, str],
    seen: Seen,
    asked: Monitor,
) -> tuple[Watched, list[Row]]:
    """Judge, record, share the record, and only then tell."""
    from branchline.core.effects.alarms import effects_of_look
    from branchline.flows.watching import judged_look, record_look
    from branchline.render.look import alarm_effect_text
    from branchline.wiring.monitoring import open_told_in_job, share

    with setting.project(seen.model) as project:
        watched = judged_look(project.records, seen, asked)
        effects = effects_of_look(watched.look, asked)
        if options.dry_run:
            return watched, [(alarm_effect_text(effect), "", "") for effect in effects]
        watched = record_look(project.records, watched)
        share(setting, watched.dropped)
        if not effects:
            return watched, []
        with open_told_in_job(setting, project, environ, repository=options.repo) as told_by:
            return watched, applied(effects, told_by.apply)
