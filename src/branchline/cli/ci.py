"""`branchline ci plan|run|apply`: the walk inside a job of a forge's CI."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli.arguments import add_verbs, duration_of
from branchline.cli.ci_setting import open_setting, told
from branchline.cli.plan import add_model
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.arguments import Parser
    from branchline.cli.console import Console


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    verbs = add_verbs(parser)
    _add_plan(verbs)
    _add_run(verbs)
    _add_apply(verbs)


def _add_plan(verbs: argparse._SubParsersAction[Parser]) -> None:
    planned = verbs.add_parser(
        "plan",
        help="what this event asks for; writes outputs for later jobs, trains nothing",
        description="Reads the event of the job, decides by the default branch's rules and by"
        " content, and writes should-train, training-changed, data-changed, kind, matrix, labels"
        " and reason to GITHUB_OUTPUT, and the plan to the summary.",
    )
    add_model(planned)
    planned.add_argument(
        "--models",
        type=_names,
        default=(),
        metavar="NAMES",
        help="look at these only, where neither --model nor the event names one",
    )
    planned.add_argument(
        "--force", action="store_true", help="train whatever is known, as the event's `force`"
    )


def _add_run(verbs: argparse._SubParsersAction[Parser]) -> None:
    walked = verbs.add_parser(
        "run",
        help="walk to the verdict, share the records, leave results for later jobs",
        description="Trains what must be trained, judges, records in git, and leaves the folder"
        " that `branchline ci apply` reads.",
    )
    add_model(walked)
    walked.add_argument("--force", action="store_true", help="run whatever is known")
    _add_results(walked)
    walked.add_argument(
        "--decide",
        action="store_true",
        help="decide as `ci plan` does, outputs too, and walk only where there is something to do;"
        " exit with 1 where training is withheld from a fork",
    )
    walked.add_argument(
        "--deadline",
        type=duration_of,
        metavar="TIME",
        help="end a search within it, with exit code 75 when trials are left",
    )
    walked.add_argument(
        "--stages",
        type=_names,
        default=(),
        metavar="NAMES",
        help="make these only, with what they need; no verdict: another job goes on",
    )
    walked.add_argument(
        "--earlier",
        default="",
        metavar="DIR",
        help="go on from the folder that a job with --stages left",
    )
    walked.add_argument(
        "--no-push", action="store_true", help="leave the records in the folder of results only"
    )


def _add_apply(verbs: argparse._SubParsersAction[Parser]) -> None:
    applied = verbs.add_parser(
        "apply",
        help="comment, status, pull request and registration, from a folder of results",
        description="Reads the folder that `branchline ci run` left, believes nothing of it, and"
        " tells the forge. Runs no code of the repository.",
    )
    add_model(applied)
    _add_results(applied)
    applied.add_argument(
        "--folders",
        action="store_true",
        help="the folder holds one of each model, as the legs of a matrix left them; or is that of"
        " the only one, as actions/download-artifact leaves it",
    )
    applied.add_argument(
        "--models",
        type=_names,
        default=(),
        metavar="NAMES",
        help="with --folders: of these only, where neither --model nor the event names one",
    )
    applied.add_argument(
        "--matrix",
        default="",
        metavar="JSON",
        help="with --folders: of its models only; the output of that name of `branchline ci plan`",
    )
    applied.add_argument(
        "--only",
        choices=("report", "pull-request", "register"),
        help="report: comment, status and records; a job for each needs fewer permissions",
    )
    applied.add_argument(
        "--workflow",
        default="",
        metavar="FILE",
        help="workflow that trains a search's pull request (branchline.yml beside this one)",
    )
    applied.add_argument(
        "--absent-fails",
        action="store_true",
        help="where there are no results, set the status to failed: what stood before the training"
        " failed",
    )
    applied.add_argument(
        "--with-model", action="store_true", help="tell that workflow which model it is to train"
    )
    applied.add_argument("--dry-run", action="store_true", help="print the effects, apply none")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Do one of the three."""
    if options.verb == "plan":
        return _plan(options, console)
    if options.verb == "run":
        from branchline.cli.ci_run import execute_run

        return execute_run(options, console)
    from branchline.cli.ci_apply import execute_apply

    return execute_apply(options, console)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--folder",
        default="",
        metavar="DIR",
        help="folder of results (RUNNER_TEMP/branchline-results)",
    )


def _plan(options: argparse.Namespace, console: Console) -> int:
    from branchline.cli.ci_decide import decide
    from branchline.flows.ci_plan import refuse_elsewhere, refuse_untrained
    from branchline.flows.ci_setting import bring_records, policies_of, say_changed_rules
    from branchline.wiring import ci
    from branchline.wiring.monitoring import workflow_of

    environ = dict(os.environ)
    job = ci.open_job(environ, console.out)
    with told(job) as notes:
        setting = open_setting(options, job, environ)
        own = () if setting.idle_reason else ci.own_policies()
        policies = policies_of(setting, own) if own else ()
        if options.models and not setting.event.model:
            gone = set(options.models) - {policy.model for policy in policies}
            others = [policy for policy in policies if policy.model not in options.models]
            policies = tuple(policy for policy in policies if policy.model in options.models)
            refuse_untrained(setting, others, tuple(ci.workflow_texts().values()))
            setting.notes.extend(f"{model} is declared here no more" for model in sorted(gone))
        elif options.models and not setting.idle_reason:
            file = workflow_of(".", setting.event.model)
            # Called from another repository, it is that one's file which runs.
            runs = environ.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].rpartition("/")[2]
            refuse_elsewhere(setting, options.models, file if file != runs else "")
        if policies:
            bring_records(setting, [policy.model for policy in policies])
            looked_at = {policy.model for policy in policies}
            say_changed_rules(setting, [policy for policy in own if policy.model in looked_at])
        decide(setting, policies, job, console, notes)
    return EXIT_FINE
