"""Port `trials`: what a search and a process that makes trials for it say to each other.

A message is a JSON object with one entry, on a line of its own: `open`, `ask` one way; `ready`,
`say`, `show`, `done`, `refused` the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.core.run.pruning import TrialSteps
from branchline.core.run.studies import trial_from_json, trial_to_json
from branchline.ports.trials import TrialAsk, TrialDone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.values import JsonValue


def ask_to_json(ask: TrialAsk) -> dict[str, JsonValue]:
    """A trial to make, as JSON."""
    return {
        "number": ask.number,
        "title": ask.title,
        "label": ask.label,
        "point": dict(ask.point),
        "seeds": list(ask.seeds),
        "best": list(ask.best),
        "pooled": ask.pooled,
        "may_stop": ask.may_stop,
        "others": [_steps_to_json(other) for other in ask.others],
    }


def ask_from_json(value: Mapping[str, Any]) -> TrialAsk:
    """A trial to make, of its JSON.

    Raises:
        ValueError, KeyError, TypeError: It is none.
    """
    return TrialAsk(
        number=int(value["number"]),
        title=str(value["title"]),
        label=str(value["label"]),
        point=dict(value["point"]),
        seeds=tuple(None if seed is None else int(seed) for seed in value["seeds"]),
        best=tuple(float(number) for number in value["best"]),
        pooled=None if value["pooled"] is None else float(value["pooled"]),
        may_stop=bool(value["may_stop"]),
        others=tuple(_steps_from_json(other) for other in value["others"]),
    )


def _steps_to_json(steps: TrialSteps) -> JsonValue:
    """As JSON; NaN and the infinities are texts."""
    rows: list[JsonValue] = [
        [step, value if value - value == 0 else str(value)] for step, value in steps.steps
    ]
    return [steps.number, steps.is_finished, rows]


def _steps_from_json(value: Sequence[Any]) -> TrialSteps:
    number, is_finished, rows = value
    return TrialSteps(
        number=int(number),
        steps=tuple((int(step), float(item)) for step, item in rows),
        is_finished=bool(is_finished),
    )


def done_to_json(done: TrialDone) -> dict[str, JsonValue]:
    """What came of a trial, as JSON."""
    return {
        "trial": None if done.trial is None else trial_to_json(done.trial),
        "read": dict(done.read),
    }


def done_from_json(ask: TrialAsk, value: Mapping[str, Any]) -> TrialDone:
    """What came of a trial, of its JSON.

    Raises:
        ValueError, KeyError, TypeError: It is none.
    """
    trial = value["trial"]
    return TrialDone(
        ask=ask,
        trial=None if trial is None else trial_from_json(trial),
        read={str(path): str(digest) for path, digest in value["read"].items()},
    )
