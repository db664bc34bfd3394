"""Files whose names say when they were written: `epoch=4-step=50.ckpt`, `checkpoint-500`.

Serves `init --check`. Such a name is another one as soon as a parameter changes, and a stage that
promises it fails then: the folder is what is always there.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from branchline.flows.init.loggers import versions_above

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["above_numbered", "with_folders"]

# A word for progress, then a number: epoch=4, step-50, checkpoint_500, round-20, model.epoch03.
_PROGRESS = re.compile(
    r"(?i)(?<![a-z])(?:epoch|ep|step|iter|iteration|round|ckpt|checkpoint)s?[-_=.]?\d+"
)


def above_numbered(path: str) -> str:
    """The folder above the first part of a path that is numbered; "" where none is."""
    above = versions_above(path)
    parts = path.split("/")
    numbered = [n for n, part in enumerate(parts) if _PROGRESS.search(part)]
    inner = "/".join(parts[: numbered[0]]) if numbered else ""
    return above or inner


def with_folders(
    paths: Sequence[str], taken: Sequence[str], is_free: Callable[[str], bool]
) -> tuple[list[str], list[str]]:
    """Outputs with the folder in the place of each file that is numbered.

    Args:
        paths: What was left.
        taken: Files of metrics: a folder that holds one cannot be an output.
        is_free: Whether nothing else lies in a folder, that is, nothing that was there before.

    Returns:
        The outputs, and what cannot be one: numbered, in a folder that cannot be one either.
    """
    kept: list[str] = []
    stuck: list[str] = []
    for path in paths:
        above = above_numbered(path)
        holds = any(posixpath.commonpath([above, item]) == above for item in taken if above)
        if above and not holds and is_free(above):
            kept.append(above)
            continue
        is_numbered = above or _PROGRESS.search(posixpath.basename(path))
        (stuck if is_numbered else kept).append(path)
    whole = list(dict.fromkeys(kept))
    return [p for p in whole if not any(p.startswith(f"{o}/") for o in whole)], stuck
