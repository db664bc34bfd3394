"""Verb: watch. From what a look saw to its record, and to those who are told of a change.

What was recorded stands before anybody is told; telling again changes nothing. So a process that is
killed anywhere leaves work for the next look, and nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from branchline.core.effects.alarms import AskForTraining, TellAlarm, TellRecovery
from branchline.core.verdict.health import Health, judge_look
from branchline.flows.looks import (
    AskedTraining,
    Looks,
    keep_look,
    looks_of,
    note_training,
    same_look,
)
from branchline.ports.issues import NewIssue
from branchline.render.look import alarm_markdown, alarm_title, recovery_markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.effects.alarms import AlarmEffect
    from branchline.core.evidence.watched import Monitor, Seen
    from branchline.core.verdict.health import Look
    from branchline.ports.issues import Issues
    from branchline.ports.records import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A look and what became of it.

    Attributes:
        look: As it was judged.
        is_known: Whether the newest record saw the very same: nothing was recorded then.
        dropped: Places of old looks that were forgotten.
    """

    look: Look
    is_known: bool = False
    dropped: tuple[str, ...] = ()


def judged_look(records: Records, seen: Seen, asked: Monitor) -> Watched:
    """Judge what was seen by what is recorded; records nothing."""
    known = looks_of(records, seen.model)
    look = judge_look(seen, known.looks, asked)
    same = same_look(known, look)
    return Watched(look=same or look, is_known=same is not None)


def record_look(records: Records, watched: Watched) -> Watched:
    """Record a look, unless it is known."""
    if watched.is_known:
        return watched
    return Watched(look=watched.look, dropped=keep_look(records, watched.look))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who tells the world.

    Attributes:
        issues: Of the forge.
        records: Where trainings that were asked for are noted.
        head: Commit of the default branch, which would be trained; "" where it is not known.
        start: Starts the training of the default branch with a reason and `force`; None where
            nothing here can.
        was_started: Whether the workflow was started for a commit by hand or by us, since a moment
            (seconds since 1970; 0 for ever).
        link: Markdown that leads to the run that looked; "" for none.
        sync: Shares what was noted, before and after something is started.
    """

    issues: Issues
    records: Records
    head: str
    start: Callable[[str, bool], None] | None
    was_started: Callable[[str, float], bool]
    link: str = ""
    sync: Callable[[], None] = lambda: None

    def apply(self, effect: AlarmEffect) -> str:
        """Apply one effect; a sentence says what holds now.

        Raises:
            BranchlineError: It cannot be applied now.
        """
        if isinstance(effect, TellAlarm):
            return self._alarm(effect)
        if isinstance(effect, TellRecovery):
            return self._recovery(effect)
        return self._training(effect)

    def _alarm(self, effect: TellAlarm) -> str:
        look = effect.look
        issue, was_made = self.issues.ensure_open(
            NewIssue(
                key=effect.key,
                began=_seconds(look.alarm),
                title=alarm_title(look),
                body=alarm_markdown(look, link=self.link),
            )
        )
        if was_made:
            return f"issue #{issue.number} tells of the alarm"
        if not issue.is_open:
            return f"issue #{issue.number} tells of the alarm; somebody closed it"
        return f"issue #{issue.number} is up to date; it was opened when the alarm began"

    def _recovery(self, effect: TellRecovery) -> str:
        look = effect.look
        issue = self.issues.ensure_closed(
            effect.key,
            began=_seconds(look.was_alarm),
            comment=recovery_markdown(look, link=self.link),
        )
        return f"issue #{issue.number} is closed" if issue else "no issue told of the alarm"

    def _training(self, effect: AskForTraining) -> str:
        asked = self._pending(effect)
        if isinstance(asked, str):
            return asked
        if self.start is None:
            return "nothing here can start a training: push to the default branch, or run one"
        # By force the same commit is trained each time: what was started before is another time.
        since = _seconds(asked.at) if effect.force else 0.0
        if self.was_started(self.head, since):
            # Killed after it was started, or a person was faster: this commit is being trained.
            self._note(asked, is_done=True)
            return f"a training of commit {self.head[:7]} was asked for already"
        self._note(asked, is_done=False)
        self.start(effect.reason, effect.force)
        self._note(asked, is_done=True)
        return f"a training of commit {self.head[:7]} is asked for"

    def _pending(self, effect: AskForTraining) -> AskedTraining | str:
        """The training that is to be asked for, perhaps by an earlier job; else why none is."""
        known = looks_of(self.records, effect.model).trainings
        done = {one.at for one in known if one.is_done}
        begun = [one for one in known if not one.is_done and one.at not in done]
        last = max(done, default="")
        # An end of a job's life between the note and the start is taken up; its time counts.
        if begun and begun[-1].at > last:
            return begun[-1]
        if last:
            waits_s = _seconds(last) + effect.cooldown_s - _seconds(effect.at)
            if waits_s > 0:
                hours = max(1, round(waits_s / 3600))
                return (
                    f"no training is asked for: one was at {last[:16]}Z, and the cool-down has"
                    f" {hours} h left"
                )
        return AskedTraining(model=effect.model, at=effect.at, commit=self.head, is_done=False)

    def _note(self, asked: AskedTraining, *, is_done: bool) -> None:
        note_training(
            self.records,
            AskedTraining(model=asked.model, at=asked.at, commit=self.head, is_done=is_done),
        )
        self.sync()


def last_state(looks: Looks) -> Health | None:
    """What the last look said; None where nobody looked."""
    return looks.looks[-1].health if looks.looks else None


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
