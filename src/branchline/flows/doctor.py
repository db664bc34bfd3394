"""Flow `doctor`: judges what a checkup found; each finding says what to type."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.flows.traps import Trap
    from branchline.ports.checkup import Facts

__all__ = ["Check", "Health", "examine"]

_OLDEST_GIT = (2, 30)
_OLDEST_PYTHON = (3, 11)
_LITTLE_BYTES = 5_000_000_000
_TOO_LITTLE_BYTES = 500_000_000
_MOST_TRAPS = 20
"""Shown of one kind of file; a folder of copies says the same many times."""


class Health(Enum):
    """How a check ended. WARN: it works, and could be better."""

    PASS = "pass"  # noqa: S105 # no password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what was looked at, how it stands, and what to type.

    Attributes:
        name: Short: "git", "disk".
        health: Pass, warn or fail.
        sentence: What was found, with its value.
        todo: What to type or to do; "" when all is well.
    """

    name: str
    health: Health
    sentence: str
    todo: str = ""


def examine(facts: Facts, *, problem: str = "") -> tuple[Check, ...]:
    """Judge a machine.

    Args:
        facts: What a checkup found.
        problem: Why branchline.yaml and what it names cannot be used; "" when they can.

    Returns:
        The checks in the order in which they are worth reading: what fails everything stands first.
    """
    checks = [_git(facts)]
    if facts.git_version is not None:
        checks.append(_repository(facts))
    checks += [_python(facts), _disk(facts)]
    if facts.root is not None:
        checks += [
            _user(facts),
            _settings(facts, problem),
            _history(facts),
            _lock_file(facts),
            _store(facts),
            _large_files(facts),
            _stale_locks(facts),
            _records(facts),
            *_team_files(facts),
        ]
    return (*checks, _tracing(facts), _gpu(facts))


def _git(facts: Facts) -> Check:
    if facts.git_version is None:
        return _fail("git", "git is not on PATH", "Install git (Debian: apt install git).")
    text = ".".join(map(str, facts.git_version))
    if facts.git_version < _OLDEST_GIT:
        return _fail("git", f"git {text} is too old", "Install git 2.30 or newer.")
    return _pass("git", f"git {text}")


def _repository(facts: Facts) -> Check:
    if facts.root is None:
        return _fail("repository", "this is no git repository", "Type: git init")
    if not facts.has_commits:
        return _warn(
            "repository",
            "there is no commit yet, so no result can be promoted",
            "Type: git add -A && git commit -m 'first'",
        )
    return _pass("repository", facts.root)


def _user(facts: Facts) -> Check:
    if not facts.user:
        return _warn(
            "user",
            "git does not know your name, and records carry it",
            "Type: git config --global user.name NAME; git config --global user.email ADDRESS",
        )
    return _pass("user", facts.user)


def _python(facts: Facts) -> Check:
    if facts.python is None:
        return _warn(
            "python",
            f"there is no `python` on PATH (Branchline runs on {facts.own_python})",
            "Activate your environment: stages that say `python train.py` need it.",
        )
    return _pass("python", f"stages run with Python {facts.python}")


def _disk(facts: Facts) -> Check:
    if facts.free_bytes is None:
        return _warn("disk", "the free space could not be told", "Type: df -h .")
    text = f"{facts.free_bytes / 1e9:.1f} GB free"
    if facts.free_bytes < _TOO_LITTLE_BYTES:
        return _fail("disk", text, "Make room: results are kept on this disk.")
    if facts.free_bytes < _LITTLE_BYTES:
        return _warn("disk", text, "Make room soon: results are kept on this disk.")
    return _pass("disk", text)


def _settings(facts: Facts, problem: str) -> Check:
    if not facts.settings:
        return _warn("settings", "there is no branchline.yaml", "Type: branchline init")
    if problem:
        return _fail("settings", problem, "Mend it; `branchline plan` shows all of it.")
    return _pass("settings", facts.settings)


def _history(facts: Facts) -> Check:
    if facts.is_shallow:
        return _warn(
            "history",
            "this clone is shallow: decisions are the same, explanations may miss older runs",
            "If you want them, type: git fetch --unshallow",
        )
    return _pass("history", "complete")


def _lock_file(facts: Facts) -> Check:
    if not facts.lock_files:
        return _warn(
            "environment",
            "no lock or requirement file: the versions of your libraries are in no key",
            "Type: pip freeze > requirements.txt",
        )
    first = facts.lock_files[0]
    if first in ("requirements.txt", "environment.yml", "environment.yaml"):
        return _pass("environment", f"{first} (a lock file would pin what it leaves open)")
    return _pass("environment", first)


