"""Which part of a policy the default branch says, and which the pushed tree."""

from __future__ import annotations

import pytest

from branchline.config.branchline_yaml import load_policy
from branchline.config.governing import changed_rules, governed
from branchline.config.settings_files import SettingsFiles
from branchline.errors import ConfigError
from branchline.flows.law import ruled

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


def test_a_law_that_does_not_know_a_model_leaves_the_own() -> None:
    own, law = load_policy(LAW).of().policy, SettingsFiles.of_root(b"model: other\n")

    assert governed(own, law) == own
    assert changed_rules(own, law) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(b"model: [\n", "branchline.yaml:2", id="no-yaml"),
        pytest.param(b"model: m\ngatee: {}\n", "branchline.yaml:2: gatee: unknown", id="a-slip"),
    ],
)
def test_a_law_that_cannot_be_used_leaves_no_rules_of_its_own(text: bytes, words: str) -> None:
    own, law = load_policy(LAW).of().policy, SettingsFiles.of_root(text)

    for judge in (governed, changed_rules, ruled):
        with pytest.raises(ConfigError, match="the settings of the default branch") as refused:
            judge(own, law)
        assert words in refused.value.message
        assert "on the default branch itself" in refused.value.todo


def test_a_model_that_nobody_knows_yet_reaches_nothing_outside() -> None:
    law = b"model: other\n"
    outward = b"store: s3://elsewhere/x\nregistry: {kind: mlflow, uri: http://elsewhere}\n"
    own = load_policy(LAW + outward).of().policy

    policy = governed(own, SettingsFiles.of_root(law))

    assert (policy.store, "registry" in policy.sections) == (None, False)
    assert policy.gate == own.gate
    assert changed_rules(own, SettingsFiles.of_root(law)) == ("registry", "store")
