"""Station `plan`: one stage's decision, run, may run, reuse or skip, and the sentence why.

Pure: what must be looked up (records, the run cache, whether outputs can be had) is asked through
`Lookups`. The order of the questions is the order of trust: a rule of the user's, inputs that are
not known yet, our own records, dvc.lock, DVC's run cache. Whatever is not known means run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.changes.values import Change, ChangeEffect, InputKind
from branchline.core.pipeline import LockEntry
from branchline.core.plan.lock_match import match_lock
from branchline.core.plan.reasons import (
    elsewhere,
    gone,
    lock_name,
    moved_read,
    narrowed,
    restored,
    sentences,
    two_readings,
    uncovered,
    why_reuse,
    why_run,
)
from branchline.core.plan.values import Action, Produced, Result, Source, StagePlan
from branchline.core.plan.view import (
    MODE_SUFFIX,
    READING_SUFFIX,
    Availability,
    View,
    Where,
)

if TYPE_CHECKING:
    from branchline.core.changes.values import Input
    from branchline.core.pipeline import Stage
    from branchline.core.plan.view import Lookups

_NOTHING = Result(key="", stage="", inputs=(), outs=(), entry=LockEntry(cmd=None))


def decide(view: View, ask: Lookups) -> StagePlan:
    """Decide one stage.

    Args:
        view: What is known.
        ask: How to find out the rest; asked as late and as little as possible.
    """
    stage = view.stage
    changes = tuple(ask.changes(view.last.inputs, view.inputs)) if view.last else ()
    if view.last is not None:
        changes += _observed_changes(view.last, ask)
    make = _Maker(view, changes)
    frozen = _frozen(make, ask) if stage.frozen else None
    if frozen is not None:
        return frozen
    if view.force:
        return make.plan(Action.RUN, view.force)
    is_bare = not (stage.deps or stage.outs or stage.params or stage.is_test)
    if stage.always_changed or is_bare:
        return make.plan(Action.RUN, "always runs, as its definition says")
    if view.key is None:
        return _pending(make)
    refusals: list[str] = []
    offers = [
        *_by_record(make, ask, refusals),
        *_by_lock(make, ask, refusals),
        *_by_bytes(make, ask, refusals),
    ]
    if offers:
        # The first offer whose outputs already stand in the workspace wins: nothing to move.
        return min(offers, key=lambda offer: offer[0])[1]
    return _by_run_cache(make, ask, refusals) or make.plan(
        Action.RUN, why_run(view, changes, refusals)
    )


class _Maker:
    """Fills in what all plans of one stage share."""

    def __init__(self, view: View, changes: tuple[Change, ...]) -> None:
        self.view = view
        self.changes = changes
        # A record says that the result depends on what DVC's files do not name, and that it moved.
        self.is_contradicted = False

    def plan(
        self,
        action: Action,
        reason: str,
        *,
        result: Result | None = None,
        source: Source | None = None,
        restore: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> StagePlan:
        view = self.view
        return StagePlan(
            stage=view.stage.address,
            action=action,
            reason=reason,
            key=view.key,
            changes=self.changes,
            compared_with=view.last.run if view.last else ("dvc.lock" if view.lock else ""),
            result=result,
            source=source,
            restore=restore,
            inputs=view.inputs,
            observed=(result or view.last or _NOTHING).observed,
            after=view.after,
            notes=view.notes + notes,
            estimate_s=view.last.duration_s if view.last else None,
        )


def _frozen(make: _Maker, ask: Lookups) -> StagePlan | None:
    """A frozen stage that dvc.lock knows; None when it must be decided like any other.

    Frozen means that changes of inputs do not count. A command that changed, an output that nobody
    ever made or that is lost, still have to be made.
    """
    view = make.view
    stage, lock = view.stage, view.lock
    command = stage.cmd if stage.cmd_is_list else "\n".join(stage.cmd)
    if lock is None or lock.cmd != command:
        return None
    needed = {out.spelled for out in stage.outs if not out.is_optional}
    if not needed <= {item.spelled for item in lock.outs}:
        return None
    result = result_of_entry(stage, view.inputs, lock, view.key or "")
    found = ask.availability(result.outs, store=None)
    if found.where is Where.HERE:
        return make.plan(Action.SKIP, "frozen in its definition")
    if not _serves(found, view):
        return None
    return make.plan(
        Action.REUSE,
        "frozen in its definition" + restored(found),
        result=result,
        source=Source.LOCK,
        restore=found.restore,
        notes=elsewhere(found),
    )


def _pending(make: _Maker) -> StagePlan:
    own = [c for c in make.changes if c.effect in (ChangeEffect.MODEL, ChangeEffect.UNKNOWN)]
    waiting = {path for path, _ in make.view.pending}
    own = [c for c in own if c.name not in waiting]
    if own:
        return make.plan(Action.RUN, sentences(own))
    if not make.view.pending:  # without a key and with nothing to wait for: an input is nowhere
        return make.plan(Action.RUN, "an input is missing")
    path, maker = make.view.pending[0]
    more = len(make.view.pending) - 1
    rest = f" (and {more} more)" if more else ""
    return make.plan(
        Action.MAY_RUN, f"needs `{path}`{rest}, which `{maker}` makes anew; runs if that differs"
    )


_RANK = {where: rank for rank, where in enumerate(Where)}
_Offer = tuple[int, StagePlan]


def _by_record(make: _Maker, ask: Lookups, refusals: list[str]) -> list[_Offer]:
    view = make.view
    offers: list[_Offer] = []
    for result in ask.recorded(view.key or ""):
        if not view.stage.leaves(out.path for out in result.outs):
            continue  # the key holds these paths: whoever wrote this record did not make it so
        moved = [seen for seen in result.observed if not ask.holds(seen)]
        if moved:
            refusals.append(moved_read(moved[0], f"run {result.run or '?'}"))
            make.is_contradicted = True
            continue
        found = ask.availability(result.outs, store=result.store)
        if not _serves(found, view):
            refusals.append(gone(found, result))
            continue
        if found.where is not Where.HERE and any(out.persist for out in view.stage.outs):
            # A persistent output grows from run to run: an older one must not replace it.
            refusals.append(f"`{(found.restore or found.missing)[0]}` persists and has moved on")
            continue
        plan = make.plan(
            Action.REUSE,
            why_reuse(view, make.changes, result, found),
            result=result,
            source=Source.RECORD,
            restore=found.restore,
            notes=elsewhere(found),
        )
        offers.append((_RANK[found.where], plan))
        if found.where is Where.HERE:
            break
    return offers


def _by_lock(make: _Maker, ask: Lookups, refusals: list[str]) -> list[_Offer]:
    view = make.view
    if view.lock is None or view.entry is None or make.is_contradicted:
        return []
    if _surroundings_moved(make.changes):
        return []
    match = match_lock(_as_left(view.stage, view.entry, view.lock), view.lock)
    if not match.is_equal:
        if view.last is None:
            refusals.extend(match.reasons)
        return []
    if view.uncovered:
        refusals.append(uncovered(view.uncovered))
        return []
    result = result_of_entry(view.stage, view.inputs, view.lock, view.key or "")
    found = ask.availability(result.outs, store=None)
    if not _serves(found, view):
        refusals.append(gone(found, result))
        return []
    plan = make.plan(
        Action.REUSE,
        f"{lock_name(view.stage)} holds a result for exactly these inputs" + restored(found),
        result=result,
        source=Source.LOCK,
        restore=found.restore,
        notes=(*elsewhere(found), *narrowed(match), *two_readings(view)),
    )
    return [(_RANK[found.where], plan)]


def _as_left(stage: Stage, entry: LockEntry, lock: LockEntry) -> LockEntry:
    """The entry without the optional outputs that the run of dvc.lock did not leave."""
    left = {item.spelled for item in lock.outs}
    absent = {out.spelled for out in stage.outs if out.is_optional} - left
    if not absent or not left:
        return entry
    return replace(entry, outs=tuple(o for o in entry.outs if o.spelled not in absent))


def _by_bytes(make: _Maker, ask: Lookups, refusals: list[str]) -> list[_Offer]:
    """The last result, when it was recorded under a key of another version of our reading.

    Equal bytes of the same inputs mean an equal result, however their meaning is digested: raising
    `ALGORITHM` retrains nothing.
    """
    last = make.view.last
    if last is None or last.key == make.view.key or not _same_bytes(make.view, last):
        return []
    if not all(ask.holds(seen) for seen in last.observed):
        return []
    found = ask.availability(last.outs, store=last.store)
    if not _serves(found, make.view):
        refusals.append(gone(found, last))
        return []
    plan = make.plan(
        Action.REUSE,
        f"the same bytes as in run {last.run}" + restored(found),
        result=last,
        source=Source.RECORD,
        restore=found.restore,
        notes=elsewhere(found),
    )
    return [(_RANK[found.where], plan)]


def _same_bytes(view: View, last: Result) -> bool:
    # The same path spelled the same way means the same working directory, which has no input.
    outs = {(out.path, out.spelled) for out in view.stage.outs}
    left = {(out.path, out.spelled) for out in last.outs}
    if not left or not left <= outs or not view.stage.leaves(path for path, _ in left):
        return False
    if isinstance(last.entry.cmd, str) == view.stage.cmd_is_list:
        return False  # A list runs each line in a shell of its own.
    before = {(item.kind, item.name): item for item in last.inputs}
    if not before.keys() <= {(item.kind, item.name) for item in view.inputs}:
        return False
    seen = {item.path: item.digest for item in last.observed}
    for item in view.inputs:
        earlier = before.get((item.kind, item.name))
        if earlier is None:
            # The run was seen to read it; since then git tracks it, so that now it counts itself.
            if item.digest is None or seen.get(item.name) != item.digest:
                return False
            continue
        known = item.exact if item.exact is not None else item.digest
        if known is None or known != (earlier.exact if item.exact is not None else earlier.digest):
            return False
        if _link_target(item) != _link_target(earlier):
            return False
    return True


def _link_target(item: Input) -> str:
    """Where a link in the code points: it stands behind the digest, and in no bytes."""
    return (item.digest or "").partition(">")[2]


def _by_run_cache(make: _Maker, ask: Lookups, refusals: list[str]) -> StagePlan | None:
    view = make.view
    if view.entry is None or view.uncovered or make.is_contradicted:
        return None
    if _surroundings_moved(make.changes):
        return None
    cached = ask.run_cached(view.entry)
    if cached is None:
        return None
    result = result_of_entry(view.stage, view.inputs, cached, view.key or "")
    found = ask.availability(result.outs, store=None)
    if found.where not in (Where.HERE, Where.STORE, Where.REMOTE):
        refusals.append(gone(found, result))
        return None
    return make.plan(
        Action.REUSE,
        "DVC's run cache holds a result for exactly these inputs" + restored(found),
        result=result,
        source=Source.RUN_CACHE,
        restore=found.restore,
    )


def result_of_entry(stage: Stage, inputs: tuple[Input, ...], entry: LockEntry, key: str) -> Result:
    """A result as dvc.lock or the run cache tells it: nothing known but the contents."""
    outs = {out.spelled: out for out in stage.outs}
    return Result(
        key=key,
        stage=stage.address,
        inputs=inputs,
        outs=tuple(
            Produced(
                path=outs[item.spelled].path,
                spelled=item.spelled,
                content=item.content,
                kind=outs[item.spelled].kind.value,
                cached=outs[item.spelled].cache,
            )
            for item in entry.outs
            if item.spelled in outs
        ),
        entry=entry,
    )


def _surroundings_moved(changes: tuple[Change, ...]) -> bool:
    """Whether something moved of which DVC's files know nothing.

    That is Python, variables, an x bit, and what a reader of YAML 1.1 makes of a parameter.
    """
    return any(
        change.effect in (ChangeEffect.MODEL, ChangeEffect.UNKNOWN)
        and (
            change.kind in (InputKind.ENVIRONMENT, InputKind.VARIABLE)
            or change.name.endswith((MODE_SUFFIX, READING_SUFFIX))
        )
        for change in changes
    )


def _serves(found: Availability, view: View) -> bool:
    if found.where is Where.GONE:
        return False
    return found.where is not Where.ELSEWHERE or view.trust_elsewhere


def _observed_changes(last: Result, ask: Lookups) -> tuple[Change, ...]:
    return tuple(
        Change(
            kind=InputKind.DATA,
            name=item.path,
            effect=ChangeEffect.MODEL,
            sentence=moved_read(item, "the last run"),
        )
        for item in last.observed
        if not ask.holds(item)
    )
