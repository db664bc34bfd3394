"""The fake of port `trials` keeps its contract, and so does the runner in one tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from branchline.core.run.trials import Trial, TrialState
from branchline.flows.in_tree import InTree
from branchline.flows.later import Later
from branchline.ports.trials import TrialDone
from branchline.testing.trials import FakeTrials, TrialsContract

if TYPE_CHECKING:
    from branchline.flows.trial_walk import TrialWalk
    from branchline.ports.trials import TrialAsk, TrialRunner


class TestFakeTrials(TrialsContract):
    """Three at once."""

    @pytest.fixture
    def runner(self) -> FakeTrials:
        return FakeTrials(lambda _point: 0.5, slots=3)

    def stop(self, runner: TrialRunner) -> None:
        assert isinstance(runner, FakeTrials)
        runner.is_ending = True


class Walk:
    """Makes a trial at once."""

    is_stopped = False
    later = Later(say=print)

    def make(self, ask: TrialAsk) -> TrialDone:
        """A trial; nothing once it was stopped."""
        trial = Trial(number=ask.number, params=ask.point, state=TrialState.SUCCEEDED, value=0.5)
        return TrialDone(ask=ask, trial=None if self.is_stopped else trial)


class TestInTree(TrialsContract):
    """One after the other."""

    @pytest.fixture
    def runner(self) -> InTree:
        self.made = Walk()
        return InTree(cast("TrialWalk", self.made))

    def stop(self, runner: TrialRunner) -> None:
        self.made.is_stopped = True
