"""The loop of a search: asks for points, has trials made, keeps each as it ends, and stops in time.

Every trial that ended is kept before the next one is asked for, under the number that it has: a
search that was killed goes on where it was, with nothing lost and nothing made twice. Serves
`tune_job` (a job of a box) and `tune` (a person at a terminal).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.run.pruning import Pruner
from branchline.core.run.spaces import fits
from branchline.core.run.stopping import (
    has_settled,
    is_hopeless,
    is_late,
    money_is_spent,
    time_is_over,
)
from branchline.core.run.studies import Inherited, KeptTrial, inherited
from branchline.core.run.trial_events import SearchResumed, TrialBegun, TrialEnded
from branchline.core.run.trials import Trial, ranked
from branchline.flows.chosen import refuse_choice, refuse_number_of_none
from branchline.flows.earlier import Earlier
from branchline.flows.finalists import Finalists
from branchline.flows.first_trial import kept_first, read_now
from branchline.flows.replicates import seeds_of
from branchline.flows.study import study_of
from branchline.flows.tally import Tally
from branchline.ports.trials import TrialAsk
from branchline.render.trials import event_words, trial_title

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.run.confirming import Confirmed
    from branchline.core.run.trial_events import TrialEvent
    from branchline.core.values import JsonValue
    from branchline.flows.earlier import TakenUp
    from branchline.flows.project import Project
    from branchline.flows.search import Search
    from branchline.flows.tuned_params import TunedParams
    from branchline.ports.sampler import Proposal, Sampler
    from branchline.ports.studies import Studies
    from branchline.ports.trials import TrialDone, TrialRunner


class Ending(Enum):
    """Why a search made no further trial."""

    DONE = "done"
    """All that were asked for, or all that there are."""
    STOPPED = "stopped"
    """By whoever started it."""
    SPENT = "spent"
    """Its time or its money is over."""
    SETTLED = "settled"
    """No further gain was likely, or every trial failed."""
    DEADLINE = "deadline"
    """This process had to end; the search goes on in another."""


@dataclass(slots=True)
class Trials:
    """The trials of one search.

    Args:
        project: A working tree of its own, whose parameters are set and put back.
        asked: The search.
        params: Its parameters in that tree.
        label: Of what the trials are, in the results that they make: `job-7`.
        runner: Makes trials.
        studies: Keeps them.
        sampler_of: Makes the sampler, given what earlier searches left.
        say: Told a line for each trial that begins and ends.
        is_stopped: Asked often; True ends the search.
        hear: Told the same as values, before it is said.

    The values that are set are tried, too, as trial 0 where no point has them: the best must be
    better than these.
    """

    project: Project
    asked: Search
    params: TunedParams
    label: str
    runner: TrialRunner
    studies: Studies
    sampler_of: Callable[[Search, Inherited], Sampler]
    say: Callable[[str], None]
    is_stopped: Callable[[], bool]
    hear: Callable[[TrialEvent], None] = lambda _event: None
    current: dict[str, JsonValue] = field(default_factory=dict)
    ending: Ending = Ending.DONE
    confirmed: Confirmed | None = None
    _now: Trial | None = None
    _read: Mapping[str, str] = field(default_factory=dict)
    _made: dict[int, Trial] = field(default_factory=dict)
    _known: dict[str, KeptTrial] = field(default_factory=dict)
    _tally: Tally = field(init=False)
    _earlier: Earlier = field(init=False)
    _study: str = ""
    _again: Sequence[KeptTrial] = ()
    _began: float = 0.0
    _total: int = 0

    def run(self) -> list[Trial]:
        """Make the trials that are not made yet; all of them, by their numbers."""
        self._began = self.project.machine.monotonic_s()
        set_now = self.params.current
        self.current = {name: set_now[name] for name in self.asked.space if name in set_now}
        # What the search cannot do is said before anything is trained.
        most = self.sampler_of(self.asked, Inherited()).most
        refuse_number_of_none(self.asked, self.studies, most)
        self._total = self.asked.trials
        self._tally = Tally(goals=self.asked.goals, min_gain=self.asked.budget.min_gain)
        first = self._make_one(0, self.current)
        if first is None or first.trial is None:
            self.ending = self._stopped()
            return []
        self._now = first.trial
        self._read = read_now(self.project, self.asked, self.params, first.read)
        self._earlier = Earlier(
            project=self.project,
            asked=self.asked,
            params=self.params,
            studies=self.studies,
            first_read=first.read,
            say=self.say,
            must_end=lambda: self.is_stopped() or self._must_end(),
        )
        study = study_of(self.project, self.asked, self.params, first.read)
        taken_up = self._earlier.take_up(study)
        if taken_up is None:
            self.ending = self._stopped()
            return self._all()
        self._search(self._begun(taken_up, first.trial))
        if self.ending not in (Ending.STOPPED, Ending.DEADLINE):
            self._confirm()
        return self._all()

    def ranked(self, found: Sequence[Trial]) -> list[Trial]:
        """Trials, best first; of equals what is set now, then the first tried.

        After a confirmation its winner comes first, or what is set.
        """
        best = ranked(found, self.asked.goal)
        first: Trial | None = None
        if self.confirmed is not None:
            winner = self.confirmed.winner
            first = next((t for t in best if t.number == winner), None) or self._of(best)
        elif (now := self._of(best)) is not None and now.value == best[0].value:
            first = now
        return best if first is None else [first, *(t for t in best if t is not first)]

    def _of(self, trials: Sequence[Trial]) -> Trial | None:
        """The trial of the values that are set."""
        return next((t for t in trials if t.params == self.current and t.has_value), None)

    # What was made before

    def _begun(self, taken_up: TakenUp, now: Trial) -> Sampler:
        """Let the sampler know all that was made before."""
        study, kept, self.asked = taken_up.study, taken_up.kept, taken_up.asked
        past = self._earlier.past(study)
        taken = inherited(study, past, current=self.current, goal=self.asked.goal)
        self._study = study.identity
        self._tally.spent_s += taken_up.spent_s
        self._again = taken_up.again
        sampler = self.sampler_of(self.asked, taken)
        self._total = min(self.asked.trials, sampler.most or self.asked.trials)
        before = [self._earlier.kept_of(trial) for trial in taken.known]
        if fits(self.asked.space, now.params):
            before.append(KeptTrial(trial=now))
        sampler.remember([*before, *kept])
        self._made = {k.trial.number: k.trial for k in kept}
        refuse_choice(self.asked, self._made, self._total)
        self._tally.add(now)
        for place, one in enumerate(before, start=1):
            self._note(one, -place)
        self._note(KeptTrial(trial=now), 0)
        for one in kept:
            self._tally.add(one.trial)
            self._note(one, one.trial.number)
        # What is set counts as a trial for searches to come.
        self.studies.add(study.identity, KeptTrial(trial=now, read=self._read))
        # Whether points of others are tried first, the sampler says: not every one does.
        for note in (taken.note if taken.known else "", sampler.note):
            if note:
                self.say(note)
        if self._made:
            made, total = len(self._made), self._total
            self._tell(SearchResumed(made=made, total=total, best=self._tally.best))
        return sampler

    def _note(self, kept: KeptTrial, number: int) -> None:
        """Remember the trial of a point, and once what it reported; the first of a point counts."""
        point = _identity(kept.trial.params)
        if point not in self._known:
            self._known[point] = kept
            self._tally.report(kept.trial, number)

    # The loop

    def _search(self, sampler: Sampler) -> None:
        """Ask, have made, tell and keep, until something ends it."""
        running: dict[int, Proposal] = {}
        number = 0
        is_over = False
        while True:
            while not is_over and len(running) < self.runner.slots:
                is_over = self._is_over(len(running))
                number = next(n for n in range(number + 1, number + 10**9) if n not in self._made)
                if is_over or number > self._total:
                    is_over = True
                    break
                proposal = self._proposed(sampler, number)
                if proposal is None:
                    is_over = True
                    break
                if number not in self._made:
                    running[number] = proposal
                    self.runner.start(self._ask(number, proposal.point))
            if not running:
                return
            for done in self.runner.wait():
                proposal = running.pop(done.ask.number)
                if done.trial is None:
                    self.ending, is_over = self._stopped(), True
                    continue
                self._keep(sampler, proposal, done.trial, read=self._earlier.own_read(done.read))

    def _proposed(self, sampler: Sampler, number: int) -> Proposal | None:
        """The next point; one whose trial is known already counts as made."""
        proposal = sampler.ask(number)
        if proposal is None:
            self.say(f"the sampler proposes nothing new after {len(self._made)} trials")
            return None
        known = self._known.get(_identity(proposal.point))
        if known is not None:
            # It took this search no time, and costs it nothing.
            trial = replace(known.trial, number=number, duration_s=0.0)
            self._keep(sampler, proposal, trial, read=known.read, is_said=False)
        return proposal

    def _keep(
        self,
        sampler: Sampler,
        proposal: Proposal,
        trial: Trial,
        *,
        read: Mapping[str, str],
        is_said: bool = True,
    ) -> None:
        """Keep a trial that ended: first of all where it survives."""
        kept = KeptTrial(trial=trial, token=proposal.token, read=read)
        self.studies.add(self._study, kept)
        self._made[trial.number] = trial
        self._tally.add(trial)
        self._note(kept, trial.number)
        sampler.tell(proposal, trial)
        if is_said:
            self._tell(TrialEnded(trial=trial, total=self._total))

    def _elapsed_s(self) -> float:
        return self.project.machine.monotonic_s() - self._began

    def _must_end(self) -> bool:
        """Whether a limit of this process has passed."""
        limits = (self.asked.budget.time_s, self.asked.budget.deadline_s)
        return any(limit is not None and self._elapsed_s() > limit for limit in limits)

    def _is_late(self) -> bool:
        return is_late(self.asked.budget, self._elapsed_s(), self._tally.expected_s)

    def _is_over(self, running: int) -> bool:
        """Whether no further trial begins beside those that run; says why."""
        budget, tally = self.asked.budget, self._tally
        if self.is_stopped():
            self.ending = Ending.STOPPED
            return True
        if self._is_late():
            self.ending = Ending.DEADLINE
            return True
        following = tally.expected_s
        slots = self.runner.slots
        spent = time_is_over(budget, self._elapsed_s(), following, slots=slots) or money_is_spent(
            budget, tally.spent_s, following, running=running
        )
        if spent:
            self.ending = Ending.SPENT
            self.say(f"{spent}; {len(self._made)} of {self._total} trials are made")
            return True
        settled = has_settled(budget, tally.since) or is_hopeless(tally.fruitless)
        if settled:
            self.ending = Ending.SETTLED
            self.say(f"{settled}; {len(self._made)} of {self._total} trials are made")
        return bool(settled)

    def _stopped(self) -> Ending:
        """Why a trial was stopped in the middle."""
        if self.is_stopped():
            return Ending.STOPPED
        limit = self.asked.budget.deadline_s
        if limit is not None and self._elapsed_s() > limit:
            return Ending.DEADLINE
        self.say(f"the time is over; {len(self._made)} of {self._total} trials are made")
        return Ending.SPENT

    # One trial

    def _make_one(self, number: int, point: Mapping[str, JsonValue]) -> TrialDone | None:
        """Have a single trial made; None when it was stopped."""
        ask = self._ask(number, point)
        done = self._kept(ask)
        if done is None:
            self.runner.start(ask)
            while not (found := self.runner.wait()):
                pass
            done = found[0]
        if done.trial is not None:
            self._tell(TrialEnded(trial=done.trial, total=self._total))
        return None if done.trial is None else done

    def _kept(self, ask: TrialAsk) -> TrialDone | None:
        """What is set, where an earlier job of a search that has to end in time trained it."""
        if self.asked.budget.deadline_s is None:
            return None
        return kept_first(self.project, self.asked, self.params, self.studies, ask)

    def _ask(self, number: int, point: Mapping[str, JsonValue]) -> TrialAsk:
        left_out = () if number else tuple(name for name in self.asked.space if name not in point)
        total = self._total
        self._tell(TrialBegun(number=number, total=total, params=point, left_out=left_out))
        best, may_stop = self._tally.best, self._may_stop(number, point)
        return TrialAsk(
            number=number,
            title=trial_title(number, total),
            label=f"{self.label}-trial-{number}",
            point=point,
            seeds=seeds_of(self.asked),
            best=() if best is None else best.values,
            pooled=self._tally.pooled,
            may_stop=may_stop,
            others=self._tally.reports if may_stop else (),
        )

    def _may_stop(self, number: int, point: Mapping[str, JsonValue]) -> bool:
        """Whether a trial may be stopped early; what is set may not, the others have to beat it."""
        has_rule = self.asked.stop.pruner.kind is not Pruner.NONE
        return has_rule and number != 0 and point != self.current

    def _tell(self, event: TrialEvent) -> None:
        self.hear(event)
        self.say(event_words(event, self.asked.metric))

    def _all(self) -> list[Trial]:
        """All trials by their numbers; the one that is set first where no other has its values."""
        made = [self._made[number] for number in sorted(self._made)]
        now = self._now
        if now is None or any(trial.params == now.params for trial in made):
            return made
        return [now, *made]

    def _confirm(self) -> None:
        """Train the best again with fresh seeds, and what is set with the same."""
        finals = Finalists(
            asked=self.asked,
            current=self.current,
            label=self.label,
            runner=self.runner,
            say=self.say,
            is_stopped=lambda: self.is_stopped() or self._is_late(),
            spent_s=self._tally.spent_s,
            expected_s=self._tally.expected_s,
            before=self._again,
            keep=lambda kept: self.studies.add(self._study, kept),
        )
        self.confirmed = finals.confirm(self._all())
        if self.is_stopped():
            self.ending = Ending.STOPPED
        elif finals.is_cut and self.asked.budget.deadline_s is not None and self._is_late():
            self.ending = Ending.DEADLINE


def _identity(params: Mapping[str, JsonValue]) -> str:
    return json.dumps(params, sort_keys=True)
