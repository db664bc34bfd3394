"""Probes on the predictions themselves: what the gate says of chance, of itself, of perfection.

Pure; NumPy inside. The gate is asked as it is: whoever calls gives a function that judges.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from branchline.core.evidence.figures import figure
from branchline.core.policy import Goal
from branchline.core.values import Outcome
from branchline.core.verdict.noise.estimate import NoComparisonError
from branchline.core.verdict.noise.metrics import known_metric
from branchline.core.verdict.noise.scoring import value_of
from branchline.core.verdict.selftest.values import Probe, Proof, unasked
from branchline.core.verdict.values import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.policy import MetricRule
    from branchline.core.verdict.noise.metrics import Metric
    from branchline.core.verdict.noise.values import PairedExamples, Predicted
    from branchline.core.verdict.values import Verdict

_MANY_EXAMPLES = 20_000
_FEWEST_FOR_PERFECT = 50
_SAME_MODELS = 5
_PERFECT: dict[str, float] = {
    "accuracy": 0.9995, "balanced_accuracy": 0.9995, "roc_auc": 0.9998, "roc_auc_ovr": 0.9998,
    "average_precision": 0.9998, "f1": 0.9995, "f1_macro": 0.9995, "f1_micro": 0.9995,
    "f1_weighted": 0.9995, "precision": 0.9999, "recall": 0.9999, "mcc": 0.999,
    "cohen_kappa": 0.999, "r2": 0.9999, "ndcg": 0.9999, "mrr": 0.9999, "map": 0.9999,
    "error_rate": 0.0005, "log_loss": 0.0005, "brier": 0.0002,
}  # fmt: skip
"""From here on a score says more of the data than of the model; below, where less is better."""


class Judged(Protocol):
    """Asks the gate about a candidate, as a run would."""

    def __call__(self, examples: PairedExamples) -> Verdict:
        """The verdict on `examples.candidate` against `examples.champion`."""
        ...


def shuffled_labels(examples: PairedExamples, judge: Judged, *, seed: int) -> Proof:
    """Whether the gate refuses a model whose predictions were dealt out at random.

    Each shuffle gives every example the prediction of another one, so that all that the gate could
    like of it is how often each class or value is said.

    Args:
        examples: Of the run and its champion; the run against itself where there is none.
        judge: The gate.
        seed: Of the shuffles.
    """
    import numpy as np

    if examples.count < 2:
        return unasked(Probe.SHUFFLED, f"{examples.count} example cannot be shuffled")
    random = np.random.default_rng(seed)
    wanted = 20 if examples.count <= _MANY_EXAMPLES else 5
    outcomes = []
    verdict = None
    for _ in range(wanted):
        order = random.permutation(examples.count)
        verdict = judge(replace(examples, candidate=_taken(examples.candidate, order)))
        outcomes.append(verdict.outcome)
    refused = outcomes.count(Outcome.FAILED)
    numbers = {"shuffles": float(wanted), "refused": float(refused)}
    shown = f"{refused} of {wanted} models with shuffled predictions"
    # By luck alone a gate on few examples lets one of twenty pass.
    if refused >= wanted - wanted // 20:
        return Proof(
            probe=Probe.SHUFFLED,
            outcome=Outcome.PASSED,
            sentence=f"The gate refused {shown}.",
            numbers=numbers,
        )
    passed = outcomes.count(Outcome.PASSED)
    unsure = wanted - refused - passed
    left = f", and said `unknown` of {unsure}" if unsure else ""
    return Proof(
        probe=Probe.SHUFFLED,
        outcome=Outcome.FAILED,
        sentence=f"The gate refused only {shown}: it passed {passed}{left}.{_said(verdict)}",
        todo=_BEYOND_CHANCE,
        numbers={**numbers, "passed": float(passed)},
    )


_BEYOND_CHANCE = (
    "Judge a metric that chance does not reach: `roc_auc` or `balanced_accuracy` where one class is"
    " rare, a `min` above what guessing gives, or more examples."
)


def champion_against_itself(examples: PairedExamples, judge: Judged) -> Proof:
    """Whether the gate says that a model does not differ from itself."""
    verdict = judge(replace(examples, candidate=examples.champion))
    compared = [found for found in verdict.findings if found.answer is not None]
    if not compared:
        return unasked(
            Probe.ITSELF,
            "no bar of the gate compares with a champion on the same examples",
            "Set `max_regression` on a metric that the predictions tell.",
        )
    odd = [
        found
        for found in compared
        if found.answer in (Answer.BETTER, Answer.WORSE)
        or (found.rule != "min_gain" and found.answer is not Answer.NO_WORSE)
    ]
    if odd:
        first = odd[0]
        word = first.answer.value if first.answer is not None else "?"
        return Proof(
            probe=Probe.ITSELF,
            outcome=Outcome.FAILED,
            sentence=f"Against itself the champion is said to be `{word}` on `{first.metric}`: "
            f"{first.sentence}",
            todo="This is a fault of the comparison: look at the columns of `gate.predictions`.",
            numbers={"bars": float(len(compared)), "odd": float(len(odd))},
        )
    bars = "1 bar" if len(compared) == 1 else f"{len(compared)} bars"
    return Proof(
        probe=Probe.ITSELF,
        outcome=Outcome.PASSED,
        sentence=f"The champion against itself is no different, by {bars}.",
        numbers={"bars": float(len(compared))},
    )


def constant_metric(
    examples: PairedExamples | None,
    rules: Sequence[MetricRule],
    history: Mapping[str, Mapping[str, float]],
    *,
    seed: int,
) -> Proof:
    """Whether a metric of the gate says the same whatever the model is.

    Args:
        examples: Of the run; None without predictions.
        rules: The bars.
        history: Metric -> digest of the model -> its recorded value, over the recorded runs.
        seed: Of the shuffle.
    """
    asked, constant, suspected = [], [], []
    for rule in rules:
        metric = known_metric(rule.name, rule.computed_as)
        values = _values(metric, examples, seed) if metric and examples is not None else []
        said = history.get(rule.name, {})
        if len(values) > 1:
            asked.append(rule.name)
            if max(values) == min(values):
                shown = figure(values[0])
                constant.append(f"`{rule.name}` is {shown}, and {shown} for shuffled predictions")
        elif len(said) >= _SAME_MODELS and len(set(said.values())) == 1:
            shown = figure(next(iter(said.values())))
            suspected.append(f"`{rule.name}` is {shown} for all {len(said)} recorded models")
        elif len(said) >= _SAME_MODELS:
            asked.append(rule.name)
    if suspected and not constant:
        # Rounding and few examples make equal numbers of different models, so it proves nothing.
        return Proof(
            probe=Probe.CONSTANT,
            outcome=Outcome.UNKNOWN,
            sentence=f"Perhaps a metric that cannot change: {'; '.join(suspected[:5])}.",
            todo="See that it is computed from the model's predictions.",
            numbers={"metrics": float(len(asked)), "suspected": float(len(suspected))},
        )
    if not asked:
        return unasked(
            Probe.CONSTANT,
            "no bar can be computed again from predictions, and fewer than"
            f" {_SAME_MODELS} different models are recorded",
        )
    numbers = {"metrics": float(len(asked)), "constant": float(len(constant))}
    if constant:
        return Proof(
            probe=Probe.CONSTANT,
            outcome=Outcome.FAILED,
            sentence=f"A metric that cannot change cannot fail: {'; '.join(constant[:5])}.",
            todo="See that the metric is computed from the model's predictions, and that the model "
            "does not say the same of every example.",
            numbers=numbers,
        )
    names = ", ".join(f"`{name}`" for name in asked[:5])
    return Proof(
        probe=Probe.CONSTANT,
        outcome=Outcome.PASSED,
        sentence=f"{names} {'moves' if len(asked) == 1 else 'move'} with the predictions.",
        numbers=numbers,
    )


def too_good(examples: PairedExamples | None, rules: Sequence[MetricRule]) -> Proof:
    """Whether a score is so good that the evaluation is in doubt.

    Args:
        examples: Of the run; None without predictions.
        rules: The bars.
    """
    if examples is None:
        return unasked(Probe.TOO_GOOD, "there are no predictions to compute the metrics from")
    if examples.count < _FEWEST_FOR_PERFECT:
        return unasked(
            Probe.TOO_GOOD,
            f"of {examples.count} examples a perfect score says little",
        )
    seen: dict[str, float] = {}
    perfect = []
    for rule in rules:
        metric = known_metric(rule.name, rule.computed_as)
        value = _value(metric, examples, examples.candidate) if metric else math.nan
        bar = _PERFECT.get(metric.name.partition("@")[0], math.nan) if metric else math.nan
        if metric is None or math.isnan(value) or math.isnan(bar):
            continue
        seen[rule.name] = value
        if value >= bar if metric.goal is Goal.MAXIMIZE else value <= bar:
            perfect.append(f"`{rule.name}` is {figure(value)}")
    if not seen:
        return unasked(
            Probe.TOO_GOOD, "no bar of the gate is a metric whose perfect score is known"
        )
    if perfect:
        return Proof(
            probe=Probe.TOO_GOOD,
            outcome=Outcome.FAILED,
            sentence=f"{', '.join(perfect)} on {examples.count:,} examples: too good to be true.",
            todo="Look for the answer among the features, for training rows in the evaluation set, "
            "and for a target that the features are computed from.",
            numbers=seen,
        )
    shown = ", ".join(f"`{name}` is {figure(value)}" for name, value in seen.items())
    return Proof(
        probe=Probe.TOO_GOOD,
        outcome=Outcome.PASSED,
        sentence=f"{shown}: good, and not suspiciously so.",
        numbers=seen,
    )


def _values(metric: Metric, examples: PairedExamples, seed: int) -> list[float]:
    """The metric of the candidate and of two shuffles of it; fewer where it is not defined."""
    import numpy as np

    random = np.random.default_rng(seed)
    orders = [np.arange(examples.count), *(random.permutation(examples.count) for _ in range(2))]
    found = [_value(metric, examples, _taken(examples.candidate, order)) for order in orders]
    return [value for value in found if math.isfinite(value)]


def _value(metric: Metric, examples: PairedExamples, predicted: Predicted) -> float:
    try:
        return value_of(metric, examples, predicted)
    except NoComparisonError:
        return math.nan


def _taken(predicted: Predicted, order: NDArray[np.int64]) -> Predicted:
    """The predictions in another order."""
    return replace(
        predicted,
        scores=None if predicted.scores is None else predicted.scores[order],
        decisions=None if predicted.decisions is None else predicted.decisions[order],
    )


def _said(verdict: Verdict | None) -> str:
    """The finding of the last shuffle that let it pass."""
    for found in verdict.findings if verdict else ():
        if found.outcome is not Outcome.FAILED:
            return f" Of the last it said: {found.sentence}"
    return ""
