"""Which environment a box gives to a job whose stages run in what is made of a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.core.policy import Environment, MakeEnvironment
from branchline.flows.environment import environment_of
from branchline.testing.environments import FakeEnvironments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    from branchline.ports.environments import Made

    Make = Callable[[Mapping[str, str]], Bench]

POETRY = '[[package]]\nname = "numpy"\nversion = "1.20"\noptional = false\n'
STAGE = {"dvc.yaml": "stages: {f: {cmd: f, outs: [o]}}\n"}


class Log:
    """A job's log in memory."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text


class Grip:
    """Nobody stops the job."""

    def is_stopped(self) -> bool:
        return False


def given(bench: Bench, environments: FakeEnvironments, log: Log | None = None) -> Made | None:
    """What a job gets."""
    return environment_of(
        bench.project(),
        environments,
        log or Log(),  # type: ignore[arg-type] # as much of a log as is used
        Grip(),  # type: ignore[arg-type] # likewise
    )


def test_a_lock_of_poetry_is_handed_to_uv(make_bench: Make) -> None:
    environments = FakeEnvironments(found={"poetry.lock": "numpy==1.20\n"})

    made = given(make_bench(STAGE | {"poetry.lock": POETRY}), environments)

    assert made is not None
    (asked,) = environments.asked
    assert asked.constraints == ("numpy==1.20",)


def test_without_uv_it_is_said_that_no_environment_is_made(make_bench: Make) -> None:
    log = Log()
    bench = make_bench(STAGE | {"poetry.lock": POETRY})

    assert given(bench, FakeEnvironments(has_uv=False), log) is None
    assert "no environment is made of poetry.lock" in log.text


def test_what_repair_found_is_used(make_bench: Make) -> None:
    pins = f"numpy==1.19 --hash=sha256:{'0' * 64}\n"
    files = {"requirements.txt": "numpy\n", "branchline-constraints.txt": pins}
    environments = FakeEnvironments(found={"requirements.txt": "numpy==1.19\n"})

    assert given(make_bench(STAGE | files), environments) is not None
    assert environments.asked[0].constraints == ("numpy==1.19",)


@pytest.mark.parametrize("make", [MakeEnvironment.ALWAYS, MakeEnvironment.NEVER])
def test_what_the_run_makes_itself_or_nobody_shall_make_is_left_alone(
    make_bench: Make, make: MakeEnvironment
) -> None:
    bench = make_bench(STAGE | {"requirements.txt": "numpy\n"})
    bench.allow(environment=Environment(make=make))

    assert given(bench, FakeEnvironments()) is None
