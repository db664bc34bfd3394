"""Searches for the tests of their reports: nothing random, every state, hostile names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from branchline.core.policy import Goal
from branchline.core.run.trials import Trial, TrialState, ranked
from branchline.render.search.facts import Searched

if TYPE_CHECKING:
    from branchline.core.values import JsonValue

ATTACKS = (
    "<script>alert(1)</script>",
    '" onload="x',
    "'><img src=x>",
    "`</code><b>",
    "a\x1b[31m|b\n```\n@all #1 https://x.example www.x.example",
    "\\`|",
)
SPACE: dict[str, Any] = {
    "train.lr": {"float": [1e-4, 1e-1], "log": True},
    "train.depth": {"int": [2, 12]},
    "train.kind": ["forest", "logistic"],
    "train.trees": {"int": [10, 200], "when": {"train.kind": "forest"}},
    "train.seed": [7],
}
CURRENT: dict[str, JsonValue] = {
    "train.lr": 0.05, "train.depth": 4, "train.kind": "forest", "train.trees": 100, "train.seed": 7,
}  # fmt: skip


def part(number: int, place: int) -> float:
    """A number in [0, 1) that looks like chance and is none."""
    return (number * (0.6180339887 + 0.1414213 * place) + 0.37 * place) % 1.0


def params_of(number: int) -> dict[str, JsonValue]:
    """The values of a trial."""
    if number == 0:
        return dict(CURRENT)
    kind = "forest" if part(number, 2) < 0.6 else "logistic"
    found: dict[str, JsonValue] = {
        "train.lr": float(f"{10 ** (-4 + 3 * part(number, 0)):.4g}"),
        "train.depth": 2 + int(11 * part(number, 1)),
        "train.kind": kind,
        "train.seed": 7,
    }
    if kind == "forest":
        found["train.trees"] = 10 + int(190 * part(number, 3))
    return found


def score_of(params: dict[str, JsonValue], number: int) -> float:
    """The objective: most of it is `lr`, some `depth`, a little `kind`."""
    rate, depth = params["train.lr"], params["train.depth"]
    assert isinstance(rate, float)
    assert isinstance(depth, int)
    score = 0.93 - 0.03 * (math.log10(rate) + 2) ** 2 - 0.0045 * (depth - 7) ** 2
    return round(score + 0.01 * (params["train.kind"] == "forest") + 0.004 * part(number, 4), 5)


def trial_of(number: int) -> Trial:
    """A trial; some fail, some are pruned, some break the constraint."""
    params = params_of(number)
    score = score_of(params, number)
    steps = tuple(
        (step, round(score - 0.3 / step, 5)) for step in range(1, 4 if number % 6 == 5 else 21)
    )
    state, detail, value = TrialState.SUCCEEDED, "", score
    if number % 17 == 3:
        state, detail = TrialState.FAILED, "`train`: exit code 137, out of memory"
    elif number % 19 == 4:
        state, detail = TrialState.REFUSED, f"`latency_ms` is {20 + number}.5, outside"
    elif number % 6 == 5:
        state, detail = TrialState.PRUNED, "others were better at step 3"
    return Trial(
        number=number,
        params=params,
        state=state,
        value=value if state in (TrialState.SUCCEEDED, TrialState.PRUNED) else None,
        steps=steps if state is not TrialState.FAILED else (),
        detail=detail,
        duration_s=round(8 + 20 * part(number, 5), 1),
    )


def searched_of(count: int = 60, **changes: Any) -> Searched:
    """A search with what was set as trial 0."""
    trials = ranked([trial_of(number) for number in range(count + 1)], Goal.MAXIMIZE)
    facts: dict[str, Any] = {
        "metric": "auc",
        "goal": Goal.MAXIMIZE,
        "trials": tuple(trials),
        "space": SPACE,
        "current": CURRENT,
        "duration_s": 640.0,
        "command": f"branchline tune --trials {count} --seed 1",
        "title": "churn",
    }
    return Searched(**{**facts, **changes})


def two_objectives(count: int = 60) -> Searched:
    """The same with a second objective, smaller is better."""
    made = searched_of(count)
    trials = []
    for trial in made.trials:
        depth = trial.params["train.depth"]
        assert isinstance(depth, int)
        cost = round(4 + depth * (1 + part(trial.number, 6)), 3)
        pair = (trial.value, cost) if trial.has_value and trial.value is not None else ()
        trials.append(
            Trial(
                number=trial.number, params=trial.params, state=trial.state, value=trial.value,
                objectives=pair, detail=trial.detail, duration_s=trial.duration_s,
            )
        )  # fmt: skip
    goals = (("auc", Goal.MAXIMIZE), ("latency_ms", Goal.MINIMIZE))
    return searched_of(count, trials=tuple(trials), objectives=goals)


def hostile(count: int = 500, width: int = 40) -> Searched:
    """As large and as ill-meant as a search can be."""
    names = [f"{ATTACKS[n % len(ATTACKS)]}{n}{'x' * 80}" for n in range(width)]
    trials = [
        Trial(
            number=number,
            params={
                name: f"{ATTACKS[(number + n) % 6]}{'&|`' * 90}" for n, name in enumerate(names)
            },
            state=TrialState.FAILED if number % 2 else TrialState.SUCCEEDED,
            value=None if number % 2 else number / 7,
            detail=f"{ATTACKS[number % 6]} {'`|<b>' * 100}{chr(97 + number % 26)}",
        )
        for number in range(count)
    ]
    return searched_of(
        metric=ATTACKS[0], trials=tuple(ranked(trials, Goal.MAXIMIZE)), space={}, current={},
        command=ATTACKS[4], title=ATTACKS[1],
    )  # fmt: skip
