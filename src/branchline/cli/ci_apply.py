"""`branchline ci apply`: what the world gets to know of a folder of results."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.cli.ci_run import HOSTED
from branchline.cli.ci_setting import open_setting, told
from branchline.core.effects.values import (
    Annotate,
    Deploy,
    Mirror,
    OpenPullRequest,
    Register,
    SetCheck,
    StickyComment,
    TagRun,
)
from branchline.core.plain_text import plain
from branchline.errors import EXIT_ERROR, EXIT_FINE, BranchlineError, CiError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from branchline.cli.console import Console
    from branchline.core.effects.values import Effect
    from branchline.flows.apply import Appliers
    from branchline.flows.ci_apply import Told
    from branchline.flows.ci_setting import CiSetting
    from branchline.ports.ci import Note, ResultsFolder

ONLY: Mapping[str, tuple[type[Effect], ...]] = {
    "report": (SetCheck, StickyComment, TagRun, Annotate),
    "pull-request": (OpenPullRequest,),
    "register": (Register, Mirror, TagRun),
}


def execute_apply(options: argparse.Namespace, console: Console) -> int:
    """Apply what follows from the results, and say what holds now."""
    from branchline.wiring import ci

    environ = dict(os.environ)
    job = ci.open_job(environ, console.out)
    with told(job) as notes:
        setting = open_setting(options, job, environ, is_trusted=True)
        if options.folders:
            return _apply_legs(setting, options, console, notes)
        folder = ci.open_results(options.folder, environ)
        return _apply(setting, folder, options, console, notes)


def _apply_legs(
    setting: CiSetting, options: argparse.Namespace, console: Console, notes: list[Note]
) -> int:
    """Apply what each leg of a matrix left; one model's trouble does not keep the others."""
    from branchline.core.effects.legs import asked_legs
    from branchline.flows.ci_setting import policies_of
    from branchline.render.ci import failure_markdown
    from branchline.wiring import ci

    policies = policies_of(setting, ci.policies_at(setting.event.tested))
    models = [policy.model for policy in policies]
    if options.models and not setting.event.model:
        models = [model for model in models if model in options.models]
    if options.matrix:
        models = list(asked_legs(options.matrix, models))
    codes = [EXIT_FINE]
    legs: dict[str, ResultsFolder] = {}

    def fail(model: str, error: BranchlineError) -> None:
        codes.append(error.exit_code)
        sentences = [text for text in (error.message, *error.details, error.todo) if text]
        setting.job.write_summary(failure_markdown(model, sentences))
        console.note(f"error: {plain(' '.join(sentences))}")

    try:
        legs = ci.open_legs(options.folder, models, dict(os.environ))
    except BranchlineError as error:
        fail("", error)
    if not legs:
        console.note("note: no training left results")
    for model in models if _tells_absent(options) else legs:
        # A leg speaks for its own model: what it says of others is refused.
        event = replace(setting.event, model=model)
        console.write(f"{plain(model)}:")
        try:
            one = replace(setting, event=event, notes=list(setting.notes))
            codes.append(_apply(one, legs.get(model), options, console, notes))
        except BranchlineError as error:
            fail(model, error)
    return max(codes)


def _apply(
    setting: CiSetting,
    folder: ResultsFolder | None,
    options: argparse.Namespace,
    console: Console,
    notes: list[Note],
) -> int:
    from branchline.render.ci import applied_markdown
    from branchline.render.effects import effect_text
    from branchline.wiring import ci

    found = _followed(setting, folder, options)
    if options.dry_run:
        rows = [(effect_text(effect), "", "") for effect in found.effects]
    else:
        with ci.open_appliers(
            setting,
            dict(os.environ),
            model=setting.event.model or options.model,
            workflow=options.workflow,
            with_model=options.with_model,
            log=notes.append,
        ) as appliers:
            rows = applied(found.effects, appliers)
    setting.job.write_summary(applied_markdown(rows, found.notes, is_dry=options.dry_run))
    _show(console, rows, found.notes, is_dry=options.dry_run)
    has_failed = found.is_doubted or found.withheld or any(error for *_, error in rows)
    return EXIT_ERROR if has_failed else EXIT_FINE


