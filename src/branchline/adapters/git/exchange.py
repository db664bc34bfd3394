"""Records to and from another repository, so that nothing is lost on either side.

Serves `records`. Nothing is ever forced: a result that the other side has stays there, and a run
whose id the other side gave to another run gets the next free id here (`abc1234-2`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.adapters.git import references as refs
from branchline.errors import RecordError, UsageError
from branchline.ports.records import Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.adapters.git.plumbing import Answer, Git

_TRIES = 10
_CLASH = ("already exists", "needs force", "fetch first", "non-fast-forward", "stale info")
_RACE = ("failed to update ref", "cannot lock ref", "reference already exists")


def push_records(git: Git, remote: str) -> Exchange:
    """Send all records; runs whose ids clash are renamed here and sent under their new ids.

    Raises:
        RecordError: git refused, or the other side did.
    """
    _check_remote(remote)
    sent: set[str] = set()
    kept: dict[str, None] = {}
    for _ in range(_TRIES):
        if not refs.list_references(git, [refs.HOME]):
            return Exchange()
        answer = git.ask(
            ["push", "--porcelain", "--no-verify", "--", remote, f"{refs.HOME}*:{refs.HOME}*"]
        )
        states = _pushed(answer, remote)
        sent |= {name for name, (flag, _) in states.items() if flag == "*"}
        clashes = [name for name, (flag, why) in states.items() if flag == "!" and _clashes(why)]
        renamed = [_rename(git, name) for name in clashes if name.startswith(refs.RUNS)]
        kept |= dict.fromkeys(name for name in clashes if not name.startswith(refs.RUNS))
        kept |= dict.fromkeys(renamed)
        races = [name for name, (flag, why) in states.items() if flag == "!" and not _clashes(why)]
        if races and not all(any(word in states[n][1] for word in _RACE) for n in races):
            raise _refused(answer, remote, states[races[0]][1], verb="push")
        if not renamed and not races:
            return Exchange(sent=len(sent), kept_theirs=tuple(kept))
    raise RecordError(f"could not push records to {remote}: others kept changing them")


def fetch_records(git: Git, remote: str) -> Exchange:
    """Get all records of the other side: first into a namespace of their own, then those we lack.

    Raises:
        RecordError: git refused.
    """
    _check_remote(remote)
    lobby = f"{refs.INCOMING}{os.getpid()}-{os.urandom(4).hex()}/"
    args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--refmap="]
    # A blobless clone would else leave out what the records' trees hold.
    args += ["--no-recurse-submodules", "--no-filter", "--", remote, f"+{refs.HOME}*:{lobby}*"]
    answer = git.ask(args)
    try:
        if answer.code != 0:
            raise _refused(answer, remote, "", verb="fetch")
        for _ in range(_TRIES):
            exchange = merge_incoming(git, lobby)
            if exchange is not None:
                return exchange
    finally:
        _clear(git, lobby)
    raise RecordError(f"could not fetch records from {remote}: others kept changing them here")


def merge_incoming(git: Git, lobby: str) -> Exchange | None:
    """Take over what is in the lobby; None when somebody changed records meanwhile."""
    found = refs.list_references(git, [refs.HOME, lobby])
    ours = {name: held for name, held in found.items() if name.startswith(refs.HOME)}
    theirs = {
        refs.HOME + name.removeprefix(lobby): held
        for name, held in found.items()
        if name.startswith(lobby)
    }
    create = {name: held for name, held in theirs.items() if name not in ours}
    received = len(create)
    move: dict[str, tuple[str, str]] = {}
    kept: list[str] = []
    for name, held in theirs.items():
        if not name.startswith(refs.RUNS) or ours.get(name, held) == held:
            continue
        # Their run keeps its id, as on a push; ours moves aside unless it did so before.
        moved = _moved_to(name, ours[name], ours | theirs | create)
        move[name] = (held, ours[name])
        if moved not in ours and moved not in theirs:
            create[moved] = ours[name]
        received += 1
        kept.append(_renaming(name, moved))
    done = refs.transact(git, create=create, move=move)
    return Exchange(received=received, kept_theirs=tuple(kept)) if done else None


def _rename(git: Git, name: str) -> str:
    """Give a run here the next free id; says from what to what."""
    for _ in range(_TRIES):
        ours = refs.list_references(git, [name, name + "-*"])
        if name not in ours:
            break
        moved = _moved_to(name, ours[name], {k: v for k, v in ours.items() if k != name})
        if refs.transact(
            git,
            create={} if moved in ours else {moved: ours[name]},
            delete={name: ours[name]},
        ):
            return _renaming(name, moved)
    raise RecordError(f"could not rename the run {name.removeprefix(refs.RUNS)}")


def _moved_to(name: str, held: str, known: Mapping[str, str]) -> str:
    """The id under which a run goes on: where it stands already, else the next free one."""
    number = 2
    while known.get(f"{name}-{number}", held) != held:
        number += 1
    return f"{name}-{number}"


def _renaming(old: str, new: str) -> str:
    return f"{old.removeprefix(refs.HOME)} -> {new.removeprefix(refs.HOME)}"


def _clear(git: Git, lobby: str) -> None:
    incoming = refs.list_references(git, [lobby])
    refs.transact(git, delete=incoming)


def _check_remote(remote: str) -> None:
    if not remote or remote.startswith("-") or "\0" in remote:
        raise UsageError(f"{remote!r} cannot name a remote", todo="Give a name as in `git remote`.")


def _pushed(answer: Answer, remote: str) -> dict[str, tuple[str, str]]:
    """Reference -> (flag, summary) of a `git push --porcelain`.

    Raises:
        RecordError: git did not get as far as a list.
    """
    rows = [row.split("\t") for row in answer.out.decode("utf-8", "replace").splitlines()]
    states = {
        row[1].rpartition(":")[2]: (row[0].strip() or " ", row[2]) for row in rows if len(row) == 3
    }
    if answer.code != 0 and not any(flag == "!" for flag, _ in states.values()):
        raise _refused(answer, remote, "", verb="push")
    return states


def _clashes(why: str) -> bool:
    return why.startswith("[rejected]") and any(word in why for word in _CLASH)


def _refused(answer: Answer, remote: str, why: str, *, verb: str) -> RecordError:
    lines = [line for line in answer.complaint.splitlines() if line.strip()]
    said = why or (lines[0] if lines else f"exit status {answer.code}")
    if "does not appear to be a git repository" in said:
        return RecordError(
            f"`{remote}` is no remote of this repository, nor a repository itself",
            todo="Add it with `git remote add NAME URL`, or name one that `git remote` lists:"
            f" branchline records {verb} NAME.",
        )
    return RecordError(
        f"`git {verb}` of records with {remote} was refused: {said}",
        todo="See that the remote exists and that you may write refs/branchline/* there.",
        details=lines if why else lines[1:],
    )
