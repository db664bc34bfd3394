"""The ten boxes of a project: each is open until it holds, and then says what it saw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from branchline.config import load_policy
from branchline.flows.checklist import (
    Box,
    ModelFacts,
    ProjectFacts,
    checklist,
    wanted_names,
)
from branchline.ports.checkup import Facts

if TYPE_CHECKING:
    from branchline.core.policy import Policy

WHOLE = """\
model: churn
train: python train.py
environment: {lock: uv.lock}
checks: [{name: lint, run: ruff check .}]
data: {validate: {path: data.csv, schema: schema.yaml}}
gate: {metrics: {roc_auc: {min: 0.9}}}
tests: [{name: behaviour, run: pytest tests/model}]
"""
NAMES = (
    "repository", "settings", "environment", "data", "code checks", "model tests", "gate",
    "secrets", "push", "first verdict",
)  # fmt: skip
FACTS = Facts(root="/home/ada/churn", has_commits=True, settings="branchline.yaml")


def policy(text: str = WHOLE) -> Policy:
    (model,) = load_policy(text.encode()).models
    return model.policy


def without(key: str) -> Policy:
    return policy("".join(line for line in WHOLE.splitlines(True) if not line.startswith(key)))


def project(held: Policy | None = None, **more: Any) -> ProjectFacts:
    model = ModelFacts(policy=held or policy(), stages=("train",), passed_run="abc1234")
    return ProjectFacts(**{"models": (model,), "stale_workflows": (), **more})


def box(name: str, facts: Facts = FACTS, known: ProjectFacts | None = None) -> Box:
    return next(each for each in checklist(facts, known or project()) if each.name == name)


def test_a_project_that_has_it_all_ticks_ten_boxes() -> None:
    boxes = checklist(FACTS, project())

    assert tuple(each.name for each in boxes) == NAMES
    assert [each for each in boxes if not each.is_ticked or each.todo] == []


@pytest.mark.parametrize(
    ("name", "facts", "known", "said", "todo"),
    [
        pytest.param(
            "repository", {"root": None}, {}, "no git repository", "git init", id="no-repository"
        ),
        pytest.param(
            "repository", {"has_commits": False}, {}, "nothing is committed", "git commit",
            id="no-commit",
        ),
        pytest.param(
            "repository", {"large_files": (("model.bin", 200_000_000),)}, {},
            "git tracks model.bin (200 MB)", "git rm --cached model.bin", id="a-model-in-git",
        ),
        pytest.param(
            "settings", {"settings": ""}, {"models": ()}, "no branchline.yaml", "branchline init",
            id="no-settings",
        ),
        pytest.param(
            "environment", {}, {"held": without("environment")}, "no file says", "requirements.txt",
            id="no-lock",
        ),
        pytest.param(
            "data", {}, {"held": without("data")}, "no rules", "branchline data init", id="no-rules"
        ),
        pytest.param(
            "code checks", {}, {"held": without("checks")}, "no linter", "checks:", id="no-checks"
        ),
        pytest.param(
            "model tests", {}, {"held": without("tests")}, "no test", "tests:", id="no-tests"
        ),
        pytest.param("gate", {}, {"held": without("gate")}, "no bar", "gate:", id="no-gate"),
        pytest.param(
            "secrets", {}, {"names": {"TOKEN": "branchline.yaml:9"}},
            "not set here: TOKEN (branchline.yaml:9)", "export TOKEN=", id="a-secret-not-set",
        ),
        pytest.param(
            "push", {}, {"stale_workflows": None}, "nothing trains", "workflows write", id="no-way"
        ),
        pytest.param(
            "push", {}, {"stale_workflows": ("a.yml",)}, "not what branchline.yaml asks for: a.yml",
            "workflows write", id="old-workflows",
        ),
        pytest.param(
            "push", {}, {"refused_workflows": "registry.uri: is a variable"},
            "no workflow can follow from this: registry.uri", "Mend it", id="no-workflow-possible",
        ),
        pytest.param(
            "first verdict", {}, {"models": (ModelFacts(policy=policy(), stages=("train",)),)},
            "no run on the default branch", "branchline run", id="no-run",
        ),
    ],
)  # fmt: skip
def test_an_open_box_says_what_to_do(
    name: str, facts: dict[str, Any], known: dict[str, Any], said: str, todo: str
) -> None:
    found = box(name, replace(FACTS, **facts), project(**known))

    assert not found.is_ticked
    assert said in found.sentence
    assert todo in found.todo


def test_a_lock_file_that_is_found_counts() -> None:
    known = project(without("environment"))

    found = box("environment", replace(FACTS, lock_files=("uv.lock",)), known)

    assert found.is_ticked
    assert "uv.lock" in found.sentence


def test_a_box_alone_trains_what_is_pushed() -> None:
    found = box("push", known=project(stale_workflows=None, boxes=("gpu",)))

    assert found.is_ticked
    assert "`gpu`" in found.sentence


def test_of_several_models_the_one_that_lacks_it_is_named() -> None:
    whole = project().models[0]
    other = ModelFacts(policy=replace(without("gate"), model="fraud"), stages=("train",))

    found = box("gate", known=project(models=(whole, other)))

    assert found.sentence == "no bar says what a model must reach of fraud"


def test_what_cannot_be_read_is_not_known_rather_than_missing() -> None:
    boxes = checklist(FACTS, ProjectFacts(problem="branchline.yaml:3: unknown key `gat`"))

    assert boxes[1].sentence == "branchline.yaml:3: unknown key `gat`"
    assert {each.sentence for each in boxes[3:]} == {"not known: branchline.yaml cannot be used"}
    assert not any(each.is_ticked for each in boxes[3:])


def test_names_are_found_with_their_lines_and_not_in_comments() -> None:
    text = (
        "model: churn\n"
        "# notify: ${env:OLD}\n"
        'registry: {kind: mlflow, uri: "${env:TRACKER}"}  # or ${env:OTHER}\n'
        "github: {secrets: [TOKEN]}\n"
    )

    names = wanted_names(text, [policy(text)], file="branchline.yaml")

    assert names == {"TRACKER": "branchline.yaml:3", "TOKEN": "github.secrets"}
