"""`branchline pr list|show|create|approve|merge|close`: pull requests of a box."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli.arguments import add_verbs
from branchline.cli.cml_options import add_forge, add_without_effect
from branchline.cli.pr_show import far_words, say_what_started, show
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.arguments import Parser
    from branchline.cli.console import Console
    from branchline.flows.desk import Desk

_METHODS = ("merge", "squash", "fast-forward")
_STATES = ("open", "merged", "closed", "all")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs and their options."""
    verbs = add_verbs(parser)
    listed = _verb(verbs, "list", "the open ones, newest first")
    listed.add_argument("--state", choices=_STATES, default="open", help="which (open)")
    shown = _verb(verbs, "show", "state, checks, parameters, report, files; --diff adds the diff")
    _number(shown)
    shown.add_argument("--diff", action="store_true", help="print the diff, too")
    _configure_create(_verb(verbs, "create", "open one, or bring the open one up to date"))
    approved = _verb(verbs, "approve", "approve the head commit; what waits for it starts")
    _number(approved)
    _commit(approved)
    _who(approved)
    merged = _verb(verbs, "merge", "merge into the base; the result is reused there")
    _number(merged)
    _commit(merged)
    _who(merged)
    merged.add_argument("--method", choices=_METHODS, default="merge", help="how (merge)")
    merged.add_argument(
        "--override", default="", metavar="REASON", help="merge without passed checks; recorded"
    )
    _number(_verb(verbs, "close", "close without merging"))


def execute(options: argparse.Namespace, console: Console) -> int:
    """Do what the verb says."""
    from branchline import wiring
    from branchline.wiring import desks

    if options.verb == "create":
        from branchline.cli.pr_create import create

        return create(options, console)
    address = desks.address_of(remote=options.remote, box=options.box)
    if address.host:
        return wiring.over_ssh(address, far_words(options))
    with desks.open_desk(address.path) as desk:
        if options.verb == "list":
            return _list(desk, options, console)
        _ACTIONS[options.verb](desk, options, console)
        if options.verb == "show" or options.json:
            show(desk, options.number, options, console)
    return EXIT_FINE


def _list(desk: Desk, options: argparse.Namespace, console: Console) -> int:
    from branchline.flows.desk import summary_of
    from branchline.ports.forge import PullState
    from branchline.render.pull_json import pulls_to_json
    from branchline.render.pulls import pulls_table

    state = None if options.state == "all" else PullState(options.state)
    pulls = desk.pulls.listed(state)
    states = {pull.number: summary_of(desk.checks(pull)) for pull in pulls}
    if options.json:
        console.json(pulls_to_json(pulls, states))
    elif pulls:
        console.table(pulls_table(pulls, states))
    else:
        word = "" if options.state == "all" else f"{options.state} "
        console.note(f"there is no {word}pull request in {desk.name}")
    return EXIT_FINE


def _show(desk: Desk, options: argparse.Namespace, console: Console) -> None:
    """Nothing is done before it is shown."""


def _approve(desk: Desk, options: argparse.Namespace, console: Console) -> None:
    from branchline.flows.pull_events import approved_event
    from branchline.wiring import desks

    by = desks.signature(name=options.user_name, email=options.user_email)
    pull = desk.pulls.approve(options.number, by=f"{by.name} <{by.email}>", commit=options.commit)
    desk.wake()
    if not options.json:
        console.write(f"Approved #{pull.number} at {pull.commit[:12]}.")
        say_what_started(desk, approved_event(pull.number, pull.commit), console)


def _merge(desk: Desk, options: argparse.Namespace, console: Console) -> None:
    from branchline.flows.pull_events import merged_event
    from branchline.ports.branches import MergeMethod
    from branchline.wiring import desks

    merged = desk.pulls.merge(
        options.number,
        method=MergeMethod(options.method.replace("-", "_")),
        by=desks.signature(name=options.user_name, email=options.user_email),
        commit=options.commit,
        override=options.override,
    )
    desk.wake()
    if not options.json:
        verb = "Merged" if merged.is_new else "Was merged already:"
        base = merged.pull.asked.base
        console.write(f"{verb} #{options.number} into {base} as {merged.commit[:12]}.")
        if merged.is_new:
            say_what_started(desk, merged_event(merged.commit), console)


def _close(desk: Desk, options: argparse.Namespace, console: Console) -> None:
    pull = desk.pulls.close(options.number)
    if not options.json:
        console.write(f"Closed #{pull.number}.")


_ACTIONS = {"show": _show, "approve": _approve, "merge": _merge, "close": _close}


def _verb(
    verbs: argparse._SubParsersAction[Parser], name: str, summary: str
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + "."
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.add_argument("--remote", default="", metavar="NAME", help="the box, as a git remote")
    parser.add_argument("--box", default="", metavar="PATH", help="the box, by its folder")
    return parser


def _number(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", type=_whole, metavar="NUMBER", help="e.g. 12 or #12")


def _whole(text: str) -> int:
    return int(text.removeprefix("#"))


_whole.__name__ = "number"  # argparse names it in its message


def _commit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--commit", default="", metavar="HASH", help="only while this is its head commit"
    )


def _who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--user-name", default="", metavar="NAME", help="who; as git knows you")
    parser.add_argument("--user-email", default="", metavar="ADDRESS", help="who; as git knows you")


def _configure_create(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--title", default="", help="one line")
    parser.add_argument("--body", default="", metavar="TEXT", help="Markdown")
    parser.add_argument("--head", default="", metavar="BRANCH", help="what to merge (this branch)")
    parser.add_argument("--base", default="", metavar="BRANCH", help="merge into (the default one)")
    parser.add_argument("--draft", action="store_true", help="not to be merged yet")
    parser.add_argument(
        "--file", action="append", default=[], metavar="PATH",
        help="commit this file of the working tree to a new branch and push it; again for more",
    )  # fmt: skip
    parser.add_argument("--branch", default="", help="name of that branch; same as --head")
    parser.add_argument("--target-branch", default="", metavar="BRANCH", help="same as --base")
    parser.add_argument("--message", default="", metavar="TEXT", help="of that commit (the title)")
    _who(parser)
    parser.add_argument("--skip-ci", action="store_true", help="add [skip ci] to that commit")
    parser.add_argument("--md", action="store_true", help="print a Markdown link")
    add_forge(parser)
    add_without_effect(parser, "--merge", "--auto-merge", "--rebase", "--squash")
    parser.add_argument(
        "files", nargs="*", metavar="FILE",
        help="same as --file; a folder or a pattern: what changed in it",
    )  # fmt: skip
