"""Telling of a look: one issue while an alarm lasts, a training now and then, nothing twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from tests.core.verdict.test_health import ASKED, after, seen

from branchline.core.effects.alarms import AskForTraining, effects_of_look
from branchline.core.evidence.watched import Monitor, Retrain
from branchline.core.verdict.health import Health
from branchline.errors import ForgeError
from branchline.flows.looks import keep_look, looks_of
from branchline.flows.watching import Told, judged_look, last_state, record_look
from branchline.testing.issues import FakeIssues
from branchline.testing.records import FakeRecords

if TYPE_CHECKING:
    from branchline.core.evidence.watched import Seen
    from branchline.core.verdict.health import Look

HEAD = "a" * 40


@dataclass
class World:
    """Issues, records, and a workflow that can be started."""

    issues: FakeIssues = field(default_factory=FakeIssues)
    records: FakeRecords = field(default_factory=FakeRecords)
    started: list[tuple[str, bool]] = field(default_factory=list)
    runs: dict[str, float] = field(default_factory=dict)
    asked: Monitor = ASKED
    now: float = 0.0
    dies_in_start: bool = False

    def told(self, head: str = HEAD) -> Told:
        def start(reason: str, force: bool) -> None:  # a callback
            self.started.append((reason, force))
            self.runs[head] = self.now
            if self.dies_in_start:
                raise ForgeError("killed")

        return Told(
            issues=self.issues, records=self.records, head=head, start=start,
            was_started=lambda commit, since: self.runs.get(commit, -1.0) >= since,
        )  # fmt: skip

    def look(self, one: Seen, head: str = HEAD) -> Look:
        """Judge, record and tell what was seen."""
        self.now = datetime.fromisoformat(one.at).timestamp() + 90  # the job that tells is later
        watched = record_look(self.records, judged_look(self.records, one, self.asked))
        for effect in effects_of_look(watched.look, self.asked):
            self.told(head).apply(effect)
        return watched.look


def test_an_alarm_every_day_asks_for_one_training_in_a_week() -> None:
    world = World()
    for day in range(7):
        world.look(seen(4 * day, "x"))
    assert len(world.started) == 1

    for day in range(7, 9):
        world.look(seen(4 * day, "x"), head="b" * 40)

    assert len(world.started) == 2
    assert world.started[0][0].startswith("drift: `x` drifted in 2 of the last 2 windows")
    assert len(world.issues.held) == 1


def test_a_commit_that_is_being_trained_is_not_asked_for_again() -> None:
    world = World(runs={HEAD: 0.0})

    world.look(seen(0, "x"))
    world.look(seen(1, "x"))

    assert world.started == []
    assert [one.is_done for one in looks_of(world.records, "demo").trainings] == [True]


def test_by_force_the_same_commit_is_trained_again_after_the_cooldown() -> None:
    world = World(asked=replace(ASKED, retrain=Retrain(force=True)))

    for day in range(10):
        world.look(seen(4 * day, "x"))

    assert [force for _, force in world.started] == [True, True]


@pytest.mark.parametrize("force", [False, True])
def test_what_died_after_it_was_started_is_not_started_again(force: bool) -> None:
    world = World(dies_in_start=True, asked=replace(ASKED, retrain=Retrain(force=force)))
    world.look(seen(0, "x"))
    with pytest.raises(ForgeError):
        world.look(seen(1, "x"))

    world.dies_in_start = False
    world.look(seen(2, "x"))

    assert len(world.started) == 1
    assert looks_of(world.records, "demo").trainings[-1].is_done


def test_what_died_before_it_was_started_is_started_by_the_next_look() -> None:
    world = World(dies_in_start=True)
    world.look(seen(0, "x"))
    with pytest.raises(ForgeError):
        world.look(seen(1, "x"))
    world.runs.clear()  # the server had not got it
    world.started.clear()

    world.dies_in_start = False
    world.look(seen(2, "x"))
    world.look(seen(3, "x"))

    assert len(world.started) == 1


def test_where_nothing_can_be_started_that_is_said() -> None:
    told = replace(World().told(), start=None)
    asked = AskForTraining(
        model="demo", at=seen(0).at, reason="drift: x", force=False, cooldown_s=60
    )

    assert "nothing here can start a training" in told.apply(asked)


def test_a_look_is_recorded_once_and_judged_by_those_before() -> None:
    world = World()
    first = world.look(seen(0, "x"))
    again = judged_look(world.records, seen(0, "x", at="2026-11-01T03:00:00+00:00"), ASKED)
    second = world.look(seen(1, "x"))

    assert (again.is_known, again.look) == (True, first)
    assert second.health is Health.DEGRADED
    assert [look.seen for look in looks_of(world.records, "demo").looks] == [
        first.seen, second.seen
    ]  # fmt: skip
    assert last_state(looks_of(world.records, "demo")) is Health.DEGRADED
    assert last_state(looks_of(world.records, "other")) is None


def test_a_record_that_cannot_be_read_is_left_out() -> None:
    world = World()
    look = after(seen(0))
    keep_look(world.records, look)
    for number, content in enumerate((b"", b"[]", b"{", b'{"kind": "training"}', b"x" * 10**6)):
        world.records.add_look(f"demo/{number}", content)
    other = after(seen(1, model="d/emo"))
    world.records.add_look("demo/9", next(iter(FakeRecords().seen.values()), b"{}"))
    keep_look(world.records, other)

    assert looks_of(world.records, "demo").looks == (look,)
    assert looks_of(world.records, "d/emo").looks == (other,)
    assert looks_of(world.records, "d.emo").looks == ()
