"""Strings in the first branchline.yaml come back as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from branchline.core.documents import read_yaml
from branchline.core.policy import Goal, MetricRule
from branchline.generate.settings_file import (
    FirstModel,
    FirstSettings,
    FirstStage,
    first_settings_text,
    yaml_string,
)


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_string_is_read_back_as_it_was(text: str) -> None:
    value = read_yaml(f"key: {yaml_string(text)}\n".encode(), file="x.yaml").value

    assert value == {"key": text}


NAMES = st.text("abcxyz", min_size=1, max_size=6)
PATHS = st.lists(st.text("abc/.", min_size=1, max_size=8), max_size=3).map(tuple)
BARS = st.lists(
    st.builds(MetricRule, name=NAMES, goal=st.sampled_from(Goal), max_regression=st.just(0.01)),
    max_size=6,
    unique_by=lambda rule: rule.name,
).map(tuple)
STAGES = st.builds(
    FirstStage, name=st.just("train"), cmd=NAMES, wdir=st.sampled_from(["", "sub"]), deps=PATHS,
    params=st.just(("params.yaml",)), outs=PATHS, metrics=PATHS,
)  # fmt: skip
MODELS = st.lists(
    st.builds(
        FirstModel, name=NAMES, stages=STAGES.map(lambda stage: (stage,)), bars=BARS,
        bars_are_sure=st.booleans(),
    ),
    min_size=1, max_size=12, unique_by=lambda model: model.name,
).map(tuple)  # fmt: skip


@given(models=MODELS, checks=st.sampled_from([(), (("tests", "pytest -q"),)]))
def test_the_file_is_valid_and_never_longer_than_fifteen_lines(
    models: tuple[FirstModel, ...], checks: tuple[tuple[str, str], ...]
) -> None:
    text = first_settings_text(FirstSettings(models=models, checks=checks))

    value = read_yaml(text.encode(), file="x.yaml").value
    assert isinstance(value, dict)
    assert len(text.splitlines()) <= 15
    declared = value["models"] if len(models) > 1 else {value["model"]: value}
    assert list(declared) == [model.name for model in models]
    for model in models:
        said = declared[model.name]
        command = said["stages"]["train"]["cmd"] if "stages" in said else said["train"]
        assert (command["run"] if isinstance(command, dict) else command) == model.stages[0].cmd
        judged = said.get("gate", {}).get("metrics", {})
        assert set(judged) <= {bar.name for bar in model.bars}
        assert bool(judged) == (bool(model.bars) and model.bars_are_sure)
