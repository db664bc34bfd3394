from __future__ import annotations

import json

import pytest

from branchline.core.effects.effects_json import KINDS, effect_from_json, effect_to_json
from branchline.core.effects.values import (
    Annotate,
    Deploy,
    Effect,
    Mirror,
    OpenPullRequest,
    Promote,
    Register,
    SetCheck,
    StickyComment,
    TagRun,
)
from branchline.errors import EffectError

EFFECTS: list[Effect] = [
    SetCheck(commit="c", name="n", state="passed", summary="s"),
    SetCheck(commit="c", name="n", state="passed", summary="s", job=3),
    SetCheck(commit="c", name="n", state="unknown", summary="s", job=3, only_pending=True),
    TagRun(run="abc1234", commit="c", message="Passed."),
    StickyComment(pull_request=1, marker="m", body="ü\n", run="r"),
    OpenPullRequest(
        branch="training/x", into="main", base_commit="c", files={"a": "b"}, title="t", body="b",
        message="m", labels=("x", "y"), is_draft=True,
    ),
    Register(
        model="m", commit="c", run="r", digest="d", paths={"p": "q"}, metrics={"auc": 0.1, "n": 3},
        params={"a": "b"}, stage="staging",
    ),
    Deploy(model="m", commit="c", digest="d", environments=("staging", "production"), by="b"),
    Promote(model="m", version="v1.0.0", stage="production", by="b", reason="r"),
    Annotate(commit="c", name="n", body={"notes": [["error", "a.py", 3, "t", "s"]]}),
    Mirror(kind="mlflow", uri="${env:URI}", run="r", body={"metrics": {"a": 1.5}, "x": [1, None]}),
]  # fmt: skip


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: type(effect).__name__)
def test_an_effect_comes_back_equal(effect: Effect) -> None:
    text = json.dumps(effect_to_json(effect))

    back = effect_from_json(json.loads(text))

    assert back == effect
    assert back.identity == effect.identity


def test_every_kind_is_tried() -> None:
    assert {type(effect) for effect in EFFECTS} == set(KINDS.values())


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="nothing"),
        pytest.param([], id="a-list"),
        pytest.param({"effect": "launch"}, id="a-newer-kind"),
        pytest.param({"effect": ["register"]}, id="a-kind-that-is-no-text"),
        pytest.param({"effect": "promote", "model": "m"}, id="a-field-is-missing"),
        pytest.param(
            {"effect": "promote", "model": 3, "version": "v", "stage": "s", "by": "b"},
            id="a-number",
        ),
        pytest.param(
            {"effect": "comment", "pull_request": "1", "marker": "m", "body": "", "run": "r"},
            id="a-text-for-a-number",
        ),
    ],
)
def test_what_is_no_effect_is_an_error(value: object) -> None:
    with pytest.raises(EffectError):
        effect_from_json(value)


def test_fields_of_a_newer_version_are_left_out() -> None:
    effect = EFFECTS[0]

    assert effect_from_json({**effect_to_json(effect), "colour": "red"}) == effect
