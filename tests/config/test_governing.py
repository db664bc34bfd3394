"""Which part of a policy the default branch says, and which the pushed tree."""

from __future__ import annotations

import pytest

from branchline.config.branchline_yaml import load_policy
from branchline.config.governing import changed_rules, governed
from branchline.config.settings_files import SettingsFiles

LAW = b"""\
model: m
train: python train.py
gate: {metrics: {auc: {min: 0.9}}}
resources: {train: {timeout: 1h}}
tune: {stages: [train], objective: {metric: auc}, space: {lr: [1, 2]}}
"""


@pytest.mark.parametrize(
    ("own", "changed"),
    [
        pytest.param(LAW, (), id="the-same"),
        pytest.param(b"# moved\n\n" + LAW, (), id="other-lines-are-no-change"),
        pytest.param(LAW.replace(b"0.9", b"0.1"), ("gate",), id="a-lower-bar"),
        pytest.param(LAW.replace(b"1h", b"9h"), ("resources",), id="a-longer-limit"),
        pytest.param(LAW.replace(b"[1, 2]", b"[3]"), (), id="the-search-is-the-branches-own"),
        pytest.param(LAW + b"registry: {kind: git}\n", ("registry",), id="a-new-section"),
    ],
)
def test_what_a_tree_changes_is_named(own: bytes, changed: tuple[str, ...]) -> None:
    policy = load_policy(own).of().policy

    assert changed_rules(policy, SettingsFiles.of_root(LAW)) == changed


def test_the_gate_of_the_default_branch_judges() -> None:
    own = load_policy(LAW.replace(b"0.9", b"0.1").replace(b"[1, 2]", b"[3]")).of().policy

    policy = governed(own, SettingsFiles.of_root(LAW))

    assert policy.gate.metrics[0].min == 0.9
    assert policy.sections["tune"]["space"] == {"lr": [3]}  # type: ignore[index,call-overload] # plain YAML


@pytest.mark.parametrize(
    "law",
    [
        pytest.param(b"model: other\n", id="a-model-it-does-not-know"),
        pytest.param(b"model: [\n", id="that-cannot-be-read"),
    ],
)
def test_a_law_that_says_nothing_leaves_the_own(law: bytes) -> None:
    own = load_policy(LAW).of().policy

    assert governed(own, SettingsFiles.of_root(law)) == own
    assert changed_rules(own, SettingsFiles.of_root(law)) == ()


@pytest.mark.parametrize("law", [b"model: other\n", b"model: [\n"], ids=["unknown", "unreadable"])
def test_a_model_that_nobody_knows_yet_reaches_nothing_outside(law: bytes) -> None:
    outward = b"store: s3://elsewhere/x\nregistry: {kind: mlflow, uri: http://elsewhere}\n"
    own = load_policy(LAW + outward).of().policy

    policy = governed(own, SettingsFiles.of_root(law))

    assert (policy.store, "registry" in policy.sections) == (None, False)
    assert policy.gate == own.gate
    assert changed_rules(own, SettingsFiles.of_root(law)) == ("registry", "store")
