"""`branchline run` as a user meets it: exit codes, what it says, what it leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]


def project(score: str, gate: str = "auc: {min: 0.5}") -> dict[str, str]:
    return {
        "branchline.yaml": f"model: m\ngate: {{metrics: {{{gate}}}}}\n",
        "dvc.yaml": "stages: {fit: {cmd: cp s.json m.json, deps: [s.json],"
        " metrics: [{m.json: {cache: false}}]}}\n",
        "s.json": score,
    }


@pytest.mark.parametrize(
    ("score", "code", "word"),
    [
        pytest.param('{"auc": 0.5}', 0, "passed", id="exactly-the-bar"),
        pytest.param('{"auc": 0.49}', 3, "failed", id="below-the-bar"),
        pytest.param('{"auc": NaN}', 4, "unknown", id="nan-is-unknown"),
        pytest.param('{"loss": 1}', 4, "unknown", id="a-missing-metric-is-unknown"),
        pytest.param('{"auc": "high"}', 4, "unknown", id="words-are-unknown"),
    ],
)
def test_the_exit_code_is_the_verdict(
    make_clone: MakeClone, score: str, code: int, word: str
) -> None:
    clone = make_clone(project(score))

    first, again = clone.call("run"), clone.call("run")

    assert (first.code, again.code) == (code, code)
    assert word in first.out
    assert "Recorded before as" in again.out


def test_without_a_gate_nothing_is_judged_and_nothing_fails(make_clone: MakeClone) -> None:
    clone = make_clone({"dvc.yaml": "stages: {a: {cmd: echo x > o, outs: [o]}}\n"})

    said = clone.call("run")

    assert said.code == 0
    assert "nothing was judged" in said.out


def test_a_failed_stage_shows_the_end_of_its_log(make_clone: MakeClone) -> None:
    clone = make_clone({"dvc.yaml": "stages: {a: {cmd: 'echo boom; exit 7', outs: [o]}}\n"})

    said = clone.call("run")

    assert said.code == 1
    assert "exit code 7" in said.out
    assert "boom" in said.out
    assert clone.git("for-each-ref", "refs/branchline/runs") == ""


def test_a_metric_file_that_cannot_be_read_makes_the_verdict_unknown_with_its_line(
    make_clone: MakeClone,
) -> None:
    clone = make_clone(project('{"auc": }'))

    first, again = clone.call("run"), clone.call("run")

    for said in (first, again):
        assert said.code == 4
        assert "m.json:1:9: the JSON cannot be read: Expecting value" in said.out
    assert clone.call("plan").out.count("reuse") == 1


def test_a_metric_file_that_cannot_be_read_is_said_where_no_gate_asks(
    make_clone: MakeClone,
) -> None:
    clone = make_clone(project('{"auc": }') | {"branchline.yaml": "model: m\n"})

    said = clone.call("run")

    assert said.code == 0
    assert "m.json:1:9: the JSON cannot be read: Expecting value. Mend what leaves it" in said.err


@pytest.mark.parametrize("jobs", ["0", "-1", "x", "1.5", ""])
def test_jobs_are_at_least_one(make_clone: MakeClone, jobs: str) -> None:
    clone = make_clone(project('{"auc": 1}'))

    assert clone.call("run", f"--jobs={jobs}").code == 2


def test_json_is_all_that_is_printed(make_clone: MakeClone) -> None:
    clone = make_clone(project('{"auc": 0.9}'))

    value = json.loads(clone.call("run", "--json").out)

    assert (value["ran"], value["failures"]) == (["fit"], {})
    assert value["verdict"]["outcome"] == "passed"


def test_the_reason_stands_in_the_record(make_clone: MakeClone) -> None:
    clone = make_clone(project('{"auc": 0.9}'))
    clone.call("run", "--reason", "try it")

    run = json.loads(clone.git("cat-file", "blob", f"refs/branchline/runs/{short(clone)}:run.json"))

    assert run["trigger"]["reason"] == "try it"


def short(clone: Clone) -> str:
    return clone.git("rev-parse", "--short", "HEAD")


def test_outputs_are_ignored_and_nothing_else_is_left_in_git_s_sight(make_clone: MakeClone) -> None:
    clone = make_clone({"dvc.yaml": "stages: {a: {cmd: echo x > o, outs: [o]}}\n"})

    clone.call("run")

    status = clone.git("status", "--porcelain", "-uall").splitlines()
    assert sorted(line[3:] for line in status) == [".gitignore", "dvc.lock"]
