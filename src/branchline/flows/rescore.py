"""The champion's numbers as they can be compared with this run's: recorded, or scored again.

Serves the station `verdict`. Where nothing of the evaluation changed the recorded numbers stand,
and nothing is read or run. `core.verdict.rescoring` tells what changed, `flows.scoring` scores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind
from branchline.core.pipeline import Content
from branchline.core.plan.reads import needs
from branchline.core.verdict.rescored import (
    both_digests,
    how_scored,
    masked,
    results_of,
    with_results,
)
from branchline.core.verdict.rescoring import (
    Changed,
    changed_inputs,
    fell,
    has_same_code,
    has_same_data,
    leaves_numbers,
    listed,
    prepared_otherwise,
    sounds_like_training,
    split,
)
from branchline.errors import BranchlineError, BusyError, ProgramKilledError, RegistryError
from branchline.flows.champion import Champion
from branchline.flows.metrics_left import MetricsLeft

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from branchline.core.evidence import Evidence, Metric
    from branchline.core.plan.values import Plan, Result
    from branchline.core.verdict.rescoring import Split
    from branchline.core.verdict.values import Baseline
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project
    from branchline.flows.walked import WalkBeside, Walked, Watcher

_DIGITS = 12


class _NotComparable(Exception):  # noqa: N818 # told to the user as a finding, never as an error
    """Why the champion's numbers cannot be compared."""


