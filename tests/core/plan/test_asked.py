from __future__ import annotations

import json
from dataclasses import replace

import pytest

from branchline.core.changes.values import Change, ChangeEffect, Input, InputKind
from branchline.core.plan.asked import AskedModel, outputs_of, reason_of
from branchline.core.plan.values import Action, Plan, StagePlan
from branchline.core.policy import Do, Policy, Resources
from branchline.core.trigger import TriggerKind
from branchline.core.trigger.rules import Decision
from branchline.errors import CiError

POLICY = Policy(
    model="demo",
    resources={
        "prepare": Resources(timeout_s=600),
        "train": Resources(timeout_s=3600, retries=1, runs_on=("self-hosted", "gpu", "x;id")),
    },
)
TRAIN = Decision(do=Do.TRAIN, kind=TriggerKind.PUSH, reason="rule `main` says train")
NOTHING = Decision(do=Do.NOTHING, kind=TriggerKind.PULL_REQUEST, reason="training is withheld")


def entry(stage: str, action: Action, **more: object) -> StagePlan:
    return StagePlan(stage=stage, action=action, reason=f"{stage} says\nso", **more)  # type: ignore[arg-type] # as given


def changed(kind: InputKind) -> Change:
    return Change(kind=kind, name="x", effect=ChangeEffect.MODEL, sentence="x changed")


def asked(*stages: StagePlan, **more: object) -> AskedModel:
    made = AskedModel(model="demo", decision=TRAIN, policy=POLICY, plan=Plan(stages=stages))
    return replace(made, **more)  # type: ignore[arg-type] # as given


NEEDED = asked(entry("prepare", Action.REUSE), entry("train", Action.RUN, compared_with="abc"))
REUSED = asked(entry("train", Action.REUSE))


@pytest.mark.parametrize(
    ("model", "should", "changed", "withheld"),
    [
        pytest.param(NEEDED, "true", "true", "false", id="a-stage-has-to-run"),
        pytest.param(REUSED, "false", "false", "false", id="everything-is-there"),
        pytest.param(
            replace(REUSED, follows=True), "true", "false", "false", id="there-to-be-judged"
        ),
        pytest.param(replace(NEEDED, decision=NOTHING), "false", "false", "true", id="withheld"),
        pytest.param(
            replace(REUSED, decision=NOTHING), "false", "false", "false", id="nothing-to-withhold"
        ),
        pytest.param(
            AskedModel(model="demo", decision=replace(TRAIN, do=Do.TUNE), policy=POLICY),
            "true", "false", "false", id="a-search-always-walks",
        ),
    ],
)  # fmt: skip
def test_what_later_jobs_are_told(
    model: AskedModel, should: str, changed: str, withheld: str
) -> None:
    outputs = outputs_of([model], reason="because")

    assert outputs["should-train"] == should
    assert outputs["training-changed"] == changed
    assert outputs["withheld"] == withheld
    assert len(json.loads(outputs["matrix"])["include"]) == (should == "true")


def test_a_machine_is_one_for_the_stages_that_run() -> None:
    assert NEEDED.labels == ("self-hosted", "gpu")
    assert asked(entry("prepare", Action.RUN)).labels == ("ubuntu-24.04",)


def test_where_stages_name_none_it_is_that_of_the_small_jobs() -> None:
    policy = replace(POLICY, sections={"github": {"runs_on": ["our-box"]}})

    assert asked(entry("prepare", Action.RUN), policy=policy).labels == ("our-box",)


def test_nothing_is_called_withheld_where_nothing_would_train() -> None:
    assert "withheld" in reason_of([replace(NEEDED, decision=NOTHING)])
    assert reason_of([replace(REUSED, decision=NOTHING)]) == (
        "nothing to train, every stage has its result"
    )


def test_minutes_are_those_of_the_stages_that_run_with_their_retries() -> None:
    assert NEEDED.minutes == 2 * 60 + 15
    assert asked(entry("prepare", Action.RUN)).minutes == 10 + 15
    assert asked(entry("other", Action.RUN)).minutes == 360


@pytest.mark.parametrize(
    ("stage", "is_changed"),
    [
        pytest.param(
            entry(
                "train", Action.RUN, compared_with="abc",
                changes=(changed(InputKind.DATA),),
            ),
            True, id="data-changed",
        ),
        pytest.param(
            entry(
                "train", Action.RUN, compared_with="abc",
                changes=(changed(InputKind.CODE),),
            ),
            False, id="code-changed",
        ),
        pytest.param(
            entry("train", Action.RUN, inputs=(Input(kind=InputKind.DATA, name="d", digest="1"),)),
            True, id="seen-for-the-first-time",
        ),
        pytest.param(entry("train", Action.REUSE), False, id="reused"),
    ],
)  # fmt: skip
def test_whether_data_changed(stage: StagePlan, *, is_changed: bool) -> None:
    assert asked(stage).data_changed is is_changed


def test_a_reason_is_one_line_of_limited_length() -> None:
    long = replace(NEEDED, decision=replace(TRAIN, reason="x\n" * 1000))

    outputs = outputs_of([long], reason=reason_of([long]))

    assert "\n" not in outputs["reason"]
    assert len(outputs["reason"]) <= 400
    assert reason_of([NEEDED]).startswith("train: train says")
    assert "nothing to train" in reason_of([REUSED])


def test_a_matrix_has_as_many_jobs_as_github_starts() -> None:
    outputs = outputs_of([replace(NEEDED, model=str(n)) for n in range(256)], reason="")

    assert len(json.loads(outputs["matrix"])["include"]) == 256


def test_more_models_than_a_matrix_takes_are_refused_and_none_is_left_out() -> None:
    asked = [replace(NEEDED, model=str(n)) for n in range(257)]

    with pytest.raises(CiError, match=r"257 models have to be trained, and a matrix takes 256"):
        outputs_of(asked, reason="")


def test_a_hostile_model_name_stays_inside_of_its_text() -> None:
    outputs = outputs_of([replace(NEEDED, model='a"}]}\nx=${{ y }}')], reason="")

    assert "\n" not in outputs["matrix"]
    assert json.loads(outputs["matrix"])["include"][0]["model"] == 'a"}]}\nx=${{ y }}'
