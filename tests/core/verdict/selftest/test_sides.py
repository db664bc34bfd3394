"""Which data stand on which side of an evaluation."""

from __future__ import annotations

import pytest

from branchline.core.changes.values import Input, InputKind
from branchline.core.pipeline import Content, LockEntry
from branchline.core.plan.values import Observed, Produced, Result
from branchline.core.verdict.selftest.sides import sides_of


def stage(name: str, reads: str, *, metrics: bool = False, seen: str = "") -> Result:
    out = Produced(
        path=f"{name}.json",
        spelled=f"{name}.json",
        content=Content(md5="1"),
        kind="metric" if metrics else "data",
    )
    return Result(
        key=name,
        stage=name,
        inputs=tuple(Input(kind=InputKind.DATA, name=p, digest="1") for p in reads.split()),
        outs=(out,),
        entry=LockEntry(cmd="true"),
        observed=tuple(Observed(path=path, digest="digest") for path in seen.split()),
    )


def test_what_only_the_evaluation_reads_is_the_evaluation_set() -> None:
    results = [
        stage("train", "train.csv words.txt"),
        stage("evaluate", "test.csv words.txt model.pkl", metrics=True),
    ]

    sides = sides_of(results, {"train"})

    assert (sides.train, sides.test, sides.problem) == (("train.csv",), ("test.csv",), "")


@pytest.mark.parametrize(
    ("results", "problem"),
    [
        pytest.param(
            [stage("train", "all.csv"), stage("evaluate", "all.csv", metrics=True)],
            "training and evaluation read the same all.csv",
            id="one-file-for-both",
        ),
        pytest.param(
            [stage("train", "train.csv"), stage("evaluate", "model.pkl", metrics=True)],
            "it is not known which data the evaluation reads",
            id="an-evaluation-without-data",
        ),
        pytest.param([], "it is not known which data the training reads", id="nothing"),
    ],
)
def test_sides_that_cannot_be_told(results: list[Result], problem: str) -> None:
    sides = sides_of(results, {"train"})

    assert sides.problem == problem
    assert "gate: {data: FILE}" in sides.todo


def test_a_named_evaluation_set_counts_in_a_script_that_does_both() -> None:
    both = stage("train", "", metrics=True, seen="data/train.csv data/test.csv train.py")

    sides = sides_of([both], {"train"}, named=("data/test.csv",))

    assert (sides.train, sides.test) == (("data/train.csv",), ("data/test.csv",))
