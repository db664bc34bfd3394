"""What is said when a pipeline would run again although it has just run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.cli import quick

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]


def test_a_pipeline_that_imports_what_it_makes_is_told_so(make_clone: MakeClone) -> None:
    clone = make_clone(
        {
            "dvc.yaml": "stages: {a: {cmd: python a.py, outs: [o]}}\n",
            "a.py": "import time, made\nopen('o', 'w').write(str(made.x))\n"
            "open('made.py', 'w').write(f'x = {time.time_ns()}')\n",
            "made.py": "x = 0\n",
        }
    )

    said = clone.call("run")

    assert said.code == 1
    assert "`made.py` changed while the stage ran" in said.out
    assert "it counts as an input: imported by a.py" in said.out
    assert "A file that it writes stands under `outs`" in said.out
    assert quick.answer(["run"]) is None


def test_stages_that_always_run_are_never_answered_quickly(make_clone: MakeClone) -> None:
    clone = make_clone(
        {"dvc.yaml": "stages: {a: {cmd: echo x > o, outs: [o], always_changed: true}}\n"}
    )

    first, again = clone.call("run"), clone.call("run")

    assert "would run again" not in first.err
    assert not again.is_quick
    assert "1 stage ran" in again.out


def test_a_finished_run_answers_the_next_plan_and_run(make_clone: MakeClone) -> None:
    clone = make_clone({"dvc.yaml": "stages: {a: {cmd: echo x > o, outs: [o]}}\n"})
    clone.call("run")

    assert clone.call("plan").is_quick
    assert clone.call("run").is_quick


def test_a_failed_run_answers_nothing(make_clone: MakeClone) -> None:
    clone = make_clone({"dvc.yaml": "stages: {a: {cmd: exit 1, outs: [o]}}\n"})
    clone.call("run")

    assert quick.answer(["run"]) is None
    assert quick.answer(["plan"]) is None
