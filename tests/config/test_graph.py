"""Who needs whom."""

from __future__ import annotations

import pytest

from branchline.config.graph import check_graph, upstream_of
from branchline.config.problems import Problems
from branchline.core.pipeline import Dep, Out, ParamsDep, Stage


def _stage(name: str, deps: list[str], outs: list[str], params: tuple[str, ...] = ()) -> Stage:
    return Stage(
        name=name, address=name, cmd=("x",), cmd_is_list=False, wdir=".", file="dvc.yaml", line=1,
        deps=tuple(Dep(path=d, spelled=d) for d in deps),
        outs=tuple(Out(path=o, spelled=o) for o in outs),
        params=tuple(ParamsDep(path=p, spelled=p, keys=None) for p in params),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("dep", "needs"),
    [
        pytest.param("data/x", ("make",), id="the-output-itself"),
        pytest.param("data/x/part.csv", ("make",), id="a-file-inside-the-output"),
        pytest.param("data", ("make", "more"), id="a-folder-that-holds-outputs"),
        pytest.param(".", ("make", "more", "near"), id="the-whole-repository"),
        pytest.param("data/x.csv", (), id="a-name-that-only-begins-alike"),
        pytest.param("dat", (), id="a-prefix-of-a-name"),
    ],
)
def test_upstream_of(dep: str, needs: tuple[str, ...]) -> None:
    stages = [
        _stage("make", [], ["data/x"]),
        _stage("more", [], ["data/y"]),
        _stage("near", [], ["data2"]),
        _stage("use", [dep], []),
    ]
    assert upstream_of(stages)["use"] == needs


def test_a_parameter_file_that_a_stage_makes_is_needed() -> None:
    stages = [_stage("make", [], ["p.yaml"]), _stage("use", [], ["o"], ("p.yaml",))]

    assert upstream_of(stages)["use"] == ("make",)


def test_a_chain_of_thousands_needs_no_deep_stack() -> None:
    stages = [_stage(f"s{i}", [f"d{i}"], [f"d{i + 1}"]) for i in range(3000)]
    problems = Problems()

    check_graph(stages, [], problems)

    assert not problems


def test_a_diamond_is_no_circle() -> None:
    stages = [
        _stage("a", [], ["a"]), _stage("b", ["a"], ["b"]), _stage("c", ["a"], ["c"]),
        _stage("d", ["b", "c"], ["d"]),
    ]  # fmt: skip
    problems = Problems()

    check_graph(stages, [], problems)

    assert not problems


def test_a_circle_behind_other_stages_is_named() -> None:
    stages = [
        _stage("a", ["c"], ["a"]), _stage("b", ["a"], ["b"]), _stage("c", ["b"], ["c"]),
        _stage("z", ["a"], ["z"]),
    ]  # fmt: skip
    problems = Problems()

    check_graph([stages[3], *stages[:3]], [], problems)

    assert problems.lines() == (
        "dvc.yaml:1: stages run in a circle: `a` needs `c` needs `b` needs `a`",
    )
