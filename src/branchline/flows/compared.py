"""Compares a run with the champion on the same examples, for `finish`. Serves `verdict`.

Judges nothing: `core.verdict.judge` does, with what is found here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.evidence import PredictionFacts
from branchline.core.verdict.bars import moved_by_chance
from branchline.errors import BranchlineError, ConfigError
from branchline.flows.predictions import PredictionReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.evidence import Evidence
    from branchline.core.evidence.prediction_plots import MadePlot
    from branchline.core.evidence.predictions import Predictions, Task
    from branchline.core.policy import Gate, MetricRule
    from branchline.core.verdict.noise.metrics import Metric
    from branchline.core.verdict.noise.values import Difference, PairedExamples
    from branchline.core.verdict.pairing import Pairing
    from branchline.core.verdict.parts import Part
    from branchline.core.verdict.values import Baseline, Finding
    from branchline.flows.predictions import FoundPredictions
    from branchline.flows.project import Project
    from branchline.ports.metric_functions import MetricFunction

_HINT = (
    "Two plain numbers were compared, and chance moves both. A stage that also writes"
    " `predictions.csv` (columns `id`, `y_true`, `y_score`; under its `outs`) makes it a comparison"
    " example by example."
)
_SWAPPED = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What the predictions of a run and of its champion say.

    Attributes:
        evidence: Of the run, with which predictions it left.
        comparisons: Metric -> comparison on the same examples.
        uncompared: Metric -> why that cannot be had, though it has to.
        parts: Findings on parts of the evaluation set.
        remarks: For the reader.
        plots: What follows from this run's predictions, with the bytes for the record.
    """

    evidence: Evidence
    comparisons: Mapping[str, Difference] = field(default_factory=dict)
    uncompared: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()
    plots: tuple[MadePlot, ...] = ()


def compare_with_champion(
    project: Project,
    evidence: Evidence,
    champion: Evidence | None,
    baseline: Baseline,
    *,
    is_known: bool = True,
) -> Compared:
    """Look for predictions, and compare them where a bar asks for it.

    Args:
        project: Ports and policy.
        evidence: Of the run that just walked.
        champion: Of the baseline; None when there is none or it is not known.
        baseline: How it was found.
        is_known: Whether its numbers count. Where it could not be scored again they do not, and its
            recorded predictions do only if they are of the same examples, by their ids.
    """
    gate = project.policy.gate
    rules = moved_by_chance(gate, evidence)
    if not rules:
        return Compared(evidence=evidence)
    ours = PredictionReader(project, evidence, is_here=True)
    try:
        found = ours.find(gate)
    except BranchlineError as error:
        return Compared(evidence=evidence, remarks=(_sentence(error),))
    if found.columns is None:
        is_plain = champion is not None and gate.replicates is None
        hint = (_HINT,) if is_plain and not found.problem else ()
        remarks = (found.problem,) if found.problem else hint
        return Compared(evidence=evidence, remarks=remarks)
    comparing = _Comparing(project, gate, rules, ours, champion, baseline, found, is_known)
    return comparing.compared()


