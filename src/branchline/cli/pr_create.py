"""`branchline pr create`: open a pull request, with files of the working tree if any are named."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.ports.branches import Signature

_MOST_BYTES = 50_000_000


def create(options: argparse.Namespace, console: Console) -> int:
    """Commit and push the files, open the pull request, say its number."""
    from branchline import wiring
    from branchline.cli.pr_show import far_words, say_what_started, show
    from branchline.flows.pull_events import opened_event
    from branchline.ports.forge import NewPull
    from branchline.wiring import desks

    head = _one("--head", options.head, "--branch", options.branch)
    base = _one("--base", options.base, "--target-branch", options.target_branch)
    files = [*options.file, *options.files]
    by = desks.signature(name=options.user_name, email=options.user_email)
    address = desks.address_of(remote=options.remote, box=options.box)
    if files:
        head = _push(files, options, by, address.name or address.path, branch=head)
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


def _push(
    files: list[str], options: argparse.Namespace, by: Signature, to: str, *, branch: str
) -> str:
    """Commit the files and push them; the branch, "" when nothing differs."""
    from branchline.wiring import desks

    clone = desks.open_clone()
    return clone.push_files(
        {name: _content(name, clone.root) for name in _from_root(files, clone.root)},
        to=to,
        branch=branch,
        message=options.message or options.title or "Update files",
        by=by,
    )


def _one(first: str, one: str, second: str, other: str) -> str:
    if one and other and one != other:
        raise UsageError(
            f"branchline pr create: {first} {one} and {second} {other} name two branches",
            todo=f"Leave one of {first} and {second} out.",
        )
    return one or other


def _from_root(names: list[str], root: str) -> list[str]:
    """The files as paths from the root of the repository; folders are walked."""
    found = []
    for name in names:
        full = os.path.abspath(name)
        below = [full]
        if os.path.isdir(full):
            below = sorted(
                os.path.join(folder, file) for folder, _, inside in os.walk(full) for file in inside
            )
        for path in below:
            # The name is what counts, not where a link leads to.
            inside = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
            relative = os.path.relpath(inside, os.path.realpath(root))
            if relative.startswith("..") or relative.split(os.sep)[0] == ".git":
                raise UsageError(
                    f"branchline pr create: {name} is not a file of this repository",
                    todo="Name files of the working tree.",
                )
            found.append(relative)
    return found


def _content(relative: str, root: str) -> bytes:
    path = os.path.join(root, relative)
    try:
        size = os.stat(path).st_size
        if size > _MOST_BYTES:
            raise UsageError(
                f"branchline pr create: {relative} has {size} bytes, git takes it badly",
                todo="Keep large files in DVC and commit their .dvc file.",
            )
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(
            f"branchline pr create: {relative} cannot be read: {error.strerror}",
            todo="Name files that exist.",
        ) from None
