"""What surrounds the code: Python, lock files with their includes, variables, the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.core.policy import Environment
from branchline.flows.lock_files import LOCK_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    Make = Callable[[Mapping[str, str]], Bench]

PIPELINE = {"dvc.yaml": "stages: {f: {cmd: f, outs: [o]}}\n"}


def names(bench: Bench) -> list[str]:
    return list(bench.planner().inputs.surroundings.inputs())


def test_nothing_but_python_in_a_bare_project(make_bench: Make) -> None:
    assert names(make_bench(PIPELINE)) == ["python"]


@pytest.mark.parametrize("index", range(len(LOCK_FILES) - 1))
def test_what_is_resolved_counts_before_what_is_wished_for(make_bench: Make, index: int) -> None:
    bench = make_bench(PIPELINE | dict.fromkeys(LOCK_FILES[index:], ""))

    assert bench.planner().inputs.surroundings.lock_files() == (LOCK_FILES[index],)


def test_a_lock_file_of_the_users_choice_counts_alone(make_bench: Make) -> None:
    bench = make_bench(PIPELINE | {"uv.lock": "", "env/gpu.txt": "torch==2\n"})
    bench.allow(environment=Environment(lock="env/gpu.txt"))

    assert names(bench) == ["python", "env/gpu.txt"]


def test_a_chosen_lock_file_that_is_not_there_counts_when_it_comes(make_bench: Make) -> None:
    bench = make_bench(PIPELINE)
    bench.allow(environment=Environment(lock="env/gpu.txt"))
    before = bench.of("f").key
    bench.write("env/gpu.txt", "torch==2\n")

    assert bench.of("f").key != before


def test_includes_count_relative_to_the_file_that_names_them(make_bench: Make) -> None:
    bench = make_bench(
        PIPELINE
        | {
            "requirements.txt": "-r env/a.txt\n-c gone.txt\n",
            "env/a.txt": "-c b.txt\n",
            "env/b.txt": "numpy==1\n",
        }
    )

    assert names(bench)[1:] == ["requirements.txt", "env/a.txt", "env/b.txt"]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param("a==1\nb==2\n", "# c\nb==2\na==1\n", True, id="comments-and-order"),
        pytest.param("a==1\n", "a==2\n", False, id="a-version"),
        pytest.param("a==1\n", "", False, id="empty"),
    ],
)
def test_lock_files_count_by_meaning(make_bench: Make, one: str, other: str, is_same: bool) -> None:
    bench = make_bench(PIPELINE | {"requirements.txt": one})
    before = bench.of("f").key
    bench.write("requirements.txt", other)

    assert (bench.of("f").key == before) is is_same


def test_the_image_counts(make_bench: Make) -> None:
    bench = make_bench(PIPELINE)
    before = bench.of("f").key
    bench.allow(environment=Environment(image="python@sha256:1"))

    assert bench.of("f").key != before
