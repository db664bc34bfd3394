"""A JSON file that is written anew at each step, as DVCLive's metrics.json. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.evidence.steps.values import flat_numbers, steps_of

if TYPE_CHECKING:
    from branchline.core.evidence.steps.values import Step


def summary_steps(data: bytes) -> list[Step]:
    """The numbers of the step that the file is at; nothing when it is torn or says no step.

    >>> [(s.step, s.name, s.value) for s in summary_steps(b'{"step": 3, "val": {"auc": 0.9}}')]
    [(3, 'val.auc', 0.9)]
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return []
    return steps_of(flat_numbers(document)) if isinstance(document, dict) else []
