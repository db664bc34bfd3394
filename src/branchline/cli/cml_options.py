"""What CML's options become here: taken, taken and without effect, or refused with the reason."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from branchline.errors import UsageError

if TYPE_CHECKING:
    from branchline.cli.console import Console

_MOST_BYTES = 5_000_000
_HIDDEN = argparse.SUPPRESS
_WITHOUT_EFFECT = {
    "rm_watermark": "nothing of ours is shown; the comment is found by a mark that is hidden",
    "publish_url": "images are kept in your own repository and never at a third host",
    "url": "files are kept in your own repository and never at a third host",
    "trigger_file": "--watch looks at the report itself",
}


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add which forge: CML's options, and a box's."""
    add_forge(parser)
    parser.add_argument("--remote", default="", metavar="NAME", help="the box, as a git remote")
    parser.add_argument("--box", default="", metavar="PATH", help="the box, by its folder")


def add_forge(parser: argparse.ArgumentParser) -> None:
    """Add CML's options of which forge."""
    parser.add_argument(
        "--repo", default="", metavar="URL", help="on GitHub (in a workflow: its own)"
    )
    for name in ("--token", "--driver-token"):
        parser.add_argument(name, dest="token", default="", help=_HIDDEN)
    parser.add_argument("--driver", default="", help=_HIDDEN)
    parser.add_argument("--log", default="", help=_HIDDEN)


def add_without_effect(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add options of CML that change nothing here; those with `=` take a value."""
    for name in names:
        if name.endswith("="):
            parser.add_argument(name[:-1], default="", help=_HIDDEN)
        else:
            parser.add_argument(name, action="store_true", help=_HIDDEN)


def check_place(command: str, options: argparse.Namespace, console: Console) -> str:
    """Refuse what must not be, say what has no effect.

    Returns:
        `OWNER/NAME` on GitHub; "" where none was named.

    Raises:
        UsageError: A token stands on the command line, or the driver is not GitHub.
    """
    from branchline.wiring.forge_here import repository_of

    if options.token:
        raise UsageError(
            f"{command}: a token on a command line can be read by every process of the machine",
            todo="Hand it over as the variable GITHUB_TOKEN (or REPO_TOKEN) of the step.",
        )
    if options.driver not in ("", "github"):
        raise UsageError(
            f"{command}: --driver {options.driver[:40]} is not served",
            todo="GitHub is, and the embedded forge of a box (--box, --remote).",
        )
    for name, why in _WITHOUT_EFFECT.items():
        if getattr(options, name, ""):
            console.note(f"note: --{name.replace('_', '-')} has no effect: {why}")
    return repository_of(options.repo)


def refuse_link_out(command: str, path: str) -> None:
    """Refuse to publish what a link of the repository leads to, outside of it.

    Raises:
        UsageError: It is one.
    """
    from branchline.flows.own_files import leads_out
    from branchline.wiring import desks

    if leads_out(path, desks.open_clone().root):
        raise UsageError(
            f"{command}: {path} is a link out of the repository, or into its .git",
            todo="Name the file itself.",
        )


def read_report(command: str, path: str) -> str:
    """The text of a Markdown file.

    Raises:
        UsageError: It cannot be read, is empty, or is a link out of the repository.
    """
    refuse_link_out(command, path)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(_MOST_BYTES)
    except OSError as error:
        raise UsageError(
            f"{command}: {path} cannot be read: {error.strerror}", todo="Name a Markdown file."
        ) from None
    if not text.strip():
        raise UsageError(f"{command}: {path} is empty", todo="Write the report first.")
    return text


def folder_of(path: str) -> str:
    """The folder in which a file lies."""
    return os.path.dirname(os.path.abspath(path))
