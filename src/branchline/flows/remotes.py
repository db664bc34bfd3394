"""Flow of remotes: add a box as a git remote, find it, remove it. Runs in a clone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.core.trigger.refnames import HEADS
from branchline.errors import BoxError, UnknownNameError, UsageError
from branchline.flows.addresses import address_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.ports.far import Address, Far, Said
    from branchline.ports.remotes import Remote, Remotes
    from branchline.ports.repo import Repo


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxOptions:
    """What a box is made with; None keeps what it has, or the default.

    Attributes:
        name: How pushers call it. default_branch, ledger, ref_characters, most_bytes, user: See
            `ports.box.BoxSettings`.
        branch_if_new: The default branch of a box that has none yet: the clone's; None is `main`.
    """

    name: str | None = None
    default_branch: str | None = None
    branch_if_new: str | None = None
    ledger: str | None = None
    ref_characters: str | None = None
    most_bytes: int | None = None
    user: str | None = None

    def words(self) -> list[str]:
        """The options as words of `branchline remote init`, which reads the ledger from its input.

        A database's URL holds a password, and words of a command are there for all to see.
        `main` is what a Branchline takes that does not know `--branch-if-new` yet.
        """
        branch = None if self.branch_if_new == "main" else self.branch_if_new
        given = {
            "--name": self.name,
            "--default-branch": self.default_branch,
            "--branch-if-new": branch,
            "--ledger": "-" if self.ledger else self.ledger,
            "--ref-characters": self.ref_characters,
            "--most-bytes": None if self.most_bytes is None else str(self.most_bytes),
            "--user": self.user,
        }
        return [f"{option}={value}" for option, value in given.items() if value is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBox:
    """A box that was made or taken up.

    Attributes:
        path: Absolute, on its machine. is_new: Whether the repository was made.
        default_branch: Its HEAD. python: Interpreter that its hooks start.
    """

    path: str
    is_new: bool
    default_branch: str
    python: str


def refuse_taken_name(remotes: Remotes, name: str, url: str) -> None:
    """See that a remote's name is free, or stands for the same place.

    Raises:
        UsageError: It stands for another.
    """
    for remote in remotes.remotes():
        if remote.name == name and url not in (remote.url, _as_path(remote.url)):
            raise UsageError(
                f"the remote `{name}` is there already and leads to {remote.url}",
                todo=f"Take another name, or first: git remote remove {name}",
            )


def _as_path(url: str) -> str:
    """A URL that is a path of this machine, absolute as `addresses` makes it; "" for another."""
    try:
        address = address_of(url)
    except UsageError:
        return ""
    return "" if address.host else address.path


def boxes(remotes: Remotes) -> Sequence[Remote]:
    """The remotes that were added as boxes."""
    return [remote for remote in remotes.remotes() if remote.is_box]


def choose_box(
    remotes: Remotes, name: str | None = None, *, say: str = "--remote {name}"
) -> Remote:
    """The box that a command is about.

    Args:
        remotes: Of the clone.
        name: Which; None takes the only one, or the one that is called `box`.
        say: What one types to name one, with `{name}` in the place of the name.

    Raises:
        UnknownNameError: There is none of that name, none at all, or several.
    """
    found = boxes(remotes)
    names = ", ".join(remote.name for remote in found)
    for remote in found:
        if remote.name == name or (name is None and (len(found) == 1 or remote.name == "box")):
            return remote
    if not found:
        raise UnknownNameError(
            "no remote of this clone is a box",
            todo="Make one: branchline remote add box PATH (or USER@HOST:PATH)",
        )
    if name is None:
        raise UnknownNameError(
            f"this clone has several boxes: {names}",
            todo=f"Say which, e.g. {say.format(name=found[0].name)}",
        )
    raise UnknownNameError(f"no box is called {name}", todo=f"There is: {names}.")


def choose_remote(remotes: Remotes) -> str:
    """The remote that records go to where none is named: `origin`, the only one, or the box.

    Raises:
        UnknownNameError: It is not clear which.
    """
    names = [remote.name for remote in remotes.remotes()]
    if "origin" in names or not names:
        return "origin"  # which git says is none, where there is none
    if len(names) == 1:
        return names[0]
    if boxes(remotes):
        return choose_box(remotes, say="branchline records fetch {name}").name
    raise UnknownNameError(
        f"this clone has several remotes: {', '.join(names)}",
        todo="Name one, as in `branchline records fetch NAME`.",
    )


def first_push(repo: Repo, remote: str, branch: str) -> str:
    """What to type to push to a new box, where this clone has the default branch or where not.

    Args:
        repo: The clone.
        remote: Name of the box.
        branch: Its default branch.
    """
    push, head = f"git push {remote}", repo.head(details=False)
    if repo.resolve(f"{HEADS}{branch}"):
        return f"{push} {branch}"
    if repo.resolve(f"refs/remotes/origin/{branch}"):
        return f"{push} origin/{branch}:{HEADS}{branch}"
    if head.commit is None:
        return f"commit something, then: {push} {head.branch or branch}"
    return f"{push} {head.branch or f'HEAD:{HEADS}{branch}'}"


def make_over_ssh(far: Far, address: Address, options: BoxOptions) -> MadeBox:
    """Make a box on another machine, by the Branchline there.

    Raises:
        BoxError: It could not be made; says what to type there.
    """
    words = ["remote", "init", f"--box={address.path}", *options.words(), "--json"]
    said = far.ask([address.python, "-m", "branchline", *words], stdin=options.ledger or "")
    value = answer_of(said, address)
    return MadeBox(
        path=str(value["path"]),
        is_new=bool(value["is_new"]),
        default_branch=str(value["default_branch"]),
        python=str(value["python"]),
    )


def answer_of(said: Said, address: Address) -> dict[str, Any]:
    """The JSON that a command on the other side printed.

    Raises:
        BoxError: It did not come to that.
    """
    try:
        value = json.loads(said.out)
    except ValueError:
        value = None
    if isinstance(value, dict) and "error" in value:
        error = value["error"]
        raise BoxError(
            f"{address.host}: {error.get('message')}",
            todo=str(error.get("todo", "")),
            details=[str(line) for line in error.get("details", ())],
        )
    if said.code == 0 and isinstance(value, dict):
        return value
    raise _unreached(said, address)


def _unreached(said: Said, address: Address) -> BoxError:
    lines = [line for line in said.err.splitlines() if line.strip()]
    python = address.python
    if said.code == 255:
        return BoxError(
            f"SSH does not get to {address.host}",
            todo=f"See that this works: ssh {address.host} true",
            details=lines[-3:],
        )
    if "No module named" in said.err and "branchline" in said.err:
        return BoxError(
            f"{python} on {address.host} has no Branchline",
            todo=f"Install it there: ssh {address.host} {python} -m pip install branchline;"
            " or name another interpreter with --python.",
        )
    if said.code == 127 or "not found" in said.err:
        return BoxError(
            f"there is no {python} on {address.host}",
            todo="Name its Python 3.11 or newer with --python /path/to/python3.",
            details=lines[-3:],
        )
    return BoxError(
        f"Branchline on {address.host} ended with exit code {said.code} and no answer",
        todo="See that it is of the same version:"
        f" ssh {address.host} {python} -m branchline --version",
        details=lines[-5:],
    )
