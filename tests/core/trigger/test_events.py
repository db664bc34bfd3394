from __future__ import annotations

from dataclasses import replace

import pytest

from branchline.core.policy import BranchRule, Do, Policy, PullRequestRules
from branchline.core.trigger import TriggerKind
from branchline.core.trigger.events import Event, EventKind, decide_event, trigger_of_event

HEAD, MERGE, BASE = "a" * 40, "b" * 40, "c" * 40
POLICY = Policy(
    model="demo",
    branches=(
        BranchRule(pattern="tuning/**", do=Do.TUNE),
        BranchRule(pattern="docs/**", do=Do.NOTHING),
        BranchRule(pattern="main", do=Do.TRAIN, then=("register",)),
    ),
    pull_requests=PullRequestRules(into=("main",)),
)
PUSH = Event(
    kind=EventKind.PUSH, name="push", ref="refs/heads/main", branch="main", head=HEAD, tested=HEAD,
    default_branch="main",
)  # fmt: skip
PULL = Event(
    kind=EventKind.PULL_REQUEST, name="pull_request", ref="refs/pull/7/merge", branch="work",
    head=HEAD, tested=MERGE, base=BASE, base_branch="main", pull_request=7, default_branch="main",
)  # fmt: skip
ASKED = Event(
    kind=EventKind.PERSON, name="workflow_dispatch", ref="refs/heads/x", branch="x", head=HEAD,
    tested=HEAD, actor="ada",
)  # fmt: skip


@pytest.mark.parametrize(
    ("event", "do", "words"),
    [
        pytest.param(PUSH, Do.TRAIN, "rule `main`", id="a-push-by-its-rule"),
        pytest.param(
            replace(PUSH, ref="refs/heads/tuning/x", branch="tuning/x"),
            Do.TUNE, "says tune", id="a-push-that-searches",
        ),
        pytest.param(
            replace(PUSH, ref="refs/heads/other", branch="other"),
            Do.NOTHING, "no rule", id="a-push-without-a-rule",
        ),
        pytest.param(
            replace(PUSH, is_deleted=True, head="", tested=""),
            Do.NOTHING, "was deleted", id="a-branch-that-was-deleted",
        ),
        pytest.param(
            replace(PUSH, ref="refs/tags/v1", branch=""),
            Do.TRAIN, "tag `v1`", id="a-tag-asks-for-its-result",
        ),
        pytest.param(
            replace(PUSH, ref="refs/tags/demo@v1.0.0", branch=""),
            Do.NOTHING, "registry", id="a-tag-of-the-registry-is-no-code",
        ),
        pytest.param(
            replace(PUSH, ref="refs/notes/x", branch=""), Do.NOTHING, "neither", id="a-foreign-ref"
        ),
        pytest.param(PULL, Do.TRAIN, "`pull_requests` says train", id="a-pull-request"),
        pytest.param(
            replace(PULL, base_branch="dev"), Do.NOTHING, "start nothing", id="into-another-branch"
        ),
        pytest.param(
            replace(PULL, is_closed=True), Do.NOTHING, "#7 is closed", id="a-closed-pull-request"
        ),
        pytest.param(
            replace(PULL, fork="eve/r"), Do.NOTHING, "training is withheld", id="of-a-fork"
        ),
        pytest.param(
            replace(PULL, fork="?"), Do.NOTHING, "that is gone", id="of-a-fork-that-is-gone"
        ),
        pytest.param(
            Event(kind=EventKind.MERGE_QUEUE, name="merge_group", base_branch="main"),
            Do.TRAIN, "merge queue", id="a-merge-queue",
        ),
        pytest.param(
            Event(kind=EventKind.SCHEDULE, name="schedule", branch="main", says="17 2 * * 1"),
            Do.TRAIN, "`17 2 * * 1`", id="a-schedule",
        ),
        pytest.param(ASKED, Do.TRAIN, "`ada` asks", id="a-person-needs-no-rule"),
        pytest.param(
            replace(ASKED, branch="docs/x", force=True),
            Do.NOTHING, "says nothing", id="a-person-does-not-overrule-nothing",
        ),
        pytest.param(
            Event(kind=EventKind.CALL, name="repository_dispatch", says="retrain", branch="main"),
            Do.TRAIN, "`retrain`", id="a-call",
        ),
        pytest.param(
            Event(kind=EventKind.OTHER, name="issues"), Do.NOTHING, "`issues`", id="another-event"
        ),
    ],
)  # fmt: skip
def test_what_an_event_asks_for(event: Event, do: Do, words: str) -> None:
    decision = decide_event(event, POLICY)

    assert decision.do is do
    assert words in decision.reason


def test_an_empty_commit_asks_for_a_training() -> None:
    train = replace(POLICY, branches=(BranchRule(pattern="main", do=Do.TRAIN),))

    decision = decide_event(PUSH, train, is_empty=True)

    assert (decision.do, decision.force) == (Do.TRAIN, True)


def test_forks_train_where_the_default_branch_says_so() -> None:
    policy = replace(POLICY, pull_requests=PullRequestRules(into=("main",), forks="train"))

    assert decide_event(replace(PULL, fork="eve/r"), policy).do is Do.TRAIN


@pytest.mark.parametrize(
    ("when", "force"),
    [
        pytest.param("always", True, id="always"),
        pytest.param("data_changed", False, id="by-content"),
        pytest.param(None, False, id="not-set"),
    ],
)
def test_a_schedule_trains_what_it_has_where_the_settings_say_always(
    when: str | None, force: bool
) -> None:
    event = Event(kind=EventKind.SCHEDULE, name="schedule", branch="main")
    policy = replace(POLICY, sections={"retrain": {"schedule": "17 2 * * 1", "when": when}})

    assert decide_event(event, policy).force is force
    assert not decide_event(replace(event, kind=EventKind.CALL), policy).force


def test_a_call_for_drift_is_drift() -> None:
    event = Event(kind=EventKind.CALL, name="repository_dispatch", says="drift", branch="main")

    assert decide_event(event, POLICY).kind is TriggerKind.DRIFT


def test_a_record_knows_head_merge_and_base_of_a_pull_request() -> None:
    trigger = trigger_of_event(PULL, decide_event(PULL, POLICY))

    assert (trigger.head, trigger.commit, trigger.base) == (HEAD, MERGE, BASE)
    assert (trigger.pull_request, trigger.branch) == (7, "work")


def test_a_merge_knows_its_base_better_than_an_old_payload() -> None:
    trigger = trigger_of_event(PULL, decide_event(PULL, POLICY), base="d" * 40)

    assert trigger.base == "d" * 40


@pytest.mark.parametrize(
    ("event", "is_on"),
    [
        pytest.param(PUSH, True, id="a-push-to-it"),
        pytest.param(replace(PUSH, ref="refs/tags/main"), False, id="a-tag-of-its-name"),
        pytest.param(replace(PUSH, default_branch=""), False, id="not-told"),
        pytest.param(replace(PULL, ref="refs/heads/main"), False, id="a-pull-request-never"),
    ],
)
def test_whether_the_tree_has_its_own_rules(event: Event, *, is_on: bool) -> None:
    assert event.is_on_default_branch is is_on
