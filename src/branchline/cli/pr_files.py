"""`branchline pr create`: files of the working tree that become a commit of a branch elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli.cml_options import refuse_link_out
from branchline.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.ports.branches import Signature

_MOST_BYTES = 50_000_000


def push(
    files: list[str], options: argparse.Namespace, by: Signature, to: str, *, branch: str
) -> str:
    """Commit the files and push them; the branch, "" when nothing differs."""
    from branchline.wiring import desks

    clone = desks.open_clone()
    message = options.message or options.title or "Update files"
    if options.skip_ci:
        message = f"{message} [skip ci]"
    # A folder or a pattern means what changed in it, as in CML; a file that is named is meant.
    several = [name for name in files if os.path.isdir(name) or not os.path.lexists(name)]
    named = [name for name in files if name not in several]
    found = clone.changed_files([name for name in several if _is_pattern(name)])
    missing = [name for name in several if not _is_pattern(name)]
    paths = dict.fromkeys([*_from_root([*named, *missing], clone.root), *found])
    if not paths:
        return ""
    return clone.push_files(
        {name: _content(name, clone.root) for name in paths},
        to=to,
        branch=branch,
        message=message,
        by=by,
    )


def _is_pattern(name: str) -> bool:
    return os.path.isdir(name) or any(sign in name for sign in "*?[")


def _from_root(names: list[str], root: str) -> list[str]:
    """The files as paths from the root of the repository."""
    found = []
    for name in names:
        # The name is what counts, not where a link leads to.
        full = os.path.abspath(name)
        inside = os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))
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
    refuse_link_out("branchline pr create", path)
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
