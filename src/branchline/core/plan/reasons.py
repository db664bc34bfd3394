"""Station `plan`: the sentences of a decision. They name the input and what happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.changes.values import ChangeEffect
from branchline.core.plan.values import ABSENT, PRESENT
from branchline.core.plan.view import READING_SUFFIX, Where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.changes.values import Change
    from branchline.core.pipeline import Stage
    from branchline.core.plan.lock_match import LockMatch
    from branchline.core.plan.values import Observed, Result
    from branchline.core.plan.view import Availability, View


def elsewhere(found: Availability) -> tuple[str, ...]:
    """Remarks on outputs that another machine keeps: a plan trusts the result, a run needs files.

    A clone that is answered at once says the same without having asked its remotes.
    """
    if found.where is not Where.ELSEWHERE:
        return ()
    return (
        f"`{found.missing[0]}` is not on this machine: its result is known, and `branchline run`"
        " makes it again, unless a remote has it",
    )


def lock_name(stage: Stage) -> str:
    """The lock file that speaks of a stage: `branchline.lock` where `stages:` stand inline."""
    return "branchline.lock" if stage.file.endswith("branchline.yaml") else "dvc.lock"


def narrowed(match: LockMatch) -> tuple[str, ...]:
    """Remarks on what dvc.lock knows and the stage no longer declares."""
    if not match.narrowed:
        return ()
    names = ", ".join(f"`{name}`" for name in match.narrowed)
    return (f"the definition is narrower than dvc.lock, which also names {names}",)


def two_readings(view: View) -> tuple[str, ...]:
    """Remarks on parameters of which dvc.lock cannot say how they were spelled."""
    names = [i.name for i in view.inputs if i.name.endswith(READING_SUFFIX)]
    if not names:
        return ()
    rest = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return (
        f"`{names[0].removesuffix(READING_SUFFIX)}`{rest} is another value to a reader of YAML 1.1"
        f" such as PyYAML (`1e-3` is text to it); {lock_name(view.stage)} cannot say how it was"
        " spelled when the stage ran: if that changed since, run it with --force",
    )


def restored(found: Availability) -> str:
    """The half-sentence that names what comes back from where; "" for nothing."""
    if not found.restore:
        return ""
    more = len(found.restore) - 1
    if found.where is Where.REMOTE:
        rest = f" and {more} more are" if more else " is"
        return f"; `{found.restore[0]}`{rest} fetched from a remote"
    if more:
        return f"; `{found.restore[0]}` and {more} more come back from the store"
    return f"; `{found.restore[0]}` comes back from the store"


_EXISTS = "exists for these inputs"


def gone(found: Availability, result: Result) -> str:
    """A result exists, but not its outputs; gone is only what this store once had."""
    path = found.missing[0] if found.missing else "an output"
    made = f" of run {result.run}" if result.run else ""
    where = "is gone from the store"
    if found.where is Where.ELSEWHERE:
        where = "is not on this machine"
    elif not result.store:  # dvc.lock and the run cache do not say whose store had it
        where = "is not in the store"
    return f"a result{made} {_EXISTS}, but `{path}` {where}"


def moved_read(seen: Observed, by: str) -> str:
    """Something that a run read, or looked for, is not as it was."""
    if seen.digest == ABSENT:
        return f"`{seen.path}`, which {by} looked for in vain, is there now"
    if seen.digest == PRESENT:
        return f"`{seen.path}`, which {by} found, is gone"
    return f"`{seen.path}`, which {by} read, changed"


def uncovered(paths: tuple[str, ...]) -> str:
    """Code or environment in use of which the lock file knows nothing."""
    rest = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
    return f"`{paths[0]}`{rest} is used but not declared, so the lock file cannot say what it held"


def why_reuse(view: View, changes: tuple[Change, ...], result: Result, found: Availability) -> str:
    """Why a recorded result serves."""
    cosmetic = [c for c in changes if c.effect is ChangeEffect.COSMETIC]
    other = [c for c in changes if c.effect in (ChangeEffect.MODEL, ChangeEffect.UNKNOWN)]
    by = f"run {result.run}" if result.run else "an earlier run"
    if cosmetic and not other:
        reason = sentences(cosmetic)
    elif other or (view.last is not None and view.last.key != result.key):
        reason = f"{by} made the result for exactly these inputs"
    else:
        reason = "nothing changed"
    return reason + restored(found)


def why_run(view: View, changes: tuple[Change, ...], refusals: list[str]) -> str:
    """Why there is nothing to reuse: what changed, else what stood in the way.

    A result for exactly these inputs comes first: what changed since another run did not matter.
    """
    known = next((refusal for refusal in refusals if _EXISTS in refusal), "")
    if known:
        return known
    own = [c for c in changes if c.effect in (ChangeEffect.MODEL, ChangeEffect.UNKNOWN)]
    if own:
        return sentences(own)
    if refusals:
        return refusals[0]
    if view.last is not None or view.lock is not None:
        return "no result is recorded for these inputs"
    return "no result yet"


def sentences(changes: Sequence[Change]) -> str:
    """The first change, and how many more."""
    first = changes[0].sentence
    return first if len(changes) == 1 else f"{first} (and {len(changes) - 1} more)"
