"""Files that are edited between a plan and a start: what a stage read is what its result says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    Make = Callable[[Mapping[str, str]], Bench]

TWO = {
    "dvc.yaml": "stages:\n"
    "  prep: {cmd: cp raw clean, deps: [raw], outs: [clean]}\n"
    "  fit: {cmd: python fit.py, deps: [clean, DEP], params: [lr], outs: [model]}\n",
    "params.yaml": "lr: 1\n",
    "raw": "r",
    "fit.py": "import more\n",
    "more.py": "y = 1\n",
    "lib/part.py": "z = 1\n",
    "requirements.txt": "numpy\n",
}
SHARED = (
    "stages:\n"
    "  a: {cmd: a, params: [A], outs: [a.out]}\n"
    "  b: {cmd: b, params: [B], outs: [b.out]}\n"
)
NAMES = ("known", "first", "then")
THREE = (
    "stages:\n"
    "  known: {cmd: python fit.py, outs: [x]}\n"
    "  first: {cmd: first, deps: [raw], outs: [y]}\n"
    "  then: {cmd: then, deps: [raw], outs: [z]}\n"
)


@pytest.mark.parametrize(
    ("dep", "path", "text"),
    [
        pytest.param("raw", "more.py", "y = 2\n", id="imported-code"),
        pytest.param("more.py", "more.py", "y = 2\n", id="declared-code"),
        pytest.param("fit.py", "fit.py", "import more\nx = 1\n", id="the-script"),
        pytest.param("lib", "lib/part.py", "z = 2\n", id="a-folder-of-code"),
        pytest.param("raw", "params.yaml", "lr: 2\n", id="a-parameter"),
    ],
)
def test_an_edit_while_an_earlier_stage_runs_is_what_the_later_one_reads(
    make_bench: Make, dep: str, path: str, text: str
) -> None:
    bench = make_bench({**TWO, "dvc.yaml": TWO["dvc.yaml"].replace("DEP", dep)})
    before = bench.files[path]

    def prep(files: dict[str, bytes]) -> int:
        files["clean"], files[path] = b"c", text.encode()
        return 0

    bench.does = {"prep": prep, "fit": bench.writes("model", "m")}
    outcome = bench.run()
    as_edited = bench.actions()["fit"]
    bench.files[path] = before

    assert not outcome.walked.failures
    assert as_edited == "reuse"
    assert bench.actions()["fit"] == "run"


@pytest.mark.parametrize(
    ("first", "second"), [("lr", "depth"), ("lr", "lr")], ids=["other-keys", "the-same-keys"]
)
@pytest.mark.parametrize("forgets", [False, True], ids=["in-a-plan", "before-a-later-start"])
def test_parameters_moved_for_the_stage_that_had_read_them_before(
    make_bench: Make, first: str, second: str, forgets: bool
) -> None:
    text = SHARED.replace("A", first).replace("B", second)
    bench = make_bench({"dvc.yaml": text, "params.yaml": "lr: 1\ndepth: 1\n"})
    planner = bench.planner()
    a, b = planner.stages
    planner.decide(a)

    bench.files["params.yaml"] = b"lr: 2\ndepth: 2\n"
    if forgets:
        planner.inputs.look_again()
    planner.decide(b)

    assert planner.inputs.moved(a, planner.gathered["a"]) == ["params.yaml"]
    is_fresh = forgets or first != second
    assert planner.inputs.moved(b, planner.gathered["b"]) == ([] if is_fresh else ["params.yaml"])


@pytest.fixture
def three(make_bench: Make) -> Bench:
    """A stage whose result is known, and two that depend on nothing that another makes."""
    bench = make_bench({**TWO, "dvc.yaml": THREE})
    bench.does = {name: bench.writes(out, name) for name, out in zip(NAMES, "xyz", strict=True)}
    bench.run("known")
    return bench


def test_what_a_stage_is_seen_to_read_is_read_anew(three: Bench) -> None:
    def first(files: dict[str, bytes]) -> int:
        three.write("more.py", "y = 2\n")
        return three.writes("y", "first")(files)

    three.does["first"] = first
    three.reads["then"] = ["more.py"]
    three.run()
    as_edited = three.actions()["then"]
    three.write("more.py", "y = 1\n")

    assert three.started == ["first", "then"]
    assert as_edited == "reuse"
    assert three.actions()["then"] == "run"


def test_what_all_stages_share_is_read_anew_before_a_later_start(three: Bench) -> None:
    def first(files: dict[str, bytes]) -> int:
        three.write("requirements.txt", "numpy\nscipy\n")
        return three.writes("y", "first")(files)

    three.does["first"] = first
    outcome = three.run(keep_going=True)

    assert set(outcome.walked.failures) == {"first"}, "its own environment moved"
    assert three.actions()["then"] == "reuse"
