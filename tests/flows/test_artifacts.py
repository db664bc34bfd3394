from __future__ import annotations

import pytest

from branchline.core.pipeline import Content, LockEntry
from branchline.core.plan.values import Produced, Result
from branchline.errors import StoreError
from branchline.flows.artifacts import lay_out_run
from branchline.testing.artifacts import FakeArtifacts

RESULT = Result(
    key="k",
    stage="train",
    inputs=(),
    entry=LockEntry(cmd="true"),
    outs=(
        Produced(path="model.pkl", spelled="model.pkl", content=Content(md5="m")),
        Produced(path="notes.txt", spelled="notes.txt", content=Content(md5="n"), cached=False),
        Produced(
            path="out/metrics.json", spelled="metrics.json", content=Content(md5="x"),
            kind="metric", cached=False,
        ),
        Produced(path="roc.csv", spelled="roc.csv", content=Content(md5="p"), kind="plot"),
    ),
)  # fmt: skip


def test_a_run_is_laid_out_by_its_id() -> None:
    artifacts = FakeArtifacts({"m": b"weights", "p": b"0,1"})
    tree = {"out/metrics.json": b"{}", "notes.txt": b"n"}

    folders = lay_out_run(artifacts, [RESULT], run="abc1234", read=tree.get)

    assert folders == ("/fake/artifacts/abc1234", "/fake/metrics/abc1234")
    assert artifacts.laid == {
        "artifacts/abc1234": {"model.pkl": b"weights", "notes.txt": b"n"},
        "metrics/abc1234": {"out/metrics.json": b"{}", "roc.csv": b"0,1"},
    }


def test_what_is_nowhere_is_an_error() -> None:
    with pytest.raises(StoreError, match=r"notes\.txt is not in the store"):
        lay_out_run(FakeArtifacts({"m": b""}), [RESULT], run="a", read=lambda _path: None)
