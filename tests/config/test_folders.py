"""A branchline.yaml in a folder: what it may say, and its paths seen from the root."""

from __future__ import annotations

import pytest

from branchline.config.branchline_yaml import joined, load_policy
from branchline.errors import ConfigError

FILE = "services/churn/branchline.yaml"


def test_paths_are_seen_from_the_root() -> None:
    text = b"""
model: churn
train: python train.py
gate: {data: [test.csv, ../../data/all.csv], predictions: {path: p.csv, target: y}}
environment: {lock: requirements.txt}
changes: {code: [lib, ../../shared], ignore: ["*.md", "docs/**"]}
"""

    (model,) = load_policy(text, file=FILE).models

    policy = model.policy
    assert policy.source == FILE
    assert policy.gate.data == ("services/churn/test.csv", "data/all.csv")
    assert policy.gate.predictions is not None
    assert policy.gate.predictions.path == "services/churn/p.csv"
    assert policy.environment.lock == "services/churn/requirements.txt"
    assert policy.changes.code == ("services/churn/lib", "shared")
    assert policy.changes.ignore == ("services/churn/**/*.md", "services/churn/docs/**")


@pytest.mark.parametrize(
    ("said", "means"),
    [
        pytest.param("~/store", "~/store", id="somebodys-home"),
        pytest.param("{url: ~/store}", "~/store", id="the-same-with-options"),
        pytest.param("/mnt/store", "/mnt/store", id="absolute"),
        pytest.param("s3://bucket/x", "s3://bucket/x", id="an-address"),
        pytest.param("../store", "services/store", id="a-folder-beside-it"),
    ],
)
def test_a_store_is_where_the_folders_file_says(said: str, means: str) -> None:
    text = f"model: churn\ntrain: python train.py\nstore: {said}\n".encode()

    (model,) = load_policy(text, file=FILE).models

    assert model.policy.store == means


def test_in_the_root_paths_stay_as_they_are() -> None:
    text = b"model: m\nchanges: {ignore: ['*.md']}\ngate: {data: ./test.csv}\n"

    (model,) = load_policy(text).models

    assert model.policy.changes.ignore == ("*.md",)
    assert model.policy.gate.data == ("./test.csv",)


@pytest.mark.parametrize(
    ("text", "file"),
    [
        pytest.param(b"model: churn", "services/churn/dvc.yaml", id="beside-it-unless-named"),
        pytest.param(
            b"model: churn\npipeline: a/dvc.yaml", "services/churn/a/dvc.yaml", id="below"
        ),
        pytest.param(b"model: churn\npipeline: ../dvc.yaml", "services/dvc.yaml", id="above"),
    ],
)
def test_its_pipeline(text: bytes, file: str) -> None:
    (model,) = load_policy(text, file=FILE).models

    assert model.source.file == file


@pytest.mark.parametrize("key", ["tune", "tests", "data", "deploy", "monitor"])
def test_what_only_the_root_may_say_is_refused_with_its_line(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_policy(f"model: churn\n{key}: {{}}\n".encode(), file=FILE)

    said = "\n".join((caught.value.message, *caught.value.details))
    assert f"{FILE}:2: {key}: is not read in the branchline.yaml of a folder" in said


def test_two_files_with_one_name_are_refused() -> None:
    configs = [load_policy(b"model: m", file=f"{folder}/branchline.yaml") for folder in "ab"]

    with pytest.raises(
        ConfigError, match=r"b/branchline\.yaml:1: model is `m`, and so it is in a/"
    ):
        joined(configs)


def test_checks_and_installation_run_in_the_folder() -> None:
    text = b"""\
model: churn
store: {url: ../../store}
checks: [{name: lint, run: ruff check .}]
github: {requirements: ci.txt, install: pip install ., runs_on: [ubuntu-24.04]}
"""

    (model,) = load_policy(text, file="services/my churn/branchline.yaml").models

    sections = model.policy.sections
    assert model.policy.store == "store"
    assert sections["checks"] == [{"name": "lint", "run": "cd 'services/my churn'\nruff check ."}]
    assert sections["github"] == {
        "requirements": "services/my churn/ci.txt",
        "install": "cd 'services/my churn'\npip install .",
        "runs_on": ["ubuntu-24.04"],
    }
