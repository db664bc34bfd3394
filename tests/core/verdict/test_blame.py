"""Where a run that was made again began to differ, and which input is to blame."""

from __future__ import annotations

from dataclasses import replace

import pytest

from branchline.core.changes.values import PACKAGES, Input, InputKind
from branchline.core.pipeline import Content
from branchline.core.plan.values import Observed, Produced, Result
from branchline.core.verdict.blame import (
    Blame,
    Suspect,
    SuspectKind,
    Tried,
    blame_sentence,
    parted,
    suspects_of,
)
from branchline.testing.records import result_of

SEED = Suspect(kind=SuspectKind.VARIABLE, name="$SEED", was="unset")
PYTHON = Suspect(kind=SuspectKind.INTERPRETER, name="python", was="3.11.7", now="3.12.3")
ORDER = ["prepare", "train", "test"]


def stage(name: str, out: str, md5: str, *, reads: str = "") -> Result:
    item = Input(kind=InputKind.DATA, name=reads, digest="d")
    return replace(
        result_of("k", stage=name),
        inputs=(item,) if reads else (),
        outs=(Produced(path=out, spelled=out, content=Content(md5=md5)),),
    )


def results(prepare: str, train: str, test: str) -> dict[str, Result]:
    """`train` reads a file within what `prepare` leaves; `test` stands alone."""
    return {
        "prepare": stage("prepare", "clean", prepare),
        "train": stage("train", "model", train, reads="clean/a.csv"),
        "test": stage("test", "report", test),
    }


@pytest.mark.parametrize(
    ("now", "began"),
    [
        pytest.param(results("a", "b", "c"), [], id="all-is-the-same"),
        pytest.param(results("a", "x", "c"), ["train"], id="the-second-stage-of-the-same-data"),
        pytest.param(results("x", "y", "c"), ["prepare"], id="the-first-and-what-follows-from-it"),
        pytest.param(results("x", "b", "c"), ["prepare"], id="the-first-alone"),
        pytest.param(results("x", "y", "z"), ["prepare", "test"], id="two-that-are-independent"),
    ],
)
def test_where_it_began(now: dict[str, Result], began: list[str]) -> None:
    assert parted(ORDER, results("a", "b", "c"), now) == began


def test_a_stage_that_is_not_recorded_accuses_nobody() -> None:
    assert parted(ORDER, {}, results("a", "b", "c")) == []


def with_inputs(*inputs: Input, versions: dict[str, str] | None = None) -> Result:
    return replace(result_of("k"), inputs=inputs, versions=versions or {})


