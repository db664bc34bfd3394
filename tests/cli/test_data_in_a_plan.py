"""`plan` says which data will be checked, and which are known to be bad; it reads none of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.test_data_command import BAD, SCHEMA, SETTINGS, TRAIN, project, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]

WILL = "Data: `data/train.csv` will be checked against `data/schema.yaml`, before anything trains"


def states(clone: Clone) -> list[str]:
    return [one["state"] for one in json.loads(clone.call("plan", "--json").out)["data"]]


def test_a_plan_says_what_is_known_of_the_data(make_clone: MakeClone) -> None:
    clone = make_clone(project(**{"data/train.csv": table(bad=BAD)}))

    new = clone.call("plan").out
    clone.call("run")
    bad = clone.call("plan").out
    clone.write("data/train.csv", table())
    other = states(clone)
    clone.call("run")
    good, again = clone.call("plan").out, clone.call("plan").out
    clone.write("data/schema.yaml", SCHEMA.replace("120", "130"))
    edited = clone.call("plan").out

    assert WILL in new
    assert "Data: `data/train.csv` was checked before, and is bad: `id` repeats a value" in bad
    assert "And 2 more broken." in bad
    assert "`branchline run` starts nothing that comes after bad data." in bad
    assert other == ["unchecked"]
    assert (states(clone), "Data:" in good, good) == (["unchecked"], False, again)
    assert "Nothing to run" in edited
    assert WILL in edited


def test_a_schema_that_is_not_there_is_told_by_the_plan(make_clone: MakeClone) -> None:
    files = project()
    del files["data/schema.yaml"]

    said = make_clone(files).call("plan")

    assert said.code == 0
    assert "`data/train.csv` cannot be checked: there is no schema file" in said.out


def test_what_a_stage_makes_is_checked_once_it_is_made(make_clone: MakeClone) -> None:
    train = "train: {run: sh train.sh, deps: [data/train.csv]}\n"
    clone = make_clone(
        {
            "branchline.yaml": SETTINGS.replace(train, "").replace("data/train.csv", "made.csv"),
            "dvc.yaml": "stages:\n"
            "  make: {cmd: cp raw.csv made.csv, deps: [raw.csv], outs: [made.csv]}\n"
            "  fit: {cmd: sh fit.sh, deps: [made.csv],"
            " metrics: [{metrics.json: {cache: false}}]}\n",
            "fit.sh": TRAIN.replace("data/train.csv", "made.csv"),
            "raw.csv": table(bad=BAD),
            "data/schema.yaml": SCHEMA,
        }
    )

    before = clone.call("plan").out
    clone.call("run")
    after = clone.call("plan").out

    assert "`made.csv` will be checked against `data/schema.yaml`, once `make` has made" in before
    assert "`made.csv` was checked before, and is bad" in after
