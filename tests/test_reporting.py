"""What a training script calls: `report` and `should_stop`."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import branchline
from branchline import reporting


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that reports go to."""
    path = tmp_path / "train.steps.jsonl"
    monkeypatch.setenv("BRANCHLINE_REPORT_FILE", str(path))
    for name in ("RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    return path


@pytest.fixture
def stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says stop; not there yet."""
    path = tmp_path / "train.stop"
    monkeypatch.setenv("BRANCHLINE_STOP_FILE", str(path))
    return path


def rows(file: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in file.read_text().splitlines() if line]


class Scalar:
    """A number of a library: `float` takes it."""

    def __float__(self) -> float:
        return 0.25


class Whole:
    """A whole number of a library."""

    def __index__(self) -> int:
        return 7


class Vector:
    """Several numbers, as torch refuses them."""

    def __float__(self) -> float:
        raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")


def test_a_report_is_one_line(file: Path) -> None:
    branchline.report(3, auc=0.93, loss=Scalar())
    branchline.report(step=Whole(), **{"val/auc": Fraction(1, 2), "n": 4})

    assert rows(file) == [
        {"step": 3, "auc": 0.93, "loss": 0.25},
        {"step": 7, "val/auc": 0.5, "n": 4.0},
    ]


def test_numbers_that_are_none_are_kept_as_such(file: Path) -> None:
    branchline.report(0, a=math.nan, b=math.inf, c=-math.inf)

    (row,) = rows(file)
    assert math.isnan(row["a"])
    assert (row["b"], row["c"]) == (math.inf, -math.inf)


@pytest.mark.parametrize(
    ("step", "metrics", "error"),
    [
        pytest.param(-1, {"auc": 1}, ValueError, id="a-step-below-0"),
        pytest.param(1.0, {"auc": 1}, TypeError, id="a-step-with-a-fraction"),
        pytest.param("1", {"auc": 1}, TypeError, id="a-step-that-is-text"),
        pytest.param(True, {"auc": 1}, TypeError, id="a-step-that-is-a-truth-value"),
        pytest.param(1, {"auc": "0.9"}, TypeError, id="a-metric-that-is-text"),
        pytest.param(1, {"auc": None}, TypeError, id="a-metric-that-is-nothing"),
        pytest.param(1, {"auc": True}, TypeError, id="a-metric-that-is-a-truth-value"),
        pytest.param(1, {"auc": [1]}, TypeError, id="a-metric-that-is-a-list"),
        pytest.param(1, {"auc": Vector()}, TypeError, id="a-metric-of-several-numbers"),
        pytest.param(1, {"auc": 10**400}, ValueError, id="a-metric-too-large"),
    ],
)
@pytest.mark.parametrize("is_in_run", [True, False], ids=["in-a-run", "outside"])
def test_wrong_arguments_are_refused(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_in_run: bool,
    step: Any,
    metrics: dict[str, Any],
    error: type[Exception],
) -> None:
    if not is_in_run:
        monkeypatch.delenv("BRANCHLINE_REPORT_FILE")

    with pytest.raises(error, match=r"must be|too large"):
        branchline.report(step, **metrics)
    assert not file.exists()


def test_outside_a_run_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BRANCHLINE_REPORT_FILE", raising=False)
    monkeypatch.delenv("BRANCHLINE_STOP_FILE", raising=False)
    monkeypatch.chdir(tmp_path)

    branchline.report(1, auc=0.9)

    assert not branchline.should_stop()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("gone/train.jsonl", id="its-folder-is-gone"),
        pytest.param(".", id="a-folder-stands-there"),
        pytest.param("/dev/full", id="the-disk-is-full"),
        pytest.param("fifo", id="a-pipe-that-nobody-reads"),
    ],
)
def test_a_training_never_fails_for_us(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.setenv("BRANCHLINE_REPORT_FILE", str(tmp_path / place))
    monkeypatch.setenv("BRANCHLINE_STOP_FILE", str(tmp_path / "gone" / "stop"))

    branchline.report(1, auc=0.9)

    assert not branchline.should_stop()


def test_the_line_after_a_torn_one_is_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda number, data: write(number, data[:9]))
    branchline.report(1, auc=0.9)
    monkeypatch.setattr(os, "write", write)

    branchline.report(2, auc=0.8)

    assert file.read_text() == '{"step": \n{"step": 2, "auc": 0.8}\n'


def test_many_metrics_are_several_short_lines(file: Path) -> None:
    branchline.report(5, **{f"metric_{n:03}": n / 7 for n in range(500)})

    assert max(len(line) for line in file.read_bytes().splitlines()) < 4096
    found = rows(file)
    assert {row.pop("step") for row in found} == {5}
    assert sum(map(len, found)) == 500


def test_processes_do_not_tear_each_other(file: Path) -> None:
    def work(number: int) -> None:
        for step in range(200):
            reporting.report(step, **{f"m{number}": step})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(rows(file)) == 800


@pytest.mark.parametrize(
    ("variables", "count"),
    [
        pytest.param({}, 1, id="alone"),
        pytest.param({"RANK": "0", "LOCAL_RANK": "0"}, 1, id="the-first"),
        pytest.param({"RANK": "1", "LOCAL_RANK": "0"}, 0, id="the-first-of-another-machine"),
        pytest.param({"LOCAL_RANK": "1"}, 0, id="the-second-of-a-machine"),
    ],
)
def test_of_a_distributed_training_the_first_reports(
    file: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], count: int
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    branchline.report(1, auc=0.9)

    assert (len(rows(file)) if file.exists() else 0) == count


def test_a_stop_is_seen_and_stays(stop: Path) -> None:
    assert not branchline.should_stop()
    assert os.path.exists(f"{stop}.asked")

    stop.touch()
    deadline = time.monotonic() + 5
    while not branchline.should_stop() and time.monotonic() < deadline:
        time.sleep(0.01)

    assert branchline.should_stop()
    assert branchline.should_stop()


def test_the_file_is_not_looked_for_all_the_time(
    stop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branchline.should_stop()
    monkeypatch.setattr(reporting, "_LOOK_S", 60.0)
    stop.touch()

    answers = [branchline.should_stop() for _ in range(1000)]

    assert not any(answers)


@pytest.mark.parametrize("code", ["import branchline", "import branchline; branchline.report(0)"])
def test_an_import_loads_next_to_nothing(code: str) -> None:
    listing = f"import sys; before = set(sys.modules); {code}; print(*set(sys.modules) - before)"

    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True)

    loaded = {name for name in done.stdout.split() if name != "__future__"}
    assert loaded <= {"branchline", "branchline.version", "branchline.reporting"}


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'reports'"):
        branchline.reports  # noqa: B018  # type: ignore[attr-defined] # the point of the test


def test_the_lines_of_the_how_to_do_the_same(file: Path, stop: Path) -> None:
    page = Path(__file__).parents[1] / "docs" / "how-to" / "stop-bad-trials-early.md"
    (code,) = (
        block.partition("```")[0]
        for block in page.read_text().split("```python\n")[1:]
        if "def report" in block
    )
    made: dict[str, Any] = {}
    exec(code, made)

    made["report"](3, auc=0.5)
    branchline.report(3, auc=0.5)
    before = made["should_stop"]()
    stop.touch()

    lines = file.read_text().splitlines()
    assert lines[0] == lines[1]
    assert (before, made["should_stop"]()) == (False, True)
    assert os.path.exists(f"{stop}.asked")
