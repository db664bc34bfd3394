"""What of a pipeline is the evaluation, what of it changed, and when a new score is no fair one."""

from __future__ import annotations

import math

import pytest

from branchline.core.changes.values import Input, InputKind
from branchline.core.evidence import Evidence, Metric
from branchline.core.pipeline import Content, LockEntry
from branchline.core.plan.values import Observed, Produced, Result
from branchline.core.policy import Goal, MetricRule
from branchline.core.verdict.rescoring import (
    changed_inputs,
    fell,
    has_same_code,
    has_same_data,
    listed,
    prepared_otherwise,
    split,
)


def result(
    stage: str,
    data: dict[str, str] | None = None,
    outs: tuple[str, ...] = (),
    *,
    code: str = "1",
    params: str = "1",
    seen: dict[str, str] | None = None,
    made: str = "x",
) -> Result:
    """A result; an output that ends in `.json` is a metric."""
    inputs = [Input(kind=InputKind.DATA, name=n, digest=d) for n, d in (data or {}).items()]
    inputs += [
        Input(kind=InputKind.CODE, name=f"{stage}.py", digest=code),
        Input(kind=InputKind.PARAMETER, name=f"params.yaml:{stage}", digest=params),
    ]
    return Result(
        key=stage,
        stage=stage,
        inputs=tuple(inputs),
        outs=tuple(
            Produced(
                path=out,
                spelled=out,
                content=Content(md5=made),
                kind="metric" if out.endswith(".json") else "data",
            )
            for out in outs
        ),
        entry=LockEntry(cmd=stage),
        observed=tuple(Observed(path=p, digest=d) for p, d in (seen or {}).items()),
    )


PREPARE = result("prepare", {"raw": "1"}, ("train.csv", "test.csv"))
TRAIN = result("train", {"train.csv": "1"}, ("model.pkl", "vocabulary.txt", "train.json"))
EVALUATE = result("evaluate", {"model.pkl": "1", "test.csv": "1"}, ("m.json",))
DEPLOY = result("export", {"model.pkl": "1"}, ("model.onnx",))
MODEL = {"model.pkl": "train"}


def test_what_training_leaves_is_carried_and_what_leaves_metrics_is_run() -> None:
    told = split([PREPARE, TRAIN, EVALUATE, DEPLOY], MODEL)

    assert told.carried == ("model.pkl", "train.json", "vocabulary.txt")
    assert told.stages == ("evaluate",)
    assert (told.both, told.mixed) == (("train",), "")


def test_a_stage_between_model_and_metrics_is_run_too() -> None:
    predict = result("predict", {"model.pkl": "1", "test.csv": "1"}, ("said.csv",))
    score = result("score", {"said.csv": "1"}, ("m.json",))

    assert split([PREPARE, TRAIN, predict, score], MODEL).stages == ("predict", "score")


def test_a_stage_that_leaves_predictions_is_run_too() -> None:
    predict = result("predict", {"model.pkl": "1"}, ("out/said.csv",))

    assert split([TRAIN, predict], MODEL).stages == ()
    assert split([TRAIN, predict], MODEL, "out/said.csv").stages == ("predict",)


def test_a_model_that_is_only_seen_to_be_read_counts() -> None:
    quiet = result("evaluate", {"test.csv": "1"}, ("m.json",), seen={"model.pkl": "1"})

    assert split([TRAIN, quiet], MODEL).stages == ("evaluate",)


def test_predictions_of_the_training_are_told() -> None:
    train = result("train", {"all.csv": "1"}, ("model.pkl", "predictions.csv"))
    score = result("score", {"predictions.csv": "1"}, ("m.json",))

    assert split([train, score], MODEL).mixed == "score"


def test_a_named_scaler_is_the_champions_and_what_it_scales_is_made_again() -> None:
    prepare = result("prepare", {"raw": "1"}, ("scaler.pkl", "test.csv"))
    scale = result("scale", {"scaler.pkl": "1", "test.csv": "1"}, ("scaled.csv",))
    train = result("train", {"scaled.csv": "1"}, ("model.pkl",))
    evaluate = result("evaluate", {"model.pkl": "1", "scaled.csv": "1"}, ("m.json",))

    told = split([prepare, scale, train, evaluate], {"scaler.pkl": "prepare", "model.pkl": "train"})

    assert told.carried == ("model.pkl", "scaler.pkl")
    assert told.stages == ("scale", "evaluate")


OWN = ("model.pkl", "m.json")


