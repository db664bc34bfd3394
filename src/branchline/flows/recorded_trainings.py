"""The trainings that were made to learn about chance, out of the records. Serves several verbs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.trainings import training_from_json
from branchline.errors import RecordError

if TYPE_CHECKING:
    from branchline.core.verdict.noise.trainings import Training
    from branchline.ports.records import Records


def recorded_trainings(records: Records) -> tuple[Training, ...]:
    """Those of all models, oldest first; what cannot be read is left out."""
    found = []
    for data in records.noise().values():
        try:
            found.append(training_from_json(json.loads(data)))
        except (ValueError, RecursionError, RecordError):
            continue
    return tuple(sorted(found, key=lambda one: (one.at, one.place)))
