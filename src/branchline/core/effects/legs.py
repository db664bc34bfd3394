"""Station `effects`: which folder holds what the leg of a matrix left for its model. Pure.

Each leg keeps its results under a name of its own, which another attempt does not use again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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
