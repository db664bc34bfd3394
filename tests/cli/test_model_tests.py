"""Tests of the model in `branchline run`: outcomes, keys, what is left. pytest itself, for real."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]

PYTEST = f"{sys.executable} -m pytest -q -p no:cacheprovider"


def project(*tests: str, gate: str = "") -> dict[str, str]:
    listed = "\n".join(f"- {test}" for test in tests)
    return {
        "branchline.yaml": f"model: m\n{gate}tests:\n{listed}\n",
        "dvc.yaml": "stages:\n"
        "  fit: {cmd: 'cp s.json m.json; cp w.txt model.bin', deps: [s.json, w.txt],"
        " outs: [model.bin], metrics: [{m.json: {cache: false}}]}\n",
        "s.json": '{"auc": 0.9}',
        "w.txt": "weights",
        ".gitignore": "__pycache__/\n",
    }


def states(out: str) -> dict[str, str]:
    """Stage -> last state, by `run --json`."""
    return dict(json.loads(out)["states"])


@pytest.mark.parametrize(
    ("test", "code", "part"),
    [
        pytest.param("{name: t, run: 'true'}", 0, "passed test `t`", id="passes"),
        pytest.param("{name: t, run: 'exit 3'}", 3, "failed test `t`: exit code 3", id="fails"),
        pytest.param(
            "{name: t, run: no-such-program}", 4, "its command cannot be run", id="not-found"
        ),
        pytest.param(
            "{name: t, run: 'sleep 60', timeout: 0.3s}", 4, "it was stopped", id="too-slow"
        ),
        pytest.param(
            f"{{name: t, run: '{PYTEST} tests/none'}}", 4, "does not understand", id="no-such-file"
        ),
    ],
)
def test_the_outcome_of_a_test_is_the_exit_code(
    make_clone: MakeClone, test: str, code: int, part: str
) -> None:
    clone = make_clone(project(test))

    said = clone.call("run")

    assert said.code == code, said.out + said.err
    assert part in said.out
    assert "tests" not in (clone.root / "dvc.lock").read_text()
    assert clone.git("for-each-ref", "refs/branchline/runs") != ""


def test_what_passed_is_reused_until_something_that_it_depends_on_changes(
    make_clone: MakeClone,
) -> None:
    clone = make_clone(
        {
            **project("{name: t, run: 'python3 check.py'}", "{name: u, run: 'false'}"),
            "check.py": "import lib\nassert open('model.bin').read()\n",
            "lib.py": "BAR = 1\n",
        }
    )

    first = clone.call("run", "--json")
    again = clone.call("run", "--json")
    clone.write("check.py", "import lib  # more\nassert open('model.bin').read()\n")
    comment = clone.call("plan", "--json")
    clone.write("lib.py", "BAR = 2\n")
    code = clone.call("plan", "--json")
    clone.write("lib.py", "BAR = 1\n")
    clone.write("w.txt", "other")
    model = clone.call("run", "--json")

    assert first.code == again.code == 3
    assert states(first.out) == {"fit": "succeeded", "tests@t": "succeeded", "tests@u": "failed"}
    assert states(again.out) == {"fit": "reused", "tests@t": "reused", "tests@u": "failed"}
    assert json.loads(again.out)["is_new"] is False
    assert json.loads(first.out)["failures"] == {}
    actions = [
        {s["stage"]: s["action"] for s in json.loads(p.out)["stages"]} for p in (comment, code)
    ]
    assert [found["tests@t"] for found in actions] == ["reuse", "run"]
    assert states(model.out)["tests@t"] == "succeeded"


def test_a_failed_stage_runs_no_test(make_clone: MakeClone) -> None:
    clone = make_clone(
        {
            **project("{name: t, run: 'true'}"),
            "dvc.yaml": "stages: {a: {cmd: 'false', outs: [o]}}\n",
        }
    )

    said = clone.call("run")

    assert said.code == 1
    assert "not run: `a` failed" in said.out


def test_a_test_that_was_not_asked_for_is_not_known(make_clone: MakeClone) -> None:
    clone = make_clone(project("{name: t, run: 'true'}"))

    part, one = clone.call("run", "fit"), clone.call("run", "tests@t")

    assert part.code == 4
    assert "test `t` did not run: only some stages were asked for" in part.out
    assert one.code == 0


def test_a_test_named_like_a_stage_is_refused(make_clone: MakeClone) -> None:
    clone = make_clone(
        {
            **project("{name: a, run: 'true'}"),
            "dvc.yaml": "stages: {tests: {foreach: [a], do: {cmd: echo, outs: [o]}}}\n",
        }
    )

    said = clone.call("plan")

    assert said.code == 1
    assert "branchline.yaml:3: test `a`" in said.err


def test_the_size_of_the_model_is_a_metric(make_clone: MakeClone) -> None:
    gate = "gate: {metrics: {model.size_bytes: {max: 7, max_regression: 0}}}\n"
    clone = make_clone(project("{name: t, run: 'true'}", gate=gate))

    first = clone.call("run")
    clone.commit()
    clone.write("w.txt", "weights+")
    larger = clone.call("run")

    assert first.code == 0, first.out
    assert larger.code == 3
    assert "`model.size_bytes` is 8" in larger.out


def test_pytest_tells_cases_numbers_and_the_model(make_clone: MakeClone) -> None:
    pytest.importorskip("numpy")
    gate = "gate: {data: data.csv, metrics: {latency.p95_ms: {max: 1000}}}\n"
    lib = "class Twice:\n    def predict(self, rows):\n        return rows[:, 0] * 2\n"
    make = "import pickle, lib; pickle.dump(lib.Twice(), open('model.pkl', 'wb'))\n"
    clone = make_clone(
        {
            **project(f"{{name: t, run: '{PYTEST} tests'}}", gate=gate),
            "dvc.yaml": f"stages: {{fit: {{cmd: {sys.executable} make.py, outs: [model.pkl]}}}}\n",
            "make.py": make,
            "lib.py": lib,
            "data.csv": "a,y\n1,2\n2,4\n3,6\n",
            "tests/test_m.py": "def test_good(model, predict):\n"
            "    model.assert_maximum('mae', 0)\n"
            "    model.assert_repeatable()\n"
            "    model.assert_direction('a', lambda a: a + 1, 'up')\n"
            "    assert predict({'a': [4]}).tolist() == [8]\n"
            "def test_beside(baseline_model):\n"
            "    assert baseline_model.load()\n"
            "def test_fast(latency):\n"
            "    latency.assert_p95(ms=1000, budget_s=0.2)\n",
        }
    )

    first = clone.call("run", "--json")
    clone.commit()
    clone.call("run")
    clone.write(
        "lib.py", "class Twice:\n    def predict(self, rows):\n        return rows[:, 0] * 3\n"
    )
    clone.write("make.py", make + "print(1)\n")
    second = clone.call("run")

    assert first.code == 0, first.out
    (test,) = json.loads(first.out)["evidence"]["tests"]
    assert test["counts"] == {"passed": 2, "no champion": 1}
    names = [item["name"] for item in json.loads(first.out)["evidence"]["measured"]]
    assert names[:3] == ["model.size_bytes", "latency.p50_ms", "latency.p95_ms"]
    assert second.code == 3
    assert "1 of 3 cases failed: `test_good`" in second.out
    assert "mae is 2 on 3 rows; at most 0 is wanted" in second.out


def test_what_pytest_remembers_runs_no_test_again(make_clone: MakeClone) -> None:
    python = f"{sys.executable} -m pytest -q tests"
    clone = make_clone(
        {**project(f"{{name: t, run: '{python}'}}"), "tests/test_a.py": "def test_a(): pass\n"}
    )

    first = clone.call("run")
    clone.write(".pytest_cache/v/cache/lastfailed", '{"tests/test_a.py::test_a": true}')
    plan = clone.call("plan", "--json")

    assert first.code == 0, first.out
    assert {s["action"] for s in json.loads(plan.out)["stages"]} == {"reuse"}


def test_what_a_command_reads_unseen_is_named_by_it_or_declared(make_clone: MakeClone) -> None:
    tests = (
        "{name: named, run: 'grep -q weights expected.txt'}",
        "{name: json, run: 'grep -q 1 < bars.json'}",
        "{name: declared, run: 'cat cases/* > /dev/null', deps: cases}",
    )
    files = {"expected.txt": "weights", "bars.json": '{"a": 1}', "cases/a": "1"}
    clone = make_clone({**project(*tests), **files})

    first = clone.call("run")
    changed = {}
    for path, test in (("expected.txt", "named"), ("bars.json", "json"), ("cases/a", "declared")):
        clone.write(path, f'{{"a": 10, "weights": "{path}"}}')
        plan = json.loads(clone.call("plan", "--json").out)["stages"]
        changed[test] = [s["stage"] for s in plan if s["action"] == "run"]
        clone.git("checkout", "-q", path)

    assert first.code == 0, first.out
    assert changed == {test: [f"tests@{test}"] for test in ("named", "json", "declared")}


def test_a_declared_file_that_is_missing_is_named_with_its_line(make_clone: MakeClone) -> None:
    clone = make_clone(project("{name: t, run: 'true', deps: [gone.txt]}"))

    said = clone.call("plan")

    assert said.code == 1
    assert "branchline.yaml:3" in said.err
    assert "gone.txt" in said.err
