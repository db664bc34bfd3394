"""Who makes which path, and the order that follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.pipeline import Content, Dep, Out, Pipeline, Pointer, Stage
from branchline.core.plan.values import Action, StagePlan
from branchline.flows.produced import Producers, in_order


def stage(name: str, deps: list[str], outs: list[str]) -> Stage:
    return Stage(
        name=name,
        address=name,
        cmd=("true",),
        cmd_is_list=False,
        wdir=".",
        deps=tuple(Dep(path=path, spelled=path) for path in deps),
        outs=tuple(Out(path=path, spelled=path) for path in outs),
        file="dvc.yaml",
        line=1,
    )


@pytest.mark.parametrize(
    ("path", "makers"),
    [
        pytest.param("d/x", ["d/x"], id="the-path-itself"),
        pytest.param("d/x/deep/file", ["d/x"], id="a-file-inside-an-output"),
        pytest.param("d", ["d/x", "d/y"], id="a-folder-that-holds-outputs"),
        pytest.param("d/xy", [], id="a-name-that-only-begins-alike"),
        pytest.param("e", [], id="nobody"),
    ],
)
def test_makers(path: str, makers: list[str]) -> None:
    producers = Producers(Pipeline(stages=(stage("a", [], ["d/x"]), stage("b", [], ["d/y"]))))

    assert [made.path for made in producers.makers(path)] == makers


def test_a_stage_does_not_need_itself() -> None:
    own = stage("a", ["d"], ["d/out"])

    assert Producers(Pipeline(stages=(own,))).needs(own) == ()


def test_outputs_are_pending_until_they_are_made() -> None:
    made = stage("a", [], ["x"])
    producers = Producers(Pipeline(stages=(made,)))
    producers.decided(made, StagePlan(stage="a", action=Action.RUN, reason=""))
    assert producers.is_pending("x")

    producers.done(made, {"x": Content(md5="0" * 32)})

    assert not producers.is_pending("x")
    assert producers.content("x") == Content(md5="0" * 32)


@pytest.mark.parametrize("path", ["data", "data/in/a.csv"])
def test_a_pointer_holds_all_below_it(path: str) -> None:
    pointer = Pointer(file="data.dvc", path="data", content=Content(md5="0" * 32 + ".dir"))

    assert Producers(Pipeline(stages=(), pointers=(pointer,))).pointer(path) is pointer
    assert Producers(Pipeline(stages=(), pointers=(pointer,))).pointer("other") is None


@given(st.data())
def test_each_stage_stands_after_those_it_needs_and_once(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 12))
    needs = [
        data.draw(st.sets(st.integers(0, n - 1), max_size=4)) if n else set() for n in range(size)
    ]
    made = [stage(f"s{n}", [f"o{m}" for m in sorted(needs[n])], [f"o{n}"]) for n in range(size)]
    shuffled = tuple(data.draw(st.permutations(made)))
    producers = Producers(Pipeline(stages=shuffled))

    ordered = in_order(shuffled, producers)

    place = {entry.address: index for index, entry in enumerate(ordered)}
    assert sorted(place) == sorted(entry.address for entry in made)
    assert all(place[f"s{m}"] < place[f"s{n}"] for n in range(size) for m in needs[n])
    assert in_order(tuple(made), producers) == tuple(made), "declared in order stays in order"


def test_a_chain_of_thousands_is_ordered_without_recursion() -> None:
    made = [stage(f"s{n}", [f"o{n + 1}"], [f"o{n}"]) for n in range(5_000)]

    ordered = in_order(tuple(made), Producers(Pipeline(stages=tuple(made))))

    assert [entry.address for entry in ordered[:2]] == ["s4999", "s4998"]