def applied(effects: Sequence[Effect], appliers: Appliers) -> list[tuple[str, str, str]]:
    """Apply each, whatever became of those before it.

    Returns:
        What each is, what holds now, why it failed; one of the last two empty.
    """
    from branchline.core.values import without_secrets
    from branchline.flows.apply import apply
    from branchline.render.effects import effect_text

    rows = []
    for effect in effects:
        holds, error = "", ""
        try:
            holds = apply(effect, appliers)
        except BranchlineError as failure:
            parts = [failure.message, *failure.details[:3], failure.todo]
            error = without_secrets(" ".join(part for part in parts if part))
        rows.append((effect_text(effect), holds, error))
    return rows


def _tells_absent(options: argparse.Namespace) -> bool:
    """Whether a training that left no results is told."""
    return bool(options.absent_fails) and options.only in (None, "report")


def _followed(
    setting: CiSetting, folder: ResultsFolder | None, options: argparse.Namespace
) -> Told:
    """The effects that were asked for, and remarks; without a folder, of what left none."""
    from branchline.flows.ci_apply import (
        comments_of,
        follow,
        not_begun,
        read_results,
        take_records,
    )
    from branchline.flows.ci_setting import bring_records, policies_of
    from branchline.wiring import ci

    handed = None if setting.idle_reason or folder is None else read_results(setting, folder)
    if handed is None and (setting.idle_reason or not _tells_absent(options)):
        raise CiError(
            f"there are no results in {folder.path if folder else options.folder}",
            todo="Download the artifact that the job of `branchline ci run` left, and name its"
            " folder with --folder.",
        )
    # The models are the commit's, which may bring a new one; the rules are the default branch's.
    policies = policies_of(setting, ci.policies_at(setting.event.tested))
    if handed is None:
        handed = not_begun(setting, policies)
    missing = bring_records(setting, [policy.model for policy in policies])
    new = take_records(setting, folder) if folder is not None else frozenset()
    found = follow(
        setting,
        handed,
        policies,
        new,
        why_unknown=missing,
        stays=os.environ.get("RUNNER_ENVIRONMENT") != HOSTED,
        registers=options.only in (None, "register"),
    )
    found.notes.extend(found.withheld)
    pull = setting.event.pull_request
    if pull is not None:
        found.effects.extend(comments_of(setting, found.reports, pull))
    if options.only:
        found.effects = [e for e in found.effects if isinstance(e, ONLY[options.only])]
    if setting.event.fork:
        found.notes.append("the pull request comes from a fork: this summary is all that is said")
        found.effects.clear()
    # A job of its own deploys: it runs the team's command, and this one runs no code.
    found.effects = [e for e in found.effects if not isinstance(e, Deploy)]
    found.notes.extend(setting.notes)
    # The job that opens a pull request hands on what its search made: it is not made again.
    sends = not options.dry_run and options.only in (None, "report", "pull-request")
    if new and sends and not found.is_doubted and not setting.event.fork:
        found.notes.extend(_sent(setting))
    return found


def _sent(setting: CiSetting) -> Sequence[str]:
    """Send records that the job which made them could not; what was lost."""
    try:
        setting.remote.push_records()
    except BranchlineError as error:
        told_of = " ".join([error.message, *error.details[:2]])
        return [
            "the records were not pushed, so other machines would train this again:"
            f" {told_of}. This job needs `permissions: {{contents: write}}`"
        ]
    return []


def _show(
    console: Console, rows: Sequence[tuple[str, str, str]], notes: Sequence[str], *, is_dry: bool
) -> None:
    for what, holds, error in rows:
        if error:
            console.write(f"failed: {plain(what)}: {plain(error)}")
        else:
            console.write(f"would {plain(what)}" if is_dry else f"{plain(holds or what)}.")
    for note in dict.fromkeys(notes):
        console.note(f"note: {plain(note)}")
    if not rows and not notes:
        console.note("nothing follows")
