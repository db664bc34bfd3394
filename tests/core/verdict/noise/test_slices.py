from __future__ import annotations

import numpy as np

from branchline.core.verdict.noise.slices import slices_of
from branchline.core.verdict.noise.values import PairedExamples, Predicted

COUNT = 600
CODES = np.repeat([0, 1, 2], [343, 200, 57])
EXAMPLES = PairedExamples(
    truth=np.arange(COUNT) % 2,
    classes=("no", "yes"),
    candidate=Predicted(decisions=np.zeros(COUNT, dtype=np.int64)),
    champion=Predicted(scores=np.linspace(0, 1, COUNT)),
    weights=np.ones(COUNT),
    clusters=np.arange(COUNT) // 2,
    slices={
        "site": (CODES, ("north", "south", "west")),
        "id": (np.arange(COUNT), tuple(map(str, range(COUNT)))),
    },
)


def test_a_slice_below_the_least_is_named_and_not_judged() -> None:
    north, south, west = slices_of(EXAMPLES, "site", min_rows=200)

    assert (north.where, north.count, north.problem) == ("site=north", 343, "")
    assert (south.where, south.count, south.problem) == ("site=south", 200, "")
    assert (west.where, west.problem, west.examples) == ("site=west", "not judged (57 rows)", None)


def test_a_slice_holds_all_columns_of_its_rows() -> None:
    south = slices_of(EXAMPLES, "site", min_rows=1)[1].examples

    assert south is not None
    assert south.count == 200
    assert south.champion.scores is not None
    assert south.champion.scores[0] == np.linspace(0, 1, COUNT)[343]
    assert south.clusters is not None
    assert south.clusters[0] == 171
    assert set(south.slices["site"][0].tolist()) == {1}


def test_a_column_that_names_examples_is_no_grouping() -> None:
    (found,) = slices_of(EXAMPLES, "id", min_rows=1)

    assert found.problem == "not judged (600 values; at most 200 make groups)"


def test_a_column_that_is_not_there_is_said() -> None:
    (found,) = slices_of(EXAMPLES, "age", min_rows=1)

    assert found.problem == "not judged (no column age)"
