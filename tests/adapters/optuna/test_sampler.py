"""Optuna's samplers behind our port: what they learn, never propose twice, and resume."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.optuna import OptunaSampler, OptunaSettings
from branchline.adapters.optuna.space import Axis
from branchline.core.policy import Goal
from branchline.core.run.studies import KeptTrial
from branchline.core.run.trials import Trial, TrialState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue
    from branchline.ports.sampler import Proposal

pytest.importorskip("optuna", reason="the extra `tune` is not installed")

AXES = (
    Axis(name="lr", low=1e-4, high=1.0, is_log=True, when={}),
    Axis(name="depth", low=1, high=8, is_whole=True, when={}),
    Axis(name="kind", values=("forest", "linear"), when={}),
    Axis(name="trees", values=(10, 20, 40), is_ordered=True, when={"kind": "forest"}),
)
PLAIN = AXES[:2]


def score(point: Mapping[str, JsonValue]) -> float:
    """The best is at lr 0.01, depth 4."""
    lr, depth = point["lr"], point["depth"]
    assert isinstance(lr, float)
    assert isinstance(depth, int)
    return -abs(math.log10(lr) + 2) - abs(depth - 4) / 4


def trial_of(proposal: Proposal, value: float | None) -> Trial:
    """What came of a point."""
    state = TrialState.FAILED if value is None else TrialState.SUCCEEDED
    return Trial(number=proposal.number, params=proposal.point, state=state, value=value)


def sampler_of(
    kind: str, axes: tuple[Axis, ...] = AXES, goals: tuple[Goal, ...] = (Goal.MAXIMIZE,)
) -> OptunaSampler:
    """A new one."""
    return OptunaSampler(axes, OptunaSettings(sampler=kind, seed=3, goals=goals))


def search(sampler: OptunaSampler, first: int, last: int) -> list[KeptTrial]:
    """Ask and tell."""
    kept = []
    for number in range(first, last + 1):
        proposal = sampler.ask(number)
        assert proposal is not None
        trial = trial_of(proposal, None if number % 7 == 0 else score(proposal.point))
        sampler.tell(proposal, trial)
        kept.append(KeptTrial(trial=trial, token=proposal.token))
    return kept


@pytest.mark.parametrize("kind", ["tpe", "nsgaii", "cmaes", "gp"])
def test_a_search_that_was_killed_goes_on_as_it_would_have(kind: str) -> None:
    if kind == "gp":
        pytest.importorskip("torch", reason="PyTorch is not installed")
    axes = PLAIN if kind in ("cmaes", "gp") else AXES
    whole = search(sampler_of(kind, axes), 1, 34)

    again = sampler_of(kind, axes)
    again.remember(whole[:23])
    rest = search(again, 24, 34)

    assert [k.trial.params for k in rest] == [k.trial.params for k in whole[23:]]


@pytest.mark.parametrize("kind", ["tpe", "cmaes", "gp"])
def test_it_learns(kind: str) -> None:
    if kind == "gp":
        pytest.importorskip("torch", reason="PyTorch is not installed")
    found = [score(k.trial.params) for k in search(sampler_of(kind, PLAIN), 1, 60)]

    assert sum(found[40:]) / 20 > sum(found[:10]) / 10 + 0.5
    assert max(found) > -0.2


def test_no_point_is_proposed_twice_and_a_small_space_ends() -> None:
    axes = (Axis(name="a", values=(1, 2, 3), when={}), Axis(name="b", values=(True, 1), when={}))
    sampler = sampler_of("tpe", axes)

    asked: list[str] = []
    while (proposal := sampler.ask(len(asked) + 1)) is not None:
        sampler.tell(proposal, trial_of(proposal, 0.5))
        asked.append(repr(sorted(proposal.point.items())))

    assert len(asked) == len(set(asked)) == 6


def test_parameters_come_with_what_they_need() -> None:
    for kept in search(sampler_of("tpe"), 1, 30):
        params = kept.trial.params
        assert ("trees" in params) is (params["kind"] == "forest")
        assert params.get("trees", 10) in (10, 20, 40)
        lr = params["lr"]
        assert isinstance(lr, float)
        assert float(f"{lr:.6g}") == lr


def test_candidates_come_first_once_and_only_those_of_the_space() -> None:
    candidates: list[dict[str, JsonValue]] = [
        {"lr": 0.5, "depth": 2, "kind": "linear"},
        {"lr": 5.0, "depth": 2, "kind": "linear"},
        {"lr": 0.5, "depth": 3, "kind": "forest"},
        {"lr": 0.25, "depth": 8, "kind": "forest", "trees": 20},
    ]
    settings = OptunaSettings(sampler="tpe", seed=3, goals=(Goal.MAXIMIZE,), candidates=candidates)
    sampler = OptunaSampler(AXES, settings)

    points = [k.trial.params for k in search(sampler, 1, 4)]

    assert points[:2] == [candidates[0], candidates[3]]
    assert all(point not in candidates for point in points[2:])


def test_several_are_asked_for_at_once_and_differ() -> None:
    sampler = sampler_of("tpe")
    search(sampler, 1, 15)

    asked = [sampler.ask(number) for number in range(16, 24)]

    points = [repr(p.point) for p in asked if p is not None]
    assert len(set(points)) == 8


def test_constraints_are_learned() -> None:
    settings = OptunaSettings(
        sampler="tpe", seed=1, goals=(Goal.MAXIMIZE,), constraint={"size": (None, 4.0)}
    )
    sampler = OptunaSampler(PLAIN, settings)
    kept = []
    for number in range(1, 61):
        proposal = sampler.ask(number)
        assert proposal is not None
        depth = proposal.point["depth"]
        assert isinstance(depth, int)
        state = TrialState.REFUSED if depth > 4 else TrialState.SUCCEEDED
        trial = Trial(
            number=number, params=proposal.point, state=state, value=float(depth),
            metrics={"size": depth},
        )  # fmt: skip
        sampler.tell(proposal, trial)
        kept.append(trial)

    late = [t.state for t in kept[30:]]
    assert late.count(TrialState.SUCCEEDED) >= 17, "knowing nothing it would be none"


def test_two_objectives() -> None:
    goals = (Goal.MAXIMIZE, Goal.MINIMIZE)
    sampler = sampler_of("nsgaii", PLAIN, goals)
    for number in range(1, 45):
        proposal = sampler.ask(number)
        assert proposal is not None
        both = (score(proposal.point), float(str(proposal.point["depth"])))
        trial = Trial(
            number=number, params=proposal.point, state=TrialState.SUCCEEDED, value=both[0],
            objectives=both,
        )  # fmt: skip
        sampler.tell(proposal, trial)


def test_what_was_stopped_early_counts_by_its_last_step() -> None:
    sampler = sampler_of("tpe", PLAIN)
    proposal = sampler.ask(1)
    assert proposal is not None

    pruned = Trial(
        number=1, params=proposal.point, state=TrialState.PRUNED, value=0.2,
        steps=((0, 0.1), (1, 0.2)),
    )  # fmt: skip
    sampler.tell(proposal, pruned)
    again = sampler_of("tpe", PLAIN)
    again.remember([KeptTrial(trial=pruned, token=proposal.token)])

    assert sampler.ask(2) == again.ask(2)


def test_a_long_search_stays_quick_and_goes_on_as_it_would_have() -> None:
    axes = (Axis(name="lr", low=1e-4, high=1.0, is_log=True, when={}), PLAIN[1])
    wide = (*axes, Axis(name="more", low=0.0, high=1.0, when={}))
    whole = search(sampler_of("tpe", wide), 1, 660)

    again = sampler_of("tpe", wide)
    again.remember(whole[:640])
    rest = search(again, 641, 660)

    assert [k.trial.params for k in rest] == [k.trial.params for k in whole[640:]]
    late = [score(k.trial.params) for k in whole[600:]]
    assert sum(late) / len(late) > sum(score(k.trial.params) for k in whole[:20]) / 20 + 0.5
