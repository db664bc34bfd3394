"""What the four lines of `branchline` say."""

from __future__ import annotations

import pytest

from branchline.core.plan.values import Action, Plan, StagePlan
from branchline.ports.repo import Head
from branchline.render.run_view import RunView
from branchline.render.status import ModelStatus, next_command, several_lines, status_lines

HEAD = Head(commit="3f2a91c0", short="3f2a91c", branch="main")


def plan(*actions: Action) -> Plan:
    """A plan of stages a, b, ... with these actions."""
    return Plan(
        stages=tuple(
            StagePlan(stage="abc"[index], action=action, reason="`x` changed")
            for index, action in enumerate(actions)
        )
    )


@pytest.mark.parametrize(
    ("plan", "outcome", "command"),
    [
        pytest.param(plan(Action.RUN), "passed", "branchline run", id="something-has-to-run"),
        pytest.param(plan(Action.MAY_RUN), "passed", "branchline run", id="something-may-run"),
        pytest.param(plan(Action.REUSE), "failed", "branchline show", id="refused-by-the-gate"),
        pytest.param(plan(Action.REUSE), "unknown", "branchline show", id="the-gate-cannot-tell"),
        pytest.param(plan(Action.REUSE), "passed", "branchline runs", id="all-is-done"),
        pytest.param(plan(Action.REUSE), None, "branchline run", id="done-and-not-recorded"),
    ],
)
def test_next_command(plan: Plan, outcome: str | None, command: str) -> None:
    last = None if outcome is None else RunView(run="r", outcome=outcome)

    assert next_command(plan, last) == command


def test_the_lines_say_where_what_and_what_next() -> None:
    lines = status_lines(
        model="iris",
        head=HEAD,
        is_dirty=True,
        plan=plan(Action.REUSE, Action.RUN),
        last=RunView(run="3f2a91c", outcome="passed"),
    )

    assert [each.text for each in lines] == [
        "project   iris, branch main, 3f2a91c, with uncommitted changes",
        "plan      1 of 2 stages has to run. First b: `x` changed.",
        "last run  3f2a91c, passed",
        "next      branchline run",
    ]


def test_a_repository_without_a_commit_is_said() -> None:
    lines = status_lines(
        model="iris", head=Head(commit=None), is_dirty=True, plan=plan(Action.RUN), last=None
    )

    assert lines[0].text == "project   iris, no branch, no commit yet"
    assert lines[2].text == "last run  none is recorded here"


def of(model: str, *actions: Action, outcome: str | None = None) -> ModelStatus:
    """Where a model stands whose stages have these actions; without any there is no plan."""
    last = None if outcome is None else RunView(run=f"run-{model}", outcome=outcome)
    made = plan(*actions) if actions else None
    return ModelStatus(model=model, plan=made, problem="" if made else "error: x", last=last)


@pytest.mark.parametrize(
    ("models", "command"),
    [
        pytest.param(
            [of("a", Action.RUN), of("b")],
            "branchline plan --model b",
            id="what-cannot-be-planned-comes-first",
        ),
        pytest.param(
            [of("a", Action.RUN), of("b", Action.RUN)], "branchline run", id="two-have-to-run"
        ),
        pytest.param(
            [of("a", Action.REUSE, outcome=""), of("b", Action.RUN)],
            "branchline run --model b",
            id="one-has-to-run",
        ),
        pytest.param(
            [of("a", Action.REUSE, outcome="passed"), of("b", Action.REUSE, outcome="failed")],
            "branchline show run-b",
            id="one-was-refused",
        ),
        pytest.param(
            [of("a", Action.REUSE, outcome="passed")], "branchline runs", id="all-is-done"
        ),
    ],
)
def test_what_to_type_next_with_several_models(models: list[ModelStatus], command: str) -> None:
    lines = [each.text for each in several_lines(models, head=HEAD, is_dirty=False)]

    assert lines[0] == f"project   {len(models)} models, branch main, 3f2a91c"
    assert lines[-1] == f"next      {command}"
    assert len(lines) == 2 + 3 * len(models)