def _store(facts: Facts) -> Check:
    kind = "DVC's cache" if facts.has_dvc else "no DVC here; our own store"
    where = f"{facts.store} ({kind})"
    wanted = list(facts.cache_types) or ["reflink", "copy"]
    if "hardlink" in wanted and facts.can_hardlink is False:
        return _warn(
            "store",
            f"{where}: cache.type asks for hard links, which this disk has not",
            "Type: dvc config cache.type reflink,copy",
        )
    if facts.can_reflink:
        return _pass("store", f"{where}, linked copy-on-write: large files take no second space")
    if wanted[0] in ("hardlink", "symlink"):
        return _pass("store", f"{where}, {wanted[0]}s")
    return _warn(
        "store",
        f"{where}: this disk has no copy-on-write, so every output is kept twice",
        "For large data, set `link: hardlink` in branchline.yaml; linked files are read only.",
    )


def _large_files(facts: Facts) -> Check:
    if not facts.large_files:
        return _pass("large files", "git tracks none above 10 MB")
    path, size = facts.large_files[0]
    more = f" and {len(facts.large_files) - 1} more" if facts.large_files[1:] else ""
    return _warn(
        "large files",
        f"git tracks {path} ({size / 1e6:.0f} MB){more}",
        f"Type: git rm --cached {path}, and declare it as an output or track it with DVC.",
    )


def _stale_locks(facts: Facts) -> Check:
    if not facts.stale_locks:
        return _pass("locks", "none left behind")
    names = " ".join(facts.stale_locks)
    return _warn("locks", f"left behind by a process that is gone: {names}", f"Type: rm {names}")


def _records(facts: Facts) -> Check:
    if facts.runs is None:
        return _warn("records", "git did not list them", "Type: git for-each-ref refs/branchline")
    if facts.runs == 0:
        return _pass("records", "no runs yet (`branchline records fetch` gets your team's)")
    return _pass("records", f"{facts.runs} run{'' if facts.runs == 1 else 's'}")


def _team_files(facts: Facts) -> list[Check]:
    """What the team's own workflows, branches and documents do otherwise than it seems."""
    from branchline.flows.traps import traps_of_branches, traps_of_trust, traps_of_workflow

    names = [*facts.branches, *(b for theirs in facts.remote_branches.values() for b in theirs)]
    checks = []
    if facts.workflows:
        found = [
            trap
            for path, content in facts.workflows
            for trap in traps_of_workflow(path, content, branches=names)
        ]
        count = len(facts.workflows)
        said = (
            "1 file, and no known trap in it"
            if count == 1
            else f"{count} files, and no known trap in them"
        )
        checks += _trapped("workflows", found) or [_pass("workflows", said)]
    found = [
        trap for path, content in facts.trust_documents for trap in traps_of_trust(path, content)
    ]
    checks += _trapped("trust", found)
    return checks + _trapped(
        "branches", list(traps_of_branches(facts.branches, facts.remote_branches))
    )


def _trapped(name: str, traps: Sequence[Trap]) -> list[Check]:
    checks = []
    for trap in traps[:_MOST_TRAPS]:
        said = f"{trap.place}: {trap.sentence}" if trap.place else trap.sentence
        checks.append(
            _fail(name, said, trap.todo) if trap.is_certain else _warn(name, said, trap.todo)
        )
    if len(traps) > _MOST_TRAPS:
        more = len(traps) - _MOST_TRAPS
        checks.append(_warn(name, f"and {more} more", "Mend these first, then look again."))
    return checks


def _tracing(facts: Facts) -> Check:
    if facts.has_strace:
        return _pass("tracing", "strace works: `trace: strace` sees the reads of every library")
    return _pass(
        "tracing",
        "by Python's own hooks; reads of native libraries need strace (apt install strace)",
    )


def _gpu(facts: Facts) -> Check:
    if facts.gpus is None:
        return _pass("gpu", "no NVIDIA driver here; stages that ask for gpus need another machine")
    if not facts.gpus:
        return _warn("gpu", "there is a driver and no device", "Type: nvidia-smi")
    return _pass("gpu", "; ".join(facts.gpus))


def _pass(name: str, sentence: str) -> Check:
    return Check(name=name, health=Health.PASS, sentence=sentence)


def _warn(name: str, sentence: str, todo: str) -> Check:
    return Check(name=name, health=Health.WARN, sentence=sentence, todo=todo)


def _fail(name: str, sentence: str, todo: str) -> Check:
    return Check(name=name, health=Health.FAIL, sentence=sentence, todo=todo)
