"""The acceptance case of latency: a busy machine fails nobody, a slower model fails always."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from branchline.errors import ModelTestError
from branchline.model_tests.latency import Latency, NoChampionError, numbers_of
from branchline.model_tests.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def work(size: int) -> Callable[[], int]:
    """A call that keeps one processor busy."""

    def call() -> int:
        total = 0
        for number in range(size):
            total += number * number % 7
        return total

    return call


def latency_of(
    noted: dict[str, tuple[float, float | None]] | None = None, champion: Any = None
) -> Latency:
    kept = {} if noted is None else noted

    def note(name: str, value: float, baseline: float | None) -> None:
        kept[name] = (value, baseline)

    return Latency(
        model=lambda: lambda rows: rows[:, 0],
        champion=lambda: champion,
        data=lambda: Rows.of([[1.0, 2.0], [3.0, 4.0]]),
        note=note,
    )


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """A loop on each processor but one."""
    loop = [sys.executable, "-c", "while True: pass"]
    busy = [subprocess.Popen(loop) for _ in range(max(1, (os.cpu_count() or 2) - 1))]
    yield
    for child in busy:
        child.kill()
        child.wait()


def test_a_slower_model_fails_and_the_same_passes() -> None:
    same = latency_of().assert_at_most(ratio=1.2, call=work(2000), baseline=work(2000))

    with pytest.raises(AssertionError, match=r"takes 1\.[34]\d+ times as long as the champion"):
        latency_of().assert_at_most(ratio=1.1, call=work(2800), baseline=work(2000))
    assert same.ratio is not None
    assert 0.9 < same.ratio.value < 1.1
    assert same.p50_ms <= same.p95_ms.value <= same.p99_ms


@pytest.mark.slow
@pytest.mark.usefixtures("busy_machine")
def test_on_a_busy_machine_the_same_passes_and_the_slower_fails_every_time() -> None:
    for _ in range(4):
        latency_of().assert_at_most(ratio=1.1, call=work(3000), baseline=work(3000))
        with pytest.raises(AssertionError):
            latency_of().assert_at_most(ratio=1.1, call=work(3900), baseline=work(3000))


def test_numbers_are_noted_beside_those_of_the_champion() -> None:
    noted: dict[str, tuple[float, float | None]] = {}

    timed = latency_of(noted, champion=lambda rows: rows[:, 1]).measure(name="one", budget_s=0.2)

    assert set(noted) == {f"latency.one.{n}" for n in ("p50_ms", "p95_ms", "p99_ms", "ratio")}
    assert noted["latency.one.p95_ms"][1] is not None
    assert set(numbers_of(timed)) == {"p50_ms", "p95_ms", "p99_ms", "ratio"}


def test_a_limit_in_milliseconds() -> None:
    latency = latency_of()

    latency.assert_p99(ms=1000, budget_s=0.2)
    with pytest.raises(AssertionError, match=r"p95 of a call is .*at most 1e-06 ms is wanted"):
        latency.assert_p95(ms=1e-6, budget_s=0.2)


def test_without_a_champion_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(NoChampionError):
        latency_of().assert_at_most(ratio=1.1)
    with pytest.raises(ModelTestError, match="belong together"):
        latency_of().assert_at_most(ratio=1.1, call=work(1))
    with pytest.raises(ModelTestError, match="must be 1 or more"):
        latency_of().assert_p95(ms=1, rows=0)


def test_a_slow_model_is_timed_a_few_times_within_its_budget() -> None:
    import time

    timed = latency_of().measure(call=lambda: time.sleep(0.02), budget_s=0.5)

    assert 10 <= timed.calls <= 60
    assert timed.spent_s < 3
    assert timed.p50_ms >= 20
