"""Port `forge`: what every implementation must do.

To check an implementation, inherit `ForgeContract` in a test module and give it a fixture `forge`
that returns an empty one. A forge that sees branches, merges and times by itself inherits
`HostedForgeContract` and says with a fixture `place` how its commits and branches come to be.
"""

# ruff: noqa: S101, D102 - a contract suite is made of assertions, and its names say what they show

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from branchline.errors import UnknownNameError
from branchline.ports.forge import Check, CheckState, Comment, Forge, NewPull, Pull, PullState

if TYPE_CHECKING:
    from collections.abc import Sequence

AT = 1_800_000_000.0
COMMIT = "c" * 40
OTHER = "d" * 40
ASKED = NewPull(
    title="Train: größer\t'; DROP TABLE pulls; --",
    head="training/c0ffee",
    base="main",
    body="| old | new |\n\0\udcff",
    author="Ada",
    labels=("branchline", "train"),
    needs_approval=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a forge stands on; this one is told of commits and takes any.

    Attributes:
        commit, other: Two commits that no base has.
        asked: A pull request that the forge can hold as it is.
        keeps_time: Whether times are those that it is told.
    """

    commit: str = COMMIT
    other: str = OTHER
    asked: NewPull = ASKED
    keeps_time: bool = True

    def stand(self, branch: str, commit: str) -> None:
        """Let a branch stand on a commit."""

    def base(self, branch: str) -> None:
        """Let a branch stand where `main` does."""

    def timeless(self, pull: Pull | None) -> Pull | None:
        """A pull request, without times where they are the forge's own."""
        if pull is None or self.keeps_time:
            return pull
        return replace(pull, opened_at=AT, updated_at=AT, ended_at=pull.ended_at and AT)


def numbers(pulls: Sequence[Pull]) -> list[int]:
    """The numbers of pull requests, in their order."""
    return [pull.number for pull in pulls]


class PlaceContract:
    """The default place."""

    @pytest.fixture
    def place(self) -> Place:
        return Place()


class PullContract(PlaceContract):
    """Pull requests, from opened to closed."""

    def test_an_empty_forge_answers_nothing(self, forge: Forge, place: Place) -> None:
        assert forge.pull(1) is None
        assert forge.pull(10**30) is None
        assert list(forge.pulls()) == []
        assert list(forge.head_moved("x", place.commit, at=AT)) == []
        assert list(forge.checks(place.commit)) == []
        assert list(forge.comments(1)) == []
        assert forge.approve(1, by="Ada", commit=place.commit, at=AT) is False
        assert forge.ended(1, PullState.CLOSED, at=AT) is False

    def test_a_pull_request_is_opened_once(self, forge: Forge, place: Place) -> None:
        place.stand(place.asked.head, place.commit)
        first, is_new = forge.ensure_pull(place.asked, commit=place.commit, at=AT)
        again, is_new_again = forge.ensure_pull(place.asked, commit=place.commit, at=AT)

        assert (is_new, is_new_again) == (True, False)
        assert place.timeless(first) == Pull(
            number=1,
            asked=place.asked,
            state=PullState.OPEN,
            commit=place.commit,
            opened_at=AT,
            updated_at=AT,
        )
        assert place.timeless(again) == place.timeless(first) == place.timeless(forge.pull(1))

    def test_an_open_one_is_brought_up_to_date(self, forge: Forge, place: Place) -> None:
        asked = place.asked
        place.stand(asked.head, place.commit)
        forge.ensure_pull(asked, commit=place.commit, at=AT)
        forge.approve(1, by="Bo", commit=place.commit, at=AT)
        new = replace(asked, title="new", body="b", author="Bo", labels=())

        same_head, _ = forge.ensure_pull(new, commit=place.commit, at=AT + 1)
        place.stand(asked.head, place.other)
        moved, _ = forge.ensure_pull(new, commit=place.other, at=AT + 2)

        assert same_head.asked == replace(new, author=asked.author)
        assert (same_head.approved_by, moved.approved_by) == ("Bo", "")
        assert (same_head.commit, moved.commit) == (place.commit, place.other)
        assert place.timeless(forge.pull(1)) == place.timeless(moved)

    def test_other_heads_and_bases_and_ended_ones_are_others(
        self, forge: Forge, place: Place
    ) -> None:
        asked, commit = place.asked, place.commit
        place.stand(asked.head, commit)
        place.stand("x", commit)
        place.base("y")
        forge.ensure_pull(asked, commit=commit, at=AT)
        forge.ensure_pull(replace(asked, head="x"), commit=commit, at=AT)
        forge.ensure_pull(replace(asked, base="y"), commit=commit, at=AT)
        forge.ended(1, PullState.CLOSED, at=AT)

        again, is_new = forge.ensure_pull(asked, commit=commit, at=AT)

        assert (again.number, is_new) == (4, True)
        assert numbers(forge.pulls()) == [4, 3, 2, 1]
        assert numbers(forge.pulls(state=PullState.OPEN)) == [4, 3, 2]
        assert numbers(forge.pulls(head=asked.head)) == [4, 3, 1]
        assert numbers(forge.pulls(state=PullState.CLOSED, head="x")) == []

    def test_a_head_that_moved_voids_the_approval_of_open_ones(
        self, forge: Forge, place: Place
    ) -> None:
        asked, commit = place.asked, place.commit
        for branch in (asked.head, "x"):
            place.stand(branch, commit)
        for base in ("main", "dev", "old"):
            place.base(base)
            forge.ensure_pull(replace(asked, base=base), commit=commit, at=AT)
        forge.ensure_pull(replace(asked, head="x"), commit=commit, at=AT)
        for number in (1, 2, 3, 4):
            assert forge.approve(number, by="Bo", commit=commit, at=AT)
        forge.ended(3, PullState.CLOSED, at=AT)

        same = forge.head_moved(asked.head, commit, at=AT + 1)
        place.stand(asked.head, place.other)
        moved = forge.head_moved(asked.head, place.other, at=AT + 2)

        assert [(p.number, p.approved_by) for p in same] == [(2, "Bo"), (1, "Bo")]
        assert [(p.number, p.approved_by, p.commit) for p in moved] == [
            (2, "", place.other),
            (1, "", place.other),
        ]
        if place.keeps_time:
            assert {p.updated_at for p in same} == {AT}
            assert {p.updated_at for p in moved} == {AT + 2}
        closed, other = forge.pull(3), forge.pull(4)
        assert closed is not None
        assert other is not None
        assert (closed.commit, closed.approved_by) == (commit, "Bo")
        assert (other.commit, other.approved_by) == (commit, "Bo")

    def test_only_the_head_that_was_seen_is_approved(self, forge: Forge, place: Place) -> None:
        place.stand(place.asked.head, place.other)
        forge.ensure_pull(place.asked, commit=place.other, at=AT)

        assert forge.approve(1, by="Bo", commit=place.commit, at=AT) is False
        assert forge.approve(1, by="Bo", commit=place.other, at=AT + 1) is True

        pull = forge.pull(1)
        assert pull is not None
        assert pull.approved_by == "Bo"
        assert pull.updated_at == AT + 1 or not place.keeps_time

    def test_a_pull_request_is_closed_once(self, forge: Forge, place: Place) -> None:
        place.stand(place.asked.head, place.commit)
        forge.ensure_pull(place.asked, commit=place.commit, at=AT)

        assert forge.ended(1, PullState.CLOSED, at=AT + 1) is True
        assert forge.ended(1, PullState.CLOSED, at=AT + 2) is False
        assert forge.approve(1, by="Bo", commit=place.commit, at=AT + 2) is False

        pull = forge.pull(1)
        assert pull is not None
        assert (pull.state, pull.merged_as) == (PullState.CLOSED, "")
        assert pull.ended_at is not None


class ToldContract:
    """What only a forge does that is told of everything: times, drafts, merges."""

    def test_times_are_those_that_it_is_told(self, forge: Forge) -> None:
        first, _ = forge.ensure_pull(ASKED, commit=COMMIT, at=AT)
        again, _ = forge.ensure_pull(ASKED, commit=COMMIT, at=AT + 5)

        assert again == forge.pull(1) == replace(first, updated_at=AT + 5)

    def test_one_becomes_a_draft(self, forge: Forge) -> None:
        forge.ensure_pull(ASKED, commit=COMMIT, at=AT)

        drafted, _ = forge.ensure_pull(replace(ASKED, is_draft=True), commit=COMMIT, at=AT)

        assert drafted.asked.is_draft

    def test_a_pull_request_ends_once(self, forge: Forge) -> None:
        forge.ensure_pull(ASKED, commit=COMMIT, at=AT)

        assert forge.ended(1, PullState.MERGED, merged_as=OTHER, at=AT + 1) is True
        assert forge.ended(1, PullState.CLOSED, at=AT + 2) is False
        assert forge.approve(1, by="Bo", commit=COMMIT, at=AT + 2) is False

        pull = forge.pull(1)
        assert pull is not None
        assert (pull.state, pull.merged_as, pull.ended_at) == (PullState.MERGED, OTHER, AT + 1)


class CheckContract(PlaceContract):
    """What checks say of a commit."""

    def test_the_newest_of_a_name_counts(self, forge: Forge, place: Place) -> None:
        first = Check(name="b", state=CheckState.PENDING, job=1)
        last = Check(name="b", state=CheckState.PASSED, summary="auc 0.9", job=2)
        forge.set_check(place.commit, first, at=AT)
        forge.set_check(place.commit, last, at=AT + 2)
        forge.set_check(place.commit, first, at=AT + 1)
        forge.set_check(place.commit, Check(name="a", state=CheckState.SKIPPED), at=AT)
        forge.set_check(place.commit, Check(name="B", state=CheckState.UNKNOWN), at=AT)
        forge.set_check(place.other, first, at=AT)

        assert [check.name for check in forge.checks(place.commit)] == ["B", "a", "b"]
        assert forge.checks(place.commit)[2] == last
        assert list(forge.checks(place.other)) == [first]

    def test_said_later_in_the_same_instant_counts(self, forge: Forge, place: Place) -> None:
        forge.set_check(place.commit, Check(name="b", state=CheckState.PENDING), at=AT)
        forge.set_check(place.commit, Check(name="b", state=CheckState.FAILED), at=AT)

        assert [check.state for check in forge.checks(place.commit)] == [CheckState.FAILED]


class CommentContract(PlaceContract):
    """What is said about a pull request."""

    def test_a_sticky_comment_is_replaced_in_its_place(self, forge: Forge, place: Place) -> None:
        for branch in (place.asked.head, "x"):
            place.stand(branch, place.commit)
            asked = replace(place.asked, head=branch)
            forge.ensure_pull(asked, commit=place.commit, at=AT)
        report = Comment(body="one", author="branchline", marker="report", at=AT)
        forge.comment(1, report)
        forge.comment(1, Comment(body="fine", author="Ada", at=AT + 1))
        forge.comment(1, Comment(body="fine", author="Ada", at=AT + 2))
        forge.comment(2, report)
        forge.comment(1, replace(report, body="two", at=AT + 3))

        assert [(c.body, c.at) for c in forge.comments(1)] == [
            ("two", AT + 3),
            ("fine", AT + 1),
            ("fine", AT + 2),
        ]
        assert list(forge.comments(2)) == [report]

    def test_a_comment_needs_its_pull_request(self, forge: Forge) -> None:
        with pytest.raises(UnknownNameError, match="#7"):
            forge.comment(7, Comment(body="a", author="Ada", at=AT))


class HostedForgeContract(PullContract, CheckContract, CommentContract):
    """All that a forge does which sees branches, merges and times by itself."""


class ForgeContract(HostedForgeContract, ToldContract):
    """All of it."""
