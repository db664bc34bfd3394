"""What policies come to over a history: counts, minutes, money, missed and needless trainings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.plan.replay import (
    ALWAYS,
    BRANCHLINE,
    Answer,
    Durations,
    ModelAnswer,
    Price,
    PushAnswer,
    Replay,
    StageAnswer,
)
from branchline.core.trigger.filters import Started

FILTER = "train.yml"


def model(answer: Answer, *, name: str = "m", is_change: bool | None = None) -> ModelAnswer:
    change = answer is Answer.TRAIN if is_change is None else is_change
    stages = (
        StageAnswer(stage="prepare", answer=Answer.REUSE, reason="nothing changed"),
        StageAnswer(stage="train", answer=answer, reason="why", is_change=change),
    )
    return ModelAnswer(model=name, answer=answer, reason="why", stages=stages)


def push(number: int, *models: ModelAnswer, is_started: bool) -> PushAnswer:
    return PushAnswer(
        commit=f"{number:040x}",
        short=f"{number:07x}",
        subject="s",
        author="a",
        pushed_at=f"2026-01-01T00:00:{number:02}Z",
        is_merge=False,
        files=("f",),
        models=models,
        started={
            ALWAYS: Started(is_started=True, reason="every push"),
            FILTER: Started(is_started=is_started, reason="said so"),
        },
    )


def history(*pushes: PushAnswer, **options: object) -> Replay:
    return Replay(
        branch="main", pushes=pushes, policies=(ALWAYS, FILTER, BRANCHLINE), **options,  # type: ignore[arg-type] # fields by name
    )  # fmt: skip


FOUR = (
    push(1, model(Answer.TRAIN), is_started=False),
    push(2, model(Answer.SKIP), is_started=True),
    push(3, model(Answer.REUSE), is_started=True),
    push(4, model(Answer.UNKNOWN), is_started=False),
)


def test_counts_of_each_policy() -> None:
    replay = history(*FOUR)

    own, filtered, always = (replay.totals(name) for name in (BRANCHLINE, FILTER, ALWAYS))

    assert (own.trainings, own.unknown, own.reused, own.wasted) == (2, 1, 1, 0)
    assert (filtered.trainings, filtered.wasted) == (2, 2)
    assert (always.trainings, always.wasted, always.missed) == (4, 2, ())


def test_only_a_known_change_that_was_not_trained_is_missed() -> None:
    replay = history(*FOUR, push(5, model(Answer.TRAIN, is_change=False), is_started=False))

    (missed,) = replay.totals(FILTER).missed

    assert missed.push is FOUR[0]
    assert missed.why_not == "said so"


def test_a_training_of_branchline_takes_as_long_as_the_stages_that_run() -> None:
    durations = Durations(stages={("m", "prepare"): 60.0, ("m", "train"): 600.0})

    replay = history(FOUR[0], FOUR[1], durations=durations)

    assert replay.totals(BRANCHLINE).seconds == 600.0
    assert replay.totals(ALWAYS).seconds == 1320.0


def test_a_stage_without_a_record_leaves_the_sum_unknown_and_never_low() -> None:
    price = Price(name="p", usd_per_minute=1.0)
    replay = history(*FOUR, durations=Durations(stages={("m", "train"): 600.0}), price=price)

    assert replay.totals(BRANCHLINE).seconds == 1200.0
    assert replay.totals(ALWAYS).seconds is None
    assert replay.totals(ALWAYS).usd is None


def test_what_the_user_says_stands_in_for_what_is_not_recorded() -> None:
    durations = Durations(minutes=5, stages={("m", "train"): 600.0})

    replay = history(FOUR[0], durations=durations)

    assert replay.totals(BRANCHLINE).seconds == 600.0
    assert replay.totals(ALWAYS).seconds == 300.0


def test_what_cannot_be_read_counts_as_a_whole_training_of_today() -> None:
    unread = ModelAnswer(model="m", answer=Answer.UNKNOWN, reason="no stage is declared there yet")
    durations = Durations(stages={("m", "a"): 60.0, ("m", "b"): 30.0, ("other", "a"): 7.0})

    assert history(push(1, unread, is_started=True), durations=durations).totals(
        BRANCHLINE
    ).seconds == pytest.approx(90.0)
    assert history(push(1, unread, is_started=True)).totals(BRANCHLINE).seconds is None


def test_one_model_of_several() -> None:
    both = push(1, model(Answer.TRAIN, name="a"), model(Answer.SKIP, name="b"), is_started=True)
    replay = history(both)

    assert replay.models == ("a", "b")
    assert replay.totals(BRANCHLINE).trainings == 1
    assert replay.totals(BRANCHLINE, model="b").trainings == 0
    assert replay.totals(ALWAYS, model="b").trainings == replay.totals(ALWAYS).trainings / 2


@given(
    st.lists(st.tuples(st.sampled_from(Answer), st.booleans()), max_size=30),
    st.floats(0.01, 1e4),
)
def test_sums_agree(answers: list[tuple[Answer, bool]], minutes: float) -> None:
    pushes = [push(n, model(a), is_started=s) for n, (a, s) in enumerate(answers)]
    replay = history(
        *pushes, durations=Durations(minutes=minutes), price=Price(name="p", usd_per_minute=2.0)
    )

    for name in replay.policies:
        totals = replay.totals(name)
        assert totals.seconds == pytest.approx(totals.trainings * minutes * 60)
        assert totals.usd == pytest.approx(totals.trainings * minutes * 2)
        assert totals.trainings <= replay.totals(ALWAYS).trainings == len(pushes)
    filtered, own = replay.totals(FILTER), replay.totals(BRANCHLINE)
    hits = sum(a.trains and s for a, s in answers)
    assert filtered.trainings - filtered.wasted == hits
    assert len(filtered.missed) <= own.trainings - hits
