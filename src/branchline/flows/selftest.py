"""Asks the gate what every gate must refuse, on what a run left. Serves the station `verdict`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.evidence import Evidence, Metric
from branchline.core.evidence.evidence_json import evidence_from_json
from branchline.core.evidence.find import find_metric
from branchline.core.evidence.flatten import is_finite
from branchline.core.evidence.tables import form_of
from branchline.core.pipeline import Content
from branchline.core.values import Outcome
from branchline.core.verdict.judge import judge
from branchline.core.verdict.selftest.sides import sides_of
from branchline.core.verdict.selftest.values import Probe, Proof, unasked
from branchline.core.verdict.values import Baseline
from branchline.errors import BranchlineError, RecordError
from branchline.flows.predictions import PredictionReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.predictions import Task
    from branchline.core.evidence.tables import Table
    from branchline.core.plan.values import Result
    from branchline.core.policy import Gate, MetricRule
    from branchline.core.verdict.noise.values import PairedExamples, Predicted
    from branchline.core.verdict.selftest.sides import Sides
    from branchline.core.verdict.values import Verdict
    from branchline.flows.project import Project

_RESAMPLES = 400
_MOST_BYTES = 512 * 1024**2
_MOST_COLUMNS = 300
_FEWEST_ROWS = 20
_HISTORY = 20


@dataclass(slots=True, kw_only=True)
class SelfTest:
    """One self-test of the gate.

    Args:
        project: Ports and policy.
        evidence: Of the run.
        results: Of its stages.
        champion: Evidence of the baseline; None takes the run for its own champion.
        is_here: Whether the run's files stand in the working tree.
    """

    project: Project
    evidence: Evidence
    results: Sequence[Result]
    champion: Evidence | None = None
    is_here: bool = True
    _tables: dict[tuple[str, tuple[str, ...]], Table] = field(default_factory=dict)

    def proofs(self) -> tuple[Proof, ...]:
        """One proof a probe, in a fixed order; nothing is raised for what the files hold."""
        found = (*self._on_predictions(), *self._on_data())
        accepted = self.project.policy.gate.accept
        return tuple(
            replace(proof, is_accepted=proof.outcome is Outcome.FAILED)
            if proof.probe.value in accepted
            else proof
            for proof in found
        )

    # Predictions

    def _on_predictions(self) -> list[Proof]:
        gate = self.project.policy.gate
        examples, problem = self._examples()
        # What Branchline measured itself may well be the same for every model: a size, say.
        of_models = [r.name for r in gate.metrics if self.evidence.measure(r.name) is None]
        history = self._history(of_models)
        if examples is None:
            todo = "Let a stage write its predictions: id, y_true, y_score (`gate.predictions`)."
            proofs = [
                unasked(probe, problem, todo)
                for probe in (Probe.SHUFFLED, Probe.ITSELF, Probe.TOO_GOOD)
            ]
            if any(len(values) > 1 for values in history.values()):
                from branchline.core.verdict.selftest.labels import constant_metric

                return [*proofs, constant_metric(None, gate.metrics, history, seed=1)]
            return [*proofs, unasked(Probe.CONSTANT, problem, todo)]
        from branchline.core.verdict.selftest import labels

        seed = self._seed()
        rules = tuple(rule for rule in gate.metrics if _is_known(rule))
        asked = _Asked(gate=replace(gate, metrics=rules, slices=()), seed=seed)
        if not rules:
            none = "no bar of the gate is a metric that can be computed from predictions"
            todo = "Say what it is: gate.metrics.NAME.computed_as."
            chance = [unasked(probe, none, todo) for probe in (Probe.SHUFFLED, Probe.ITSELF)]
        else:
            chance = [
                labels.shuffled_labels(examples, asked, seed=seed),
                labels.champion_against_itself(examples, asked),
            ]
        return [
            *chance,
            labels.constant_metric(examples, gate.metrics, history, seed=seed),
            labels.too_good(examples, gate.metrics),
        ]

    def _examples(self) -> tuple[PairedExamples | None, str]:
        """The examples with what both said; without a champion the run is its own."""
        gate = self.project.policy.gate
        ours = PredictionReader(self.project, self.evidence, is_here=self.is_here)
        try:
            found = ours.find(gate)
        except BranchlineError as error:
            return None, error.message
        if found.columns is None or found.problem:
            return None, found.problem.rstrip(".") or "the run left no predictions"
        from branchline.core.verdict.pairing import pair

        task = _task_of(gate.metrics)
        try:
            candidate = ours.read(found.columns, slices=(), task=task)
        except BranchlineError as error:
            return None, error.message
        if self.champion is not None:
            try:
                theirs = PredictionReader(self.project, self.champion)
                paired = pair(candidate, theirs.read(found.columns, slices=(), task=task))
            except BranchlineError:
                pass  # The gate is asked with the run as its own champion.
            else:
                if paired.examples is not None:
                    return paired.examples, ""
        alone = pair(candidate, candidate)
        return alone.examples, alone.problem

    def _seed(self) -> int:
        said = "\n".join(f"{path} {digest}" for path, digest in sorted(self.evidence.outs.items()))
        return int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "big")

    def _history(self, names: Sequence[str]) -> dict[str, dict[str, float]]:
        """Metric -> what was run, as a digest -> value, over the newest recorded runs."""
        evidences = [self.evidence]
        for run in self.project.records.runs(names=("evidence.json",))[-_HISTORY:]:
            try:
                evidences.append(evidence_from_json(json.loads(run.files["evidence.json"])))
            except (KeyError, ValueError, RecordError):
                continue  # A record that cannot be read says nothing of a metric.
        found: dict[str, dict[str, float]] = {name: {} for name in names}
        for evidence in evidences:
            keys = sorted(facts.key for facts in evidence.stages)
            what = hashlib.sha256("\n".join(keys).encode()).hexdigest()
            for name in names:
                metric = find_metric(evidence, name).metric
                if metric is not None and metric.value is not None and is_finite(metric.value):
                    found[name][what] = float(metric.value)
        return found

    # Data

    def _on_data(self) -> list[Proof]:
        try:
            return self._leaks()
        except BranchlineError as error:
            why = error.message
            return [unasked(probe, why) for probe in (Probe.OVERLAP, Probe.FEATURE)]

    def _leaks(self) -> list[Proof]:
        from branchline.core.verdict.selftest import leaks

        sides = self._sides()
        tables = self._both(sides)
        if tables is None:
            folders = self._folders(sides)
            why = sides.problem or "training or evaluation data are no table that can be read"
            overlap = folders or unasked(Probe.OVERLAP, why, sides.todo)
            return [overlap, self._feature(sides)]
        train, test = tables
        if test.rows < _FEWEST_ROWS:
            overlap = unasked(Probe.OVERLAP, f"{test.rows} rows of {test.file} are too few")
        else:
            overlap = leaks.train_test_overlap(train, test)
        return [overlap, self._feature(sides)]

    def _sides(self) -> Sides:
        from branchline.core.effects.model_outputs import model_outputs

        policy = self.project.policy
        made = model_outputs(self.results, policy)
        outs = {o.path for r in self.results for o in r.outs if o.kind != "data"}
        columns = policy.gate.predictions
        ignore = outs | {out.path for _, out in made} | ({columns.path} if columns else set())
        stages = {result.stage for result, _ in made}
        return sides_of(self.results, stages, named=policy.gate.data, ignore=ignore)

    def _both(self, sides: Sides) -> tuple[Table, Table] | None:
        """A table of each side, those with the most columns in common; None without."""
        pairs = []
        for test in sides.test:
            for train in sides.train:
                ours, theirs = self._names(test), self._names(train)
                common = [name for name in ours if name in theirs][:_MOST_COLUMNS]
                if common:
                    pairs.append((len(common), train, test, tuple(common)))
        if not pairs:
            return None
        _, train, test, names = max(pairs, key=lambda pair: pair[0])
        return self._table(train, names), self._table(test, names)

    def _feature(self, sides: Sides) -> Proof:
        from branchline.core.evidence.prediction_columns import TARGETS
        from branchline.core.verdict.selftest import leaks

        columns = self.project.policy.gate.predictions
        for path in sides.test:
            names = self._names(path)[:_MOST_COLUMNS]
            wanted = (columns.target, *TARGETS) if columns else TARGETS
            target = next((name for name in wanted if name in names), "")
            if target and len(names) > 1:
                ignore = (
                    [columns.id, columns.group, columns.query, columns.weight] if columns else []
                )
                return leaks.single_feature(
                    self._table(path, tuple(names)), target, ignore=[n for n in ignore if n]
                )
        why = sides.problem or "no table of the evaluation holds the target beside features"
        return unasked(Probe.FEATURE, why, sides.todo)

    def _folders(self, sides: Sides) -> Proof | None:
        """Folders of files (pictures, recordings), compared file by file; None without."""
        from branchline.core.verdict.selftest.files import same_files

        found = [self._members(paths) for paths in (sides.train, sides.test)]
        return same_files(*found) if all(found) else None

    def _members(self, paths: Sequence[str]) -> dict[str, str]:
        made: dict[str, str] = {}
        for path in paths:
            digest = self._digest(path)
            if digest.endswith(".dir"):
                inside = self.project.store.members(Content(md5=digest))
                if inside is None:
                    inside = self.project.workspace.members(path)
                made |= {f"{path}/{name}": content.md5 or "" for name, content in inside}
        return {name: digest for name, digest in made.items() if digest}

    def _digest(self, path: str) -> str:
        return self.evidence.data.get(path) or self.evidence.outs.get(path) or ""

    def _names(self, path: str) -> Sequence[str]:
        form, data = form_of(path), self._bytes(path)
        return () if form is None or data is None else self._columns(path, data)

    def _columns(self, path: str, data: bytes) -> Sequence[str]:
        form = form_of(path)
        return () if form is None else self.project.tables.names(data, form, file=path)

    def _table(self, path: str, names: tuple[str, ...]) -> Table:
        key = (path, names)
        if key not in self._tables:
            form, data = form_of(path), self._bytes(path)
            if form is None or data is None:
                raise ValueError(path)  # only what `_names` has read is asked for
            self._tables[key] = self.project.tables.read(data, form, names, file=path)
        return self._tables[key]

    def _bytes(self, path: str) -> bytes | None:
        """A file as the run read it; None when that is not here, or too large."""
        digest = self._digest(path)
        data = self.project.workspace.read(path) if self.is_here else None
        if data is None and digest:
            data = self.project.store.read(Content(md5=digest))
        return None if data is None or len(data) > _MOST_BYTES else data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The gate, asked about a candidate whose metrics are computed from its predictions."""

    gate: Gate
    seed: int

    def __call__(self, examples: PairedExamples) -> Verdict:
        """See `core.verdict.selftest.labels.Judged`."""
        from branchline.core.verdict.noise.compare import compare

        candidate = self._evidence(examples, examples.candidate)
        champion = self._evidence(examples, examples.champion)
        comparisons = {}
        for rule in self.gate.metrics:
            if rule.compares:
                found = compare(
                    rule.name,
                    examples,
                    goal=rule.goal,
                    margin=_margin(rule, champion),
                    confidence=self.gate.confidence,
                    seed=self.seed,
                    computed_as=rule.computed_as,
                    resamples=_RESAMPLES,
                )
                if not found.problem:
                    comparisons[rule.name] = found
        return judge(
            candidate,
            champion,
            self.gate,
            baseline=Baseline(run="self-test", via="the champion"),
            comparisons=comparisons,
        )

    def _evidence(self, examples: PairedExamples, predicted: Predicted) -> Evidence:
        from branchline.core.verdict.noise.estimate import NoComparisonError
        from branchline.core.verdict.noise.metrics import known_metric
        from branchline.core.verdict.noise.scoring import value_of

        metrics = []
        for rule in self.gate.metrics:
            metric = known_metric(rule.name, rule.computed_as)
            if metric is None:
                continue
            try:
                value = value_of(metric, examples, predicted)
            except NoComparisonError:
                continue
            metrics.append(Metric(name=rule.name, value=value, text=repr(value), file="self-test"))
        return Evidence(metrics=tuple(metrics), evaluation_data="self-test")


def _margin(rule: MetricRule, champion: Evidence) -> float | None:
    margins = [] if rule.max_regression is None else [rule.max_regression]
    metric = champion.metric(rule.name)
    if rule.max_relative_regression is not None and metric is not None and metric.value is not None:
        margins.append(rule.max_relative_regression * abs(metric.value))
    return min(margins) if margins else None


def _task_of(rules: Sequence[MetricRule]) -> Task | None:
    """What the first metric that can be computed from predictions takes them for."""
    from branchline.core.evidence.predictions import Task
    from branchline.core.verdict.noise.metrics import Needs, known_metric

    for rule in rules:
        metric = known_metric(rule.name, rule.computed_as)
        if metric is not None:
            tasks = {Needs.VALUES: Task.VALUES, Needs.RANKS: Task.RANKING}
            return tasks.get(metric.needs, Task.CLASSES)
    return None


def _is_known(rule: MetricRule) -> bool:
    from branchline.core.verdict.noise.metrics import known_metric

    return known_metric(rule.name, rule.computed_as) is not None
