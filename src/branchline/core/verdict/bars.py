"""One bound of a rule and what it is put on. Serves `judge` and `compared`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import figure, percent
from branchline.core.verdict.values import Finding

if TYPE_CHECKING:
    from branchline.core.evidence import Evidence
    from branchline.core.policy import Gate, MetricRule
    from branchline.core.values import Outcome
    from branchline.core.verdict.values import Answer, Noise

LOSSES = ("max_regression", "max_relative_regression")
"""Bars of what may be lost against the baseline."""
GAIN = "min_gain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bound of a rule and the finite value it is put on."""

    rule: MetricRule
    kind: str
    bound: float
    value: float

    def finding(
        self,
        outcome: Outcome,
        sentence: str,
        baseline: float | None = None,
        *,
        answer: Answer | None = None,
        noise: Noise | None = None,
    ) -> Finding:
        """What was found of it."""
        return Finding(
            metric=self.rule.name,
            outcome=outcome,
            sentence=sentence,
            rule=self.kind,
            value=self.value,
            baseline=baseline,
            bound=self.bound,
            answer=answer,
            noise=noise,
        )

    @property
    def wanted(self) -> str:
        """What the bar asks of a comparison, as half a sentence."""
        if self.kind == GAIN:
            size = figure(self.bound)
            return f"a gain of at least {size} is wanted" if self.bound else "a gain is wanted"
        share = self.kind == "max_relative_regression"
        tolerated = f"{figure(percent(self.bound))} %" if share else figure(self.bound)
        return f"a loss of at most {tolerated} is tolerated"

    def margin(self, champion: float) -> float | None:
        """The tolerated loss in the metric's unit; None for a bar that asks for a gain."""
        if self.kind == GAIN:
            return None
        return self.bound * abs(champion) if self.kind == "max_relative_regression" else self.bound


def moved_by_chance(gate: Gate, evidence: Evidence) -> tuple[MetricRule, ...]:
    """Rules that compare what an evaluation said of the model.

    Size and latency are compared too, and neither other examples nor other seeds tell of them: who
    looks for the noise of a metric leaves them out.
    """
    return tuple(r for r in gate.metrics if r.compares and evidence.measure(r.name) is None)
