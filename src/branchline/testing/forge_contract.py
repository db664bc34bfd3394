"""Port `forge`: what every implementation must do.

To check an implementation, inherit `ForgeContract` in a test module and give it a fixture `forge`
that returns an empty one.
"""

# ruff: noqa: S101, D102 - a contract suite is made of assertions, and its names say what they show

from __future__ import annotations

from dataclasses import replace
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


def numbers(pulls: Sequence[Pull]) -> list[int]:
    """The numbers of pull requests, in their order."""
    return [pull.number for pull in pulls]


class PullContract:
    """Pull requests, from opened to ended."""

    def test_an_empty_forge_answers_nothing(self, forge: Forge) -> None:
        assert forge.pull(1) is None
        assert forge.pull(10**30) is None
        assert list(forge.pulls()) == []
        assert list(forge.head_moved("x", COMMIT, at=AT)) == []
        assert list(forge.checks(COMMIT)) == []
        assert list(forge.comments(1)) == []
        assert forge.approve(1, by="Ada", commit=COMMIT, at=AT) is False
        assert forge.ended(1, PullState.CLOSED, at=AT) is False

    def test_a_pull_request_is_opened_once(self, forge: Forge) -> None:
        first, is_new = forge.ensure_pull(ASKED, commit=COMMIT, at=AT)
        again, is_new_again = forge.ensure_pull(ASKED, commit=COMMIT, at=AT + 5)

        assert (is_new, is_new_again) == (True, False)
        assert first == Pull(
            number=1,
            asked=ASKED,
            state=PullState.OPEN,
            commit=COMMIT,
            opened_at=AT,
            updated_at=AT,
        )
        assert again == forge.pull(1) == replace(first, updated_at=AT + 5)

    def test_an_open_one_is_brought_up_to_date(self, forge: Forge) -> None:
        forge.ensure_pull(ASKED, commit=COMMIT, at=AT)
        forge.approve(1, by="Bo", commit=COMMIT, at=AT)
        new = replace(ASKED, title="new", body="b", author="Bo", is_draft=True, labels=())

        same_head, _ = forge.ensure_pull(new, commit=COMMIT, at=AT + 1)
        moved, _ = forge.ensure_pull(new, commit=OTHER, at=AT + 2)

        assert same_head.asked == replace(new, author="Ada")
        assert (same_head.approved_by, moved.approved_by) == ("Bo", "")
        assert forge.pull(1) == moved

    def test_other_heads_and_bases_and_ended_ones_are_others(self, forge: Forge) -> None:
        forge.ensure_pull(ASKED, commit=COMMIT, at=AT)
        forge.ensure_pull(replace(ASKED, head="x"), commit=COMMIT, at=AT)
        forge.ensure_pull(replace(ASKED, base="y"), commit=COMMIT, at=AT)
        forge.ended(1, PullState.CLOSED, at=AT)

        again, is_new = forge.ensure_pull(ASKED, commit=COMMIT, at=AT)

        assert (again.number, is_new) == (4, True)
        assert numbers(forge.pulls()) == [4, 3, 2, 1]
        assert numbers(forge.pulls(state=PullState.OPEN)) == [4, 3, 2]
        assert numbers(forge.pulls(head=ASKED.head)) == [4, 3, 1]
        assert numbers(forge.pulls(state=PullState.CLOSED, head="x")) == []

    def test_a_head_that_moved_voids_the_approval_of_open_ones(self, forge: Forge) -> None:
        for base in ("main", "dev", "old"):
            forge.ensure_pull(replace(ASKED, base=base), commit=COMMIT, at=AT)
        forge.ensure_pull(replace(ASKED, head="x"), commit=COMMIT, at=AT)
        for number in (1, 2, 3, 4):
            assert forge.approve(number, by="Bo", commit=COMMIT, at=AT)
        forge.ended(3, PullState.CLOSED, at=AT)

        same = forge.head_moved(ASKED.head, COMMIT, at=AT + 1)
        moved = forge.head_moved(ASKED.head, OTHER, at=AT + 2)

        assert [(p.number, p.approved_by, p.updated_at) for p in same] == [
            (2, "Bo", AT),
            (1, "Bo", AT),
        ]
        assert [(p.number, p.approved_by, p.commit, p.updated_at) for p in moved] == [
            (2, "", OTHER, AT + 2),
            (1, "", OTHER, AT + 2),
        ]
        closed, other = forge.pull(3), forge.pull(4)
        assert closed is not None
        assert other is not None
        assert (closed.commit, closed.approved_by) == (COMMIT, "Bo")
        assert (other.commit, other.approved_by) == (COMMIT, "Bo")

    def test_only_the_head_that_was_seen_is_approved(self, forge: Forge) -> None:
        forge.ensure_pull(ASKED, commit=OTHER, at=AT)

        assert forge.approve(1, by="Bo", commit=COMMIT, at=AT) is False
        assert forge.approve(1, by="Bo", commit=OTHER, at=AT + 1) is True

        pull = forge.pull(1)
        assert pull is not None
        assert (pull.approved_by, pull.updated_at) == ("Bo", AT + 1)

    def test_a_pull_request_ends_once(self, forge: Forge) -> None:
        forge.ensure_pull(ASKED, commit=COMMIT, at=AT)

        assert forge.ended(1, PullState.MERGED, merged_as=OTHER, at=AT + 1) is True
        assert forge.ended(1, PullState.CLOSED, at=AT + 2) is False
        assert forge.approve(1, by="Bo", commit=COMMIT, at=AT + 2) is False

        pull = forge.pull(1)
        assert pull is not None
        assert (pull.state, pull.merged_as, pull.ended_at) == (PullState.MERGED, OTHER, AT + 1)


class CheckContract:
    """What checks say of a commit."""

    def test_the_newest_of_a_name_counts(self, forge: Forge) -> None:
        first = Check(name="b", state=CheckState.PENDING, job=1)
        last = Check(name="b", state=CheckState.PASSED, summary="auc 0.9", job=2)
        forge.set_check(COMMIT, first, at=AT)
        forge.set_check(COMMIT, last, at=AT + 2)
        forge.set_check(COMMIT, first, at=AT + 1)
        forge.set_check(COMMIT, Check(name="a", state=CheckState.SKIPPED), at=AT)
        forge.set_check(COMMIT, Check(name="B", state=CheckState.UNKNOWN), at=AT)
        forge.set_check(OTHER, first, at=AT)

        assert [check.name for check in forge.checks(COMMIT)] == ["B", "a", "b"]
        assert forge.checks(COMMIT)[2] == last
        assert list(forge.checks(OTHER)) == [first]

    def test_said_later_in_the_same_instant_counts(self, forge: Forge) -> None:
        forge.set_check(COMMIT, Check(name="b", state=CheckState.PENDING), at=AT)
        forge.set_check(COMMIT, Check(name="b", state=CheckState.FAILED), at=AT)

        assert [check.state for check in forge.checks(COMMIT)] == [CheckState.FAILED]


class CommentContract:
    """What is said about a pull request."""

    def test_a_sticky_comment_is_replaced_in_its_place(self, forge: Forge) -> None:
        forge.ensure_pull(ASKED, commit=COMMIT, at=AT)
        forge.ensure_pull(replace(ASKED, head="x"), commit=COMMIT, at=AT)
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


class ForgeContract(PullContract, CheckContract, CommentContract):
    """All of it."""
