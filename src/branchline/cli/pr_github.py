"""`branchline pr create` on GitHub, as CML's users call it in a workflow."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.ports.branches import Signature

_COMMAND = "branchline pr create"
_MERGING = ("merge", "auto_merge", "rebase", "squash")


def is_on_github(options: argparse.Namespace) -> bool:
    """Whether the pull request is to be opened on GitHub."""
    from branchline.wiring import forge_here

    return forge_here.is_on_github(os.environ, repository=options.repo, box=options.box)


def say_differences(options: argparse.Namespace, console: Console) -> None:
    """Refuse a token on the command line, and say what CML does and we do not."""
    from branchline.cli.cml_options import check_place

    check_place(_COMMAND, options, console)
    wanted = [name for name in _MERGING if getattr(options, name, False)]
    if wanted:
        console.note(
            f"note: --{wanted[0].replace('_', '-')} has no effect: a pull request is merged when"
            " its checks have passed (`branchline pr merge`, or auto-merge on GitHub)"
        )


def create_on_github(
    options: argparse.Namespace,
    console: Console,
    *,
    head: str,
    base: str,
    files: list[str],
    by: Signature,
) -> int:
    """Push the files to a branch of GitHub's, and have a pull request from it.

    Args:
        options: As given.
        console: Where to print.
        head: Branch to merge; "" names one after the files, or is the branch at work.
        base: Branch to merge into; "" is the one at work.
        files: To be committed; none opens a pull request of a branch that is there.
        by: Who commits.
    """
    from branchline.cli.pr_files import push
    from branchline.flows.new_pull import check_title
    from branchline.ports.forge import NewPull
    from branchline.render.forge_json import opened_to_json
    from branchline.wiring.forge_here import open_here, repository_of

    with open_here(repository=repository_of(options.repo)) as here:
        start = here.branch
        if files:
            head = push(files, options, by, options.remote or "origin", branch=head)
            if not head:
                return _unchanged(options, console)
        head = head or start
        into = base or (start if files else _default_branch())
        title = options.title or f"Update {into} from {here.commit[:7]}"
        check_title(title)
        asked = NewPull(
            title=title,
            head=head,
            base=into,
            body=options.body,
            author=f"{by.name} <{by.email}>",
            is_draft=options.draft,
        )
        pull, is_new = here.forge.ensure_pull(asked, commit=here.commit, at=here.now())
        url = f"{here.page}/pull/{pull.number}"
    if options.json:
        console.json(opened_to_json(number=pull.number, url=url, head=head, is_new=is_new))
    elif options.md:
        console.write(f"[{re.sub(r'[^0-9A-Za-z .,_-]', ' ', title)}]({url})")
    else:
        console.write(url)
    return EXIT_FINE


def _unchanged(options: argparse.Namespace, console: Console) -> int:
    console.note("unchanged: the files are as the commit has them; nothing to open")
    if options.json:
        console.json(None)
    return EXIT_FINE


def _default_branch() -> str:
    from branchline import wiring

    return wiring.default_branch_of_clone() or "main"
