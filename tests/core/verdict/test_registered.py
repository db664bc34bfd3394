from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.core.verdict.registered import read_tag, state_of, version_order
from branchline.ports.repo import Tag

# A loaded machine is slow now and then; that is no finding.
CALM = settings(suppress_health_check=[HealthCheck.too_slow])

A, B = "a" * 40, "b" * 40


def tags_of(*named: tuple[str, str], at: str = "") -> list[Tag]:
    return [Tag(name=name, commit=commit, tagged_at=at, tagger="") for name, commit in named]


@pytest.mark.parametrize(
    ("name", "model", "version", "alias", "takes_back", "is_deprecation", "counter"),
    [
        pytest.param("m@v1.2.3", "m", "v1.2.3", "", False, False, None, id="version"),
        pytest.param("m@v1.2.3#5", "m", "v1.2.3", "", False, False, 5, id="version-with-counter"),
        pytest.param("m@v1.2.3!", "m", "v1.2.3", "", True, False, None, id="taken-back"),
        pytest.param("m#production#4", "m", "", "production", False, False, 4, id="stage"),
        pytest.param("m#production!#5", "m", "", "production", True, False, 5, id="stage-back"),
        pytest.param("m@deprecated", "m", "", "", False, True, None, id="deprecated"),
        pytest.param("a/b=m#x", "a/b=m", "", "x", False, False, None, id="folder"),
        pytest.param("t/m@v1.0.0-rc.1+b", "t/m", "v1.0.0-rc.1+b", "", False, False, None, id="rc"),
    ],
)
def test_a_tag_is_taken_apart(
    name: str,
    model: str,
    version: str,
    alias: str,
    takes_back: bool,
    is_deprecation: bool,
    counter: int | None,
) -> None:
    (tag,) = tags_of((name, A))

    event = read_tag(tag)

    assert event is not None
    assert (event.name, event.version, event.alias) == (model, version, alias)
    assert (event.takes_back, event.is_deprecation) == (takes_back, is_deprecation)
    assert event.counter == counter


@pytest.mark.parametrize(
    "name",
    ["v1.0.0", "m@v1", "m@v01.0.0", "m@1.0.0", "m@", "m#", "#x", "m@v1.0.0!!", "m@deprecated!",
     "m@v1.0.0\n", "m@v1.0.٣", "-m@v1.0.0", "m#x#y", "m##1", "m@created"],
)  # fmt: skip
def test_any_other_tag_is_none(name: str) -> None:
    (tag,) = tags_of((name, A))

    assert read_tag(tag) is None


def test_versions_follow_semver() -> None:
    # The example of semver.org, item 11.
    order = ["v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-alpha.beta", "v1.0.0-beta", "v1.0.0-beta.2",
             "v1.0.0-beta.11", "v1.0.0-rc.1", "v1.0.0"]  # fmt: skip

    shuffled = random.Random(1).sample(order, len(order))

    assert sorted(shuffled, key=version_order) == order


def test_tags_of_one_second_are_ordered_by_their_counters() -> None:
    tags = tags_of(("m@v1.0.0", A), ("m@v1.1.0", B), at="2026-01-01T00:00:00Z")
    tags += tags_of(
        ("m#production!#3", B), ("m#production#1", A), ("m#production#2", B), at="2026-01-01"
    )

    state = state_of(tags, "m")

    assert state.holder("production") == A
    assert [event.number for event in state.assigned] == [1, 2]


def test_what_the_message_says_decides_between_two_versions_at_one_commit() -> None:
    tags = tags_of(("m@v1.0.0", A), ("m@v1.1.0", A), ("m#production#1", A))

    guessed = state_of(tags, "m")
    told = state_of(tags, "m", said={"m#production#1": "v1.0.0"})

    assert [v.stages for v in guessed.versions] == [(), ("production",)]
    assert [v.stages for v in told.versions] == [("production",), ()]


def test_a_message_cannot_name_a_version_of_another_commit() -> None:
    tags = tags_of(("m@v1.0.0", A), ("m@v1.1.0", B), ("m#production#1", A))

    state = state_of(tags, "m", said={"m#production#1": "v1.1.0"})

    assert state.assigned[0].version == "v1.0.0"


def test_a_commit_without_a_version_can_hold_a_stage() -> None:
    state = state_of(tags_of(("m#production#1", A)), "m")

    assert (state.holder("production"), state.assigned[0].version) == (A, "")


COMMITS = [letter * 40 for letter in "abc"]
TAGS = st.lists(
    st.tuples(
        st.sampled_from(
            ["m@v1.0.0", "m@v1.0.1", "m@v1.0.0!", "m#p#1", "m#p#2", "m#p!#3", "m#s#4", "m#p#5",
             "m@deprecated", "n@v1.0.0", "f=m@v2.0.0", "junk", "m@v1.0.2"]
        ),
        st.sampled_from(COMMITS),
    ),
    max_size=12,
    unique_by=lambda pair: pair[0],
)  # fmt: skip


@CALM
@given(TAGS)
def test_a_stage_has_one_holder_that_was_given_it(named: list[tuple[str, str]]) -> None:
    state = state_of(tags_of(*named), "m")

    for stage in ("p", "s"):
        holding = [v for v in state.versions if stage in v.stages]
        holder = state.holder(stage)
        assert len(holding) <= 1
        assert all(not v.is_retired and v.commit == holder for v in holding)
        if holder is not None:
            assert any(e.stage == stage and e.commit == holder for e in state.assigned)
    assert all(v.is_retired for v in state.versions) or not state.is_retired


@CALM
@given(TAGS)
def test_tags_of_others_change_nothing(named: list[tuple[str, str]]) -> None:
    ours = [pair for pair in named if not pair[0].startswith(("n@", "junk"))]

    assert state_of(tags_of(*named), "m") == state_of(tags_of(*ours), "m")


@CALM
@given(TAGS, st.sampled_from(COMMITS))
def test_a_new_event_gives_the_stage_and_keeps_the_history(
    named: list[tuple[str, str]], commit: str
) -> None:
    before = state_of(tags_of(*named), "m")

    after = state_of(tags_of(*named, ("m#p#99", commit)), "m")

    assert after.assigned[:-1] == before.assigned
    at = after.at(commit)
    assert after.holder("p") == commit or (at is not None and at.is_retired)
