"""`branchline pr create`: open a pull request, with files of the working tree if any are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console


def create(options: argparse.Namespace, console: Console) -> int:
    """Commit and push the files, open the pull request, say its number."""
    from branchline import wiring
    from branchline.cli.pr_files import push
    from branchline.cli.pr_github import create_on_github, is_on_github, say_differences
    from branchline.cli.pr_show import far_words, say_what_started, show
    from branchline.flows.pull_events import opened_event
    from branchline.ports.forge import NewPull
    from branchline.wiring import desks

    say_differences(options, console)
    head = _one("--head", options.head, "--branch", options.branch)
    base = _one("--base", options.base, "--target-branch", options.target_branch)
    files = [*options.file, *options.files]
    by = desks.signature(name=options.user_name, email=options.user_email)
    if is_on_github(options):
        return create_on_github(options, console, head=head, base=base, files=files, by=by)
    address = desks.address_of(remote=options.remote, box=options.box)
    if files:
        head = push(files, options, by, address.name or address.path, branch=head)
        if not head:
            console.note("unchanged: the files are as the commit has them; nothing to open")
            return EXIT_FINE
    head = head or desks.open_clone().branch()
    if address.host:
        options.head, options.branch = head, ""
        return wiring.over_ssh(address, far_words(options))
    with desks.open_desk(address.path) as desk:
        asked = NewPull(
            title=options.title,
            head=head,
            base=base or desk.default_branch,
            body=options.body,
            author=f"{by.name} <{by.email}>",
            is_draft=options.draft,
        )
        pull, is_new = desk.pulls.create(asked)
        desk.wake()
        if options.json:
            show(desk, pull.number, options, console)
        else:
            verb = "Opened" if is_new else "Brought up to date:"
            console.write(f"{verb} #{pull.number} from {asked.head} into {asked.base}.")
            if is_new:
                say_what_started(desk, opened_event(pull.number), console)
    return EXIT_FINE


def _one(first: str, one: str, second: str, other: str) -> str:
    if one and other and one != other:
        raise UsageError(
            f"branchline pr create: {first} {one} and {second} {other} name two branches",
            todo=f"Leave one of {first} and {second} out.",
        )
    return one or other
