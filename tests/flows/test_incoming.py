"""From the spool into the queue: in order, once, and what killed hooks left is judged by git."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.flows.test_intake import AT, MAIN, ONE, TWO, Bench

from branchline.errors import RepositoryError
from branchline.flows.incoming import HOOK_S, SETTLED_S, SHORTLY_S, SORE_S, Incoming
from branchline.ports.box import BegunPush, PushedRef, PushEvent
from branchline.ports.queue import QueueQuery
from branchline.testing.box import FakeBox
from branchline.testing.branches import FakeBranches

MOVES = {"A": ("", ONE), "B": (ONE, TWO)}


class Desk:
    """A box without files, whose branches move as a test says."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.files, self.branches = FakeBox(), FakeBranches()
        self.clock = AT
        self.said: list[str] = []
        self.incoming = Incoming(
            self.files,
            self.bench.queue,
            self.bench.repo,
            self.branches,
            self.bench.taker,
            now=lambda: self.clock,
            say=self.said.append,
        )

    def event(self, name: str, *, branch: str = "train/x", **more: object) -> PushEvent:
        """The push A, or B on top of it; times are as the names say."""
        old, new = MOVES[name[0]]
        update = PushedRef(ref=f"refs/heads/{branch}", old=old, new=new)
        made = PushEvent(
            event=name,
            at=AT + ord(name[0]) / 1000,
            pusher="Ada",
            transport="path",
            updates=(update,),
        )
        return replace(made, **more)  # type: ignore[arg-type] # fields of an event

    def note(self, event: PushEvent, *, lives: bool = False) -> None:
        """Let pre-receive have noted it."""
        self.files.begun_events[event.event] = BegunPush(event=event, is_going_on=lives)

    def tell(self, event: PushEvent) -> None:
        """Let post-receive have told of it."""
        self.move(event)
        self.files.events[event.event] = event

    def move(self, event: PushEvent) -> None:
        """Let git have moved what it asks for."""
        for update in event.updates:
            self.branches.moved.append((update.ref, update.old, update.new))
            self.branches.branches[update.ref.removeprefix("refs/heads/")] = update.new

    def take(self, *, after_s: float = 0.0) -> list[tuple[str, str, bool, bool]]:
        """Look once, then so much later; branch, commit, forced and skipped of each job."""
        if after_s:
            self.clock = AT + after_s
        self.incoming.take()
        jobs = sorted(self.bench.queue.jobs(QueueQuery(limit=0)), key=lambda job: job.job)
        return [
            (job.asked.branch, job.asked.commit, job.asked.force, job.asked.is_skip) for job in jobs
        ]


@pytest.fixture
def desk() -> Desk:
    """One."""
    return Desk()


FORCED = ("train=force",)


def test_what_was_told_is_taken_in_order(desk: Desk) -> None:
    desk.tell(desk.event("A"))
    desk.tell(desk.event("B"))

    assert desk.take() == [("train/x", ONE, False, False), ("train/x", TWO, False, False)]
    assert not desk.files.events
    assert not desk.incoming.take()


def test_a_push_whose_hook_was_killed_is_taken_with_its_options(desk: Desk) -> None:
    killed = desk.event("A", options=FORCED)
    desk.note(killed)
    desk.move(killed)

    assert desk.take(after_s=SETTLED_S / 2) == []
    assert desk.incoming.noted == {"refs/heads/train/x"}
    assert desk.take(after_s=SETTLED_S + 1) == [("train/x", ONE, True, False)]
    assert not desk.files.begun_events
    assert not desk.incoming.noted


def test_what_was_killed_before_it_moved_anything_is_forgotten(desk: Desk) -> None:
    desk.note(desk.event("A", options=FORCED))

    assert desk.take(after_s=SETTLED_S + 1) == []
    assert not desk.files.begun_events


def test_of_a_killed_push_only_what_moved_is_taken(desk: Desk) -> None:
    one = PushedRef(ref="refs/heads/train/x", old="", new=ONE)
    other = replace(one, ref="refs/heads/train/y")
    killed = desk.event("A", updates=(one, other))
    desk.note(killed)
    desk.move(replace(killed, updates=(other,)))

    assert desk.take(after_s=SETTLED_S + 1) == [("train/y", ONE, False, False)]


