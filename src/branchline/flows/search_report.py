"""What a search found, as its reports take it. Serves the flows `tune` and `training_pull`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.render.search.facts import Searched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.policy import Goal
    from branchline.core.run.trials import Trial
    from branchline.core.values import JsonValue
    from branchline.flows.search import Search


def searched_of(
    asked: Search,
    trials: Sequence[Trial],
    current: Mapping[str, JsonValue],
    *,
    model: str = "",
    duration_s: float = 0.0,
    is_stopped: bool = False,
) -> Searched:
    """What a search found.

    Args:
        asked: The search.
        trials: Its trials, best first.
        current: Values that were set when it began.
        model: Whose values they are; "" for a project with one.
        duration_s: What it took; 0 when nobody took the time.
        is_stopped: Whether it ended before its trials did.
    """
    again = f"branchline tune --trials {asked.trials} --seed {asked.seed}" if asked.space else ""
    return Searched(
        metric=asked.metric,
        goal=asked.goal,
        objectives=objectives_of(asked),
        trials=tuple(trials),
        space=asked.space,
        current=current,
        duration_s=duration_s,
        command=asked.command or again,
        title=model,
        is_stopped=is_stopped,
    )


def objectives_of(asked: Search) -> tuple[tuple[str, Goal], ...]:
    """(metric, goal) of each objective where there are several; else empty."""
    if not asked.more:
        return ()
    return ((asked.metric, asked.goal), *((one.metric, one.goal) for one in asked.more))
