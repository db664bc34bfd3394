"""Which policies a replay compares with, and what it says of how they were chosen."""

from __future__ import annotations

import pytest

from branchline.core.plan.replay import ALWAYS, BRANCHLINE
from branchline.errors import UnknownNameError, UsageError
from branchline.flows.replay.policies import is_workflow, named_policies

TRAIN = (
    b"on: {push: {paths: [src/**]}}\njobs: {t: {runs-on: gpu, steps: [{run: python train.py}]}}\n"
)
LINT = b"on: push\njobs: {l: {runs-on: ubuntu-latest, steps: [{run: ruff check}]}}\n"
DOCS = b"on: {push: {paths: [docs/**]}}\njobs: {d: {steps: [{run: make docs}]}}\n"
RELEASE = b"on: {push: {tags: [v*]}}\njobs: {r: {steps: [{run: python train.py}]}}\n"
FOLDER = ".github/workflows"


def chosen(files: dict[str, bytes], *words: str) -> tuple[list[str], str]:
    found, notes = named_policies(
        words, {f"{FOLDER}/{name}": data for name, data in files.items()}, ["train.py"]
    )
    return [policy.name for policy in found], "\n".join(notes)


def test_the_workflow_with_a_step_that_trains_is_taken_and_the_step_said() -> None:
    names, notes = chosen({"train.yml": TRAIN, "lint.yml": LINT, "docs.yml": DOCS})

    assert names == [ALWAYS, "train.yml"]
    assert "a step says `python train.py`" in notes


def test_where_none_trains_those_that_filter_paths_may() -> None:
    names, notes = chosen({"lint.yml": LINT, "docs.yml": DOCS})

    assert names == [ALWAYS, "docs.yml"]
    assert "may train" in notes


def test_where_nothing_fits_it_is_said_what_to_name() -> None:
    names, notes = chosen({"lint.yml": LINT, "release.yml": RELEASE})

    assert names == [ALWAYS]
    assert "--policy workflow:FILE" in notes


def test_a_workflow_that_cannot_be_read_is_left_out_aloud() -> None:
    names, notes = chosen({"train.yml": TRAIN, "bad.yml": b"on: {push: [\n"})

    assert names == [ALWAYS, "train.yml"]
    assert "`.github/workflows/bad.yml` is left out" in notes


def test_named_policies_in_their_order_once_each() -> None:
    words = ("paths:src/**", "workflow:train.yml", BRANCHLINE, ALWAYS, "workflow:train.yml")

    names, _ = chosen({"train.yml": TRAIN}, *words)

    assert names == ["paths:src/**", "train.yml", ALWAYS]


@pytest.mark.parametrize("word", ["", "sometimes", "paths:", "paths:src/[", "Always"])
def test_words_that_are_no_policy(word: str) -> None:
    with pytest.raises(UsageError):
        chosen({}, word)


def test_a_workflow_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(UnknownNameError, match=r"there are: train\.yml"):
        chosen({"train.yml": TRAIN}, "workflow:tain.yml")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{FOLDER}/a.yml", True),
        (f"{FOLDER}/a.yaml", True),
        (f"{FOLDER}/a.txt", False),
        ("a/.github/workflows/a.yml", False),
    ],
)
def test_which_files_are_workflows(path: str, expected: bool) -> None:
    assert is_workflow(path) is expected