def test_a_refused_push_does_not_count_for_the_one_that_moved_the_branch(desk: Desk) -> None:
    refused, moved = desk.event("A1", options=FORCED), desk.event("A2")
    desk.note(refused)
    desk.tell(moved)

    assert desk.take(after_s=SETTLED_S + 1) == [("train/x", ONE, False, False)]
    assert not desk.files.begun_events


def test_a_push_that_was_refused_after_the_same_was_taken_is_forgotten(desk: Desk) -> None:
    desk.tell(desk.event("A1"))
    desk.take()
    desk.note(desk.event("A2", options=FORCED))

    assert desk.take(after_s=SETTLED_S + 1) == [("train/x", ONE, False, False)]
    assert not desk.files.begun_events


def test_of_two_that_were_killed_with_one_move_one_is_taken(desk: Desk) -> None:
    desk.note(desk.event("A1"))
    desk.note(desk.event("A2"))
    desk.move(desk.event("A1"))

    assert desk.take(after_s=SETTLED_S + 1) == [("train/x", ONE, False, False)]
    assert not desk.files.begun_events


def test_who_moved_it_is_seen_when_the_other_is_told_of(desk: Desk) -> None:
    refused, slow = desk.event("A1", options=FORCED), desk.event("A2")
    desk.note(refused)
    desk.note(slow, lives=True)
    desk.move(slow)

    assert desk.take(after_s=SETTLED_S + 1) == []
    desk.files.events["A2"] = slow
    assert desk.take(after_s=SETTLED_S + 2) == [("train/x", ONE, False, False)]
    assert not desk.files.begun_events


def test_a_branch_that_went_back_and_came_again_moved_twice(desk: Desk) -> None:
    desk.tell(desk.event("A"))
    desk.tell(desk.event("B"))
    desk.take()
    back = desk.event("B", updates=(PushedRef(ref="refs/heads/train/x", old=TWO, new=ONE),))
    desk.tell(replace(back, event="Bback", at=AT + 1))
    desk.take()
    again = desk.event("B", event="Bagain", at=AT + 2, options=FORCED)
    desk.note(again)
    desk.move(again)

    assert desk.take(after_s=SETTLED_S + 3)[-1] == ("train/x", TWO, True, False)


def test_who_comes_after_a_slow_hook_waits_for_it(desk: Desk) -> None:
    slow = desk.event("A", options=FORCED)
    desk.note(slow, lives=True)
    desk.move(slow)
    desk.tell(desk.event("B"))
    desk.tell(desk.event("A3", branch="train/other"))

    assert desk.take(after_s=HOOK_S - 1) == [("train/other", ONE, False, False)]
    desk.files.events["A"] = slow
    assert desk.take()[1:] == [("train/x", ONE, True, False), ("train/x", TWO, False, False)]


def test_a_hook_that_hangs_is_not_waited_for_for_ever(desk: Desk) -> None:
    hangs = desk.event("A", options=FORCED)
    desk.note(hangs, lives=True)
    desk.move(hangs)
    desk.tell(desk.event("B"))

    taken = desk.take(after_s=HOOK_S + 1)
    assert taken == [("train/x", ONE, True, False), ("train/x", TWO, False, False)]
    assert list(desk.files.begun_events) == ["A"], "its hook finds its name by the note"
    desk.files.events["A"] = hangs  # it goes on after all
    assert desk.take() == taken
    assert not desk.files.events
    assert not desk.files.begun_events


def test_a_push_that_was_taken_in_while_it_hung_and_died_is_forgotten(desk: Desk) -> None:
    hangs = desk.event("A")
    desk.note(hangs, lives=True)
    desk.move(hangs)
    taken = desk.take(after_s=HOOK_S + 1)
    desk.note(hangs)

    assert desk.take(after_s=HOOK_S + 5) == taken
    assert not desk.files.begun_events


