"""branchline.yaml into policies: defaults, one model or several, the places of stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.config import default_config, load_pipeline, load_policy
from branchline.core.policy import Do, Goal, Link, Trace
from branchline.errors import UnknownNameError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_name_is_enough() -> None:
    config = load_policy(b"model: tumour-classifier\n").of()

    assert config.policy.model == "tumour-classifier"
    assert [rule.pattern for rule in config.policy.branches] == [
        "tuning/**", "training/**", "train/**", "models", "models/**", "models-*", "{default}",
    ]  # fmt: skip
    assert config.policy.branches[0].do is Do.TUNE
    assert config.policy.branches[-1].then == ("register", "deploy")
    assert config.policy.gate.baseline == "production"
    assert config.policy.link is None
    assert config.source.file is None


@pytest.mark.parametrize(
    ("folder", "model"),
    [
        pytest.param("My Project!", "My-Project", id="odd-characters-become-dashes"),
        pytest.param("__", "model", id="nothing-is-left"),
    ],
)
def test_without_a_file_the_folder_names_the_model(folder: str, model: str) -> None:
    assert default_config(folder).of().policy.model == model


def test_values_get_units_and_lines() -> None:
    text = b"""\
model: a
gate:
  data: data/eval.csv
  metrics:
    auc: {min: 1, max_relative_regression: 5%}
    loss: {goal: minimize, max: 2e-1}
resources:
  train: {memory: 2G, timeout: 1h30m, gpus: 1, runs_on: [gpu]}
changes: {docstrings: ignore, trace: off}
store: {url: s3://b/p, link: copy}
environment: {lock: uv.lock, variables: [SEED]}
"""
    policy = load_policy(text).of().policy

    auc, loss = policy.gate.metrics
    assert (auc.min, auc.max_relative_regression, auc.line) == (1.0, 0.05, 5)
    assert (loss.goal, loss.max, loss.line) == (Goal.MINIMIZE, 0.2, 6)
    assert policy.gate.data == ("data/eval.csv",)
    assert policy.resources["train"].memory_bytes == 2 * 1024**3
    assert policy.resources["train"].timeout_s == 5400
    assert (policy.changes.docstrings, policy.changes.trace) == (False, Trace.OFF)
    assert (policy.store, policy.link) == ("s3://b/p", Link.COPY)
    assert policy.environment.variables == ("SEED",)


@pytest.mark.parametrize(
    ("rule", "goal"),
    [
        pytest.param("rmse: {max_regression: 1}", Goal.MINIMIZE, id="a-known-metric-by-nature"),
        pytest.param("x: {computed_as: mae, min_gain: 0}", Goal.MINIMIZE, id="what-it-is-counts"),
        pytest.param("loss: {goal: maximize, min_gain: 0}", Goal.MAXIMIZE, id="said"),
        pytest.param("roc_auc: {max_regression: 0.01}", Goal.MAXIMIZE, id="higher-is-better"),
        pytest.param("churn: {goal: minimize, min_gain: 0}", Goal.MINIMIZE, id="unknown-and-said"),
        pytest.param("churn: {max: 0.1}", Goal.MAXIMIZE, id="an-absolute-bound-needs-none"),
        pytest.param("val_score: {max_regression: 0.01}", Goal.MAXIMIZE, id="it-sounds-so"),
    ],
)
def test_a_metric_that_says_no_goal_has_that_of_its_nature(rule: str, goal: Goal) -> None:
    policy = load_policy(f"model: a\ngate:\n  metrics:\n    {rule}\n".encode()).of().policy

    assert policy.gate.metrics[0].goal is goal


def test_keys_on_top_are_defaults_and_a_models_own_key_replaces_them() -> None:
    text = b"""\
link: copy
gate: {metrics: {auc: {min: 0.5}}}
pipeline: dvc.yaml
models:
  a: {}
  b:
    gate: {metrics: {f1: {min: 0.9}}}
    train: python b.py
"""
    config = load_policy(text)

    a, b = config.of("a"), config.of("b")
    assert [m.name for m in a.policy.gate.metrics] == ["auc"]
    assert [(m.name, m.line) for m in b.policy.gate.metrics] == [("f1", 7)]
    assert a.policy.link is b.policy.link is Link.COPY
    assert a.source.file == "dvc.yaml"
    assert (b.source.file, b.source.stages is not None) == (None, True)


def test_a_model_that_does_not_exist_is_answered_with_the_nearest() -> None:
    config = load_policy(b"models: {fraud: {}, churn: {}}")

    with pytest.raises(UnknownNameError, match="did you mean `fraud`"):
        config.of("frau")
    with pytest.raises(UnknownNameError, match="declares 2 models: fraud, churn"):
        config.of()


def test_other_sections_are_kept_as_plain_values_with_references_unresolved() -> None:
    text = b"model: a\nregistry: {kind: mlflow, uri: '${env:MLFLOW_TRACKING_URI}'}\n"

    policy = load_policy(text).of().policy

    assert policy.sections == {"registry": {"kind": "mlflow", "uri": "${env:MLFLOW_TRACKING_URI}"}}


def test_the_short_form_is_one_stage(tmp_path: Path) -> None:
    config = load_policy(b"model: a\n\ntrain: python train.py\n").of()

    (stage,) = load_pipeline(str(tmp_path), config.source).stages

    assert (stage.name, stage.cmd, stage.file, stage.line) == (
        "train", ("python train.py",), "branchline.yaml", 3,
    )  # fmt: skip
    assert [(out.path, out.cache, out.is_optional) for out in stage.outs] == [
        ("model", True, True),
        ("metrics.json", False, True),
    ]


def test_the_short_form_can_name_its_inputs_and_outputs(tmp_path: Path) -> None:
    text = b"""\
model: a
train:
  run: python train.py
  deps: [data.csv]
  params: [lr, {conf.yaml: [depth]}]
  outs: [model.pkl]
  metrics: [m.json]
"""
    (stage,) = load_pipeline(str(tmp_path), load_policy(text).of().source).stages

    assert [dep.path for dep in stage.deps] == ["data.csv"]
    assert [(p.path, p.keys) for p in stage.params] == [
        ("params.yaml", ("lr",)), ("conf.yaml", ("depth",)),
    ]  # fmt: skip
    assert [(out.path, out.is_optional) for out in stage.outs] == [
        ("model.pkl", False),
        ("m.json", False),
    ]


def test_inline_stages_have_dvcs_grammar(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("n: 3\n")
    text = b"""\
model: a
stages:
  prepare: {cmd: 'p ${n}', outs: [d]}
  fit:
    foreach: [x, y]
    do: {cmd: 'f ${item}', deps: [d], outs: ['m-${item}']}
"""
    pipeline = load_pipeline(str(tmp_path), load_policy(text).of().source)

    assert [(s.name, s.cmd[0], s.line) for s in pipeline.stages] == [
        ("prepare", "p 3", 3), ("fit@x", "f x", 4), ("fit@y", "f y", 4),
    ]  # fmt: skip
    assert "params.yaml" in pipeline.files
