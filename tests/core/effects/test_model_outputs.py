from __future__ import annotations

import math
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.core.changes.values import Input, InputKind
from branchline.core.effects.model_outputs import files_digest, model_outputs, registration_of
from branchline.core.evidence import Evidence, Metric
from branchline.core.pipeline import Content, LockEntry
from branchline.core.plan.values import Produced, Result
from branchline.core.policy import Gate, MetricRule, Policy, PredictionColumns
from branchline.core.values import Outcome
from branchline.errors import RegistryError

# A loaded machine is slow now and then; that is no finding.
CALM = settings(suppress_health_check=[HealthCheck.too_slow])

COMMIT = "c" * 40


def stage(name: str, needs: str = "", outs: str = "", metrics: str = "") -> Result:
    """A result; words are paths."""
    kinds = [*((o, "data") for o in outs.split()), *((m, "metric") for m in metrics.split())]
    return Result(
        key=f"key of {name}",
        stage=name,
        inputs=tuple(Input(kind=InputKind.DATA, name=path, digest=None) for path in needs.split()),
        outs=tuple(
            Produced(path=path, spelled=path, content=Content(md5=f"md5 of {path}"), kind=kind)
            for path, kind in kinds
        ),
        entry=LockEntry(cmd="true"),
    )


TYPICAL = [
    stage("prepare", "raw", "data/train data/test"),
    stage("train", "data/train", "model.pkl"),
    stage("evaluate", "model.pkl data/test", "reports/predictions.parquet", "metrics.json"),
]


@pytest.mark.parametrize(
    ("results", "paths"),
    [
        pytest.param(TYPICAL, ["model.pkl"], id="prepare-train-evaluate"),
        pytest.param([stage("train", "", "model", "metrics.json")], ["model"], id="short-form"),
        pytest.param([stage("train", "", "w", "metrics.json")], ["w"], id="one-output-of-any-name"),
        pytest.param(
            [stage("prepare", "", "x.csv"), stage("train", "x.csv", "net"),
             stage("evaluate", "net x.csv", "", "m.json")],
            ["net"], id="no-name-of-a-model-but-only-one-at-the-end",
        ),
        pytest.param(
            [stage("features", "", "enc.pkl"), stage("train", "enc.pkl", "model.pkl"),
             stage("evaluate", "model.pkl enc.pkl", "", "m.json")],
            ["model.pkl"], id="what-a-model-is-made-of-is-not-the-model",
        ),
        pytest.param(
            [stage("train", "", "models/a.bin models/tok", "m.json")],
            ["models/a.bin", "models/tok"], id="several-files-of-one-stage",
        ),
        pytest.param(
            [stage("train", "", "model"), stage("evaluate", "model/weights.bin", "", "m.json")],
            ["model"], id="a-file-inside-of-the-folder-is-needed",
        ),
        pytest.param([stage("train", "", "model.pkl")], ["model.pkl"], id="without-metrics"),
    ],
)  # fmt: skip
def test_the_model_is_found(results: list[Result], paths: list[str]) -> None:
    shuffled = random.Random(3).sample(results, len(results))

    found = model_outputs(shuffled, Policy(model="m"))

    assert [out.path for _, out in found] == paths


