"""`branchline init`: writes branchline.yaml for the repository here; workflows where asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli.pages import write_page
from branchline.errors import EXIT_FINE, RepositoryError, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.flows.init import Proposal

__all__ = ["configure", "execute"]

_FILE = "branchline.yaml"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `branchline init`."""
    parser.add_argument("--force", action="store_true", help=f"replace an existing {_FILE}")
    parser.add_argument(
        "--diff", action="store_true", help="print what would be written or changed; write nothing"
    )
    parser.add_argument("--yes", action="store_true", help="write without asking")
    parser.add_argument(
        "--github", action="store_true", help="write the workflows of GitHub Actions, too"
    )


def execute(options: argparse.Namespace, console: Console) -> int:
    """Look, say what was found, write the file."""
    from branchline.flows.init import propose
    from branchline.wiring import folders

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
    proposal = propose(folders.open_tree(root))
    if options.diff:
        _print_difference(old or "", proposal.text, console)
        return EXIT_FINE
    _print_clues(proposal, console)
    if not options.yes and not _is_wanted(proposal, console):
        console.note("nothing was written")
        return EXIT_FINE
    write_page("branchline init", target, proposal.text)
    console.write(f"Wrote {os.path.relpath(target)}.")
    if options.github:
        from branchline.cli.workflows import write_workflows

        return write_workflows(console)
    console.write("next: branchline plan")
    return EXIT_FINE


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


def _print_clues(proposal: Proposal, console: Console) -> None:
    from branchline.render.table import visible

    console.write("Found:")
    width = max((len(clue.where) for clue in proposal.clues), default=0)
    for clue in proposal.clues:
        console.write(f"  {visible(clue.where).ljust(width)}  {visible(clue.sentence)}")
    if proposal.unknowns:
        console.write()
        console.write("Could not tell:")
        for sentence in proposal.unknowns:
            console.write(f"  {visible(sentence)}")
    console.write()


def _is_wanted(proposal: Proposal, console: Console) -> bool:
    """Ask at a terminal; in a pipe or a script, having typed `init` is the answer."""
    import sys

    if not (console.is_terminal and sys.stdin.isatty()):
        return True
    console.write(proposal.text)
    console.out.write(f"Write {_FILE}? [Y/n] ")
    console.out.flush()
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")
