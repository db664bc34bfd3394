"""A plan as lines: counts, words, and names that cannot disturb the output."""

from __future__ import annotations

import pytest

from branchline.core.changes.values import Change, ChangeEffect, Input, InputKind
from branchline.core.plan.values import Action, Observed, Plan, StagePlan
from branchline.render.plan import inputs_table, plan_notes, plan_summary, plan_table, why_lines
from branchline.render.table import table_to_text


def plan_of(*actions: Action, estimate_s: float | None = None) -> Plan:
    return Plan(
        stages=tuple(
            StagePlan(stage=f"s{n}", action=action, reason="why", estimate_s=estimate_s)
            for n, action in enumerate(actions)
        )
    )


@pytest.mark.parametrize(
    ("actions", "text"),
    [
        pytest.param([], "There are no stages.", id="no-stages"),
        pytest.param(
            [Action.REUSE], "Nothing to run: the one stage has its result.", id="one-reused"
        ),
        pytest.param([Action.REUSE, Action.SKIP], "Nothing to run.", id="all-reused"),
        pytest.param([Action.RUN], "1 of 1 stage has to run.", id="one-runs"),
        pytest.param([Action.RUN] * 2, "2 of 2 stages have to run.", id="two-run"),
        pytest.param([Action.MAY_RUN], "1 of 1 stage may run.", id="one-may"),
        pytest.param(
            [Action.RUN, Action.MAY_RUN, Action.REUSE],
            "1 of 3 stages has to run, 1 may.",
            id="some-of-each",
        ),
    ],
)
def test_plan_summary(actions: list[Action], text: str) -> None:
    assert plan_summary(plan_of(*actions)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(2.0, "about 2.0 s", id="seconds"),
        pytest.param(59.9, "about 59.9 s", id="just-below-a-minute"),
        pytest.param(60.0, "about 1 min", id="a-minute"),
    ],
)
def test_the_cost_is_said_where_all_of_it_is_known(seconds: float, text: str) -> None:
    assert text in plan_summary(plan_of(Action.RUN, estimate_s=seconds))


def test_the_cost_is_not_said_where_a_part_is_unknown() -> None:
    known, unknown = plan_of(Action.RUN, estimate_s=5.0), plan_of(Action.RUN)

    assert "about" not in plan_summary(Plan(stages=(*known.stages, *unknown.stages)))


def test_notes_are_said_once_with_their_stage() -> None:
    entry = StagePlan(stage="s", action=Action.RUN, reason="", notes=("n", "n"))

    assert plan_notes(Plan(stages=(entry, entry), notes=("all",))) == ("all", "s: n")


def test_every_action_has_a_word() -> None:
    text = table_to_text(plan_table(plan_of(*Action)))

    assert len(text.splitlines()) == 1 + len(Action)


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\nb", "a\r\x07b"])
def test_control_characters_of_a_name_never_reach_a_terminal(name: str) -> None:
    change = Change(
        kind=InputKind.DATA, name=name, effect=ChangeEffect.MODEL, sentence=f"`{name}` changed"
    )
    entry = StagePlan(
        stage=name,
        action=Action.RUN,
        reason=name,
        changes=(change,),
        compared_with="abc",
        observed=tuple(Observed(path=name, digest=d) for d in ("d", "absent", "present")),
        notes=(name,),
        inputs=(Input(kind=InputKind.DATA, name=name, digest="d"),),
    )

    parts = [
        table_to_text(plan_table(Plan(stages=(entry,)))),
        table_to_text(inputs_table(entry.inputs)),
        *(line.text for line in why_lines(entry)),
    ]

    for part in parts[:2]:
        assert not any(c in part for c in "\x1b\r\x07")
        assert len(part.splitlines()) == 2
    for part in parts[2:]:
        assert not any(c in part for c in "\x1b\r\x07\n")


def test_the_value_of_a_pending_input_is_its_maker() -> None:
    item = Input(kind=InputKind.DATA, name="x", digest=None, pending="prep")

    assert "made by `prep` in this run" in table_to_text(inputs_table([item]))
