from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline.core.changes.values import Input, InputKind
from branchline.core.evidence import Evidence, Metric, StageFacts
from branchline.core.evidence.evidence_json import evidence_to_json
from branchline.core.policy import Gate, MetricRule
from branchline.core.verdict.judge import judge
from branchline.core.verdict.verdict_json import verdict_to_json
from branchline.errors import UnknownNameError
from branchline.flows.history import History, log_files, view_of
from branchline.ports.records import StoredRun
from branchline.ports.repo import Head
from branchline.testing.records import FakeRecords, result_of
from branchline.testing.repo import FakeRepo

if TYPE_CHECKING:
    from collections.abc import Sequence

A, B, C = "a" * 40, "b" * 40, "c" * 40


def files_of(day: int, *, commit: str = A, branch: str = "main") -> dict[str, bytes]:
    evidence = Evidence(
        metrics=(Metric(name="auc", value=0.9, text="0.9", file="m.json"),),
        stages=(StageFacts(stage="train", action="run", key="ab" * 32, run="one"),),
    )
    gate = Gate(metrics=(MetricRule(name="auc", min=0.8),))
    changes = [
        {"effect": "model", "sentence": "`a.py` changed"},
        {"effect": "none", "sentence": "nothing"},
    ]
    run = {
        "schema_version": 1,
        "model": "m",
        "commit": commit,
        "branch": branch,
        "is_dirty": False,
        "started_at": f"2026-01-{day:02}T00:00:00Z",
        "duration_s": 2,
        "outcome": "passed",
        "trigger": {"kind": "person"},
    }
    stage = {"stage": "train", "action": "run", "reason": "why", "changes": changes}
    texts = {
        "run.json": run,
        "plan.json": {"stages": [stage]},
        "evidence.json": evidence_to_json(evidence),
        "verdict.json": verdict_to_json(judge(evidence, None, gate)),
    }
    return {name: json.dumps(value).encode() for name, value in texts.items()} | {
        "plots/roc.csv": b"x,y"
    }


@pytest.fixture
def history() -> History:
    records = FakeRecords()
    records.add_run("one", files_of(1))
    records.add_run("two", files_of(2, commit=B))
    records.add_run("three", files_of(3, commit=B, branch="training/x"))
    item = Input(kind=InputKind.CODE, name="a.py", digest="d" * 64)
    records.add_results([replace(result_of("ab" * 32), inputs=(item,), run="one")])
    return History(
        records,
        FakeRepo(
            head=Head(commit=C, short=C[:7], branch="main"),
            branches={"training/x": B, "side": A, "empty": C},
            history={A: [A], B: [A, B]},
        ),
    )


@pytest.mark.parametrize(
    ("name", "run"),
    [
        pytest.param("", "three", id="nothing-means-the-newest"),
        pytest.param("one", "one", id="a-run-id"),
        pytest.param("training/x", "three", id="a-branch-means-the-newest-run-of-its-commit"),
        pytest.param("side", "one", id="a-branch-that-was-never-trained-means-its-commit"),
        pytest.param(B[:8], "three", id="a-commit"),
        pytest.param("main", "two", id="a-branch-that-moved-on-means-its-newest-run"),
    ],
)
def test_what_a_name_means(history: History, name: str, run: str) -> None:
    assert history.find(name).run == run


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("empty", "no run of `empty`", id="a-branch-without-runs"),
        pytest.param("thre", "names no run", id="no-name-at-all"),
    ],
)
def test_a_name_without_a_run_is_an_error(history: History, name: str, said: str) -> None:
    with pytest.raises(UnknownNameError, match=said) as unknown:
        history.find(name)

    if name == "thre":
        assert "`three`" in unknown.value.todo


def test_without_runs_the_error_says_how_to_make_one() -> None:
    with pytest.raises(UnknownNameError, match="no run is recorded") as unknown:
        History(FakeRecords(), FakeRepo()).find()

    assert "branchline run" in unknown.value.todo


def test_the_newest_come_first(history: History) -> None:
    assert [run.run for run in history.newest()] == ["three", "two", "one"]
    assert [run.run for run in history.newest(2)] == ["three", "two"]


def test_a_run_is_read_whole(history: History) -> None:
    run = history.find("one")

    assert (run.model, run.commit, run.outcome, run.duration_s) == ("m", A, "passed", 2.0)
    assert run.stages[0].changes == ("`a.py` changed",)
    assert run.verdict is not None
    assert run.evidence.metric("auc") is not None
    assert run.problems == ()
    assert history.plots("one") == {"roc.csv": b"x,y"}
    (item,) = history.inputs(run)
    assert (item.stage, item.kind, item.name, item.digest) == ("train", "code", "a.py", "d" * 64)


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b"{", b'{"schema_version": 99}', b"\xff", b"[" * 100_000]
)
def test_what_cannot_be_read_is_said(content: bytes) -> None:
    names = ["run.json", "plan.json", "evidence.json", "verdict.json"]

    view = view_of(StoredRun(run="x", files=dict.fromkeys(names, content)))

    assert view.run == "x"
    assert len(view.problems) >= 2
    assert view_of(StoredRun(run="x", files={})).problems == ()


class Logs:
    """The one method of the ledger that is asked here."""

    def __init__(self, *rows: tuple[str, str]) -> None:
        self.rows = rows

    def logs(
        self, *, stage: str | None = None, record: str | None = None
    ) -> Sequence[tuple[str, str]]:
        return [row for row in self.rows if stage in (None, row[0]) and record in (None, "r")]


def test_logs_are_those_of_the_newest_run() -> None:
    ledger = Logs(("a", "2a"), ("b", "2b"), ("a", "1a"), ("c", "1c"))

    assert log_files(ledger) == [("a", "2a"), ("b", "2b")]
    assert log_files(ledger, stage="c") == [("c", "1c")]


def test_a_missing_log_names_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match="no log of stage `x`") as unknown:
        log_files(Logs(("a", "1")), stage="x")

    assert "Stages with logs: a." in unknown.value.todo
