"""Port `sampler`: a fake with a list of points, and what every implementation must do.

To check an implementation, inherit `SamplerContract` in a test module, and give it the fixtures
`make`, which makes a new one of the same settings each time, and `space`.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from branchline.core.run.spaces import fits
from branchline.core.run.studies import KeptTrial, kept_from_json, kept_to_json
from branchline.core.run.trials import Trial, TrialState
from branchline.ports.sampler import Proposal, Sampler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.values import JsonValue


class FakeSampler(Sampler):
    """Proposes points of a list, and remembers what it is told.

    Args:
        points: By the numbers of the trials.

    Attributes:
        remembered: Trials of before. told: Trials, as they were told.
    """

    def __init__(self, points: Sequence[Mapping[str, JsonValue]]) -> None:
        self.note = ""
        self.most: int | None = len(points)
        self.remembered: list[KeptTrial] = []
        self.told: list[Trial] = []
        self._points = points

    def remember(self, kept: Sequence[KeptTrial]) -> None:
        """See the port."""
        self.remembered += kept

    def ask(self, number: int) -> Proposal | None:
        """See the port."""
        if number > len(self._points):
            return None
        return Proposal(number=number, point=self._points[number - 1], token=f"t{number}")

    def tell(self, proposal: Proposal, trial: Trial) -> None:
        """See the port."""
        assert proposal.number == trial.number
        self.told.append(trial)


def outcome(proposal: Proposal) -> Trial:
    """What comes of a point: a number of its digits; of some nothing, or an early end."""
    number = proposal.number
    value = sum(map(ord, json.dumps(proposal.point, sort_keys=True))) % 97 / 97
    states = {0: TrialState.FAILED, 3: TrialState.PRUNED, 5: TrialState.REFUSED}
    state = states.get(number % 7, TrialState.SUCCEEDED)
    return Trial(
        number=number,
        params=dict(proposal.point),
        state=state,
        value=None if state is TrialState.FAILED else value,
        steps=((1, value / 2), (2, value)),
        duration_s=1.0,
    )


class SamplerContract:
    """What every sampler must do."""

    trials = 24

    def made(self, sampler: Sampler, numbers: range) -> list[KeptTrial]:
        """Trials, one after the other, as they are kept."""
        kept = []
        for number in numbers:
            proposal = sampler.ask(number)
            if proposal is None:
                break
            trial = outcome(proposal)
            sampler.tell(proposal, trial)
            kept.append(KeptTrial(trial=trial, token=proposal.token))
        return kept

    def test_points_are_of_the_space_and_each_comes_once(
        self, make: Callable[[], Sampler], space: Mapping[str, Any]
    ) -> None:
        """Under the numbers that were asked for."""
        kept = self.made(make(), range(1, self.trials + 1))

        texts = [json.dumps(one.trial.params, sort_keys=True) for one in kept]
        assert len(set(texts)) == len(texts) > 5
        assert all(fits(space, one.trial.params) for one in kept)
        assert [one.trial.number for one in kept] == list(range(1, len(kept) + 1))

    def test_killed_anywhere_it_goes_on_as_it_would_have(self, make: Callable[[], Sampler]) -> None:
        """From what was kept, as JSON, whatever became of the trials."""
        whole = self.made(make(), range(1, self.trials + 1))

        for cut in (1, 4, 7, self.trials // 2, self.trials - 1):
            before = [kept_from_json(json.loads(json.dumps(kept_to_json(k)))) for k in whole[:cut]]
            again = make()
            again.remember(before)
            assert self.made(again, range(cut + 1, self.trials + 1)) == whole[cut:], cut

    def test_it_ends_where_there_is_no_more(self, make: Callable[[], Sampler]) -> None:
        """As often as it is asked."""
        sampler = make()
        if sampler.most is None:
            return

        kept = self.made(sampler, range(1, sampler.most + 10))

        assert len(kept) == sampler.most
        assert sampler.ask(sampler.most + 1) is None
        assert sampler.ask(sampler.most + 2) is None
