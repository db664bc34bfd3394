"""What was pushed becomes jobs, decided exactly once."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from branchline.core.policy import Policy, Resources
from branchline.core.run.jobs import JobState
from branchline.flows.intake import Taker, need_of
from branchline.flows.told import found_event, untold
from branchline.ports.box import PushedRef, PushEvent
from branchline.ports.forge import NewPull
from branchline.ports.queue import QueueQuery
from branchline.ports.repo import Head
from branchline.testing.forge import FakeForge
from branchline.testing.queue import FakeQueue
from branchline.testing.repo import FakeRepo

AT = 1000.0
MAIN, ONE, TWO = "a" * 40, "b" * 40, "c" * 40
LAW = b"model: m\ntrain: python train.py\n"


class Bench:
    """A taker with fakes."""

    def __init__(self, files: dict[tuple[str, str], bytes] | None = None) -> None:
        self.queue, self.forge = FakeQueue(), FakeForge()
        given = {(commit, "branchline.yaml"): LAW for commit in (MAIN, ONE, TWO)}
        self.repo = FakeRepo(
            head=Head(commit=MAIN, short=MAIN[:7], branch="main"),
            files={**given, **(files or {})},
            branches={"refs/heads/main": MAIN},
            history={MAIN: [MAIN], ONE: [ONE, MAIN], TWO: [TWO, ONE, MAIN]},
        )
        self.taker = Taker(self.queue, self.repo, self.forge, name="box", now=lambda: AT)

    def push(self, *updates: tuple[str, str, str], event: str = "1-1", **more: object) -> list[int]:
        """Take a push of (branch, old, new)."""
        refs = tuple(PushedRef(ref=f"refs/heads/{b}", old=old, new=new) for b, old, new in updates)
        made = PushEvent(
            event=event,
            at=AT,
            pusher="Ada",
            transport="path",
            updates=refs,
            **more,  # type: ignore[arg-type] # options only
        )
        return list(self.taker.take(made))


def test_a_push_is_decided_once_however_often_it_is_taken() -> None:
    bench = Bench()

    first = bench.push(("train/x", "", ONE))
    again = bench.push(("train/x", "", ONE))

    assert first == again == [1]
    (job,) = bench.queue.jobs(QueueQuery())
    assert (job.asked.kind, job.asked.rule, job.asked.model) == ("train", "train/**", "m")
    assert job.asked.latest_wins
    assert job.asked.pusher == "Ada"


def test_each_reference_gets_a_decision_and_skips_are_recorded() -> None:
    bench = Bench()

    bench.push(("main", MAIN, ONE), ("feature/x", "", ONE), ("train/old", ONE, ""))

    jobs = sorted(bench.queue.jobs(QueueQuery()), key=lambda job: job.job)
    assert [job.state for job in jobs] == [JobState.QUEUED, JobState.SKIPPED, JobState.SKIPPED]
    assert not jobs[0].asked.latest_wins, "main is worked off in order"
    assert jobs[1].detail == "no rule of `branches:` matches `feature/x`"
    assert jobs[2].detail == "branch `train/old` was deleted"
    assert bench.queue.heads()["train/old"] == ""


def test_a_branch_that_was_found_is_not_decided_again_when_its_hook_tells() -> None:
    bench = Bench()
    bench.taker.found("train/x", ONE, old="")

    told = bench.push(("train/x", "", ONE), ("train/y", "", TWO))

    asked = [(job.asked.branch, job.job) for job in bench.queue.jobs(QueueQuery())]
    assert sorted(asked) == [("train/x", 1), ("train/y", 2)]
    assert told == [2]
    assert bench.queue.event(found_event("train/x", ONE)) == [1]


def test_a_branch_that_goes_back_to_what_was_found_is_decided_again() -> None:
    bench = Bench()
    bench.taker.found("train/x", ONE, old="")
    bench.push(("train/x", ONE, TWO), event="2-1")

    told = bench.push(("train/x", TWO, ONE), event="3-1")

    assert told == [3]
    assert bench.queue.heads()["train/x"] == ONE


def test_a_branch_is_found_as_often_as_it_moves_untold() -> None:
    bench = Bench()
    for commit, old in ((ONE, ""), (TWO, ONE), (ONE, TWO)):
        assert untold({"train/x": commit}, bench.queue.heads()) == {"train/x": old}

        bench.taker.found("train/x", commit, old=old)

        assert untold({"train/x": commit}, bench.queue.heads()) == {}
    assert len(bench.queue.jobs(QueueQuery())) == 3
    assert bench.push(("train/x", TWO, ONE)) == [], "its hook told late"


def test_a_kill_between_the_job_and_its_check_leaves_no_commit_without_one() -> None:
    bench = Bench()
    bench.push(("train/x", "", ONE))
    (check,) = bench.queue.due_effects(at=AT)
    fresh = Bench()
    fresh.queue.enqueue([job.asked for job in bench.queue.jobs(QueueQuery())], event="1-1", at=AT)
    assert not fresh.queue.due_effects(at=AT)

    fresh.push(("train/x", "", ONE))
    fresh.push(("train/x", "", ONE))

    assert [effect.identity for effect in fresh.queue.due_effects(at=AT)] == [check.identity]


def test_rules_come_from_the_default_branch_whatever_the_pushed_tree_says() -> None:
    sly = LAW + b"branches: {'feature/**': {do: train}, 'train/**': {do: nothing}}\n"
    bench = Bench({(ONE, "branchline.yaml"): sly})

    bench.push(("feature/x", "", ONE), ("train/x", "", ONE))

    kinds = {job.asked.branch: job.asked.kind for job in bench.queue.jobs(QueueQuery())}
    assert kinds == {"feature/x": "nothing", "train/x": "train"}


def test_a_model_that_the_default_branch_does_not_know_makes_no_rules() -> None:
    sly = LAW.replace(b"model: m", b"model: other") + b"branches: {'**': {do: train}}\n"
    bench = Bench({(ONE, "branchline.yaml"): sly})

    bench.push(("feature/x", "", ONE))

    assert [job.asked.kind for job in bench.queue.jobs(QueueQuery())] == ["nothing"]


def test_several_models_get_a_job_each() -> None:
    both = b"models: {a: {train: python a.py}, b: {train: python b.py}}\n"
    bench = Bench({(commit, "branchline.yaml"): both for commit in (MAIN, ONE)})

    bench.push(("train/x", "", ONE))

    assert sorted(job.asked.model for job in bench.queue.jobs(QueueQuery())) == ["a", "b"]


def test_settings_that_cannot_be_read_still_make_a_job_that_says_so() -> None:
    bench = Bench({(ONE, "branchline.yaml"): b"model: [\n"})

    bench.push(("train/x", "", ONE))

    (job,) = bench.queue.jobs(QueueQuery())
    assert (job.state, job.asked.model) == (JobState.QUEUED, "box")


def test_rules_that_cannot_be_read_let_no_branch_rule_itself() -> None:
    own = b"model: box\nbranches: {'wild/*': {do: train}, 'train/*': {do: nothing}}\n"
    bench = Bench({(ONE, "branchline.yaml"): own, (MAIN, "branchline.yaml"): b"model: [\n"})

    bench.push(("train/x", "", ONE), ("wild/x", "", ONE))

    found = {job.asked.branch: job.state for job in bench.queue.jobs(QueueQuery())}
    assert found == {"train/x": JobState.QUEUED, "wild/x": JobState.SKIPPED}


@pytest.mark.parametrize(
    ("needs_approval", "states"),
    [
        pytest.param(False, ["queued"], id="one-job-does-for-branch-and-pull-request"),
        pytest.param(True, ["queued", "skipped"], id="one-that-waits-for-an-approval-does-not-run"),
    ],
)
def test_the_head_of_a_pull_request_moved(needs_approval: bool, states: list[str]) -> None:
    bench = Bench()
    pull = NewPull(title="t", head="train/x", base="main", needs_approval=needs_approval)
    bench.forge.ensure_pull(pull, commit=ONE, at=AT)

    bench.push(("train/x", ONE, TWO))

    jobs = sorted(bench.queue.jobs(QueueQuery()), key=lambda job: job.job)
    assert [job.state.value for job in jobs] == states
    assert jobs[-1].asked.pull_request == 1
    found = bench.forge.pull(1)
    assert found is not None
    assert found.commit == TWO


@pytest.mark.parametrize("head", ["feature/x", "train/x", "tuning/x"])
def test_a_pull_request_of_a_branch_that_is_there_is_trained_once(head: str) -> None:
    bench = Bench()
    pull, _ = bench.forge.ensure_pull(NewPull(title="t", head=head, base="main"), commit=ONE, at=AT)

    for _ in range(2):
        bench.taker.opened(pull, by="Ada", event="opened:1")

    (job,) = bench.queue.jobs(QueueQuery())
    assert (job.asked.kind, job.asked.pull_request, job.asked.commit) == ("train", 1, ONE)
    (effect,) = bench.queue.due_effects(at=AT)
    assert json.loads(effect.body)["state"] == "pending"


def test_a_pull_request_into_another_branch_starts_nothing() -> None:
    bench = Bench()
    asked = NewPull(title="t", head="feature/x", base="release")
    pull, _ = bench.forge.ensure_pull(asked, commit=ONE, at=AT)

    bench.taker.opened(pull, by="Ada", event="opened:1")

    assert bench.queue.jobs(QueueQuery()) == []
    assert bench.queue.due_effects(at=AT) == []


def test_what_is_held_is_one_job_and_a_pending_check() -> None:
    bench = Bench()
    pull = NewPull(title="t", head="train/x", base="main", needs_approval=True)
    bench.forge.ensure_pull(pull, commit=ONE, at=AT)

    for _ in range(2):
        bench.taker.pushed("train/x", old="", new=ONE, by="bot", event="pull:1", held="waits")

    (job,) = bench.queue.jobs(QueueQuery())
    assert (job.state, job.detail) == (JobState.SKIPPED, "waits")
    (effect,) = bench.queue.due_effects(at=AT)
    assert json.loads(effect.body)["state"] == "pending"


def test_options_of_a_push_count_and_unknown_ones_lose_no_push() -> None:
    bench = Bench()

    bench.push(("train/x", "", ONE), options=("train=force", "reason=new data"))
    bench.push(("train/y", "", ONE), event="2-2", options=("no=such",))

    forced, plain = sorted(bench.queue.jobs(QueueQuery()), key=lambda job: job.job)
    assert (forced.asked.force, forced.asked.note) == (True, "new data")
    assert not plain.asked.force


def test_a_job_needs_what_its_largest_stage_needs() -> None:
    policy = Policy(
        model="m",
        resources={
            "a": Resources(cpus=4, memory_bytes=10),
            "b": Resources(gpus=1, memory_bytes=20),
        },
    )

    need = need_of(policy)

    assert (need.cpus, need.gpus, need.memory_bytes) == (4, 1, 20)


def test_branches_that_nobody_told_of() -> None:
    assert untold({"a": ONE, "b": TWO, "c": MAIN}, {"a": ONE, "b": ONE}) == {"b": ONE, "c": ""}


def test_a_push_that_stands_on_one_that_was_not_told_of_waits_for_it() -> None:
    bench = Bench()
    bench.push(("train/x", "", MAIN), event="1-1")
    first = PushedRef(ref="refs/heads/train/x", old=MAIN, new=ONE)
    second = PushedRef(ref="refs/heads/train/x", old=ONE, new=TWO)
    told = [
        PushEvent(event=f"{n}-1", at=AT, pusher="Ada", transport="path", updates=(update,))
        for n, update in ((2, first), (3, second))
    ]

    assert [bench.taker.is_early(event) for event in told] == [False, True]
    bench.taker.take(told[0])
    assert not bench.taker.is_early(told[1])
    assert not bench.taker.is_early(replace(told[1], at=AT - 60)), "it does not wait for ever"


def test_a_push_that_comes_late_is_recorded_and_takes_nothing_back() -> None:
    bench = Bench()
    bench.push(("train/x", "", MAIN), event="1-1")
    pull, _ = bench.forge.ensure_pull(
        NewPull(title="t", head="train/x", base="main"), commit=MAIN, at=AT
    )
    bench.push(("train/x", ONE, TWO), event="3-1")

    late = bench.push(("train/x", MAIN, ONE), event="2-1")

    jobs = {job.job: job for job in bench.queue.jobs(QueueQuery(branch="train/x"))}
    assert [jobs[number].state for number in late] == [JobState.SKIPPED]
    assert jobs[late[0]].detail == "a newer push of `train/x` was told of first"
    newest = [job.state for job in jobs.values() if job.asked.commit == TWO]
    assert newest == [JobState.QUEUED]
    assert bench.queue.heads()["train/x"] == TWO
    known = bench.forge.pull(pull.number)
    assert known is not None
    assert known.commit == TWO


def test_a_branch_that_goes_back_and_forth_is_never_late() -> None:
    bench = Bench()
    for number, (old, new) in enumerate((("", ONE), (ONE, TWO), (TWO, ONE), (ONE, TWO))):
        bench.push(("train/x", old, new), event=f"{number}-1")

    assert not any(job.asked.is_skip for job in bench.queue.jobs(QueueQuery()))
