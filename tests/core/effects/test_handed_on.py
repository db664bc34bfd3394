from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.effects.handed_on import (
    HandedModel,
    HandedOn,
    HandedState,
    handed_from_text,
    handed_to_text,
)
from branchline.core.effects.values import OpenPullRequest
from branchline.core.policy import Do
from branchline.errors import CiError

OPENS = OpenPullRequest(
    branch="training/abc1234", into="main", base_commit="a" * 40, files={"params.yaml": "lr: 1\n"},
    title="Train", body="b", message="m", labels=("x",),
)  # fmt: skip
HANDED = HandedOn(
    head="a" * 40,
    tested="b" * 40,
    models=(
        HandedModel(model="m", do=Do.TRAIN, state=HandedState.WALKED, run="abc1234-2", detail="ok"),
        HandedModel(model="n", do=Do.TUNE, state=HandedState.SEARCHED, opens=OPENS),
    ),
    notes=("one",),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def changed(**more: Any) -> bytes:
    return json.dumps({**json.loads(handed_to_text(HANDED)), **more}).encode()


def model(**more: Any) -> list[dict[str, Any]]:
    return [{**json.loads(handed_to_text(HANDED))["models"][1], **more}]


def test_what_is_handed_on_comes_back() -> None:
    assert handed_from_text(handed_to_text(HANDED).encode()) == HANDED


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[" * 100_000, id="endless-lists"),
        pytest.param(b"[]", id="no-object"),
        pytest.param(changed(schema_version=99), id="of-a-newer-version"),
        pytest.param(changed(head="../../x"), id="a-commit-that-is-none"),
        pytest.param(changed(models={}), id="models-that-are-no-list"),
        pytest.param(changed(models=model() * 51), id="too-many-models"),
        pytest.param(changed(models=model(run="../../etc/passwd")), id="a-run-that-is-a-path"),
        pytest.param(changed(models=model(run="-x")), id="a-run-that-is-an-option"),
        pytest.param(changed(models=model(model="a\nb")), id="a-name-of-two-lines"),
        pytest.param(changed(models=model(state="passed")), id="a-state-that-is-none"),
        pytest.param(changed(models=model(do=["train"])), id="a-do-that-is-none"),
        pytest.param(
            changed(models=model(opens={"effect": "register", "model": "m"})), id="another-effect"
        ),
        pytest.param(changed(models=model(opens={"effect": "pull_request"})), id="half-an-effect"),
    ],
)
def test_what_is_no_result_is_refused(text: bytes) -> None:
    with pytest.raises(CiError):
        handed_from_text(text)


@given(st.sampled_from(["head", "models", "notes", "schema_version"]), VALUES)
def test_whatever_stands_in_a_field_nothing_but_our_error_comes_of_it(
    field: str, value: Any
) -> None:
    try:
        handed_from_text(changed(**{field: value}))
    except CiError:
        return


def test_texts_lose_escapes_and_have_an_end() -> None:
    found = handed_from_text(changed(models=model(detail="\x1b[31m" + "x" * 9_000, opens=None)))

    assert "\x1b" not in found.models[0].detail
    assert len(found.models[0].detail) <= 2_000
