"""`core.verdict.noise.training`: the noise of one training, pooled, and when it tells."""

from __future__ import annotations

import math
import random

import pytest

from branchline.core.verdict.noise.training import (
    LEAST_STILL,
    MOST_PRIOR_FREEDOM,
    UNTRIED_FREEDOM,
    Schedule,
    half_width,
    learned,
    needed_runs,
    spread_of,
)

STEADY = [[0.90, 0.91, 0.92, 0.91, 0.90, 0.92]]


class TestLearned:
    """The pooled standard deviation."""

    def test_one_training_each_tells_nothing(self) -> None:
        """Their difference may be the change itself."""
        assert learned([[0.9], [0.8]]).sd is None

    def test_only_differences_within_a_content_count(self) -> None:
        """Whatever the contents differ by."""
        near, far = learned([[0.90, 0.92], [0.91]]), learned([[0.90, 0.92], [0.1]])

        assert near.sd == far.sd == pytest.approx(0.02 / math.sqrt(2))

    def test_earlier_contents_weigh_little_before_this_one_was_tried(self) -> None:
        """Its noise may be another."""
        found = learned([[0.9], [0.8]], STEADY)

        assert found.freedom == UNTRIED_FREEDOM
        assert found.sd == pytest.approx(0.00894, abs=1e-4)

    def test_earlier_contents_weigh_no_more_than_the_cap(self) -> None:
        """However many there are."""
        found = learned([[0.90, 0.91], [0.92]], STEADY * 20)

        assert found.freedom == 1 + MOST_PRIOR_FREEDOM

    @pytest.mark.parametrize(
        "values",
        [
            pytest.param([0.7, 0.8, 0.9], id="a-noise-that-is-much-larger"),
            pytest.param([0.9, 0.9000001, 0.9000002, 0.9], id="a-noise-that-is-much-smaller"),
        ],
    )
    def test_a_prior_that_does_not_fit_is_dropped(self, values: list[float]) -> None:
        """A changed kind of model does not inherit the wrong noise."""
        found = learned([values, [0.9]], STEADY)

        assert not found.fits
        assert found.freedom == len(values) - 1

    def test_values_that_agree_by_chance_are_no_certainty(self) -> None:
        """Two seeds of the same accuracy are common on few examples."""
        assert learned([[0.9, 0.9], [0.8]]).sd is None

    def test_values_that_never_move_are_taken_to_stand_still_in_the_end(self) -> None:
        """So that a training that draws no chance is judged by its numbers."""
        assert learned([[0.9] * (LEAST_STILL + 1), [0.8]]).sd == 0

    def test_the_same_outputs_are_a_certainty_at_once(self) -> None:
        """They say that the seed moves nothing."""
        assert learned([[0.9, 0.9], [0.8]], stands_still=True).sd == 0


class TestSchedule:
    """Who is trained again next."""

    def test_candidate_first_then_whichever_has_fewer(self) -> None:
        """Both means get as sure as they can."""
        schedule = Schedule(runs=4)

        assert [schedule.is_champion(made) for made in range(4)] == [False, True, False, True]

    def test_a_champion_that_was_repeated_before_waits(self) -> None:
        """What earlier verdicts made of it counts."""
        assert Schedule(champion=3).counts(2) == (3, 3)

    def test_a_champion_that_cannot_be_trained_is_left_as_it_is(self) -> None:
        """All trainings go to the candidate."""
        assert Schedule(has_champion=False).counts(5) == (6, 1)


class TestSpread:
    """One look."""

    def test_before_it_may_decide_anything_nothing_is_known(self) -> None:
        """An interval as wide as the world tells nobody anything."""
        spread = spread_of("auc", [0.9, 0.91], [0.9], schedule=Schedule(), confidence=0.95)

        assert spread.sd is None
        assert half_width(spread) is None

    def test_the_last_look_spends_what_is_left(self) -> None:
        """It is nearly as sure as one look alone."""
        spread = spread_of(
            "auc",
            [0.90, 0.91, 0.92, 0.90],
            [0.90, 0.91, 0.89],
            schedule=Schedule(),
            freedoms=[0, 1, 2, 3, 4],
            confidence=0.95,
        )

        assert 0.95 < spread.confidence < 0.975
        assert spread.freedom == 5

    def test_more_trainings_tell_what_fewer_do_not(self) -> None:
        """And none tell what the examples leave open."""
        spread = spread_of("auc", [0.9], [0.9], STEADY, schedule=Schedule(runs=1), confidence=0.95)

        assert needed_runs(spread, 0.02) is not None
        assert needed_runs(spread, 0.02, sampling=0.03) is None
        assert (needed_runs(spread, 0.01) or 0) > (needed_runs(spread, 0.02) or 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("earlier", "has_champion"),
    [
        pytest.param(0, True, id="first-change"),
        pytest.param(0, False, id="first-change-champion-cannot-be-trained"),
        pytest.param(4, True, id="earlier-changes-known"),
    ],
)
def test_seeds_alone_are_refused_as_rarely_as_asked(*, earlier: int, has_champion: bool) -> None:
    """Looking after every training, with no margin: the worst case. 4,000 cases, 5 % asked for.

    The Monte Carlo interval (99.9 %) of 5 % is 1.15 points wide to each side.
    """
    chance = random.Random(7)  # a simulation
    said = [_worse(chance, earlier, has_champion=has_champion, loss=0.0) for _ in range(4000)]

    assert sum(said) / len(said) < 0.05 + 0.0115


def _worse(chance: random.Random, earlier: int, *, has_champion: bool, loss: float) -> bool:
    """Whether a candidate is called worse, the gate looking after every training."""
    groups = [[chance.gauss(0, 1) for _ in range(3)] for _ in range(earlier)]
    schedule = Schedule(has_champion=has_champion)
    ours, theirs = [chance.gauss(-loss, 1)], [chance.gauss(0, 1)]
    freedoms: list[float] = []
    for made in range(schedule.runs + 1):
        spread = spread_of(
            "auc", ours, theirs, groups, schedule=schedule, freedoms=freedoms, confidence=0.95
        )
        freedoms.append(learned([ours, theirs], groups).freedom)
        half = half_width(spread)
        if half is not None:
            difference = sum(ours) / len(ours) - sum(theirs) / len(theirs)
            if difference + half < 0:
                return True
            if difference - half > 0:
                return False
        if schedule.is_champion(made):
            theirs.append(chance.gauss(0, 1))
        else:
            ours.append(chance.gauss(-loss, 1))
    return False