@pytest.mark.parametrize(
    "results",
    [
        pytest.param([], id="nothing"),
        pytest.param([stage("evaluate", "", "", "m.json")], id="only-metrics"),
        pytest.param(
            [stage("a", "", "a.pkl"), stage("b", "", "b.pkl"),
             stage("evaluate", "a.pkl b.pkl", "", "m.json")],
            id="two-models",
        ),
        pytest.param(
            [stage("train", "", "net"), stage("evaluate", "net", "table", "m.json")],
            id="weights-or-a-table",
        ),
        pytest.param(
            [stage("train@a", "", "a/model", "a.json"), stage("train@b", "", "b/model", "b.json")],
            id="a-foreach",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_an_error(results: list[Result]) -> None:
    with pytest.raises(RegistryError, match="cannot be told") as caught:
        model_outputs(results, Policy(model="m"))

    assert "registry: {paths:" in caught.value.todo


def test_predictions_are_no_model() -> None:
    results = [stage("train", "", "net"), stage("evaluate", "net", "p.parquet", "m.json")]
    gate = Gate(predictions=PredictionColumns(path="p.parquet", target="y"))

    ((_, out),) = model_outputs(results, Policy(model="m", gate=gate))

    assert out.path == "net"


def test_paths_name_the_model() -> None:
    policy = Policy(model="m", sections={"registry": {"paths": ["data/test/", "model.pkl"]}})
    wrong = Policy(model="m", sections={"registry": {"paths": ["modle.pkl"]}})

    assert [o.path for _, o in model_outputs(TYPICAL, policy)] == ["data/test", "model.pkl"]
    with pytest.raises(RegistryError, match=r"modle\.pkl, which is no output"):
        model_outputs(TYPICAL, wrong)


EVIDENCE = Evidence(
    commit=COMMIT,
    metrics=(
        Metric(name="loss", value=math.nan, text="nan", file="metrics.json"),
        Metric(name="n", value=3, text="3", file="metrics.json"),
        Metric(name="auc", value=0.9, text="0.9", file="metrics.json"),
    ),
    params={"params.yaml:b": "x", "params.yaml:a": [1, 2.5]},
)


def test_a_registration_says_what_was_made() -> None:
    gate = Gate(metrics=(MetricRule(name="auc", min=0.5),))
    policy = Policy(model="m", gate=gate)

    made = registration_of(
        TYPICAL, EVIDENCE, policy, run="ccccccc", outcome=Outcome.PASSED, by="Ada <a@x>"
    )

    assert (made.commit, made.run, made.key) == (COMMIT, "ccccccc", "key of train")
    assert dict(made.paths) == {"model.pkl": "md5 of model.pkl"}
    assert made.digest == files_digest(made.paths)
    assert list(made.metrics.items()) == [("auc", 0.9), ("n", 3)]
    assert dict(made.params) == {"params.yaml:a": "[1, 2.5]", "params.yaml:b": "x"}


@pytest.mark.parametrize(
    ("evidence", "outcome", "gate", "match"),
    [
        pytest.param(EVIDENCE, Outcome.FAILED, Gate(), "verdict is failed", id="failed"),
        pytest.param(
            EVIDENCE, Outcome.UNKNOWN, Gate(metrics=(MetricRule(name="auc"),)),
            "verdict is unknown", id="a-gate-that-could-not-tell",
        ),
        pytest.param(
            Evidence(commit=COMMIT, is_dirty=True), Outcome.PASSED, Gate(), "uncommitted",
            id="dirty",
        ),
        pytest.param(Evidence(), Outcome.PASSED, Gate(), "uncommitted", id="no-commit"),
    ],
)  # fmt: skip
def test_what_is_not_registered(
    evidence: Evidence, outcome: Outcome, gate: Gate, match: str
) -> None:
    with pytest.raises(RegistryError, match=match):
        registration_of(TYPICAL, evidence, Policy(model="m", gate=gate), run="r", outcome=outcome)


def test_without_a_gate_a_model_is_registered_with_its_outcome() -> None:
    made = registration_of(TYPICAL, EVIDENCE, Policy(model="m"), run="r", outcome=Outcome.UNKNOWN)

    assert made.outcome == "unknown"


NAMES = st.text("ab/ü.", max_size=4)
FILES = st.dictionaries(NAMES, NAMES, max_size=6)


@CALM
@given(FILES, st.integers(0, 5))
def test_the_order_of_files_does_not_count(files: dict[str, str], turn: int) -> None:
    items = list(files.items())

    for other in (items[turn:] + items[:turn], items[::-1], sorted(items)):
        assert files_digest(dict(other)) == files_digest(files)


@CALM
@given(FILES, FILES)
def test_other_files_have_another_digest(one: dict[str, str], other: dict[str, str]) -> None:
    assert (files_digest(one) == files_digest(other)) == (one == other)
