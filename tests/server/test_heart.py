"""A heart beats on while it is asked whether a run is kept."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from branchline.core.run.jobs import NewJob
from branchline.server import heart
from branchline.server.heart import Heart
from branchline.testing.queue import FakeQueue

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT_S = 20.0


class Counted(FakeQueue):
    """Counts beats."""

    def __init__(self) -> None:
        super().__init__()
        self.beats = 0

    def beat(
        self, job: int, worker: str, *, lease_s: float, at: float, station: str = ""
    ) -> str | None:
        self.beats += 1
        return super().beat(job, worker, lease_s=lease_s, at=at, station=station)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """A queue with one job that runs and shall stop."""
    monkeypatch.setattr(heart, "BEAT_S", 0.01)
    made = Counted()
    asked = NewJob(kind="train", trigger="push", branch="b", commit="c" * 40)
    made.enqueue([asked], event="1-1", at=time.time())
    made.claim("w", lambda queued, _started: queued[0].job, lease_s=99.0, at=time.time())
    made.cancel(1, reason="superseded by job 2", at=time.time())
    return made


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_long_question_stops_no_beat_and_is_asked_once(queue: Counted, *, is_kept: bool) -> None:
    may_answer, asked = threading.Event(), []

    def answer(reason: str) -> bool:
        asked.append(reason)
        may_answer.wait(WAIT_S)
        return is_kept

    with Heart(lambda: queue, 1, "w", is_kept=answer) as beating:
        until(lambda: bool(asked))
        so_far = queue.beats
        until(lambda: queue.beats > so_far + 3)
        assert not beating.is_stopped
        may_answer.set()
        until(lambda: is_kept or beating.is_stopped)
        so_far = queue.beats
        until(lambda: queue.beats > so_far + 3)

    assert asked == ["superseded by job 2"]
    assert beating.reason == ("" if is_kept else "superseded by job 2")
    assert not beating.is_lost


def test_a_job_that_somebody_else_holds_is_lost(queue: Counted) -> None:
    with Heart(lambda: queue, 1, "another") as beating:
        until(lambda: beating.is_lost)
