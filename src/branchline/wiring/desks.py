"""Picks the adapters of what people do with a box: pull requests, pages, who they are."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from branchline.errors import RepositoryError
from branchline.wiring.boxes import find_box, open_box

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.adapters.git.clone import GitClone
    from branchline.flows.box import Box
    from branchline.flows.desk import Desk
    from branchline.ports.branches import Signature
    from branchline.ports.far import Address


def become_owner(where: str) -> None:
    """Be the account that works for a box, where its box.json names one.

    Args:
        where: Path of its bare repository.

    Raises:
        BoxError: There is no box, or this process may not be that account.
    """
    from branchline.adapters.box import LocalBox
    from branchline.adapters.box.accounts import become

    become(LocalBox(os.path.realpath(where)).settings().user)


@contextmanager
def open_desk(where: str) -> Iterator[Desk]:
    """Open a box for people, and close what was opened.

    Args:
        where: Path of its bare repository.

    Raises:
        BoxError: There is no box.
    """
    from time import time

    from branchline.flows.desk import Desk
    from branchline.flows.intake import Taker
    from branchline.flows.pulls import Pulls

    with open_box(where) as box:
        branch = box.repo.default_branch()
        yield Desk(
            name=_name_of(box.path),
            default_branch=branch,
            pulls=Pulls(
                box.forge, box.branches, Taker.of(box, time), time, remote=box.settings.name
            ),
            queue=box.queue,
            registry=lambda: box.registry,
            show=box.repo.show,
            recorded=lambda commit: _report(box, commit),
            log_path=box.box.log_path,
            wake=box.box.wake,
            now=time,
        )


def _report(box: Box, commit: str) -> str:
    from branchline.core.policy import Gate
    from branchline.flows.desk import report_of
    from branchline.flows.history import History
    from branchline.flows.law import law_policy

    policy = law_policy(box.repo)
    gate = policy.gate if policy else Gate()
    return report_of(History(box.records, box.repo), commit, gate)


def address_of(*, remote: str = "", box: str = "", start: str = ".") -> Address:
    """Where the box is that is meant: by its path, a remote's name, or the only one.

    Raises:
        BoxError, UnknownNameError: There is none, or several.
    """
    from branchline.ports.far import Address

    if not box:
        return find_box(start, remote or None)
    path = os.path.realpath(os.path.expanduser(box))
    with open_box(path):
        return Address(path=path)


def open_clone(start: str = ".") -> GitClone:
    """The clone that holds a folder.

    Raises:
        RepositoryError: There is none.
    """
    from branchline.adapters.git import Git
    from branchline.adapters.git.clone import GitClone

    return GitClone(Git.open(start))


def signature(start: str = ".", *, name: str = "", email: str = "") -> Signature:
    """Who is at work: as said, else as git knows them here, else as the machine does."""
    from email.utils import parseaddr
    from time import time

    from branchline.adapters.git import Git, GitRepo
    from branchline.ports.branches import Signature

    known = ("", "")
    with suppress(RepositoryError):
        known = parseaddr(GitRepo(Git.open(start)).actor())
    said = os.environ.get("GIT_AUTHOR_NAME", ""), os.environ.get("GIT_AUTHOR_EMAIL", "")
    user = name or said[0] or known[0] or _login()
    address = email or said[1] or known[1] or f"{user}@localhost"
    return Signature(name=user, email=address, at=time())


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a number that no account has
        return f"user-{os.getuid()}"


def _name_of(path: str) -> str:
    return os.path.basename(path).removesuffix(".git") or "box"
