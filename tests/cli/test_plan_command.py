"""`branchline plan` and `why` as a user meets them, in a real repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]

FILES = {
    "dvc.yaml": """
stages:
  a: {cmd: cp raw a.out, deps: [raw], outs: [a.out]}
  b: {cmd: cp a.out b.out, deps: [a.out], outs: [b.out]}
  g:
    foreach: [x, y]
    do: {cmd: "echo ${item} > ${item}.out", outs: ["${item}.out"]}
""",
    "raw": "1\n",
}


@pytest.fixture
def clone(make_clone: MakeClone) -> Clone:
    return make_clone(FILES)


def test_a_plan_is_a_table_and_a_sentence(clone: Clone) -> None:
    said = clone.call("plan")

    assert said.code == 0
    assert said.out.splitlines()[0].split() == ["action", "stage", "why"]
    assert "have to run, 1 may" in said.out.splitlines()[-1]


@pytest.mark.parametrize(
    ("runs_first", "words", "code"),
    [
        pytest.param(False, ["--exit-code"], 10, id="work-is-pending"),
        pytest.param(True, ["--exit-code"], 0, id="nothing-is-pending"),
        pytest.param(False, [], 0, id="pending-is-no-failure"),
        pytest.param(False, ["nothing"], 2, id="an-unknown-stage"),
        pytest.param(False, ["--nothing"], 2, id="an-unknown-option"),
    ],
)
def test_exit_codes(clone: Clone, runs_first: bool, words: list[str], code: int) -> None:
    if runs_first:
        clone.call("run")

    assert clone.call("plan", *words).code == code


def test_the_plan_as_json_names_every_stage(clone: Clone) -> None:
    plan = json.loads(clone.call("plan", "--json").out)

    assert [stage["stage"] for stage in plan["stages"]] == ["a", "b", "g@x", "g@y"]
    assert {stage["action"] for stage in plan["stages"]} == {"run", "may_run"}


@pytest.mark.parametrize(
    ("words", "stages"),
    [
        pytest.param(["b"], ["a", "b"], id="with-what-it-needs"),
        pytest.param(["b", "-s"], ["b"], id="alone"),
        pytest.param(["g"], ["g@x", "g@y"], id="a-group"),
        pytest.param(["g@y"], ["g@y"], id="one-of-a-group"),
    ],
)
def test_targets(clone: Clone, words: list[str], stages: list[str]) -> None:
    clone.call("run")

    plan = json.loads(clone.call("plan", "--json", *words).out)

    assert [stage["stage"] for stage in plan["stages"]] == stages


def test_why_tells_the_answer_its_voucher_and_the_inputs(clone: Clone) -> None:
    clone.call("run")
    clone.write("raw", "2\n")

    changed, same = clone.call("why", "a").out, clone.call("why", "g@x").out

    assert changed.startswith("a: run - ")
    assert "`raw`" in changed
    assert "vouched for by a recorded run" in same
    assert "python" in same


def test_why_of_a_group_tells_of_each(clone: Clone) -> None:
    text = clone.call("why", "g").out

    assert "g@x: " in text
    assert "g@y: " in text


def test_why_as_json_holds_the_inputs(clone: Clone) -> None:
    (stage,) = json.loads(clone.call("why", "a", "--json").out)["stages"]

    assert stage["stage"] == "a"
    assert "raw" in {item["name"] for item in stage["inputs"]}


def test_why_of_an_unknown_stage_is_a_usage_error_that_names_the_nearest(clone: Clone) -> None:
    said = clone.call("why", "g@z")

    assert said.code == 2
    assert "g@" in said.err


def test_a_broken_pipeline_names_its_line(clone: Clone) -> None:
    clone.write("dvc.yaml", "stages:\n  a: {cmd: 1, out: [x]}\n")

    said = clone.call("plan")

    assert said.code == 1
    assert "dvc.yaml:2" in said.err


def test_planning_writes_nothing_that_git_sees(clone: Clone) -> None:
    clone.call("plan")

    assert clone.git("status", "--porcelain") == ""
    assert clone.git("for-each-ref", "refs/branchline") == ""
