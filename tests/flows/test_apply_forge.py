from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.core.effects.values import OpenPullRequest, SetCheck, StickyComment
from branchline.flows.apply_forge import Opener, apply_check, apply_comment
from branchline.ports.forge import CheckState, PullState
from branchline.testing.branches import ADA, FakeBranches
from branchline.testing.forge import FakeForge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.ports.forge import Pull

BASE_TEXT = "depth: 4\n"


class Killed(BaseException):
    """What a kill -9 is to a test."""


class Box:
    def __init__(self) -> None:
        self.forge, self.branches = FakeForge(), FakeBranches()
        self.events: dict[str, tuple[str, str, str, str]] = {}
        self.base = self.branches.root({"params.yaml": BASE_TEXT.encode(), "x": b"x"})
        self.branches.move("main", self.base, expected=None)
        self.time = 100.0
        self.opener = Opener(self.forge, self.branches, self, self.clock)

    def clock(self) -> float:
        self.time += 1
        return self.time

    def pushed(
        self, branch: str, *, old: str, new: str, by: str, event: str, held: str = ""
    ) -> None:
        self.events.setdefault(event, (branch, old, new, held))

    def opened(self, pull: Pull, *, by: str, event: str) -> None:
        raise AssertionError(f"{event}: our own pull requests are pushed")


def effect(
    files: Mapping[str, str], *, mode: str = "approve", title: str = "Train"
) -> OpenPullRequest:
    return OpenPullRequest(
        branch="training/abc1234",
        into="main",
        base_commit=BOX_BASE,
        files=files,
        title=title,
        body="old -> new",
        message="Use the best parameters",
        mode=mode,
    )


BOX_BASE = Box().base


@pytest.fixture
def box() -> Box:
    return Box()


def test_it_opens_one_pull_request_with_one_commit(box: Box) -> None:
    opened = box.opener.apply(effect({"params.yaml": "depth: 8\n"}))

    (pull,) = box.forge.pulls()
    head = box.branches.head("training/abc1234") or ""
    assert opened.pull == pull
    assert opened.said == "opened pull request #1 from `training/abc1234`"
    assert pull.commit == head
    assert pull.asked.needs_approval
    assert box.branches.commits[head].parents == (box.base,)
    assert list(box.events.values()) == [
        ("training/abc1234", "", head, "pull request #1 waits for an approval")
    ]


def test_the_same_again_changes_nothing(box: Box) -> None:
    first = box.opener.apply(effect({"params.yaml": "depth: 8\n"}))
    head = box.branches.head("training/abc1234")

    again = box.opener.apply(effect({"params.yaml": "depth: 8\n"}))

    assert again.said.startswith("stands as pull request #1")
    assert again.pull is not None
    assert first.pull is not None
    assert (again.pull.number, again.did_change) == (1, False)
    assert box.branches.head("training/abc1234") == head
    assert len(box.events) == 1


def test_new_values_update_the_same_branch_and_pull_request(box: Box) -> None:
    box.opener.apply(effect({"params.yaml": "depth: 8\n"}))
    first = box.branches.head("training/abc1234") or ""
    box.forge.approve(1, by="Bob", commit=first, at=1.0)

    updated = box.opener.apply(effect({"params.yaml": "depth: 9\n"}, title="Deeper"))

    (pull,) = box.forge.pulls()
    head = box.branches.head("training/abc1234") or ""
    assert updated.said == "updated pull request #1 from `training/abc1234`"
    assert (pull.commit, pull.approved_by, pull.asked.title) == (head, "", "Deeper")
    assert head != first
    assert box.branches.commits[head].parents == (box.base,)


def test_values_that_hold_already_open_nothing(box: Box) -> None:
    opened = box.opener.apply(effect({"params.yaml": BASE_TEXT}))

    assert opened.said.startswith("unchanged")
    assert opened.pull is None
    assert box.forge.pulls() == []
    assert "training/abc1234" not in box.branches.heads()


