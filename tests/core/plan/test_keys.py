"""Keys: what must move them and what must not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.changes.values import Input, InputKind
from branchline.core.pipeline import Out, Stage
from branchline.core.plan.keys import key_of, observed_digest
from branchline.core.plan.values import Observed

STAGE = Stage(
    name="train",
    address="train",
    cmd=("python train.py",),
    cmd_is_list=False,
    wdir=".",
    outs=(Out(path="model.pkl", spelled="model.pkl"),),
    file="dvc.yaml",
    line=2,
)
DATA = Input(kind=InputKind.DATA, name="data.csv", digest="d1")
CODE = Input(kind=InputKind.CODE, name="train.py", digest="c1", exact="e1")


def test_order_of_inputs_does_not_count() -> None:
    assert key_of(STAGE, [DATA, CODE]) == key_of(STAGE, [CODE, DATA])


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(replace(STAGE, cmd=("python  train.py",)), id="one-more-space-in-the-command"),
        pytest.param(replace(STAGE, cmd_is_list=True), id="a-list-of-one-command"),
        pytest.param(replace(STAGE, wdir="sub"), id="another-working-directory"),
        pytest.param(replace(STAGE, outs=()), id="an-output-less"),
    ],
)
def test_what_the_stage_does_counts(stage: Stage) -> None:
    assert key_of(stage, [DATA, CODE]) != key_of(STAGE, [DATA, CODE])


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param(replace(STAGE, name="fit", address="fit"), id="renamed"),
        pytest.param(replace(STAGE, desc="trains"), id="described"),
        pytest.param(replace(STAGE, line=99), id="moved-in-its-file"),
        pytest.param(replace(STAGE, frozen=True), id="frozen"),
    ],
)
def test_what_the_stage_is_called_does_not_count(stage: Stage) -> None:
    assert key_of(stage, [DATA, CODE]) == key_of(STAGE, [DATA, CODE])


def test_bytes_do_not_count_where_the_meaning_is_the_same() -> None:
    assert key_of(STAGE, [replace(CODE, exact="e2")]) == key_of(STAGE, [CODE])


def test_an_input_that_is_not_known_yet_leaves_no_key() -> None:
    assert key_of(STAGE, [replace(DATA, digest=None, pending="prepare")]) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(InputKind), st.text(max_size=4), st.text(max_size=4)),
        unique_by=lambda item: item[:2],
        max_size=4,
    ),
    st.data(),
)
def test_any_changed_digest_changes_the_key(
    items: list[tuple[InputKind, str, str]], data: st.DataObject
) -> None:
    inputs = [Input(kind=kind, name=name, digest=digest) for kind, name, digest in items]
    counting = [i for i in inputs if i.kind is not InputKind.COMMAND]
    if not counting:
        return
    chosen = data.draw(st.sampled_from(counting))
    changed = [replace(i, digest=f"{i.digest}x") if i is chosen else i for i in inputs]

    assert key_of(STAGE, changed) != key_of(STAGE, inputs)


def test_observed_reads_tell_results_of_one_key_apart() -> None:
    one = Observed(path="conf.yaml", digest="1")
    two = Observed(path="conf.yaml", digest="2")

    assert observed_digest([one]) != observed_digest([two])
    assert observed_digest([]) == observed_digest(())
