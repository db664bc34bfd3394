"""What was made of a search before, and what others left that still counts. Serves `trials`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.plan.values import Observed
from branchline.core.run.trials import TrialState
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.sampling import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.run.studies import KeptTrial, Study
    from branchline.core.run.trials import Trial
    from branchline.flows.project import Project
    from branchline.flows.search import Search
    from branchline.flows.tuned_params import TunedParams
    from branchline.ports.studies import Studies

_MOMENT_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenUp:
    """A search that only this process works on.

    Attributes:
        study: Which it is.
        asked: The search, with as many trials as it makes in all.
        kept: Its trials so far, by their numbers, from 1.
        again: Trainings that confirmed its best before.
        spent_s: Wall time of these, and of what was set, when it was trained before.
    """

    study: Study
    asked: Search
    kept: Sequence[KeptTrial]
    again: Sequence[KeptTrial] = ()
    spent_s: float = 0.0


@dataclass(slots=True)
class Earlier:
    """Reads what was kept, and forgets what no longer holds.

    Args:
        project: The working tree, as it is for the search.
        asked: The search.
        params: Its parameters there.
        studies: Where trials are kept.
        first_read: What the trial of the values that are set was seen to read, undeclared.
        say: Told what is waited for, and what is made again.
        must_end: Asked often; True ends the wait for another process.
    """

    project: Project
    asked: Search
    params: TunedParams
    studies: Studies
    first_read: Mapping[str, str]
    say: Callable[[str], None]
    must_end: Callable[[], bool]
    _planner: Planner = field(init=False)
    _past: dict[int, KeptTrial] = field(default_factory=dict)
    _known: dict[tuple[str, str], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        options = PlanOptions(targets=self.asked.stages, trust_elsewhere=False)
        self._planner = Planner(self.project, options)

    def take_up(self, study: Study) -> TakenUp | None:
        """Work on a search alone; None when it was to end while another process did."""
        if not self._is_alone(study):
            return None
        taken = self._taken(study)
        further = self.asked.further
        if not further:
            return taken
        self.asked = replace(self.asked, trials=len(taken.kept) + further, further=0)
        kind = kind_of(self.asked)
        if kind == study.sampler:
            return replace(taken, asked=self.asked)
        # Where a choice was drawn, so many more are all that there are.
        return self.take_up(replace(study, sampler=kind))

    def past(self, study: Study) -> list[tuple[Study, list[Trial]]]:
        """Other searches; of those whose values would count, the trials that still hold."""
        found = []
        for past in self.studies.past(objective=study.objective):
            is_other = past.study.base != study.base
            own = (kept for kept in past.trials if kept.trial.number >= 0)
            trials = [kept for kept in own if is_other or self._holds(kept)]
            self._past.update({id(kept.trial): kept for kept in trials})
            found.append((past.study, [kept.trial for kept in trials]))
        return found

    def kept_of(self, trial: Trial) -> KeptTrial:
        """A trial of `past` with what it read; what its own sampler noted is of no use here."""
        return replace(self._past[id(trial)], token="")

    def own_read(self, read: Mapping[str, str]) -> dict[str, str]:
        """Of what a trial read, what is no part of the search's identity, and made by no stage."""
        return {
            path: digest
            for path, digest in read.items()
            if self.first_read.get(path) != digest
            and path not in self.params.files
            and not self._planner.producers.makers(path)
        }

    def _is_alone(self, study: Study) -> bool:
        """Wait until no other process works on a search; False when this one is to end."""
        is_told = False
        while not self.studies.hold(study.identity, wait_s=_MOMENT_S):
            if not is_told:
                self.say("another process makes trials of the same search; waiting for its end")
                is_told = True
            if self.must_end():
                return False
        return True

    def _taken(self, study: Study) -> TakenUp:
        found = self.studies.begin(study)
        stale = {one.trial.number for one in found if not self._holds(one)}
        if found and all(one.trial.state is TrialState.FAILED for one in found):
            # Nobody would type the command again if nothing had been mended.
            self.studies.drop(study.identity, {one.trial.number for one in found})
            self.say(f"{len(found)} trials, all of which failed, are made again")
            found, stale = (), set()
        if stale:
            self.studies.drop(study.identity, stale)
            self.say(f"{len(stale)} trials are made again: files that they read have changed")
        return TakenUp(
            study=study,
            asked=self.asked,
            kept=[k for k in found if k.trial.number > 0 and k.trial.number not in stale],
            again=[k for k in found if k.trial.number < 0],
            spent_s=sum(one.trial.duration_s for one in found if one.trial.number <= 0),
        )

    def _holds(self, kept: KeptTrial) -> bool:
        """Whether every file that a trial read holds what it held then."""
        return all(self._is_same(*item) for item in kept.read.items())

    def _is_same(self, path: str, digest: str) -> bool:
        if (path, digest) not in self._known:
            holds = self._planner.inputs.reader.holds
            self._known[path, digest] = holds(Observed(path=path, digest=digest))
        return self._known[path, digest]
