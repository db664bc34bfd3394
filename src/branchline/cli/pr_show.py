"""What the verbs of `branchline pr` share: one pull request printed, a command sent to its box."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.flows.desk import Desk

_HERE = ("verb", "remote", "box", "number", "file", "files", "skip_ci", "md", "repo")
"""Options that count on this side only."""


def show(desk: Desk, number: int, options: argparse.Namespace, console: Console) -> None:
    """Print one pull request."""
    from branchline.render.pull_json import pull_to_json
    from branchline.render.pulls import pull_lines, pull_tables
    from branchline.render.table import visible

    view = desk.view(number)
    if options.json:
        console.json(pull_to_json(view))
        return
    console.lines(pull_lines(view))
    for table in pull_tables(view):
        console.write()
        console.table(table)
    for text in (view.report, *(comment.body for comment in view.comments)):
        if text:
            console.write()
            console.write("\n".join(visible(row) for row in text.splitlines()))
    if getattr(options, "diff", False):
        console.write()
        console.write("\n".join(visible(row) for row in view.diff.splitlines()))


def say_what_started(desk: Desk, event: str, console: Console) -> None:
    """Name the jobs that a verb started, and how to follow them."""
    for number in desk.queue.event(event) or ():
        job = desk.queue.job(number)
        if job is not None and not job.asked.is_skip:
            console.note(f"job {number} sees to it; follow with: branchline logs --job {number} -f")


def far_words(options: argparse.Namespace) -> list[str]:
    """The same command for the box's own machine, with who is at work here."""
    from branchline.wiring import desks

    words = ["pr", options.verb]
    given = vars(options)
    if "user_name" in given:
        by = desks.signature(name=options.user_name, email=options.user_email)
        given = {**given, "user_name": by.name, "user_email": by.email}
    for name, value in given.items():
        if name in _HERE or value in ("", False):
            continue
        # With `=`: a value that begins with a dash is no option there.
        option = f"--{name.replace('_', '-')}"
        words.append(option if value is True else f"{option}={value}")
    return [*words, str(given["number"])] if "number" in given else words
