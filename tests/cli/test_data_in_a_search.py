"""A search over bad data ends at its first trial; not where its own values made them bad."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]

SETTINGS = """\
model: m
data: {validate: {path: PATH, schema: schema.yaml}}
tune: {stages: [train], objective: {metric: auc}, space: {SPACE: [1, 2, 3, 4, 5, 6]}, trials: 6}
"""
PIPELINE = """\
stages:
  prepare: {cmd: sh prepare.sh, deps: [raw.csv, prepare.sh], params: [low], outs: [made.csv]}
  train: {cmd: sh train.sh, deps: [made.csv, train.sh], params: [depth],
          metrics: [{metrics.json: {cache: false}}]}
"""
FILES = {
    "dvc.yaml": PIPELINE,
    "schema.yaml": "columns:\n  x: {type: integer, between: [3, 9]}\n  y: {nulls: 0}\n",
    "params.yaml": "low: 1\ndepth: 1\n",
    "prepare.sh": "low=$(sed -n 's/^low: //p' params.yaml)\n"
    'sed "s/LOW/$low/" raw.csv > made.csv\n',
    "train.sh": "echo ran >> .git/trained\necho '{\"auc\": 0.5}' > metrics.json\n",
    "raw.csv": "x,y\n5,1\nLOW,2\n",
}


def clone_of(make: MakeClone, *, path: str, space: str) -> Clone:
    settings = SETTINGS.replace("PATH", path).replace("SPACE", space)
    return make({**FILES, "branchline.yaml": settings})


@pytest.mark.parametrize("path", ["raw.csv", "made.csv"])
@pytest.mark.parametrize("more", [(), ("--parallel", "2")], ids=["in-place", "parallel"])
def test_a_search_over_bad_data_ends_at_once(
    make_clone: MakeClone, path: str, more: tuple[str, ...]
) -> None:
    clone = clone_of(make_clone, path=path, space="depth")

    done = clone.call("tune", *more)

    assert done.code == 3
    assert f"error: no trial can train: `{path}`: `x` is " in done.err
    assert "`branchline data check` shows the rows" in done.err
    assert "trial 1 of 6" not in done.out + done.err


def test_values_that_make_bad_data_fail_alone(make_clone: MakeClone) -> None:
    clone = clone_of(make_clone, path="made.csv", space="low")

    done = clone.call("tune", "--dry-run")

    assert done.code == 0, done.err
    assert done.out.count("bad data") >= 2  # as it is now, and low 2
    assert "low 1 -> " in done.out
