"""How far the predictions of two trainings of the very same are apart. Serves `noise`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.flows.predictions import PredictionReader

if TYPE_CHECKING:
    from branchline.core.evidence import Evidence
    from branchline.flows.project import Project


def predictions_moved(project: Project, before: Evidence, after: Evidence) -> float | None:
    """The largest difference of two scores of one example; of decisions the share that changed.

    Returns:
        None where there are no predictions, or they are of other examples.

    Raises:
        BranchlineError: They cannot be read.
    """
    reader = PredictionReader(project, before)
    columns = reader.find(project.policy.gate).columns
    if columns is None:
        return None
    if reader.digest(columns.path) == PredictionReader(project, after).digest(columns.path):
        return 0.0
    from branchline.core.verdict.pairing import pair

    ours = PredictionReader(project, after).read(columns, slices=(), task=None)
    examples = pair(ours, reader.read(columns, slices=(), task=None)).examples
    if examples is None:
        return None
    import numpy as np

    new, old = examples.candidate, examples.champion
    if new.scores is not None and old.scores is not None:
        return float(np.max(np.abs(new.scores - old.scores)))
    if new.decisions is not None and old.decisions is not None:
        return float(np.mean(new.decisions != old.decisions))
    return None
