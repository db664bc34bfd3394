"""Port `steps`: following the logs of a training while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.steps import Form, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLog:
    """A log to follow.

    Attributes:
        path: Absolute; nothing needs to stand there yet. form: How it is read.
    """

    path: str
    form: Form


class StepFollower(Protocol):
    """Some logs, as they grow."""

    def poll(self, *, is_last: bool = False) -> Sequence[Step]:
        """What came since the last call, in the order of each log.

        Args:
            is_last: Whether the training has ended: everything is looked at once more, also what
                is looked for now and then only.

        A log that starts again is told again from its beginning: of a step that is told twice, the
        later value counts. What cannot be read now is nothing; it is looked at again.
        """
        ...


class Steps(Protocol):
    """Follows logs."""

    def follow(self, logs: Sequence[StepLog]) -> StepFollower:
        """Follow logs from now on: what they hold already is of an earlier training."""
        ...
