"""Logs on a disk: the contract, and what only files can do."""

from __future__ import annotations

import math
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.local_steps import LocalSteps
from branchline.adapters.local_steps.tail import MOST_BYTES
from branchline.core.evidence.steps import Form, Step
from branchline.ports.steps import StepLog
from branchline.testing.steps import StepsContract

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.ports.steps import Steps

# As MLflow 3 makes it.
TABLE = """\
CREATE TABLE metrics (
    key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
    run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0' NOT NULL,
    is_nan BOOLEAN DEFAULT '0' NOT NULL,
    CONSTRAINT metric_pk PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan)
)"""


class TestLocalSteps(StepsContract):
    """The contract."""

    @pytest.fixture
    def steps(self) -> Steps:
        return LocalSteps(scan_s=0)

    def place(self, tmp_path: Path, name: str) -> str:
        return str(tmp_path / "work" / name)

    def write(self, steps: Steps, path: str, text: str) -> None:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.read_text() if file.exists() else None
        if before is not None and text.startswith(before):
            with file.open("a") as more:
                more.write(text[len(before) :])
        else:
            file.write_text(text)


@pytest.fixture
def steps() -> LocalSteps:
    return LocalSteps(scan_s=0)


def told(found: Sequence[Step]) -> list[tuple[int, str, float]]:
    return [(step.step, step.name, step.value) for step in found]


def test_a_log_that_was_replaced_by_the_same_is_read_again(
    steps: LocalSteps, tmp_path: Path
) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"step": 1, "auc": 0.5}\n')
    follower = steps.follow([StepLog(path=str(path), form=Form.JSON_LINES)])
    (tmp_path / "new").write_text('{"step": 1, "auc": 0.5}\n')

    os.replace(tmp_path / "new", path)

    assert told(follower.poll()) == [(1, "auc", 0.5)]


def test_a_log_that_went_and_came_is_read_again(steps: LocalSteps, tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"step": 1, "auc": 0.5}\n')
    follower = steps.follow([StepLog(path=str(path), form=Form.JSON_LINES)])
    path.unlink()
    nothing = follower.poll()

    path.write_text('{"step": 1, "auc": 0.5}\n')

    assert told(nothing) == []
    assert told(follower.poll()) == [(1, "auc", 0.5)]


def test_much_at_once_comes_in_parts(steps: LocalSteps, tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    follower = steps.follow([StepLog(path=str(path), form=Form.JSON_LINES)])
    count = MOST_BYTES // 10
    with path.open("w") as file:
        file.writelines(f'{{"step": {n}, "auc": 1}}\n' for n in range(count))

    parts = [follower.poll() for _ in range(6)]

    assert [step.step for part in parts for step in part] == list(range(count))
    assert parts[-1] == []


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_what_is_no_file_holds_nobody_up(steps: LocalSteps, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.jsonl"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    logs = [StepLog(path=str(path), form=form) for form in (Form.JSON_LINES, Form.SUMMARY)]

    assert told(steps.follow(logs).poll()) == []


def test_a_folder_of_dvclive(steps: LocalSteps, tmp_path: Path) -> None:
    folder = tmp_path / "dvclive"
    follower = steps.follow([StepLog(path=str(folder), form=Form.FOLDER)])
    (folder / "plots/metrics/val").mkdir(parents=True)
    (folder / "metrics.json").write_text('{"step": 0, "val": {"auc": 0.5}}')
    (folder / "plots/metrics/val/auc.tsv").write_text("step\tauc\n0\t0.5\n")
    (folder / "plots/images.jsonl.png").write_text("no log")

    assert set(told(follower.poll())) == {(0, "val.auc", 0.5)}


def test_at_the_end_a_folder_is_searched_once_more(tmp_path: Path) -> None:
    folder = tmp_path / "dvclive"
    follower = LocalSteps(scan_s=60).follow([StepLog(path=str(folder), form=Form.FOLDER)])
    folder.mkdir()
    (folder / "metrics.json").write_text('{"step": 0, "auc": 0.5}')

    early = follower.poll()

    assert told(early) == []
    assert told(follower.poll(is_last=True)) == [(0, "auc", 0.5)]


def test_the_parts_of_a_folder_of_dvclive(steps: LocalSteps, tmp_path: Path) -> None:
    folder = tmp_path / "live/plots/metrics"
    follower = steps.follow([StepLog(path=str(folder), form=Form.FOLDER)])
    folder.mkdir(parents=True)
    (folder / "auc.tsv").write_text("step\tauc\n0\t0.5\n")

    assert told(follower.poll()) == [(0, "auc", 0.5)]


def test_of_mlflow_only_new_runs_are_told(steps: LocalSteps, tmp_path: Path) -> None:
    old, new = (tmp_path / "mlruns/0" / (letter * 32) / "metrics" for letter in "ab")
    old.mkdir(parents=True)
    (old / "auc").write_text("17 0.1 0\n")
    follower = steps.follow([StepLog(path=str(tmp_path / "mlruns"), form=Form.FOLDER)])
    new.mkdir(parents=True)
    (new / "auc").write_text("18 nan 3\n")
    (new.parent / "params").mkdir()
    (new.parent / "params/lr").write_text("0.1")

    ((step, name, value),) = told(follower.poll())

    assert (step, name) == (3, "auc")
    assert math.isnan(value)


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_rows_of_mlflow_s_database(steps: LocalSteps, tmp_path: Path, mode: str) -> None:
    path = tmp_path / "ml flow.db"
    rows = [
        ("val/auc", 0.5, 17, "a" * 32, 0, False),
        ("val/auc", 0.0, 18, "b" * 32, 1, True),
        ("loss", 1.7976931348623157e308, 19, "b" * 32, 1, False),
    ]
    insert = "INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute(f"PRAGMA journal_mode = {mode}")
        writer.execute(TABLE)
        writer.execute(insert, rows[0])
        writer.commit()
        follower = steps.follow([StepLog(path=str(path), form=Form.MLFLOW_DATABASE)])
        nothing = follower.poll()
        writer.execute(insert, rows[1])
        writer.execute(insert, rows[2])
        unsaid = follower.poll()
        writer.commit()

        found = told(follower.poll())

    assert (told(nothing), told(unsaid)) == ([], [])
    assert [(step, name) for step, name, _ in found] == [(1, "val.auc"), (1, "loss")]
    assert math.isnan(found[0][2])
    assert found[1][2] == math.inf
    assert told(follower.poll()) == []


def test_a_database_that_comes_later(steps: LocalSteps, tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    follower = steps.follow([StepLog(path=str(path), form=Form.MLFLOW_DATABASE)])
    nothing = follower.poll()
    path.write_text("no database")
    neither = follower.poll()
    path.unlink()

    with closing(sqlite3.connect(path)) as writer:
        writer.execute(TABLE)
        writer.execute("INSERT INTO metrics VALUES ('auc', 0.5, 1, 'a', 2, 0)")
        writer.commit()

    assert (told(nothing), told(neither)) == ([], [])
    assert told(follower.poll()) == [(2, "auc", 0.5)]


def test_a_database_that_is_locked_is_looked_at_again(steps: LocalSteps, tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute(TABLE)
        writer.commit()
        follower = steps.follow([StepLog(path=str(path), form=Form.MLFLOW_DATABASE)])
        writer.execute("INSERT INTO metrics VALUES ('auc', 0.5, 1, 'a', 2, 0)")
        writer.commit()
        writer.execute("BEGIN EXCLUSIVE")

        locked = follower.poll()
        writer.rollback()

    assert told(locked) == []
    assert told(follower.poll()) == [(2, "auc", 0.5)]
