"""What a search says that it will run, before it is known what it will try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from branchline.core.policy import Environment, MakeEnvironment, Resources
from branchline.flows.search import Search
from branchline.flows.tasks import expect_trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Bench

    from branchline.flows.project import Project

PREPARE = "  prepare: {cmd: python prepare.py, params: [split], outs: [data]}\n"
TRAIN = "  train: {cmd: python train.py, params: [train.lr, depth], outs: [model]}\n"
GROUP = "  train: {cmd: python train.py, params: [train], outs: [model]}\n"
WHOLE = "  train: {cmd: python train.py, params: [params.yaml:], outs: [model]}\n"
EVALUATE = "  evaluate: {cmd: python evaluate.py, params: [depth], metrics: [m.json]}\n"
FROZEN = "  train: {cmd: python train.py, params: [train.lr], outs: [model], frozen: true}\n"


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench(dict.fromkeys(("prepare.py", "train.py", "evaluate.py"), ""))


def expected(bench: Bench, **changes: Any) -> list[str]:
    """Stages that a search lets the executor expect."""
    asked = Search(**{"metric": "auc", "space": {"train.lr": [0.1, 0.2]}, **changes})
    expect_trials(project_of(bench), asked)
    return [task.stage for task in bench.executor.expected]


def project_of(bench: Bench) -> Project:
    bench.write("params.yaml", "split: 1\ndepth: 2\ntrain: {lr: 0.1}\n")
    return bench.project()


@pytest.mark.parametrize(
    ("stages", "space", "found"),
    [
        pytest.param(PREPARE, {"else": [1]}, ["prepare"], id="the-only-stage"),
        pytest.param(PREPARE + TRAIN, {"train.lr": [1]}, ["train"], id="that-which-reads-it"),
        pytest.param(PREPARE + GROUP, {"train.lr": [1]}, ["train"], id="by-its-group"),
        pytest.param(PREPARE + TRAIN, {"params.yaml:depth": [1]}, ["train"], id="with-its-file"),
        pytest.param(PREPARE + TRAIN, {"--lr": [1]}, [], id="an-option-of-either"),
        pytest.param(TRAIN + EVALUATE, {"depth": [1]}, [], id="two-read-it"),
        pytest.param(PREPARE + FROZEN, {"train.lr": [1]}, ["prepare"], id="not-a-frozen-one"),
    ],
)
def test_the_stage_that_runs_again_in_each_trial_is_expected(
    bench: Bench, stages: str, space: dict[str, object], found: list[str]
) -> None:
    bench.write("dvc.yaml", f"stages:\n{stages}")

    assert expected(bench, space=space) == found


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"parallel": 2}, id="side-by-side"),
        pytest.param({"executor": "ray"}, id="elsewhere"),
    ],
)
def test_nothing_is_expected_of_trials_that_others_make(
    bench: Bench, changes: dict[str, object]
) -> None:
    bench.write("dvc.yaml", f"stages:\n{TRAIN}")

    assert not expected(bench, **changes)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(
            {"environment": Environment(make=MakeEnvironment.ALWAYS)}, id="python-is-not-made-yet"
        ),
        pytest.param({"resources": {"train": Resources(gpus=1)}}, id="devices-are-not-known"),
    ],
)
def test_nothing_is_expected_where_its_surroundings_are_not_known(
    bench: Bench, rules: dict[str, object]
) -> None:
    bench.allow(**rules)
    bench.write("dvc.yaml", f"stages:\n{TRAIN}")

    assert not expected(bench)


def test_what_is_expected_is_what_is_started(bench: Bench) -> None:
    """Another variable or folder would be another process."""
    bench.write("dvc.yaml", f"stages:\n{TRAIN}")
    expected(bench)

    bench.run()

    (told,), (task,) = bench.executor.expected, bench.executor.started
    assert (told.cmd, told.cwd, told.root, told.trace) == (
        task.cmd, task.cwd, task.root, task.trace,
    )  # fmt: skip
    shared = {n: v for n, v in task.env.items() if not n.startswith("BRANCHLINE_")}
    assert shared == {n: v for n, v in told.env.items() if not n.startswith("BRANCHLINE_")}
    assert bool(told.trace_file) is bool(task.trace_file)