@pytest.mark.parametrize(
    ("other", "names"),
    [
        pytest.param(EVALUATE, [], id="the-same"),
        pytest.param(
            result("evaluate", {"model.pkl": "2", "test.csv": "1"}, ("m.json",)),
            [],
            id="another-model",
        ),
        pytest.param(
            result("evaluate", {"model.pkl": "1", "test.csv": "2"}, ("m.json",)),
            ["test.csv"],
            id="other-data",
        ),
        pytest.param(
            result("evaluate", {"model.pkl": "1"}, ("m.json",)), ["test.csv"], id="data-that-came"
        ),
        pytest.param(
            result("evaluate", {"model.pkl": "1", "test.csv": "1"}, ("m.json",), code="2"),
            ["evaluate.py"],
            id="other-code",
        ),
        pytest.param(
            result("evaluate", {"model.pkl": "1", "test.csv": "1"}, ("m.json",), params="2"),
            ["params.yaml:evaluate"],
            id="another-parameter",
        ),
        pytest.param(
            result("evaluate", {"model.pkl": "1", "test.csv": "1"}, ("n.json",)),
            [""],
            id="other-outputs",
        ),
    ],
)
def test_what_changed(other: Result, names: list[str]) -> None:
    assert [item.name for item in changed_inputs(EVALUATE, other, OWN)] == names


def test_a_file_that_both_were_seen_to_read_counts() -> None:
    ours = result("evaluate", seen={"words.txt": "1", "model.pkl": "1"})
    theirs = result("evaluate", seen={"words.txt": "2", "model.pkl": "2"})

    assert [i.name for i in changed_inputs(ours, theirs, ("model.pkl",))] == ["words.txt"]


def test_data_and_code_of_one_stage() -> None:
    other = result("train", {"train.csv": "2"}, code="2", params="2")

    assert has_same_data(TRAIN, TRAIN)
    assert has_same_code(TRAIN, result("train", params="2"))
    assert not has_same_data(TRAIN, other)
    assert not has_same_code(TRAIN, other)


@pytest.mark.parametrize(
    ("old", "found"),
    [
        pytest.param(PREPARE, (), id="the-same"),
        pytest.param(result("prepare", {"raw": "2"}, ("test.csv",)), (), id="other-data"),
        pytest.param(result("prepare", {"raw": "1"}, code="2"), ("prepare",), id="other-code"),
        pytest.param(result("prepare", {"raw": "1"}, params="2"), ("prepare",), id="a-parameter"),
        pytest.param(None, ("prepare",), id="not-known"),
    ],
)
def test_data_prepared_in_another_way_are_told(old: Result | None, found: tuple[str, ...]) -> None:
    ours = [PREPARE, TRAIN, EVALUATE]

    told = prepared_otherwise(ours, {"prepare": old} if old else {}, split(ours, MODEL))

    assert told == found


def test_a_fitted_piece_that_is_not_named_is_told() -> None:
    now = result("prepare", {"raw": "2"}, ("test.csv", "scaler.pkl"), made="new")
    old = result("prepare", {"raw": "1"}, ("test.csv", "scaler.pkl"), made="old")
    evaluate = result(
        "evaluate", {"model.pkl": "1", "test.csv": "1", "scaler.pkl": "1"}, ("m.json",)
    )
    ours = [now, TRAIN, evaluate]

    assert prepared_otherwise(ours, {"prepare": old}, split(ours, MODEL)) == ("prepare",)


def scored(value: float) -> Evidence:
    return Evidence(metrics=(Metric(name="m", value=value, text=str(value), file="m.json"),))


@pytest.mark.parametrize(
    ("rule", "before", "now", "said"),
    [
        pytest.param(MetricRule(name="m"), 0.9, 0.9, "", id="the-same"),
        pytest.param(MetricRule(name="m"), 0.9, 0.95, "", id="better"),
        pytest.param(MetricRule(name="m"), 0.9, 0.8, "`m` fell from 0.9 to 0.8", id="worse"),
        pytest.param(
            MetricRule(name="m", max_regression=0.01), 0.95, 0.94, "", id="by-exactly-the-bound"
        ),
        pytest.param(
            MetricRule(name="m", max_relative_regression=0.5), 0.8, 0.4, "", id="by-half-allowed"
        ),
        pytest.param(
            MetricRule(name="m", goal=Goal.MINIMIZE), 1.0, 2.0, "`m` rose from 1.0 to 2.0", id="up"
        ),
        pytest.param(MetricRule(name="m"), 0.9, math.nan, "", id="nan-is-judged-elsewhere"),
        pytest.param(MetricRule(name="n"), 0.9, 0.1, "", id="another-metric"),
    ],
)
def test_how_the_champion_fell(rule: MetricRule, before: float, now: float, said: str) -> None:
    assert fell([rule], scored(before), scored(now)) == said


def test_a_long_list_is_cut() -> None:
    assert listed(["a", "b", "c", "d", ""]) == "`a`, `b`, `c` and 2 more"