def test_what_has_moved_in_part_and_goes_on_is_not_taken_in_part(desk: Desk) -> None:
    one, other = _of("train/x", "", ONE), _of("train/y", "", ONE)
    slow = desk.event("A", updates=(one, other))
    desk.note(slow, lives=True)
    desk.move(replace(slow, updates=(one,)))

    assert desk.take(after_s=HOOK_S + 1) == []
    desk.move(replace(slow, updates=(other,)))
    desk.files.events["A"] = slow
    assert [job[0] for job in desk.take()] == ["train/x", "train/y"]


def test_a_name_that_was_deleted_begins_anew(desk: Desk) -> None:
    gone = _of("train/x", ONE, "")
    desk.tell(desk.event("A"))
    desk.take()
    desk.tell(desk.event("A2", at=AT + 1, updates=(gone,)))
    desk.take()
    # git deletes the log of a branch with the branch.
    desk.branches.moved.clear()
    again = desk.event("A3", at=AT + 2, options=FORCED)
    desk.note(again)
    desk.branches.branches["train/x"] = ONE

    assert desk.take(after_s=SETTLED_S + 3)[-1] == ("train/x", ONE, True, False)


def test_a_push_that_hangs_before_it_moves_anything_keeps_its_note_and_nobody(desk: Desk) -> None:
    desk.note(desk.event("A1", options=FORCED), lives=True)
    other = desk.event("A2", branch="train/y")
    desk.tell(other)

    assert desk.take(after_s=HOOK_S + 1) == [("train/y", ONE, False, False)]
    assert list(desk.files.begun_events) == ["A1"]


def test_what_cannot_be_taken_in_keeps_its_place(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = desk.bench.taker.take
    failures = [RepositoryError("git was killed")]

    def take(event: PushEvent) -> object:
        if event.event == "A" and failures:
            raise failures.pop()
        return real(event)

    monkeypatch.setattr(desk.bench.taker, "take", take)
    desk.tell(desk.event("A0", branch="main", updates=(_main("", MAIN),)))
    desk.take()
    desk.tell(desk.event("A", branch="main", updates=(_main(MAIN, ONE),)))
    desk.tell(desk.event("B", branch="main", updates=(_main(ONE, TWO),)))
    desk.tell(desk.event("B2", branch="train/y", updates=(_of("train/y", "", ONE),)))

    with pytest.raises(RepositoryError):
        desk.take()
    assert "refs/heads/main" in desk.incoming.noted
    assert desk.take(after_s=SHORTLY_S - 1)[1:] == [("train/y", ONE, False, False)]
    assert desk.incoming.noted == {"refs/heads/main"}
    assert [job[:2] for job in desk.take(after_s=SHORTLY_S + 1)[2:]] == [
        ("main", ONE),
        ("main", TWO),
    ]
    assert not any(is_skip for *_, is_skip in desk.take())


def test_an_error_of_ours_keeps_out_one_push_and_its_branch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = desk.bench.taker.take

    def take(event: PushEvent) -> object:
        if event.event == "A" and desk.clock < AT + SORE_S:
            raise KeyError("a defect")
        return real(event)

    monkeypatch.setattr(desk.bench.taker, "take", take)
    desk.tell(desk.event("A"))
    desk.tell(desk.event("B"))
    desk.tell(desk.event("A2", branch="train/y"))

    assert desk.take() == [("train/y", ONE, False, False)]
    assert desk.said == ["push A cannot be taken in: KeyError: 'a defect'"]
    assert desk.take(after_s=SORE_S + 1)[1:] == [
        ("train/x", ONE, False, False),
        ("train/x", TWO, False, False),
    ]


def test_a_deletion_is_taken_once(desk: Desk) -> None:
    gone = PushedRef(ref="refs/heads/train/x", old=ONE, new="")
    desk.tell(desk.event("A"))
    desk.take()
    killed = desk.event("B", updates=(gone,))
    desk.note(killed)
    del desk.branches.branches["train/x"]
    desk.branches.branches["train/x"] = ""

    first = desk.take(after_s=SETTLED_S + 1)
    desk.note(killed)

    assert desk.take(after_s=SETTLED_S + 2) == first
    assert len(first) == 2


def _of(branch: str, old: str, new: str) -> PushedRef:
    return PushedRef(ref=f"refs/heads/{branch}", old=old, new=new)


def _main(old: str, new: str) -> PushedRef:
    return _of("main", old, new)
