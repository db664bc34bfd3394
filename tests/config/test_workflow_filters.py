"""Workflows of others, read for when pushes start them and what they run."""

from __future__ import annotations

import pytest

from branchline.config.workflow_filters import filter_of_globs, read_workflow
from branchline.core.trigger.filters import PushFilter
from branchline.core.trigger.patterns import PatternError
from branchline.errors import DocumentError

TRAIN = """\
name: train
on:
  push:
    branches: [main]
    paths:
      - 'src/**'
      - '!**.md'
jobs:
  train:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          pip install -r requirements.txt
          python src/train.py
"""


def read(text: str) -> PushFilter | None:
    return read_workflow(text.encode(), file="w.yml").push


def test_a_workflow_with_path_filters() -> None:
    found = read_workflow(TRAIN.encode(), file="w.yml")

    assert found.push == PushFilter(branches=("main",), paths=("src/**", "!**.md"))
    assert found.labels == ("ubuntu-latest",)
    assert found.training_line(["train.py"]) == "python src/train.py"
    assert found.training_line() == ""


@pytest.mark.parametrize(
    ("text", "push"),
    [
        pytest.param("on: push\n", PushFilter(), id="a-word"),
        pytest.param("on: [push, pull_request]\n", PushFilter(), id="a-list"),
        pytest.param("'on': {push: }\n", PushFilter(), id="quoted-and-empty"),
        pytest.param("on: workflow_dispatch\n", None, id="another-word"),
        pytest.param("on: {schedule: [{cron: '0 1 * * *'}]}\n", None, id="a-schedule"),
        pytest.param("on: {push: {paths: docs/**}}\n", PushFilter(paths=("docs/**",)), id="one"),
        pytest.param("on: {push: {tags: [v*]}}\n", PushFilter(has_tags=True), id="tags"),
    ],
)
def test_ways_to_write_it(text: str, push: PushFilter | None) -> None:
    assert read(text) == push


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("- a\n", "must be a mapping", id="a-list"),
        pytest.param("jobs: {}\n", "must name what starts", id="nothing-starts-it"),
        pytest.param("on: {push: {paths: {a: b}}}\n", "on.push.paths", id="paths-are-no-list"),
        pytest.param("on: {push: {paths: ['[a']}}\n", "not closed", id="a-pattern-without-end"),
        pytest.param(
            "on: {push: {paths: [a], paths-ignore: [b]}}\n", "GitHub refuses", id="both-lists"
        ),
        pytest.param("on: {push: [\n", "w.yml", id="no-yaml"),
    ],
)
def test_what_cannot_be_understood_is_an_error(text: str, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        read(text)


def test_a_filter_from_the_command_line() -> None:
    assert filter_of_globs("src/**, !**.md") == PushFilter(paths=("src/**", "!**.md"))
    for globs in ("", "!docs/**", "src/[a"):
        with pytest.raises(PatternError):
            filter_of_globs(globs)


@pytest.mark.parametrize(
    ("line", "trains"),
    [
        pytest.param("dvc repro", True, id="dvc"),
        pytest.param("cd ml && dvc exp run --pull", True, id="behind-another-command"),
        pytest.param("branchline ci run", True, id="ours"),
        pytest.param("pip install branchline", False, id="only-installed"),
        pytest.param("python src/branchline/version.py", False, id="a-folder-of-that-name"),
        pytest.param("python ./src/train.py --fast", True, id="a-program-of-a-stage"),
        pytest.param("python src/pretrain.py", False, id="a-longer-name"),
        pytest.param("pytest tests/test_train.py", False, id="a-test-of-it"),
        pytest.param("rm train.pyc", False, id="a-longer-ending"),
    ],
)
def test_which_line_trains(line: str, trains: bool) -> None:
    text = f"on: push\njobs: {{a: {{steps: [{{run: '{line}'}}]}}}}\n"

    found = read_workflow(text.encode(), file="w.yml").training_line(["train.py"])

    assert found == (line if trains else "")
