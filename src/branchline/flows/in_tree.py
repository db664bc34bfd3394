"""Trials in one working tree, one after the other: port `trials` without a further process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.ports.trials import TrialDone, TrialRunner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.flows.trial_walk import TrialWalk
    from branchline.ports.trials import TrialAsk


class InTree(TrialRunner):
    """Makes a trial while it is waited for.

    Args:
        walk: Makes it.
    """

    def __init__(self, walk: TrialWalk) -> None:
        self.slots = 1
        self._walk = walk
        self._asks: list[TrialAsk] = []

    def start(self, ask: TrialAsk) -> None:
        """See the port."""
        self._asks.append(ask)

    def wait(self) -> Sequence[TrialDone]:
        """See the port."""
        return [self._walk.make(self._asks.pop(0))] if self._asks else []

    def close(self) -> None:
        """See the port: nothing is running when nobody waits."""
        self._walk.later.do()
