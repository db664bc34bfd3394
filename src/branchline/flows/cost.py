"""Verb: cost. Reads what recorded runs took, and what the stages took that did not run again.

Records are all that it needs: it opens no store, plans nothing and trains nothing.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING

from branchline.core.run.costs import ChanceCost, Costs, RunCost, StageCost
from branchline.core.verdict.noise.trainings import content_in
from branchline.errors import UsageError
from branchline.flows.history import view_of
from branchline.flows.recorded_trainings import recorded_trainings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.evidence import StageFacts
    from branchline.core.plan.replay import Price
    from branchline.core.values import JsonValue
    from branchline.core.verdict.noise.trainings import Training
    from branchline.ports.records import Records
    from branchline.render.run_view import RunView

_FILES = ("run.json", "plan.json", "evidence.json")
_COUNTS = ("model", "unknown")
_COSMETIC = "cosmetic"


def costs(records: Records, *, price: Price | None, since: str = "", until: str = "") -> Costs:
    """What the recorded runs cost.

    Args:
        records: Of a clone, fetched or its own, or of a box.
        price: Of the machine that ran them; None leaves money out.
        since: First day, as `2026-01-31`; "" for no limit.
        until: Last day, itself included.

    Raises:
        UsageError: No such day.
    """
    first, behind = _day(since, "--since"), _day(until, "--until")
    if behind:
        behind = (date.fromisoformat(behind) + timedelta(days=1)).isoformat()
    views = [view_of(stored) for stored in records.runs(names=_FILES)]
    readable = [view for view in views if not view.problems]
    found = [_run(view) for view in readable]
    branches = {view.commit: view.branch or "" for view in readable if view.commit}
    branches |= {content_in(view.evidence): view.branch or "" for view in readable}
    chance = [
        _chance(one, branches)
        for one in recorded_trainings(records)
        # A run is kept among them as well, as the first of its content: it is counted already.
        if one.seed is not None or one.again or one.content not in branches
    ]
    is_bounded = bool(first or behind)

    def is_in(at: str) -> bool:
        return not is_bounded or (bool(at) and at >= first and (not behind or at < behind))

    return Costs(
        runs=tuple(sorted((run for run in found if is_in(run.at)), key=lambda run: run.at)),
        chance=tuple(one for one in chance if is_in(one.at)),
        price=price,
        unreadable=len(views) - len(readable),
        undated=sum(not run.at for run in found) if is_bounded else 0,
    )


def _run(view: RunView) -> RunCost:
    changes = {
        stage["stage"]: stage.get("changes")
        for stage in _items(view.plan.get("stages"))
        if isinstance(stage.get("stage"), str)
    }
    return RunCost(
        run=view.run,
        model=view.model,
        branch=view.branch or "",
        at=view.started_at,
        seconds=_known(view.duration_s),
        stages=tuple(_stage(facts, changes.get(facts.stage)) for facts in view.evidence.stages),
    )


def _stage(facts: StageFacts, changes: JsonValue) -> StageCost:
    effects = [change.get("effect") for change in _items(changes)]
    return StageCost(
        stage=facts.stage,
        ran=facts.action == "run",
        seconds=_known(facts.duration_s),
        is_changed=any(effect in _COUNTS for effect in effects),
        is_cosmetic=_COSMETIC in effects,
    )


def _known(seconds: float) -> float | None:
    """Records write 0 where nobody took the time: results of dvc.lock and of DVC's run cache."""
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _chance(training: Training, branches: Mapping[str, str]) -> ChanceCost:
    return ChanceCost(
        model=training.model,
        branch=branches.get(training.content) or branches.get(training.commit, ""),
        at=training.at,
        seconds=_known(training.duration_s),
    )


def _items(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _day(word: str, option: str) -> str:
    if not word:
        return ""
    try:
        return date.fromisoformat(word).isoformat()
    except ValueError:
        raise UsageError(
            f"branchline cost: {option} {word} is no day",
            todo=f"Write year, month and day: {option} 2026-01-31.",
        ) from None
