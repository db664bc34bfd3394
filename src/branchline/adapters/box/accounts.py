"""Adapter `box`: the account that owns a box and works for it, where box.json names one.

A worker that root starts gives root up, for good, before it reads anything that was pushed.
"""

from __future__ import annotations

import os
import pwd
from typing import Any

from branchline.errors import BoxError, UnknownNameError


def become(user: str) -> None:
    """Be the account that works for a box; nothing happens where none is named.

    Args:
        user: Its name; "" is whoever this process belongs to.

    Raises:
        UnknownNameError: This machine has no such account.
        BoxError: This process belongs to another, and not to root.
    """
    if not user:
        return
    entry = account(user)
    if os.geteuid() == entry.pw_uid:
        return
    if os.geteuid() != 0:
        raise BoxError(
            f"`{user}` works for this box, and this process belongs to `{own_name()}`",
            todo=f"Start it as that account: sudo -u {user} branchline -C BOX serve",
        )
    os.initgroups(user, entry.pw_gid)
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    os.environ.update(HOME=entry.pw_dir, USER=user, LOGNAME=user)


def check_giving(path: str, user: str) -> None:
    """See that a box can be given to an account, before it is made.

    Raises:
        UnknownNameError: This machine has no such account.
        BoxError: This process belongs to another, and not to root.
    """
    if os.geteuid() not in (0, account(user).pw_uid):
        raise BoxError(
            f"only root can give {path} to `{user}`, and you are `{own_name()}`",
            todo=f"Make the box as root, or as `{user}`.",
        )


def give(path: str, user: str) -> None:
    """Let an account own a folder with all in it; see `check_giving`."""
    entry = account(user)
    if os.geteuid() == entry.pw_uid:
        return
    for folder, _, files in os.walk(path):
        for name in (folder, *(os.path.join(folder, file) for file in files)):
            os.chown(name, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def as_account(user: str) -> dict[str, Any]:
    """Arguments of `subprocess` by which root starts a program as an account; none for others.

    Raises:
        UnknownNameError: This machine has no such account.
    """
    if not user or os.geteuid() != 0:
        return {}
    entry = account(user)
    groups = os.getgrouplist(user, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}


def check_starts(python: str, user: str) -> None:
    """See that an account can start an interpreter.

    Raises:
        BoxError: It cannot.
    """
    import subprocess

    try:
        done = subprocess.run(
            [python, "-c", ""], check=False, capture_output=True, cwd="/", **as_account(user)
        )
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        if done.returncode == 0:
            return
        reason = f"it ended with exit code {done.returncode}"
    raise BoxError(
        f"`{user}` cannot start {python}: {reason}",
        todo="Install Branchline where that account can read it, e.g. in /opt, and make the box"
        " with that: /opt/branchline/bin/branchline remote init ...",
    )


def account(user: str) -> pwd.struct_passwd:
    """An account of this machine.

    Raises:
        UnknownNameError: There is none of this name.
    """
    try:
        return pwd.getpwnam(user)
    except (KeyError, ValueError):
        raise UnknownNameError(
            f"this machine has no account `{user}`",
            todo=f"Make it, e.g. useradd --create-home {user}; or name another with --user.",
        ) from None


def own_name() -> str:
    """Name of the account that this process belongs to; its number where it has none."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
