"""A verdict that knows training noise: judged, and trained again with other seeds only if need be.

Serves the station `verdict`. Trainings are made in working trees besides: nothing of them is ever
the run's own result, an entry of dvc.lock or a version of the registry.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.policy import Goal
from branchline.core.values import Outcome
from branchline.core.verdict.bars import moved_by_chance
from branchline.core.verdict.noise.training import Schedule, learned, needed_runs, spread_of
from branchline.core.verdict.noise.trainings import groups_of
from branchline.errors import BranchlineError
from branchline.flows.replicates import seed_of
from branchline.flows.retraining import (
    Retrainer,
    TrainingFailedError,
    own_training,
    record,
    recorded,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.evidence import Evidence
    from branchline.core.policy import MetricRule, Replicates
    from branchline.core.verdict.noise.trainings import Training
    from branchline.core.verdict.noise.values import Spread
    from branchline.core.verdict.values import Finding, Verdict
    from branchline.flows.project import Project
    from branchline.flows.retraining import Watching

_HOPELESS = 10
"""So many times the trainings that are left: if more are needed, none is made."""
_TRIED = 2
"""Further trainings that are made before that is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicated:
    """What is judged.

    Attributes:
        project: The project; its gate names the seed.
        targets: Stages that were walked.
        evidence: Of this run.
        champion: Comparable with it; None where there is none.
        judge: Judges once, given what is known of each metric's training noise, and why what has to
            be known is not, by metric.
        watching: Who looks on.
    """

    project: Project
    targets: Sequence[str]
    evidence: Evidence
    champion: Evidence | None
    judge: Callable[[Mapping[str, Spread], Mapping[str, str]], Verdict]
    watching: Watching


def replicated(asked: Replicated) -> Verdict:
    """Judge, and train again as long as chance leaves a bar open and the settings allow it.

    Raises:
        StoppedError: It was stopped.
    """
    replicates = asked.project.policy.gate.replicates
    champion = asked.champion
    rules = moved_by_chance(asked.project.policy.gate, asked.evidence)
    if replicates is None or champion is None or not rules:
        return asked.judge({}, {})
    same_data = asked.evidence.evaluation_data == champion.evaluation_data
    if not same_data or asked.evidence.outs == champion.outs:
        return asked.judge({}, {})  # nothing to compare, or nothing that chance could have moved
    return _Loop.of(asked, champion, replicates, rules).run()


def seeds_from(content: str, count: int) -> list[int]:
    """Seeds to train a content with; the same everywhere, and others for each content."""
    return [seed_of(int(content[:12], 16), "noise", place) for place in range(count)]


@dataclass(slots=True, kw_only=True)
class _Arm:
    """One of the two that are compared: its trainings, and how to make more.

    Attributes:
        own: The training with the seed of its commit.
        made: Further trainings that count, in the order in which they count.
        waiting: Seeds of those that may follow.
        known: Seed -> training that is recorded, and counts when its turn comes.
    """

    own: Training
    trainer: Retrainer
    made: list[Training]
    waiting: list[int]
    known: Mapping[int, Training]

    @property
    def trainings(self) -> list[Training]:
        return [self.own, *self.made]

    def values(self, metric: str) -> list[float] | None:
        """The metric of each training; None where one left no finite number."""
        found = [training.value(metric) for training in self.trainings]
        return None if None in found else [value for value in found if value is not None]

    @property
    def stands_still(self) -> bool:
        return len({training.outputs for training in self.trainings}) == 1