@dataclass(slots=True, kw_only=True)
class ChampionReader:
    """Reads the champion of one run.

    Attributes:
        project: Ports.
        planner: Knows the inputs of each stage.
        plan: As it was carried out.
        walked: Results of the run.
        watcher: Told when the champion is scored again.
        walk: Walks stages in another working tree.
    """

    project: Project
    planner: Planner
    plan: Plan
    walked: Walked
    watcher: Watcher
    walk: WalkBeside

    def read(self, baseline: Baseline, recorded: Evidence, evidence: Evidence) -> Champion:
        """The champion's evidence, comparable with the run's.

        Args:
            baseline: How it was found.
            recorded: As its run left it.
            evidence: Of the run that is judged.
        """
        digests = replace(
            baseline,
            recorded_data=recorded.evaluation_data,
            evaluation_data=evidence.evaluation_data,
        )
        try:
            return replace(self._compared(digests, recorded, evidence), recorded=recorded)
        except (ProgramKilledError, BusyError):
            raise
        except (_NotComparable, BranchlineError) as error:
            why = _in_full(error) if isinstance(error, BranchlineError) else str(error)
            problem = f"its numbers are not comparable: {why}"
            return Champion(
                evidence=None,
                recorded=recorded,
                baseline=replace(digests, problem=problem, via=f"{baseline.via}; {problem}"),
            )

    def _results(self) -> list[Result]:
        """Of the run that is judged, in the order of its plan."""
        results = self.walked.results
        return [results[entry.stage] for entry in self.plan.stages if entry.stage in results]

    def _compared(self, baseline: Baseline, recorded: Evidence, evidence: Evidence) -> Champion:
        ours = self._results()
        told = self._told_apart(ours)
        theirs = self._recorded_results(recorded)
        is_same_data = recorded.evaluation_data == evidence.evaluation_data != ""
        if told is None or not told.stages:
            return self._in_one(baseline, recorded, told, theirs, is_same_data=is_same_data)
        changed = self._changed(ours, theirs, told, recorded, is_same_data=is_same_data)
        if told.mixed:
            self._refuse_mixed(told, theirs, changed)
        if not changed:
            if is_same_data:
                return Champion(evidence=recorded, baseline=baseline)
            kept = self._with_others(recorded, recorded.metrics, theirs, told)
            as_ours = replace(kept, evaluation_data=evidence.evaluation_data)
            return Champion(evidence=as_ours, baseline=baseline)
        made = self._scored(baseline, recorded, told, theirs, changed)
        if made is None:
            return Champion(evidence=None, baseline=baseline, is_stopped=True)
        metrics = self._metrics(made)
        scored = replace(
            self._with_others(with_results(recorded, made), metrics, theirs, told),
            evaluation_data=evidence.evaluation_data,
        )
        self._refuse_strange(ours, theirs, told, recorded, scored)
        how = how_scored(baseline, changed)
        via = f"{baseline.via}; {how}" if baseline.via else how
        return Champion(evidence=scored, baseline=replace(baseline, is_rescored=True, via=via))

    def _told_apart(self, ours: Sequence[Result]) -> Split | None:
        """The run's stages; None when it cannot be told which output is the model.

        A guess that is good enough for a name in the registry is not for this: where training
        leaves no model, the data that it reads would be taken for one, and a training of today's
        code for an evaluation of the champion.
        """
        from branchline.core.effects.model_outputs import is_model_like, model_outputs
        from branchline.core.effects.registering import rules_of

        policy = self.project.policy
        try:
            model = {out.path: r.stage for r, out in model_outputs(ours, policy)}
        except RegistryError:
            return None
        told = split(ours, model, self._named_predictions())
        if rules_of(policy).paths:
            return told
        if all(map(is_model_like, model)) and not any(map(sounds_like_training, told.stages)):
            return told
        return None if told.stages else told

    def _named_predictions(self) -> str:
        named = self.project.policy.gate.predictions
        return named.path if named else ""

    def _recorded_results(self, recorded: Evidence) -> dict[str, Result]:
        """Address -> result of the champion's run, as far as they are recorded here."""
        keys = [facts.key for facts in recorded.stages if facts.key]
        return results_of(recorded, self.project.records.results(keys))

    def _in_one(
        self,
        baseline: Baseline,
        recorded: Evidence,
        told: Split | None,
        theirs: Mapping[str, Result],
        *,
        is_same_data: bool,
    ) -> Champion:
        """The champion of a pipeline that cannot be split into training and evaluation."""
        ours = {r.stage: r for r in self._results() if leaves_numbers(r)}
        if told is None:
            why = "it cannot be told which output is the model"
            todo = "name it in branchline.yaml, `registry: {paths: [model.pkl]}`"
        else:
            named = f"`{next(iter(told.both))}` trains and evaluates"
            why = f"{named if told.both else 'training and evaluation are'} in one"
            todo = (
                "split it: a stage that leaves the model, and one that reads it and leaves metrics"
            )
        if not is_same_data:
            now, old = both_digests(baseline)
            raise _NotComparable(
                f"the evaluation data changed (digest {now}, recorded {old}) and {why}, so that"
                f" the champion cannot be scored on them; {todo}"
            )
        moved = [s for s, r in ours.items() if s in theirs and not has_same_code(r, theirs[s])]
        if not moved:
            return Champion(evidence=recorded, baseline=baseline)
        if told is None and not all(map(sounds_like_training, moved)):
            raise _NotComparable(f"code of `{moved[0]}` changed and {why}; {todo}")
        remark = f"its recorded numbers, though code of `{moved[0]}` changed and {why}"
        return Champion(
            evidence=recorded, baseline=replace(baseline, via=f"{baseline.via}; {remark}")
        )

    def _refuse_mixed(
        self, told: Split, theirs: Mapping[str, Result], changed: Sequence[Changed]
    ) -> None:
        """Refuse predictions that training made, where it would make others on today's data."""
        ours = self.walked.results
        trained = [r for r in ours.values() if any(o.path in told.carried for o in r.outs)]
        is_same = all(r.stage in theirs and has_same_data(r, theirs[r.stage]) for r in trained)
        if not is_same or any(item.kind is InputKind.DATA for item in changed):
            raise _NotComparable(
                f"the data changed, and `{told.mixed}` reads predictions that training made; let a"
                " stage that reads the model make them"
            )

    def _changed(
        self,
        ours: Sequence[Result],
        theirs: Mapping[str, Result],
        told: Split,
        recorded: Evidence,
        *,
        is_same_data: bool,
    ) -> tuple[Changed, ...]:
        """What differs in the evaluation; empty when the recorded numbers stand."""
        keys = {facts.stage: facts.key for facts in recorded.stages}
        made = {out.path for r in ours if r.stage in told.stages for out in r.outs}
        # Who names the evaluation set says that what is prepared of it belongs to each model.
        prepared = (
            {out.path for r in ours if r.stage not in told.stages for out in r.outs}
            if self.project.policy.gate.data and is_same_data
            else set()
        )
        found: list[Changed] = []
        for result in ours:
            if result.stage not in told.stages or keys.get(result.stage) == result.key != "":
                continue
            old = theirs.get(result.stage)
            if old is None:
                found.append(Changed(kind=InputKind.COMMAND, name=f"{result.stage} (not recorded)"))
            else:
                own = {*told.carried, *made}
                found += changed_inputs(result, old, own, made=prepared)
        return tuple(dict.fromkeys(found))

    def _scored(
        self,
        baseline: Baseline,
        recorded: Evidence,
        told: Split,
        theirs: Mapping[str, Result],
        changed: Sequence[Changed],
    ) -> Mapping[str, Result] | None:
        """The champion's results of today's evaluation; None when it was stopped."""
        from branchline.flows.scoring import Scoring

        scored = [self.walked.results[stage] for stage in told.stages]
        needed = {path for path in told.carried if any(needs(r, path) for r in scored)}
        scoring = Scoring(
            project=self.project,
            planner=self.planner,
            results=self.walked.results,
            stages=told.stages,
            model=self._model(recorded, told, theirs, needed),
            label=f"{baseline.run}-scored-again",
        )
        made = scoring.known()
        if made is not None:
            return made
        store = self.project.store
        for path, content in scoring.model.items():
            if path in needed and not store.has(content) and not store.can_fetch(content):
                raise _NotComparable(
                    f"its `{path}` (md5 {content.md5}) is not in the store: {store.looked_at()};"
                    f" bring it with `dvc fetch` at commit {(baseline.commit or '')[:_DIGITS]}, or"
                    " `dvc push` it where it was made"
                )
        what = listed([item.name for item in changed])
        verb = "differs" if len(changed) == 1 else "differ"
        self.watcher.say(
            f"scoring the champion (run {baseline.run}) again: {what} {verb} from what it was"
            " scored with"
        )
        return scoring.make(self.walk)

    def _model(
        self,
        recorded: Evidence,
        told: Split,
        theirs: Mapping[str, Result],
        needed: Collection[str],
    ) -> dict[str, Content]:
        """What belongs to the champion's model, by content."""
        known = {out.path: out.content for result in theirs.values() for out in result.outs}
        optional = {o.path for s in self.planner.stages for o in s.outs if o.is_optional}
        found: dict[str, Content] = {}
        for path in told.carried:
            digest = recorded.outs.get(path)
            if digest:
                found[path] = known.get(path) or Content(md5=digest)
            elif path in needed and path not in optional:
                raise _NotComparable(
                    f"its run left no `{path}`, which is the model's here; once this run is in its"
                    " place, later ones can be compared"
                )
        return found

    def _metrics(self, made: Mapping[str, Result]) -> tuple[Metric, ...]:
        """What the scored evaluation says."""
        top = set(self.project.pipeline.metrics)
        left = MetricsLeft(self.project, self.planner.stages)
        for result in made.values():
            for out in result.outs:
                if out.kind == "metric" or out.path in top:
                    left.read_stored(out.path, out.content, result.stage)
        return tuple(left.metrics)

    def _with_others(
        self,
        evidence: Evidence,
        metrics: Sequence[Metric],
        theirs: Mapping[str, Result],
        told: Split,
    ) -> Evidence:
        """Evidence with these metrics of the evaluation, and the recorded ones of other stages.

        Those that training left are its own; on other data they are no numbers to compare with.
        """
        scored = [m for m in metrics if self._maker(m) in told.stages]
        others = [m for m in evidence.metrics if self._maker(m) not in told.stages]
        kept = [m if self._still_holds(m, theirs) else masked(m) for m in others]
        return replace(evidence, metrics=(*scored, *kept))

    def _maker(self, metric: Metric) -> str:
        """Address of the stage that leaves a metric; "" for none."""
        makers = () if metric.stage else self.planner.producers.makers(metric.file)
        return next((made.stage for made in makers), metric.stage)

    def _still_holds(self, metric: Metric, theirs: Mapping[str, Result]) -> bool:
        stage = self._maker(metric)
        ours, old = self.walked.results.get(stage), theirs.get(stage)
        return ours is not None and old is not None and has_same_data(ours, old)

    def _refuse_strange(
        self,
        ours: Sequence[Result],
        theirs: Mapping[str, Result],
        told: Split,
        recorded: Evidence,
        scored: Evidence,
    ) -> None:
        """Refuse a champion that fell only because it was given what it never learned from.

        Against such a one everything is better, and a loss would pass.
        """
        lost = fell(self.project.policy.gate.metrics, recorded, scored)
        stages = prepared_otherwise(ours, theirs, told) if lost else ()
        if stages:
            raise _NotComparable(
                f"scored again, {lost}; {listed(stages)} changed too, and the champion learned from"
                " what that made before. If the examples are the same, name them in `gate.data`:"
                " then its recorded numbers count"
            )


def _in_full(error: BranchlineError) -> str:
    """An error in one sentence, with what it names and what helps."""
    return "; ".join(filter(None, (error.message, *error.details[:3], error.todo.rstrip("."))))
