"""Flow of a box: judges how it stands; each finding says what to type."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.errors import BranchlineError, ConfigError
from branchline.flows.doctor import Check, Health
from branchline.flows.job_settings import job_settings, unknown_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.flows.box import Box
    from branchline.ports.box import BoxFacts

_TOO_LITTLE_BYTES = 500_000_000
_LITTLE_BYTES = 5_000_000_000
_TRIES = 3
"""So often an effect that is well may fail, too: a server restarts."""


def check_box(box: Box, hooks: Mapping[str, str], *, version: str) -> tuple[Check, ...]:
    """Judge a box.

    Args:
        box: The box.
        hooks: The hooks as they would be written now.
        version: Of the Branchline that looks.
    """
    facts = box.box.facts()
    again = f"Write them again: branchline remote add {box.settings.name} {box.path}"
    return (
        _hooks(box, hooks, again),
        _python(facts, version, again),
        _git(box, facts, again),
        _files(facts, again),
        _disk(facts),
        _jobs(box),
        _ledger(box),
        _effects(box),
        _worker(box, facts),
    )


def _hooks(box: Box, hooks: Mapping[str, str], again: str) -> Check:
    found = box.box.hooks()
    missing = [name for name in hooks if name not in found]
    if missing:
        return _fail("hooks", f"{', '.join(missing)}: not there, or not executable", again)
    old = [name for name, text in hooks.items() if found[name] != text]
    if old:
        return _fail("hooks", f"{', '.join(old)}: not as this Branchline writes it", again)
    return _pass("hooks", "ours and current")


def _python(facts: BoxFacts, version: str, again: str) -> Check:
    if not facts.version:
        return _fail("interpreter", f"does not start Branchline: {facts.complaint}", again)
    if facts.version != version:
        sentence = f"has Branchline {facts.version}, this one is {version}"
        return Check(name="interpreter", health=Health.WARN, sentence=sentence, todo=again)
    return _pass("interpreter", f"Branchline {facts.version}")


def _git(box: Box, facts: BoxFacts, again: str) -> Check:
    wanted = box.settings.default_branch
    if facts.head != wanted:
        sentence = f"HEAD is {facts.head or 'detached'}, the settings say {wanted}"
        return _fail(
            "repository", sentence, f"git -C {box.path} symbolic-ref HEAD refs/heads/{wanted}"
        )
    if facts.git.get("core.hooksPath") != f"{box.path}/hooks":
        return _fail("repository", "core.hooksPath leads away from the hooks", again)
    if facts.git.get("receive.advertisePushOptions") != "true":
        return _fail("repository", "takes no push options (-o train=force)", again)
    commit = box.branches.head(wanted)
    if commit is None:
        sentence = f"does not hold its default branch `{wanted}` yet: built-in branch rules count"
        todo = f"Push it: git push {box.settings.name} {wanted}"
        return Check(name="repository", health=Health.WARN, sentence=sentence, todo=todo)
    return _pass("repository", f"`{wanted}` is at {commit[:10]}")


def _disk(facts: BoxFacts) -> Check:
    sentence = f"{facts.free_bytes / 1e9:.1f} GB free"
    if facts.free_bytes < _TOO_LITTLE_BYTES:
        return _fail("disk", sentence, "Make room before the next push.")
    if facts.free_bytes < _LITTLE_BYTES:
        return Check(name="disk", health=Health.WARN, sentence=sentence, todo="Make room soon.")
    return _pass("disk", sentence)


def _files(facts: BoxFacts, again: str) -> Check:
    if facts.missing:
        return _fail("files", f"{', '.join(facts.missing)}: not there", again)
    if facts.closed:
        todo = "Give them back to the account that works for the box (chown -R), and let it write."
        return _fail("files", f"{', '.join(facts.closed)}: cannot be written", todo)
    return _pass("files", "can be written")


def _jobs(box: Box) -> Check:
    place = f"{box.box.state_dir}/box.json"
    try:
        job_settings(box.settings.more)
    except ConfigError as error:
        return _fail("jobs", error.message, f"Correct {place}.")
    unknown = unknown_keys(box.settings.more)
    if unknown:
        sentence = f"box.json: nobody reads {', '.join(unknown)}"
        return Check(name="jobs", health=Health.WARN, sentence=sentence, todo=f"Look at {place}.")
    return _pass("jobs", "their settings can be used")


def _effects(box: Box) -> Check:
    try:
        stuck = [e for e in box.queue.due_effects(at=math.inf, limit=1000) if e.tries >= _TRIES]
    except BranchlineError as error:
        return _fail("effects", error.message, error.todo)
    if stuck:
        first = stuck[0]
        more = f", and {len(stuck) - 1} more" if len(stuck) > 1 else ""
        sentence = f"{first.identity} failed {first.tries} times: {first.error}{more}"
        return _fail("effects", sentence, "Mend what it says; it is tried again by itself.")
    return _pass("effects", "none is stuck")


def _ledger(box: Box) -> Check:
    try:
        heads = box.queue.heads()
    except BranchlineError as error:
        return _fail("ledger", error.message, error.todo)
    return _pass("ledger", f"opens, knows {len(heads)} branches")


def _worker(box: Box, facts: BoxFacts) -> Check:
    worker = box.box.worker()
    waiting = f"{facts.spooled} pushes wait in the spool"
    if facts.bad:
        return Check(
            name="worker",
            health=Health.WARN,
            sentence=f"{facts.bad} files of the spool were written by no hook of ours",
            todo=f"Look at them, and remove them: {box.box.state_dir}/spool/bad",
        )
    if worker is not None:
        return _pass("worker", f"at work (pid {worker.pid}); {waiting}")
    if facts.spooled:
        last = f": {facts.worker_words[-1]}" if facts.worker_words else ""
        return _fail(
            "worker",
            f"none is at work, and {waiting}{last}",
            f"Start one and see what it says: branchline -C {box.path} serve",
        )
    return _pass("worker", "none is at work; a push starts one")


def _pass(name: str, sentence: str) -> Check:
    return Check(name=name, health=Health.PASS, sentence=sentence)


def _fail(name: str, sentence: str, todo: str) -> Check:
    return Check(name=name, health=Health.FAIL, sentence=sentence, todo=todo)