@dataclass(slots=True, kw_only=True)
class _Loop:
    asked: Replicated
    settings: Replicates
    rules: tuple[MetricRule, ...]
    ours: _Arm
    theirs: _Arm
    earlier: Mapping[str, list[list[float]]]
    schedule: Schedule
    spent_s: float = 0.0
    problem: str = ""
    _freedoms: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        asked: Replicated,
        champion: Evidence,
        settings: Replicates,
        rules: tuple[MetricRule, ...],
    ) -> _Loop:
        project = asked.project
        history = recorded(project)
        own, his = own_training(project, asked.evidence), own_training(project, champion)
        ours = [
            t
            for t in history
            if t.content == own.content and not t.again and t.param == settings.seed
        ]
        # What earlier verdicts made of the champion is known before the first look. One content
        # has one evaluation set; a champion that was scored again has another content.
        theirs = [
            t
            for t in history
            if t.content == his.content and not t.again and t.param == settings.seed
        ]
        before = [t for t in theirs if t.made_for != own.content]
        others = [t for t in history if t.content not in (own.content, his.content)]
        trainer = Retrainer(
            project=project,
            seed=settings.seed,
            commit=None,
            content=own.content,
            targets=asked.targets,
            watching=asked.watching,
            made_for=own.content,
        )
        seeds = seeds_from(his.content, settings.max + len(before))
        taken = {t.seed for t in before}
        may = bool(champion.commit) and not champion.is_dirty
        return cls(
            asked=asked,
            settings=settings,
            rules=rules,
            ours=_Arm(
                own=own,
                trainer=trainer,
                made=[],
                waiting=seeds_from(own.content, settings.max),
                known={t.seed: t for t in ours if t.seed is not None},
            ),
            theirs=_Arm(
                own=his,
                trainer=replace(trainer, commit=champion.commit or "", content=his.content),
                made=before,
                waiting=[seed for seed in seeds if seed not in taken],
                known={t.seed: t for t in theirs if t.seed is not None},
            ),
            earlier={rule.name: groups_of(others, rule.name, settings.seed) for rule in rules},
            schedule=Schedule(champion=1 + len(before), runs=settings.max, has_champion=may),
        )

    def run(self) -> Verdict:
        """Look, train, look again."""
        made = 0
        while True:
            spreads = self._spreads()
            verdict = self.asked.judge(spreads, self._unknown())
            if made == self.settings.max or not self._needs_more(verdict, spreads, made):
                return verdict
            if made == 0 and self.schedule.has_champion:
                self._try_champion()
            if not self._train(made):
                return self.asked.judge(spreads, self._unknown())
            made += 1

    def _spreads(self) -> dict[str, Spread]:
        """What is known of each metric at this look."""
        found = {}
        for rule in self.rules:
            ours, theirs = self.ours.values(rule.name), self.theirs.values(rule.name)
            if not self.ours.own.metrics or ours == [] or theirs == []:
                continue
            own, his = self.ours.own.value(rule.name), self.theirs.own.value(rule.name)
            if own is None or his is None:
                continue  # The judge says so.
            ours, theirs = ours or [own], theirs or [his]
            earlier = self.earlier[rule.name]
            is_still = self.ours.stands_still and self.theirs.stands_still
            freedoms = self._freedoms.setdefault(rule.name, [])
            found[rule.name] = spread_of(
                rule.name,
                ours,
                theirs,
                earlier,
                schedule=self.schedule,
                freedoms=freedoms,
                confidence=self.asked.project.policy.gate.confidence,
                run_s=self._expected_s(self.ours),
                stands_still=is_still,
            )
            freedoms.append(learned([ours, theirs], earlier, stands_still=is_still).freedom)
        return found

    def _needs_more(self, verdict: Verdict, spreads: Mapping[str, Spread], made: int) -> bool:
        """Whether a bar is open that further trainings may decide."""
        left = self.settings.max - made
        hopeless: list[str] = []
        for finding in verdict.findings:
            spread = spreads.get(finding.metric)
            is_open = finding.outcome is Outcome.UNKNOWN and finding.answer is not None
            if spread is None or finding.where or not is_open:
                continue
            needed = _needed(finding, spread, self._goal(finding.metric), self.schedule)
            # What earlier contents tell of the noise is no reason to give this one up untried.
            is_tried = made >= _TRIED
            if not is_tried or (needed is not None and needed <= _HOPELESS * left):
                return True
            hopeless.append(finding.metric)
        if hopeless:
            self.asked.watching.say(
                f"chance leaves `{hopeless[0]}` open, and the {left} further trainings that"
                " gate.replicates.max allows would not tell: no more is made"
            )
        return False

    def _goal(self, metric: str) -> Goal:
        return next(rule.goal for rule in self.rules if rule.name == metric)

    def _unknown(self) -> dict[str, str]:
        """Metric -> why it is not known what another seed does to it."""
        if self.problem:
            return {rule.name: self.problem for rule in self.rules}
        found = {}
        for rule in self.rules:
            for training in (*self.ours.made, *self.theirs.made):
                # A training without a number may be the one that went worst.
                if training.value(rule.name) is None:
                    found[rule.name] = f"with seed {training.seed} it is no finite number."
        return found

    def _try_champion(self) -> None:
        """See whether the champion can be trained again; before the first training, or never."""
        arm = self.theirs
        if any(seed in arm.known for seed in arm.waiting[:1]):
            return
        try:
            arm.trainer.look(arm.waiting[0])
        except (TrainingFailedError, BranchlineError) as error:
            why = error.message if isinstance(error, BranchlineError) else str(error)
            self.asked.watching.say(f"the champion is not trained again: {why}")
            self.schedule = replace(self.schedule, has_champion=False)

    def _expected_s(self, arm: _Arm) -> float | None:
        """What one more training takes, as far as it is known."""
        times = [training.duration_s for training in arm.made if training.duration_s]
        if times:
            return sum(times) / len(times)
        return arm.trainer.expected_s() or arm.own.duration_s or None

    def _train(self, made: int) -> bool:
        """Make the next training; False where there is none to make."""
        is_theirs = self.schedule.is_champion(made)
        arm = self.theirs if is_theirs else self.ours
        seed = arm.waiting[0]
        if seed in arm.known:
            arm.made.append(arm.known[seed])
            del arm.waiting[0]
            return True
        say = self.asked.watching.say
        try:
            expected_s = self._looked(arm, seed)
            if not self._is_affordable(expected_s):
                return False
            what = "the champion" if is_theirs else "this commit"
            takes = f", about {_seconds(expected_s)}" if expected_s else ""
            say(
                f"chance leaves the verdict open: {what} is trained again with another seed"
                f" ({made + 1} of at most {self.settings.max}{takes})"
            )
            training = arm.trainer.train(seed)
        except (TrainingFailedError, BranchlineError) as error:
            why = error.message if isinstance(error, BranchlineError) else str(error)
            if is_theirs:
                # What it was made with may be gone; this commit can still be trained.
                say(f"the champion is not trained again: {why}")
                self.schedule = replace(self.schedule, has_champion=False)
                return self._train(made)
            self.problem = f"what another seed does to it is not known: {why}."
            return False
        record(self.asked.project, self.ours.own)
        record(self.asked.project, self.theirs.own)
        self.spent_s += training.duration_s
        arm.made.append(training)
        del arm.waiting[0]
        shown = [
            f"{r.name} {v:.6g}" for r in self.rules if (v := training.value(r.name)) is not None
        ]
        say(f"seed {seed}: {', '.join(shown) or 'no number'} in {_seconds(training.duration_s)}")
        if arm.stands_still and len(arm.made) == 1:
            say(
                f"two seeds left the very same outputs: `{self.settings.seed}` moves nothing here,"
                " so there is no training noise to tell"
            )
        return True

    def _looked(self, arm: _Arm, seed: int) -> float | None:
        """Seconds that a training will take; the first time the commit is looked at."""
        if not arm.made and arm.trainer.expected_s() is None:
            arm.trainer.look(seed)
        return self._expected_s(arm)

    def _is_affordable(self, expected_s: float | None) -> bool:
        """Whether the budget allows one more; one of unknown duration it does while any is left."""
        budget_s = self.settings.budget_s
        if budget_s is None or self.spent_s + (expected_s or 0.0) <= budget_s:
            return True
        self.asked.watching.say(
            f"chance leaves the verdict open, and another training would take about"
            f" {_seconds(expected_s or 0.0)}: gate.replicates.budget has"
            f" {_seconds(max(0.0, budget_s - self.spent_s))} left"
        )
        return False


def _needed(finding: Finding, spread: Spread, goal: Goal, schedule: Schedule) -> int | None:
    """About how many further trainings would decide a bar that is open; None: no number would."""
    noise = finding.noise
    if spread.sd is None or noise is None or finding.bound is None:
        return 1
    middle = (noise.low + noise.high) / 2
    gain = middle if goal is Goal.MAXIMIZE else -middle
    margin = finding.bound
    if finding.rule == "max_relative_regression":
        margin *= abs(finding.baseline or 0.0)
    if finding.rule == "min_gain":
        distance = abs(gain - margin)
    else:
        distance = max(gain + margin, -gain if -gain > margin else 0.0)
    return needed_runs(
        spread, distance, sampling=noise.sampling or 0.0, has_champion=schedule.has_champion
    )


def _seconds(value: float) -> str:
    """Seconds for people.

    >>> _seconds(0.4), _seconds(75.2), _seconds(7300)
    ('0.4 s', '75 s', '2.0 h')
    """
    if value < 10:
        return f"{value:.1f} s"
    return f"{value:.0f} s" if value < 600 else _long(value)


def _long(value: float) -> str:
    return f"{value / 60:.0f} min" if value < 5400 else f"{value / 3600:.1f} h"
