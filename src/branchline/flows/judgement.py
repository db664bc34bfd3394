"""What judging a run gave, on its way from `judged` to `finish`. Holds no logic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.core.evidence import Evidence
    from branchline.core.evidence.prediction_plots import MadePlot
    from branchline.core.verdict.values import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What judging a run gave.

    Attributes:
        evidence: Of the run, with which predictions it left and the plots made from them.
        verdict: On it.
        plots: Those plots, with their bytes.
    """

    evidence: Evidence
    verdict: Verdict
    plots: tuple[MadePlot, ...] = ()
