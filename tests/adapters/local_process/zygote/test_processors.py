"""A process keeps off the processor that another one runs on, and takes that back."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.local_process.zygote.processors import allow, keep_off

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOWED = os.sched_getaffinity(0)
TWO = pytest.mark.skipif(len(ALLOWED) < 2, reason="needs two processors")


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Whatever a test does, this process may run where it could."""
    yield
    os.sched_setaffinity(0, ALLOWED)


@pytest.fixture
def busy(request: pytest.FixtureRequest) -> Iterator[int]:
    """A process that runs on one processor only."""
    command = (
        "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", command, str(request.param)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


@TWO
@pytest.mark.parametrize("busy", sorted(ALLOWED)[:2], indirect=True)
def test_the_others_are_left_until_it_is_taken_back(
    busy: int, request: pytest.FixtureRequest
) -> None:
    taken = request.node.callspec.params["busy"]

    before = keep_off(busy)
    meanwhile = os.sched_getaffinity(0)
    allow(before)

    assert before == ALLOWED
    assert meanwhile == ALLOWED - {taken}
    assert os.sched_getaffinity(0) == ALLOWED


@pytest.mark.parametrize("busy", sorted(ALLOWED)[:1], indirect=True)
def test_a_process_with_one_processor_keeps_it(busy: int) -> None:
    os.sched_setaffinity(0, {min(ALLOWED)})

    before = keep_off(busy)

    assert before is None
    assert os.sched_getaffinity(0) == {min(ALLOWED)}


@TWO
@pytest.mark.parametrize("busy", sorted(ALLOWED)[:1], indirect=True)
def test_a_processor_that_is_not_ours_is_kept_off_already(busy: int) -> None:
    others = ALLOWED - {min(ALLOWED)}
    os.sched_setaffinity(0, others)

    assert keep_off(busy) is None
    assert os.sched_getaffinity(0) == others


def test_a_process_that_is_gone_changes_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()

    found = [keep_off(pid) for pid in (0, process.pid)]
    allow(None)

    assert found == [None, None]
    assert os.sched_getaffinity(0) == ALLOWED
