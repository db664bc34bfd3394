"""What the four lines of `branchline` say."""

from __future__ import annotations

import pytest

from branchline.core.plan.values import Action, Plan, StagePlan
from branchline.ports.repo import Head
from branchline.render.run_view import RunView
from branchline.render.status import next_command, status_lines

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


def test_the_other_models_are_named() -> None:
    lines = status_lines(
        model="churn", head=HEAD, is_dirty=False, plan=plan(Action.RUN), last=None,
        others=["fraud", "spam"],
    )  # fmt: skip

    texts = [each.text for each in lines]
    assert texts[1] == "models    2 more: fraud, spam; see branchline plan --model fraud"
    assert texts[-1] == "next      branchline run --model churn"