def input_of(kind: InputKind, name: str, digest: str | None, value: str = "") -> Input:
    return Input(kind=kind, name=name, digest=digest, value=value)


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        pytest.param(
            with_inputs(input_of(InputKind.VARIABLE, "$SEED", "unset")),
            with_inputs(input_of(InputKind.VARIABLE, "$SEED", "d1")),
            ["`$SEED`, which was not set and is now"],
            id="a-variable-that-was-not-set",
        ),
        pytest.param(
            with_inputs(input_of(InputKind.VARIABLE, "$SEED", "d1")),
            with_inputs(input_of(InputKind.VARIABLE, "$SEED", "unset")),
            ["`$SEED`, which was set and is not now"],
            id="a-variable-that-is-not-set",
        ),
        pytest.param(
            with_inputs(input_of(InputKind.VARIABLE, "$SEED", "d1")),
            with_inputs(input_of(InputKind.VARIABLE, "$SEED", "d2")),
            ["`$SEED`, which has another value"],
            id="values-of-variables-are-not-shown",
        ),
        pytest.param(
            with_inputs(
                input_of(InputKind.ENVIRONMENT, "python", "3.11", "3.11"),
                versions={"python": "3.11.7", "platform": "Linux-x86_64"},
            ),
            with_inputs(
                input_of(InputKind.ENVIRONMENT, "python", "3.12", "3.12"),
                versions={"python": "3.12.3", "platform": "Linux-aarch64"},
            ),
            [
                "Python, which was 3.11.7 and is 3.12.3",
                "the machine, which was Linux-x86_64 and is Linux-aarch64",
            ],
            id="an-interpreter-is-named-once",
        ),
        pytest.param(
            with_inputs(
                input_of(InputKind.ENVIRONMENT, "requirements.txt", "d1"),
                versions={"branchline": "1", "lock:requirements.txt": "d1"},
            ),
            with_inputs(
                input_of(InputKind.ENVIRONMENT, "requirements.txt", "d2"),
                versions={"branchline": "2", "lock:requirements.txt": "d2"},
            ),
            ["the packages of `requirements.txt`, which are others now"],
            id="packages-are-named-once-and-branchline-is-not",
        ),
        pytest.param(
            with_inputs(
                input_of(InputKind.ENVIRONMENT, PACKAGES, "d1", "numpy==2.1.0 scipy==1.14.1"),
                versions={"packages": "numpy==2.1.0 scipy==1.14.1", "packages_digest": "d1"},
            ),
            with_inputs(
                input_of(InputKind.ENVIRONMENT, PACKAGES, "d2", "numpy==2.2.0 six==1.0"),
                versions={"packages": "numpy==2.2.0 six==1.0", "packages_digest": "d2"},
            ),
            [
                "package `numpy`, which was 2.1.0 and is 2.2.0",
                "package `scipy`, which was 1.14.1 and is not there",
                "package `six`, which was not there and is 1.0",
            ],
            id="packages-of-an-environment-that-was-made-by-their-names",
        ),
        pytest.param(
            with_inputs(input_of(InputKind.DATA, "/data/raw.csv", "d1")),
            with_inputs(input_of(InputKind.DATA, "/data/raw.csv", "d2")),
            ["`/data/raw.csv`, which has other content"],
            id="data-outside-of-git",
        ),
        pytest.param(
            replace(with_inputs(), observed=(Observed(path="extra.csv", digest="d1"),)),
            replace(with_inputs(), observed=(Observed(path="extra.csv", digest="d2"),)),
            ["`extra.csv`, which has other content"],
            id="what-it-was-seen-to-read",
        ),
        pytest.param(
            with_inputs(input_of(InputKind.DATA, "a", "d"), versions={"python": "3.11.7"}),
            with_inputs(input_of(InputKind.DATA, "a", "d"), versions={"python": "3.11.7"}),
            [],
            id="nothing",
        ),
    ],
)
def test_what_differs(then: Result, now: Result, said: list[str]) -> None:
    assert [suspect.sentence for suspect in suspects_of(then, now)] == said


@pytest.mark.parametrize(
    ("blame", "said"),
    [
        pytest.param(
            Blame(suspects=(PYTHON,), tried=Tried.CHANCE, stages=("train",)),
            "To blame: chance. A second training here",
            id="chance-comes-first",
        ),
        pytest.param(
            Blame(suspects=(PYTHON, SEED), proved=(SEED,), tried=Tried.SAME),
            "To blame: `$SEED`, which was not set and is now. Put back, the recorded numbers",
            id="proved",
        ),
        pytest.param(
            Blame(suspects=(PYTHON,), tried=Tried.SAME),
            "To blame, as far as the record tells: Python, which was 3.11.7 and is 3.12.3. Nothing"
            " else that is recorded differs. Two trainings here agree, so it is not chance.",
            id="the-only-one",
        ),
        pytest.param(
            Blame(suspects=(PYTHON, SEED)),
            "To blame, as far as the record tells: Python, which was 3.11.7 and is 3.12.3; or"
            " `$SEED`, which was not set and is now. Chance was not ruled out.",
            id="one-of-two-and-not-tried",
        ),
        pytest.param(
            Blame(tried=Tried.SAME, has_exact_packages=True, stages=("train",)),
            "To blame is something that the record does not hold: all recorded inputs are the same,"
            " and two trainings here agree. What is left is variables that branchline.yaml does not"
            " name, or the machine itself. It began in `train`.",
            id="what-no-record-holds",
        ),
        pytest.param(
            Blame(),
            "Which input is to blame is not known: all recorded inputs are the same. What is left"
            " is chance, packages (",
            id="nothing-was-tried",
        ),
        pytest.param(
            Blame(known=False),
            "Which input is to blame cannot be told: the results of the run are not recorded here",
            id="records-that-were-not-fetched",
        ),
    ],
)
def test_who_is_to_blame(blame: Blame, said: str) -> None:
    assert blame_sentence(blame).startswith(said)
