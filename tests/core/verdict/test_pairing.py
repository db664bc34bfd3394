"""Two models' predictions side by side: only of the same examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence.predictions import Predictions, Task
from branchline.core.verdict.pairing import examples_digest, pair


def said(
    truth: str,
    scores: list[float],
    ids: str | None = None,
    *,
    classes: tuple[str, ...] = ("0", "1"),
) -> Predictions:
    codes = {name: code for code, name in enumerate(classes)}
    return Predictions(
        file="p.csv",
        task=Task.CLASSES,
        truth=np.array([codes[t] for t in truth], dtype=np.int64),
        truth_texts=np.array(list(truth), dtype=object),
        classes=classes,
        scores=np.array(scores),
        ids=None if ids is None else np.array(list(ids), dtype=object),
        slices={"site": np.array(list("NS" * len(truth))[: len(truth)], dtype=object)},
    )


def test_rows_that_moved_are_aligned_by_id() -> None:
    ours, theirs = said("011", [0.1, 0.2, 0.3], "abc"), said("110", [0.6, 0.5, 0.4], "cba")

    found = pair(ours, theirs).examples

    assert found is not None
    assert found.truth.tolist() == [0, 1, 1]
    assert found.candidate.scores is not None
    assert found.champion.scores is not None
    assert found.candidate.scores.tolist() == [0.1, 0.2, 0.3]
    assert found.champion.scores.tolist() == [0.4, 0.5, 0.6]
    assert found.slices["site"][0].tolist() == [0, 1, 0]


@given(st.permutations(range(5)))
def test_the_order_of_the_rows_changes_nothing(order: list[int]) -> None:
    scores = [0.1, 0.2, 0.3, 0.4, 0.5]
    still = said("01101", scores, "abcde")
    moved = said(
        "".join("01101"[i] for i in order),
        [scores[i] for i in order],
        "".join("abcde"[i] for i in order),
    )

    found = pair(moved, still).examples

    assert found is not None
    assert found.candidate.scores is not None
    assert found.candidate.scores.tolist() == scores
    assert examples_digest(moved) == examples_digest(still)


def test_without_ids_position_counts_where_the_truth_agrees() -> None:
    found = pair(said("010", [0.1, 0.2, 0.3]), said("010", [0.4, 0.5, 0.6]))

    assert found.examples is not None
    assert found.examples.count == 3


@pytest.mark.parametrize(
    ("ours", "theirs", "problem"),
    [
        pytest.param(
            said("01", [0, 1], "ab"), said("011", [0, 1, 1], "abc"),
            "2 examples here, 3 in the baseline, 2 of them in both", id="ids-missing-in-one",
        ),
        pytest.param(
            said("01", [0, 1], "ab"), said("01", [0, 1], "xy"),
            "2 examples here, 2 in the baseline, 0 of them in both", id="other-examples",
        ),
        pytest.param(
            said("01", [0, 1], "ab"), said("00", [0, 1], "ab"),
            "the truth of 1 of 2 examples is another one (first: id `b`, `1` here and `0` there)",
            id="another-truth",
        ),
        pytest.param(
            said("01", [0, 1]), said("010", [0, 1, 0]),
            "2 examples here and 3 in the baseline, and no ids that tell which are the same"
            " (`gate.predictions.id` names their column)", id="other-lengths-without-ids",
        ),
        pytest.param(
            said("01", [0, 1]), said("10", [0, 1]),
            "the truth of 2 of 2 examples is another one (first: row 1, `0` here and `1` there);"
            " without ids (`gate.predictions.id` names them) rows are compared by position",
            id="another-order-without-ids",
        ),
    ],
)  # fmt: skip
def test_other_examples_are_refused_with_their_numbers(
    ours: Predictions, theirs: Predictions, problem: str
) -> None:
    found = pair(ours, theirs)

    assert found.examples is None
    assert found.problem == problem


def test_a_class_that_only_one_model_knows_gets_a_score_of_0_from_the_other() -> None:
    wide = Predictions(
        file="p.csv",
        task=Task.CLASSES,
        truth=np.array([0, 1]),
        truth_texts=np.array(["a", "b"], dtype=object),
        classes=("a", "b", "c"),
        scores=np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]]),
    )
    narrow = said("ab", [0.25, 0.75], classes=("a", "b"))

    found = pair(wide, narrow).examples

    assert found is not None
    assert found.classes == ("a", "b", "c")
    assert found.champion.scores is not None
    assert found.champion.scores.tolist() == [[0.75, 0.25, 0.0], [0.25, 0.75, 0.0]]


def test_the_digest_tells_sets_of_examples_apart() -> None:
    digests = {
        examples_digest(said("01", [0, 0], "ab")),
        examples_digest(said("10", [0, 0], "ab")),
        examples_digest(said("01", [0, 0], "ac")),
        examples_digest(said("01", [0, 0])),
        examples_digest(said("10", [0, 0])),
    }

    assert len(digests) == 5
    assert examples_digest(said("01", [0, 0], "ab")) == examples_digest(said("01", [1, 1], "ab"))
