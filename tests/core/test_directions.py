"""Which way metrics are better."""

from __future__ import annotations

from branchline.core.directions import natural_goal
from branchline.core.policy import MODEL_SIZE, Goal
from branchline.core.verdict.noise import metrics


def test_each_known_metric_has_its_own_goal_by_each_of_its_names() -> None:
    names = [*metrics._KNOWN, "ndcg@10", "hit@5", "recall@3", "map_at_5"]

    said = {name: natural_goal(f"val.{name}") for name in names}

    known = {name: metrics.known_metric(name) for name in names}
    assert said == {name: metric and metric.goal for name, metric in known.items()}


def test_no_other_name_has_one() -> None:
    others = ["churn", "hit", "latency_ms", "loss", "f1_of_three", "rmse_gain", "x" * 100_000]

    assert [natural_goal(name) for name in others] == [None] * len(others)


def test_what_is_measured_here_is_better_when_it_is_lower() -> None:
    assert natural_goal(MODEL_SIZE) is natural_goal("latency.p95_ms") is Goal.MINIMIZE
    assert natural_goal("latency.p95_ms", "mine:speed") is None