class _Comparing:
    """One comparison; remembers what was read."""

    def __init__(
        self,
        project: Project,
        gate: Gate,
        rules: Sequence[MetricRule],
        ours: PredictionReader,
        champion: Evidence | None,
        baseline: Baseline,
        found: FoundPredictions,
        is_known: bool,  # noqa: FBT001 # one call, just above
    ) -> None:
        self._project = project
        self._gate = gate
        self._rules = rules
        self._ours = ours
        self._theirs = PredictionReader(project, champion) if champion is not None else None
        self._champion = champion
        self._baseline = baseline
        self._found = found
        self._is_known = is_known
        self._evidence = ours.evidence
        self._pairs: dict[Task | None, tuple[PairedExamples | None, str, bool]] = {}
        self._known: dict[tuple[bool, Task | None], Predictions] = {}
        self._remarks: list[str] = []
        self._parts: list[Part] = []
        self._plots: tuple[MadePlot, ...] = ()

    def compared(self) -> Compared:
        """Read this run's predictions, then compare."""
        columns, is_named = self._found.columns, self._found.is_named
        if self._found.problem or columns is None:
            return self._refused(self._found.problem)
        from branchline.core.evidence.prediction_plots import prediction_plots

        try:
            predictions = self._read(self._ours, None)
        except BranchlineError as error:
            return self._refused(_sentence(error))
        self._evidence = replace(
            self._evidence, predictions=_facts(self._ours, columns.path, predictions)
        )
        self._remarks += [_capital(remark) for remark in predictions.remarks]
        self._plots = prediction_plots(predictions)
        if self._theirs is None:
            return self._done({}, {})
        if not self._theirs.digest(columns.path):
            if self._is_known:
                self._remarks.append(
                    f"The baseline left no `{columns.path}`: plain numbers were compared with it."
                )
            return self._done({}, {})
        comparisons: dict[str, Difference] = {}
        uncompared: dict[str, str] = {}
        for rule in self._rules:
            difference, problem, counts = self._compare(rule)
            if difference is not None:
                comparisons[rule.name] = difference
            elif not self._is_known:
                continue  # Why the baseline is not known says more.
            elif problem and (is_named or counts):
                uncompared[rule.name] = f"it cannot be compared example by example: {problem}"
            elif problem:
                self._remarks.append(f"`{rule.name}` was compared as a plain number: {problem}")
        if comparisons and not self._is_known:
            self._remarks.append(
                "What the baseline had said of the same examples was compared: it could not be"
                " scored again."
            )
        return self._done(comparisons, uncompared)

    def _compare(self, rule: MetricRule) -> tuple[Difference | None, str, bool]:
        """A difference, or why there is none, and whether that forbids plain numbers too."""
        from branchline.core.verdict.noise.metrics import known_metric

        if is_function(rule.computed_as):
            try:
                with self._project.metric_functions.open(
                    rule.computed_as, root=self._project.root
                ) as function:
                    return self._look(rule, None, function)
            except ConfigError as error:
                return None, _sentence(error), False
        metric = known_metric(rule.name, rule.computed_as)
        if metric is None:
            return None, "", False  # Latency, size: no matter of predictions.
        return self._look(rule, _task_of(metric), None)

    def _look(
        self, rule: MetricRule, task: Task | None, function: MetricFunction | None
    ) -> tuple[Difference | None, str, bool]:
        """One metric on the whole evaluation set and on its parts."""
        examples, problem, counts = self._pair(task)
        if examples is None:
            return None, problem, counts
        difference = self._difference(rule, examples, function)
        problem = f"{difference.problem}." if difference.problem else self._mistaken(difference)
        if problem:
            return None, problem, False
        self._parts += self._parts_of(rule, examples, function)
        return difference, "", False

    def _parts_of(
        self, rule: MetricRule, examples: PairedExamples, function: MetricFunction | None
    ) -> list[Part]:
        """The metric on each part of the evaluation set that the gate names."""
        from branchline.core.verdict.noise.slices import slices_of
        from branchline.core.verdict.parts import Part

        if rule.max_regression is None and rule.max_relative_regression is None:
            return []
        return [
            Part(
                rule=rule,
                where=part.where,
                count=part.count,
                difference=None
                if part.examples is None
                else self._difference(rule, part.examples, function),
                problem=part.problem,
            )
            for column in self._gate.slices
            for part in slices_of(examples, column, min_rows=self._gate.min_rows)
        ]

    def _difference(
        self, rule: MetricRule, examples: PairedExamples, function: MetricFunction | None
    ) -> Difference:
        from branchline.core.verdict.noise.compare import compare

        return compare(
            rule.name,
            examples,
            goal=rule.goal,
            margin=self._margin(rule),
            confidence=self._gate.confidence,
            seed=self._seed(rule.name),
            computed_as="" if function is not None else rule.computed_as,
            function=function,
        )

    def _margin(self, rule: MetricRule) -> float | None:
        """The smallest loss that is tolerated, in the metric's unit; None where none is asked."""
        from branchline.core.evidence.find import find_metric
        from branchline.core.evidence.flatten import is_finite

        margins = [] if rule.max_regression is None else [rule.max_regression]
        if rule.max_relative_regression is not None and self._champion is not None:
            metric = find_metric(self._champion, rule.name).metric
            if metric is not None and metric.value is not None and is_finite(metric.value):
                margins.append(rule.max_relative_regression * abs(metric.value))
        return min(margins) if margins else None

    def _seed(self, metric: str) -> int:
        """Chance by what is compared: the same predictions give the same numbers, anywhere."""
        columns = self._found.columns
        path = columns.path if columns else ""
        theirs = self._theirs.digest(path) if self._theirs else ""
        said = "\n".join((self._ours.digest(path), theirs, metric))
        return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "big")

    def _mistaken(self, difference: Difference) -> str:
        """Why the predictions are not those of the recorded metric; "" where they are.

        Named predictions count although the numbers differ a little (the finding says so); scores
        of the other class never do.
        """
        from branchline.core.evidence.find import find_metric
        from branchline.core.verdict.noise.scoring import recomputed

        sides = [(self._evidence, difference.candidate, "")]
        if self._champion is not None:
            sides.append((self._champion, difference.champion, " of the baseline"))
        for evidence, value, whose in sides:
            metric = find_metric(evidence, difference.metric).metric
            if metric is None or metric.value is None:
                continue
            if not recomputed(metric.value, value, text=metric.text).differs:
                continue
            said = (
                f"`{metric.file}`{whose} says {metric.value:.6g}, and the predictions make it"
                f" {value:.6g}"
            )
            if value < 0.5 < metric.value and abs(1 - value - metric.value) < _SWAPPED:
                return f"{said}: the scores seem to be those of the other class."
            if not self._found.is_named:
                return f"{said}, so that they are not its predictions, or it is another metric."
        return ""

    def _pair(self, task: Task | None) -> tuple[PairedExamples | None, str, bool]:
        """The examples of both, or why not, and whether plain numbers are no way out either."""
        from branchline.core.verdict.pairing import pair

        if task not in self._pairs:
            self._pairs[task] = self._paired(task, pair)
        return self._pairs[task]

    def _paired(
        self, task: Task | None, pair: Callable[[Predictions, Predictions], Pairing]
    ) -> tuple[PairedExamples | None, str, bool]:
        if self._theirs is None or self._champion is None:
            return None, "", False
        try:
            ours = self._read(self._ours, task)
        except BranchlineError as error:
            return None, _sentence(error), False
        try:
            theirs = self._read(self._theirs, task)
        except BranchlineError as error:
            return None, f"in the baseline (run {self._baseline.run}): {_sentence(error)}", False
        has_ids = ours.ids is not None and theirs.ids is not None
        is_same_data = self._is_known and (
            self._evidence.evaluation_data == self._champion.evaluation_data
        )
        if not has_ids and not is_same_data:
            problem = (
                "the evaluation data changed, and without ids (`gate.predictions.id`) it is not"
                " known which examples are the same."
            )
            return None, problem, False
        found = pair(ours, theirs)
        return found.examples, f"{found.problem}." if found.problem else "", has_ids

    def _read(self, reader: PredictionReader, task: Task | None) -> Predictions:
        """Once a run and task; the columns of slices are this run's own."""
        columns = self._found.columns
        if columns is None:
            raise ValueError("there are no predictions")
        key = (reader is self._ours, task)
        if key not in self._known:
            slices = self._gate.slices if reader is self._ours else ()
            self._known[key] = reader.read(columns, slices=slices, task=task)
        return self._known[key]

    def _refused(self, problem: str) -> Compared:
        """Nothing is compared; what the gate names has to be usable."""
        if not self._found.is_named:
            return self._done({}, {}, problem)
        why = f"it cannot be compared example by example: {problem}"
        names = [rule.name for rule in self._rules if _is_of_predictions(rule)]
        return self._done({}, dict.fromkeys(names, why), *([] if names else [problem]))

    def _done(
        self,
        comparisons: Mapping[str, Difference],
        uncompared: Mapping[str, str],
        *remarks: str,
    ) -> Compared:
        from branchline.core.verdict.parts import parts_judged

        return Compared(
            evidence=self._evidence,
            comparisons=comparisons,
            uncompared=uncompared,
            parts=parts_judged(self._parts, self._gate) if self._parts else (),
            remarks=(*dict.fromkeys(self._remarks), *remarks),
            plots=self._plots,
        )


def _facts(reader: PredictionReader, path: str, predictions: Predictions) -> PredictionFacts:
    from branchline.core.verdict.pairing import examples_digest

    return PredictionFacts(
        path=path,
        digest=reader.digest(path),
        examples=examples_digest(predictions),
        count=predictions.count,
    )


def _task_of(metric: Metric) -> Task | None:
    """What predictions have to be for a metric."""
    from branchline.core.evidence.predictions import Task
    from branchline.core.verdict.noise.metrics import Needs

    return {Needs.VALUES: Task.VALUES, Needs.RANKS: Task.RANKING}.get(metric.needs, Task.CLASSES)


def _is_of_predictions(rule: MetricRule) -> bool:
    """Whether a metric can be computed from predictions: latency cannot."""
    from branchline.core.verdict.noise.metrics import known_metric

    return is_function(rule.computed_as) or known_metric(rule.name, rule.computed_as) is not None


def is_function(computed_as: str) -> bool:
    """Whether a metric is a function of the project: `module:function`."""
    return ":" in computed_as


def _sentence(error: BranchlineError) -> str:
    said = f"{error.message.removesuffix('.')}."
    return f"{said} {error.todo}" if error.todo else said


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}" if text else text
