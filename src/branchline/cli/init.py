"""`branchline init`: writes branchline.yaml for the repository here; workflows where asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli.pages import write_page
from branchline.errors import EXIT_ERROR, EXIT_FINE, RepositoryError, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.flows.init import Proposal

__all__ = ["configure", "execute"]

_FILE = "branchline.yaml"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `branchline init`."""
    from branchline.cli.arguments import duration_of

    parser.add_argument("--force", action="store_true", help=f"replace an existing {_FILE}")
    parser.add_argument(
        "--diff", action="store_true", help="print what would be written or changed; write nothing"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="run the command once, in a copy, and correct what was guessed by what it did",
    )
    parser.add_argument(
        "--timeout",
        type=duration_of,
        default=600.0,
        metavar="T",
        help="end the command of --check after so long: 30s, 10m, 2h (10m)",
    )
    parser.add_argument("--yes", action="store_true", help="ask nothing; take the safe answers")
    parser.add_argument(
        "--github", action="store_true", help="write the workflows of GitHub Actions, too"
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Look, say what was found, write the file."""
    if options.github and (options.json or options.diff):
        raise UsageError(
            f"branchline init: --github does not go with {'--json' if options.json else '--diff'}",
            todo="Leave it out; `branchline workflows write` (--diff) does the workflows alone.",
        )
    root = _root()
    target = os.path.join(root, _FILE)
    old = _read(target)
    if old is not None and not options.force and not options.diff:
        raise UsageError(
            f"{_FILE} exists already",
            todo="The workflows alone: `branchline workflows write`."
            if options.github
            else "See what would change with `branchline init --diff`; --force replaces it.",
        )
    proposal, is_fine = _proposal(root, options, console)
    done = EXIT_FINE if is_fine else EXIT_ERROR
    if options.json:
        if not options.diff:
            write_page("branchline init", target, proposal.text)
        from branchline.cli.init_report import proposal_to_json

        console.json(proposal_to_json(proposal, is_written=not options.diff))
        return done
    if options.diff:
        _print_difference(old or "", proposal.text, console)
        for sentence in () if is_fine else proposal.unknowns:
            console.note(sentence)  # why the command of --check failed is among them
        return done
    if not options.yes and not _is_wanted(proposal, console):
        console.note("nothing was written")
        return EXIT_FINE
    write_page("branchline init", target, proposal.text)
    console.write(f"Wrote {os.path.relpath(target)}.")
    if options.github:
        from branchline.cli.workflows import write_workflows

        return write_workflows(console) or done
    holes = _holes(proposal)
    first = f"put a value in the place of {' and '.join(holes)} in {_FILE}, then " if holes else ""
    console.write(f"next: {first}branchline run")
    return done


def _proposal(root: str, options: argparse.Namespace, console: Console) -> tuple[Proposal, bool]:
    """The proposal, and whether its command ran where that was asked; says what was found."""
    from branchline.cli.init_report import ask, found_lines
    from branchline.flows.init import propose
    from branchline.wiring import folders
    from branchline.wiring.readers import metric_readers

    tree = folders.open_tree(root)
    tracked, readers = folders.tracked_files(root), metric_readers()
    proposal = propose(tree, tracked=tracked, readers=readers)
    answers: dict[str, str] = {}
    asked: set[str] = set()
    can_ask = not (options.yes or options.json or options.diff) and _has_person(console)
    while can_ask and (new := [q for q in proposal.questions if q.key not in asked]):
        asked |= {question.key for question in new}
        answers |= ask(new, console)
        proposal = propose(tree, answers, tracked=tracked, readers=readers)
    is_fine = True
    if options.check:
        proposal, is_fine = _checked(root, proposal, options, console)
    if not options.json and not options.diff:
        console.lines(found_lines(proposal))
    return proposal, is_fine


def _checked(
    root: str, proposal: Proposal, options: argparse.Namespace, console: Console
) -> tuple[Proposal, bool]:
    """The proposal as corrected by one run."""
    from branchline.flows.init import check
    from branchline.wiring.folders import tracked_files
    from branchline.wiring.tryout import open_tryout

    for model in proposal.settings.models:
        for stage in model.stages:
            console.note(f"running `{stage.cmd}` once, in a copy")
    with open_tryout(root) as place:
        return check(proposal, place, timeout_s=options.timeout, tracked=tracked_files(root))


def _holes(proposal: Proposal) -> list[str]:
    """What stands in the commands for values that only the user knows."""
    words = {
        word.rpartition("=")[2]
        for model in proposal.settings.models
        for stage in model.stages
        for word in stage.cmd.split()
    }
    open_ones = [q.safe for q in proposal.questions if not q.answers and q.safe.isupper()]
    return [hole for hole in dict.fromkeys(open_ones) if hole in words]


def _root() -> str:
    """The repository's root: the nearest folder upwards with a `.git`."""
    folder = os.getcwd()
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            raise RepositoryError(
                f"{os.getcwd()} is not inside a git repository",
                todo="Go to your project, or make one: git init",
            )
        folder = parent
    return folder


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _print_difference(old: str, new: str, console: Console) -> None:
    import difflib

    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), f"a/{_FILE}", f"b/{_FILE}", lineterm=""
    )
    for line in lines:
        console.write(line)


def _has_person(console: Console) -> bool:
    import sys

    return console.is_terminal and sys.stdin.isatty()


def _is_wanted(proposal: Proposal, console: Console) -> bool:
    """Ask at a terminal; in a pipe or a script, having typed `init` is the answer."""
    import sys

    if not _has_person(console):
        return True
    console.write(proposal.text)
    console.out.write(f"Write {_FILE}? [Y/n] ")
    console.out.flush()
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")