def test_a_branch_that_a_person_moved_is_left_alone(box: Box) -> None:
    box.opener.apply(effect({"params.yaml": "depth: 8\n"}))
    before = box.branches.head("training/abc1234") or ""
    theirs = box.branches.commit_files(before, {"x": b"y"}, message="Mine", by=ADA)
    box.branches.move("training/abc1234", theirs, expected=before)
    box.forge.head_moved("training/abc1234", theirs, at=1.0)

    opened = box.opener.apply(effect({"params.yaml": "depth: 9\n"}))

    assert "somebody else" in opened.said
    assert box.branches.head("training/abc1234") == theirs
    assert box.forge.pulls()[0].commit == theirs


def test_a_branch_of_that_name_that_we_never_wrote_is_left_alone(box: Box) -> None:
    theirs = box.branches.commit_files(box.base, {"x": b"y"}, message="Mine", by=ADA)
    box.branches.move("training/abc1234", theirs, expected=None)

    opened = box.opener.apply(effect({"params.yaml": "depth: 9\n"}))

    assert "somebody else" in opened.said
    assert box.forge.pulls() == []


@pytest.mark.parametrize("state", [PullState.MERGED, PullState.CLOSED])
@pytest.mark.parametrize("keep", [True, False], ids=["branch-kept", "branch-deleted"])
def test_what_was_decided_is_not_asked_again(box: Box, state: PullState, keep: bool) -> None:
    box.opener.apply(effect({"params.yaml": "depth: 8\n"}))
    box.forge.ended(1, state, at=1.0)
    head = box.branches.head("training/abc1234") or ""
    if not keep:
        box.branches.delete("training/abc1234", expected=head)

    same = box.opener.apply(effect({"params.yaml": "depth: 8\n"}))

    assert same.said.startswith("unchanged: #1")
    assert len(box.forge.pulls()) == 1


@pytest.mark.parametrize("first", ["", "depth: 8\n"], ids=["new", "update"])
@pytest.mark.parametrize("step", ["ensure_pull", "comment", "move", "pushed"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_between_two_steps_it_goes_on(
    box: Box, first: str, step: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if first:
        box.opener.apply(effect({"params.yaml": first}))
    owner: object = {"move": box.branches, "pushed": box}.get(step, box.forge)
    whole = getattr(owner, step)

    def dies(*args: object, **named: object) -> object:
        if when == "after":
            whole(*args, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, dies)
        with pytest.raises(Killed):
            box.opener.apply(effect({"params.yaml": "depth: 9\n"}))
    opened = box.opener.apply(effect({"params.yaml": "depth: 9\n"}))

    (pull,) = box.forge.pulls()
    head = box.branches.head("training/abc1234") or ""
    assert opened.pull == pull
    assert pull.commit == head
    assert box.branches.commits[head].files["params.yaml"] == b"depth: 9\n"
    assert [e for e in box.events if e.endswith(head)] == [f"pull:1:{head}"]


def test_dispatch_starts_at_once(box: Box) -> None:
    box.opener.apply(effect({"params.yaml": "depth: 8\n"}, mode="dispatch"))

    assert [held for *_, held in box.events.values()] == [""]
    assert not box.forge.pulls()[0].asked.needs_approval


def test_checks_and_the_report_are_set(box: Box) -> None:
    box.opener.apply(effect({"params.yaml": "depth: 8\n"}))
    check = SetCheck(commit="c", name="verdict", state="unknown", summary="cannot tell", job=3)
    for text in ("one", "two"):
        report = StickyComment(pull_request=1, marker="report", body=text, run="r")
        apply_comment(box.forge, report, at=2.0)
    apply_check(box.forge, check, at=2.0)

    assert box.forge.checks("c")[0].state is CheckState.UNKNOWN
    assert [c.body for c in box.forge.comments(1) if c.marker == "report"] == ["two"]


def test_a_check_that_waited_does_not_undo_what_its_job_said_at_the_end(box: Box) -> None:
    commit = "c" * 40
    asked = SetCheck(commit=commit, name="branchline", state="pending", summary="asked", job=3)
    ended = SetCheck(commit=commit, name="branchline", state="passed", summary="good", job=3)
    newer = SetCheck(commit=commit, name="branchline", state="pending", summary="asked", job=4)

    apply_check(box.forge, ended, at=1.0)
    apply_check(box.forge, asked, at=2.0)

    assert [check.state for check in box.forge.checks(commit)] == [CheckState.PASSED]
    apply_check(box.forge, newer, at=3.0)
    assert [check.state for check in box.forge.checks(commit)] == [CheckState.PENDING]
