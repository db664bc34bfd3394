"""What a report of a recorded run is made of: the run, its baseline, its plots. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.evidence.prediction_plots import FOLDER
from branchline.errors import RecordError, UnknownNameError
from branchline.render.drawing import drawings_of
from branchline.render.markdown import report

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.policy import Gate
    from branchline.flows.history import History
    from branchline.render.drawing import Drawing
    from branchline.render.run_view import RunView


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a report shows.

    Attributes:
        run: The run.
        baseline: The run that it was judged against; None when there was none, or it is not here.
        drawings: Its plots, the baseline's beside them.
    """

    run: RunView
    baseline: RunView | None
    drawings: tuple[Drawing, ...]


def reported(history: History, run: RunView, note: Callable[[str], None] | None = None) -> Reported:
    """Gather a report.

    Args:
        history: The records.
        run: Which run.
        note: Takes what is missing.
    """
    baseline = _baseline(history, run, note)
    plots = run.evidence.plots
    files = history.plots(run.run) if plots else {}
    earlier = history.plots(baseline.run) if baseline is not None and plots else {}
    judged = run.verdict.baseline if run.verdict else None
    if judged is not None and (judged.problem or judged.is_rescored):
        # Its recorded curves are of other evaluation data or code than this run's.
        earlier = {p: data for p, data in earlier.items() if not p.startswith(f"{FOLDER}/")}
    declared = () if baseline is None else baseline.evidence.plots
    drawings = drawings_of(plots, files, earlier=earlier, earlier_plots=declared)
    return Reported(run=run, baseline=baseline, drawings=drawings)


def report_markdown(history: History, run: RunView, gate: Gate) -> str:
    """The report as Markdown, for a pull request."""
    found = reported(history, run)
    return report(found.run, found.baseline, gate, found.drawings)


def _baseline(history: History, run: RunView, note: Callable[[str], None] | None) -> RunView | None:
    if run.verdict is None or not run.verdict.baseline.run:
        return None
    try:
        return history.baseline_of(run)
    except (RecordError, UnknownNameError):
        if note is not None:
            note(f"the baseline, run {run.verdict.baseline.run}, is not recorded here")
        return None
