"""Station `effects`: which folder holds what the leg of a matrix left for its model. Pure.

Each leg keeps its results under a name of its own, which another attempt does not use again.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from branchline.errors import CiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PREFIX = "results"
"""First word of such a name; model and attempt follow."""


def spelled(model: str) -> str:
    """A model's name as a part of an artifact's, which takes no `/`.

    >>> spelled("team/churn")
    'team-churn'
    """
    return re.sub(r"[^A-Za-z0-9._-]", "-", model)


def newest_legs(names: Iterable[str], models: Sequence[str]) -> dict[str, str]:
    """The folder of the newest attempt of each model that left one, in the order of the models.

    Args:
        names: Of folders, such as `results-churn-2`.
        models: All that are asked about.

    >>> newest_legs(["results-a-1", "results-a-10", "results-a-b-2", "other"], ["a-b", "a", "c"])
    {'a-b': 'results-a-b-2', 'a': 'results-a-10'}
    """
    listed = sorted(names)
    found: dict[str, str] = {}
    for model in models:
        pattern = re.compile(rf"{PREFIX}-{re.escape(spelled(model))}-(?P<attempt>[0-9]{{1,9}})")
        attempts = {int(m["attempt"]): name for name in listed if (m := pattern.fullmatch(name))}
        if attempts:
            found[model] = attempts[max(attempts)]
    return found


def asked_legs(matrix: str, models: Sequence[str]) -> tuple[str, ...]:
    """The models that a matrix has a leg for, in the order of the models.

    The job that decided ran code of a branch: what it names beside the models is left out.

    Args:
        matrix: Output `matrix` of `branchline ci plan`.
        models: All that are asked about.

    Raises:
        CiError: It is none.

    >>> asked_legs('{"include":[{"model":"b"},{"model":"strange"}]}', ["a", "b"])
    ('b',)
    """
    try:
        rows = json.loads(matrix)["include"]
        named = {row["model"] for row in rows}
    except (ValueError, TypeError, KeyError, RecursionError):
        raise CiError(
            "--matrix is no matrix of models",
            todo="Give it the output `matrix` of the job of `branchline ci plan`.",
        ) from None
    return tuple(model for model in models if model in named)
