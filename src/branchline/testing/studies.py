"""Port `studies`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `StudiesContract` in a test module and give it the fixtures
`studies` and `beside`: what two processes would have that keep their trials in the same place.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.run.studies import KeptTrial, Study
from branchline.core.run.trials import Trial, TrialState
from branchline.ports.studies import PastStudy, Studies

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


@dataclass(slots=True)
class Shelf:
    """Where fakes keep their trials; two with the same one are two processes of one clone.

    Attributes:
        studies: Identity -> search. trials: Identity -> number -> trial. holders: Identity -> who.
        order: Identities, the one that was worked on last at the end.
    """

    studies: dict[str, Study] = field(default_factory=dict)
    trials: dict[str, dict[int, KeptTrial]] = field(default_factory=dict)
    holders: dict[str, object] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)


class FakeStudies(Studies):
    """Keeps trials in memory.

    Args:
        shelf: Where; None for one of its own.
    """

    def __init__(self, shelf: Shelf | None = None) -> None:
        self.shelf = shelf or Shelf()

    def hold(self, study: str, *, wait_s: float) -> bool:  # noqa: ARG002 # nobody lets go meanwhile
        """See the port."""
        return self.shelf.holders.setdefault(study, self) is self

    def begin(self, study: Study) -> Sequence[KeptTrial]:
        """See the port."""
        self.shelf.studies[study.identity] = study
        found = self.shelf.trials.setdefault(study.identity, {})
        return [found[number] for number in sorted(found)]

    def add(self, study: str, kept: KeptTrial) -> bool:
        """See the port."""
        trials = self.shelf.trials[study]
        if kept.trial.number in trials:
            return False
        trials[kept.trial.number] = kept
        self.shelf.order = [*(one for one in self.shelf.order if one != study), study]
        return True

    def drop(self, study: str, numbers: Collection[int]) -> None:
        """See the port."""
        for number in numbers:
            self.shelf.trials[study].pop(number, None)

    def past(self, *, objective: str, limit: int = 20) -> Sequence[PastStudy]:
        """See the port."""
        found = [
            PastStudy(
                study=self.shelf.studies[identity],
                trials=tuple(kept for _, kept in sorted(self.shelf.trials[identity].items())),
            )
            for identity in reversed(self.shelf.order)
            if self.shelf.studies[identity].objective == objective and self.shelf.trials[identity]
        ]
        return found[:limit]

    def close(self) -> None:
        """See the port."""
        for study, holder in list(self.shelf.holders.items()):
            if holder is self:
                del self.shelf.holders[study]


STUDY = Study(base="b" * 64, objective="auc", space={"lr": [0.1, 0.2], "b": [1], "a": [1]})


def kept_trial(number: int, value: float = 0.5) -> KeptTrial:
    """A trial that says all that can be said."""
    trial = Trial(
        number=number,
        params={"lr": 0.1, "kind": "ü", "layers": [1, 2], "none": None},
        state=TrialState.SUCCEEDED,
        value=value,
        values=(value, value),
        objectives=(value, 1.0),
        steps=((1, 0.25), (2, math.inf)),
        metrics={"auc": value, "count": 3, "worst": -math.inf},
        detail="a 'quoted' \n detail",
        duration_s=1.5,
    )
    read = {"data/ü.csv": "d1"}
    return KeptTrial(trial=trial, token="its own", read=read)  # noqa: S106 # a sampler's, no secret


class StudiesContract:
    """What every implementation must do."""

    def test_a_trial_comes_back_as_it_was(self, studies: Studies, beside: Studies) -> None:
        """Also to another process."""
        studies.begin(STUDY)

        studies.add(STUDY.identity, kept_trial(1))

        assert list(studies.begin(STUDY)) == list(beside.begin(STUDY)) == [kept_trial(1)]

    def test_trials_come_by_their_numbers(self, studies: Studies) -> None:
        """However they were added."""
        studies.begin(STUDY)

        for number in (3, 0, 10, 2):
            assert studies.add(STUDY.identity, kept_trial(number))

        assert [kept.trial.number for kept in studies.begin(STUDY)] == [0, 2, 3, 10]

    def test_a_number_that_is_taken_stays_as_it_is(self, studies: Studies) -> None:
        """And is said not to be new."""
        studies.begin(STUDY)
        studies.add(STUDY.identity, kept_trial(1, 0.5))

        assert not studies.add(STUDY.identity, kept_trial(1, 0.9))
        assert [kept.trial.value for kept in studies.begin(STUDY)] == [0.5]

    def test_what_is_dropped_is_gone_and_its_number_free(self, studies: Studies) -> None:
        """Numbers that are not there do not matter, nor do those of other searches."""
        other = replace(STUDY, seed=2)
        for study in (STUDY, other):
            studies.begin(study)
            studies.add(study.identity, kept_trial(1))
            studies.add(study.identity, kept_trial(2))

        studies.drop(STUDY.identity, {1, 7})

        assert [kept.trial.number for kept in studies.begin(STUDY)] == [2]
        assert studies.add(STUDY.identity, kept_trial(1))
        assert len(studies.begin(other)) == 2

    def test_past_searches_the_last_worked_on_first(self, studies: Studies) -> None:
        """Those for another objective, and those without a trial, are none."""
        first, second = STUDY, replace(STUDY, seed=2)
        elsewhere, empty = replace(STUDY, objective="loss"), replace(STUDY, seed=3)
        for study in (first, second, elsewhere, empty):
            studies.begin(study)
        for study, number in ((first, 1), (second, 1), (elsewhere, 1), (first, 2)):
            studies.add(study.identity, kept_trial(number))

        found = studies.past(objective="auc")

        assert [past.study for past in found] == [first, second]
        assert [kept.trial.number for kept in found[0].trials] == [1, 2]
        assert [past.study for past in studies.past(objective="auc", limit=1)] == [first]
        assert studies.past(objective="f1") == []

    def test_the_order_of_the_parameters_is_kept(self, studies: Studies, beside: Studies) -> None:
        """It is part of a search."""
        studies.begin(STUDY)
        studies.add(STUDY.identity, kept_trial(1))

        (past,) = beside.past(objective="auc")

        assert list(past.study.space) == ["lr", "b", "a"]
        assert past.study.identity == STUDY.identity

    def test_one_at_a_time_works_on_a_search(self, studies: Studies, beside: Studies) -> None:
        """Until it closes; other searches are not concerned."""
        other = replace(STUDY, seed=2)

        assert studies.hold(STUDY.identity, wait_s=0)
        assert studies.hold(STUDY.identity, wait_s=0), "it is held here already"
        assert not beside.hold(STUDY.identity, wait_s=0)
        assert beside.hold(other.identity, wait_s=0)
        studies.close()
        assert beside.hold(STUDY.identity, wait_s=0)

    def test_closed_it_goes_on(self, studies: Studies) -> None:
        """The next call opens it again."""
        studies.begin(STUDY)
        studies.add(STUDY.identity, kept_trial(1))

        studies.close()
        studies.close()

        assert len(studies.begin(STUDY)) == 1
