"""Port `box`: a fake in memory and the suite that every adapter passes."""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline.errors import BoxError
from branchline.ports.box import (
    BegunPush,
    BoxFacts,
    BoxFiles,
    BoxSettings,
    PushedRef,
    PushEvent,
    WorkerProcess,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOOKS = {
    "pre-receive": "#!/bin/sh\n# branchline: hook of a box, version 1;\n",
    "post-receive": "#!/bin/sh\n# branchline: hook of a box, version 1; two\n",
}


class FakeBox(BoxFiles):
    """A box without files."""

    def __init__(self, path: str = "/box.git") -> None:
        self.path = path
        self.state_dir = f"{path}/branchline"
        self.events: dict[str, PushEvent] = {}
        self.begun_events: dict[str, BegunPush] = {}
        self.woken = 0
        self._settings: BoxSettings | None = None
        self._hooks: dict[str, str] = {}
        self._rules = ""
        self._worker: int | None = None

    def settings(self) -> BoxSettings:
        """See the port."""
        if self._settings is None:
            raise BoxError(f"{self.path} is no box")
        return self._settings

    def create(self, settings: BoxSettings, hooks: Mapping[str, str]) -> bool:
        """See the port."""
        is_new = self._settings is None
        self._settings, self._hooks = settings, dict(hooks)
        return is_new

    def hooks(self) -> Mapping[str, str]:
        """See the port."""
        return self._hooks

    def spool(self) -> Sequence[PushEvent]:
        """See the port."""
        return sorted(self.events.values(), key=lambda event: event.event)

    def begun(self) -> Sequence[BegunPush]:
        """See the port."""
        return [push for name, push in sorted(self.begun_events.items()) if name not in self.events]

    def unspool(self, event: str) -> None:
        """See the port."""
        self.begun_events.pop(event, None)
        self.events.pop(event, None)

    def rules(self) -> str:
        """See the port."""
        return self._rules

    def write_rules(self, text: str) -> None:
        """See the port."""
        self._rules = text

    def worker(self) -> WorkerProcess | None:
        """See the port."""
        return None if self._worker is None else WorkerProcess(pid=self._worker, started_ticks=1)

    def set_worker(self, pid: int) -> None:
        """See the port."""
        self._worker = pid

    def clear_worker(self, pid: int) -> None:
        """See the port."""
        if self._worker == pid:
            self._worker = None

    def wake(self) -> bool:
        """See the port."""
        if self._worker is not None:
            return False
        self.woken += 1
        return True

    def stop_worker(self) -> None:
        """See the port."""
        self._worker = None

    def facts(self) -> BoxFacts:
        """See the port."""
        return BoxFacts(version="0", head=self.settings().default_branch, spooled=len(self.events))

    def delete(self) -> None:
        """See the port."""
        self.settings()
        if self._worker is not None:
            raise BoxError(f"a worker is at work for {self.path}")
        self._settings = None

    def job_dir(self, job: int) -> str:
        """See the port."""
        return f"{self.state_dir}/jobs/{job}"

    def log_path(self, job: int) -> str:
        """See the port."""
        return f"{self.job_dir(job)}/log"


class BoxContract(ABC):
    """What every box does. A subclass gives the fixture `box`, not created yet."""

    @pytest.fixture
    @abstractmethod
    def box(self) -> BoxFiles:
        """A box that was not created yet."""

    @pytest.fixture
    def settings(self) -> BoxSettings:
        """What it is made with."""
        return BoxSettings(
            python="/usr/bin/python3",
            name="gpu",
            default_branch="trunk",
            ledger="postgresql://h/d",
            ref_characters="é",
            most_bytes=7,
            environment={"PATH": "/bin"},
            more={"jobs": 2},
        )

    @abstractmethod
    def put(self, box: BoxFiles, event: PushEvent) -> None:
        """Spool a push as a hook does."""

    @abstractmethod
    def begin(self, box: BoxFiles, number: int, *, is_going_on: bool) -> PushEvent:
        """Note a push as a hook does before git moves anything; a digit orders several."""

    def test_there_is_none_before_it_is_made(self, box: BoxFiles) -> None:
        """No settings, no box."""
        with pytest.raises(BoxError, match="no box"):
            box.settings()

    def test_what_it_is_made_with_stands(self, box: BoxFiles, settings: BoxSettings) -> None:
        """Settings and hooks."""
        assert box.create(settings, HOOKS)
        assert box.settings() == settings
        assert box.hooks() == HOOKS

    def test_made_twice_is_made_once(self, box: BoxFiles, settings: BoxSettings) -> None:
        """The second time only brings it up to date."""
        box.create(settings, HOOKS)
        newer = replace(settings, most_bytes=8)

        assert not box.create(newer, HOOKS)
        assert box.settings() == newer

    def test_the_spool_is_in_order(self, box: BoxFiles, settings: BoxSettings) -> None:
        """Oldest first, and forgotten one by one."""
        box.create(settings, HOOKS)
        events = [event_of(f"179572859076355355{n}-{9 - n}") for n in range(3)]
        for event in reversed(events):
            self.put(box, event)

        assert list(box.spool()) == events
        box.unspool(events[0].event)
        box.unspool(events[0].event)
        assert list(box.spool()) == events[1:]

    def test_what_has_begun_stands_until_it_is_told(
        self, box: BoxFiles, settings: BoxSettings
    ) -> None:
        """A push that was killed is seen; one that was told of is not; both can be forgotten."""
        box.create(settings, HOOKS)
        killed = self.begin(box, 1, is_going_on=False)
        told = self.begin(box, 2, is_going_on=False)
        going_on = self.begin(box, 3, is_going_on=True)
        self.put(box, told)

        assert [(push.event, push.is_going_on) for push in box.begun()] == [
            (killed, False),
            (going_on, True),
        ]
        box.unspool(killed.event)
        box.unspool(told.event)
        assert [push.event for push in box.begun()] == [going_on]
        assert list(box.spool()) == []

    def test_rules_are_replaced(self, box: BoxFiles, settings: BoxSettings) -> None:
        """Nothing before the first."""
        box.create(settings, HOOKS)

        assert box.rules() == ""
        box.write_rules("one\n")
        box.write_rules("two\n")
        assert box.rules() == "two\n"

    def test_a_worker_comes_and_goes(self, box: BoxFiles, settings: BoxSettings) -> None:
        """Only who came can go."""
        box.create(settings, HOOKS)
        pid = os.getpid()

        assert box.worker() is None
        box.set_worker(pid)
        box.clear_worker(pid + 1)
        found = box.worker()
        assert found is not None
        assert found.pid == pid
        assert not box.wake()
        box.clear_worker(pid)
        assert box.worker() is None

    def test_it_is_deleted_when_nobody_works(self, box: BoxFiles, settings: BoxSettings) -> None:
        """And not before."""
        box.create(settings, HOOKS)
        box.set_worker(os.getpid())

        with pytest.raises(BoxError, match="at work"):
            box.delete()
        box.clear_worker(os.getpid())
        box.delete()
        with pytest.raises(BoxError):
            box.settings()

    def test_jobs_have_places(self, box: BoxFiles) -> None:
        """Inside the box."""
        assert box.log_path(3) == f"{box.job_dir(3)}/log"
        assert box.job_dir(3).startswith(box.state_dir)


def event_of(name: str) -> PushEvent:
    """A push of one branch."""
    return PushEvent(
        event=name,
        at=1795728590.5,
        pusher="ann",
        transport="path",
        updates=(PushedRef(ref="refs/heads/main", new="1" * 40),),
        options=("wait=no",),
    )
