"""One engine at a time: threads, processes, dead processes, and DVC's own lists."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import branchline
from branchline.adapters.dvc.workspace_lock import DvcWorkspaceLock
from branchline.errors import BusyError, StoreError
from branchline.testing.locks import WorkspaceLockContract

SOURCES = str(Path(branchline.__file__).parents[1])

HOLDER = """
import sys, time
from branchline.adapters.dvc.workspace_lock import DvcWorkspaceLock
with DvcWorkspaceLock(sys.argv[1], command="branchline run --slow").hold(wait_s=5):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(params=["without-dvc", "with-dvc"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "with-dvc":
        (tmp_path / ".dvc").mkdir()
    return tmp_path


@pytest.fixture
def workspace_lock(root: Path) -> DvcWorkspaceLock:
    return DvcWorkspaceLock(str(root))


class TestContract(WorkspaceLockContract):
    pass


def start_holder(root: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_the_holder_is_named_and_its_death_is_noticed_at_once(root: Path) -> None:
    with start_holder(root) as child:
        with (
            pytest.raises(BusyError, match=rf"pid {child.pid}.*branchline run --slow, since 2"),
            DvcWorkspaceLock(str(root)).hold(wait_s=0.1),
        ):
            pass
        child.send_signal(signal.SIGKILL)
        child.wait()

        started = time.monotonic()
        with DvcWorkspaceLock(str(root)).hold(wait_s=0):
            took = time.monotonic() - started
    assert took < 1


def test_waiting_is_told_once_and_ends_when_the_lock_is_free(root: Path) -> None:
    told: list[str] = []
    with start_holder(root) as child:
        lock = DvcWorkspaceLock(str(root), waiting=told.append)
        with (
            subprocess.Popen(["sh", "-c", f"sleep 0.5; kill -9 {child.pid}"]),
            lock.hold(wait_s=20),
        ):
            pass
    assert len(told) == 1
    assert f"pid {child.pid}" in told[0]


def test_living_entries_of_dvc_are_respected_and_dead_ones_dropped(tmp_path: Path) -> None:
    tmp = tmp_path / ".dvc" / "tmp"
    tmp.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as other:
        entry = {"pid": other.pid, "cmd": "dvc repro"}
        (tmp / "rwlock").write_text(json.dumps({"write": {"/x": entry}, "read": {"/y": [entry]}}))
        with (
            pytest.raises(BusyError, match=rf"DVC .pid {other.pid}: dvc repro"),
            DvcWorkspaceLock(str(tmp_path)).hold(wait_s=0.1),
        ):
            pass
        other.kill()

    with DvcWorkspaceLock(str(tmp_path)).hold(wait_s=0):
        held = json.loads((tmp / "rwlock").read_text())

    assert held == {"write": {str(tmp_path): {"pid": os.getpid(), "cmd": " ".join(sys.argv)}}}
    assert json.loads((tmp / "rwlock").read_text()) == {}


def test_a_broken_list_of_dvc_is_made_anew(tmp_path: Path) -> None:
    tmp = tmp_path / ".dvc" / "tmp"
    tmp.mkdir(parents=True)
    (tmp / "rwlock").write_text("{")

    with DvcWorkspaceLock(str(tmp_path)).hold(wait_s=0):
        assert str(tmp_path) in json.loads((tmp / "rwlock").read_text())["write"]


def test_a_clone_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / ".branchline").write_text("in the way")

    with (
        pytest.raises(StoreError, match=r"\.branchline/lock cannot be opened: "),
        DvcWorkspaceLock(str(tmp_path)).hold(wait_s=0),
    ):
        pass
