from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.errors import PullRequestError, UnknownNameError
from branchline.flows.pulls import Pulls
from branchline.ports.branches import MergeMethod, Signature
from branchline.ports.forge import Check, CheckState, NewPull, PullState
from branchline.testing.branches import ADA, FakeBranches
from branchline.testing.forge import FakeForge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.ports.forge import Pull

BOB = "Bob <bob@example.org>"


class Killed(BaseException):
    """What a kill -9 is to a test: nothing after it happens."""


class Events:
    """An intake that counts."""

    def __init__(self) -> None:
        self.events: dict[str, tuple[str, str, str, str]] = {}
        self.openings: dict[str, tuple[str, str, str]] = {}
        self.calls = 0

    def pushed(
        self, branch: str, *, old: str, new: str, by: str, event: str, held: str = ""
    ) -> None:
        self.calls += 1
        self.events.setdefault(event, (branch, old, new, held))

    def opened(self, pull: Pull, *, by: str, event: str) -> None:
        self.openings.setdefault(event, (pull.asked.head, pull.commit, by))


class Box:
    """A repository with `main` and `work`, and an open pull request #1."""

    def __init__(self) -> None:
        self.forge, self.branches, self.events = FakeForge(), FakeBranches(), Events()
        self.time = 1000.0
        self.pulls = Pulls(self.forge, self.branches, self.events, self.clock)
        self.start = self.branches.root({"a.txt": b"one\n", "b.txt": b"one\n"})
        self.branches.move("main", self.start, expected=None)
        self.write("work", {"a.txt": b"two\n"}, new=True)
        self.pulls.create(NewPull(title="Deeper trees", head="work", base="main", author=BOB))

    def clock(self) -> float:
        self.time += 1
        return self.time

    def write(self, branch: str, files: Mapping[str, bytes | None], *, new: bool = False) -> str:
        before = None if new else self.branches.head(branch)
        parent = before or self.start
        commit = self.branches.commit_files(parent, files, message="Change", by=ADA)
        assert self.branches.move(branch, commit, expected=before)
        return commit

    def check(self, state: CheckState = CheckState.PASSED, branch: str = "work") -> None:
        commit = self.branches.head(branch) or ""
        self.forge.set_check(
            commit, Check(name="verdict", state=state, summary="said"), at=self.time
        )


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        pytest.param(None, "Wait for the checks", id="no-check-yet"),
        pytest.param(CheckState.PENDING, "Wait for the checks", id="it-runs"),
        pytest.param(CheckState.FAILED, "Push a commit to `work` that passes", id="it-failed"),
    ],
)
def test_a_refused_merge_says_what_would_help(
    box: Box, state: CheckState | None, remedy: str
) -> None:
    if state:
        box.check(state)

    with pytest.raises(PullRequestError) as caught:
        box.pulls.merge(1, method=MergeMethod.MERGE, by=ADA)

    assert (caught.value.todo or "").startswith(remedy)


def test_what_waits_for_an_approval_says_so_once(box: Box) -> None:
    box.write("asks", {"a.txt": b"three\n"}, new=True)
    asked = NewPull(title="T", head="asks", base="main", author=BOB, needs_approval=True)
    pull, _ = box.pulls.create(asked)
    box.check(CheckState.PENDING, "asks")

    waiting = box.pulls.standing(box.pulls.get(pull.number))
    box.pulls.approve(pull.number, by=BOB)
    approved = box.pulls.standing(box.pulls.get(pull.number))

    assert waiting.objections == ("nobody approved it",)
    assert approved.objections == ("check verdict has not ended: said",)


def test_the_intake_hears_once_of_what_was_opened(box: Box) -> None:
    head = box.branches.head("work")

    box.pulls.create(NewPull(title="Deeper still", head="work", base="main", author=BOB))

    assert box.events.openings == {"opened:1": ("work", head, BOB)}


@pytest.mark.parametrize(
    ("title", "said"),
    [
        pytest.param("x" * 251, "has 251 characters, at most 250", id="endless"),
        pytest.param("two\nlines", "has 2 lines", id="two-lines"),
        pytest.param("red \x1b[31m", r"holds `\\x1b`, a character", id="escape"),
    ],
)
def test_a_title_that_no_list_could_show_is_refused(box: Box, title: str, said: str) -> None:
    with pytest.raises(PullRequestError, match=said):
        box.pulls.create(NewPull(title=title, head="work", base="main", author=BOB))


@pytest.mark.parametrize(
    ("head", "base", "todo"),
    [
        pytest.param("main", "main", "git switch -c work-2 && git push gpu work-2", id="itself"),
        pytest.param("work", "nosuch", "Name another --base. There is: `main`, `work`.", id="base"),
        pytest.param("nosuch", "main", "Push it: git push gpu nosuch", id="head"),
        pytest.param("work", "mian", "Did you mean `main`?", id="a-slip"),
    ],
)
def test_what_works_instead_is_said(box: Box, head: str, base: str, todo: str) -> None:
    pulls = Pulls(box.forge, box.branches, box.events, box.clock, remote="gpu")

    with pytest.raises(PullRequestError) as caught:
        pulls.create(NewPull(title="T", head=head, base=base, author=BOB))

    assert (caught.value.todo or "").endswith(todo)


def test_what_has_no_branch_any_more_is_not_approved(box: Box) -> None:
    head = box.branches.head("work") or ""
    box.branches.delete("work", expected=head)

    with pytest.raises(PullRequestError, match="does not exist any more") as caught:
        box.pulls.approve(1, by=BOB)

    assert f"git push box {head[:10]}:refs/heads/work; or" in (caught.value.todo or "")
    assert not box.pulls.get(1).approved_by
    box.branches.move("work", head, expected=None)
    assert box.pulls.approve(1, by=BOB).approved_by == BOB


@pytest.mark.parametrize("method", list(MergeMethod))
def test_a_merge_moves_the_base_and_starts_one_job(box: Box, method: MergeMethod) -> None:
    box.check()

    merged = box.pulls.merge(1, method=method, by=ADA)

    assert box.branches.head("main") == merged.commit == merged.pull.merged_as
    assert merged.pull.state is PullState.MERGED
    assert box.branches.commits[merged.commit].files["a.txt"] == b"two\n"
    assert box.events.events == {f"merge:{merged.commit}": ("main", box.start, merged.commit, "")}


@pytest.mark.parametrize("method", list(MergeMethod))
@pytest.mark.parametrize("step", ["comment", "move", "pushed", "ended"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_between_two_steps_it_goes_on(
    box: Box, method: MergeMethod, step: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.check()
    owner: object = {"move": box.branches, "pushed": box.events}.get(step, box.forge)
    whole = getattr(owner, step)

    def dies(*args: object, **named: object) -> object:
        if when == "after":
            whole(*args, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, dies)
        with pytest.raises(Killed):
            box.pulls.merge(1, method=method, by=ADA)
    merged = box.pulls.merge(1, method=method, by=ADA)
    again = box.pulls.merge(1, method=method, by=ADA)

    assert box.branches.head("main") == merged.commit == again.commit
    assert not again.is_new
    assert list(box.events.events) == [f"merge:{merged.commit}"]
    assert again.pull.state is PullState.MERGED
    history = box.branches._history(merged.commit)
    assert len(history) == {"merge": 3, "squash": 2, "fast_forward": 2}[method.value]


def test_a_killed_merge_is_found_after_the_base_went_on(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.check()
    with monkeypatch.context() as patch:
        patch.setattr(box.events, "pushed", lambda *a, **k: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            box.pulls.merge(1, method=MergeMethod.SQUASH, by=ADA)
    middle = box.branches.head("main")
    box.write("main", {"c.txt": b"c\n"})

    merged = box.pulls.merge(1, method=MergeMethod.SQUASH, by=ADA)

    assert merged.commit == middle
    assert merged.pull.merged_as == middle


def test_a_base_that_moves_meanwhile_is_merged_into_again(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.check()
    whole = box.branches.move
    moved: list[int] = []

    def move(branch: str, commit: str, *, expected: str | None) -> bool:
        if branch == "main" and not moved:
            moved.append(1)
            made = box.branches.commit_files(box.start, {"b.txt": b"two\n"}, message="B", by=ADA)
            whole("main", made, expected=box.start)
        return whole(branch, commit, expected=expected)

    monkeypatch.setattr(box.branches, "move", move)

    merged = box.pulls.merge(1, method=MergeMethod.MERGE, by=ADA)

    assert box.branches.commits[merged.commit].files == {"a.txt": b"two\n", "b.txt": b"two\n"}
    assert len(box.events.events) == 1


@pytest.mark.parametrize(
    ("state", "said"),
    [
        pytest.param(CheckState.FAILED, "failed", id="a-failed-check"),
        pytest.param(CheckState.PENDING, "not ended", id="a-check-that-runs"),
        pytest.param(CheckState.UNKNOWN, "could not tell", id="an-unknown-is-no-pass"),
        pytest.param(None, "no check", id="no-check-at-all"),
    ],
)
def test_without_a_passed_check_it_is_refused(
    box: Box, state: CheckState | None, said: str
) -> None:
    if state:
        box.check(state)

    with pytest.raises(PullRequestError, match=said):
        box.pulls.merge(1, method=MergeMethod.MERGE, by=ADA)

    assert box.branches.head("main") == box.start
    assert box.forge.comments(1) == []
    merged = box.pulls.merge(1, method=MergeMethod.MERGE, by=ADA, override="hot @fix")
    (note,) = box.forge.comments(1)
    assert merged.is_new
    assert "Reason: hot @\u200bfix" in note.body
    assert note.author == "Ada <ada@example.org>"


def test_a_check_of_an_older_head_does_not_count(box: Box) -> None:
    box.check()
    box.write("work", {"a.txt": b"three\n"})

    with pytest.raises(PullRequestError, match="no check"):
        box.pulls.merge(1, method=MergeMethod.MERGE, by=ADA)


def test_conflicts_are_named_and_cannot_be_overridden(box: Box) -> None:
    box.check()
    box.write("main", {"a.txt": b"other\n"})

    with pytest.raises(PullRequestError, match=r"conflicts in `a\.txt`") as caught:
        box.pulls.merge(1, method=MergeMethod.SQUASH, by=ADA, override="now")

    assert "resolve" in caught.value.todo
    assert box.pulls.standing(box.pulls.get(1)).conflicts == ("a.txt",)


def test_a_fast_forward_needs_a_base_that_stayed(box: Box) -> None:
    box.check()
    box.write("main", {"b.txt": b"two\n"})

    with pytest.raises(PullRequestError, match="commits that it lacks") as caught:
        box.pulls.merge(1, method=MergeMethod.FAST_FORWARD, by=ADA)

    assert "--method" in caught.value.todo


def test_the_head_that_was_looked_at_is_what_is_merged(box: Box) -> None:
    box.check()
    seen = box.branches.head("work") or ""
    box.write("work", {"a.txt": b"evil\n"})
    box.check()

    with pytest.raises(PullRequestError, match="any more"):
        box.pulls.merge(1, method=MergeMethod.MERGE, by=ADA, commit=seen)
    with pytest.raises(PullRequestError, match="any more"):
        box.pulls.approve(1, by=BOB, commit=seen)


def test_a_moved_head_loses_its_approval(box: Box) -> None:
    assert box.pulls.approve(1, by=BOB).approved_by == BOB

    box.write("work", {"a.txt": b"three\n"})

    assert box.pulls.get(1).approved_by == ""
    assert box.pulls.listed()[0].commit == box.branches.head("work")


def test_an_approval_starts_what_waited_for_it(box: Box) -> None:
    box.pulls.create(NewPull(title="T", head="work", base="main", author=BOB, needs_approval=True))
    box.check()
    with pytest.raises(PullRequestError, match="nobody approved"):
        box.pulls.merge(1, method=MergeMethod.MERGE, by=ADA)

    box.pulls.approve(1, by=BOB)
    box.pulls.approve(1, by=BOB)

    head = box.branches.head("work") or ""
    assert box.events.events == {f"approve:1:{head}": ("work", "", head, "")}
    assert box.pulls.merge(1, method=MergeMethod.MERGE, by=ADA).is_new


def test_what_is_closed_stays_closed(box: Box) -> None:
    box.check()

    assert box.pulls.close(1).state is PullState.CLOSED
    assert box.pulls.close(1).state is PullState.CLOSED
    with pytest.raises(PullRequestError, match="closed"):
        box.pulls.merge(1, method=MergeMethod.MERGE, by=ADA)
    with pytest.raises(PullRequestError, match="closed"):
        box.pulls.approve(1, by=BOB)
    assert box.pulls.listed() == []


def test_a_draft_is_not_merged(box: Box) -> None:
    box.check()
    box.pulls.create(NewPull(title="T", head="work", base="main", author=BOB, is_draft=True))

    with pytest.raises(PullRequestError, match="draft"):
        box.pulls.merge(1, method=MergeMethod.MERGE, by=ADA, override="now")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param(NewPull(title=" ", head="work", base="main"), "title", id="no-title"),
        pytest.param(NewPull(title="T", head="main", base="main"), "itself", id="into-itself"),
        pytest.param(NewPull(title="T", head="wrok", base="main"), "no branch", id="no-branch"),
        pytest.param(NewPull(title="T", head="old", base="main"), "already", id="nothing-new"),
    ],
)
def test_what_cannot_be_opened_says_why(box: Box, asked: NewPull, said: str) -> None:
    box.branches.move("old", box.start, expected=None)

    with pytest.raises(PullRequestError, match=said) as caught:
        box.pulls.create(asked)

    assert caught.value.todo


def test_an_unknown_number_names_the_newest(box: Box) -> None:
    with pytest.raises(UnknownNameError) as caught:
        box.pulls.get(7)

    assert caught.value.todo == "The newest is #1."


def test_the_merge_commit_says_who_and_when(box: Box) -> None:
    box.check()

    merged = box.pulls.merge(
        1, method=MergeMethod.MERGE, by=Signature(name="Eve", email="eve@example.org", at=0.0)
    )

    message = box.branches.commits[merged.commit].message
    assert message == "Merge pull request #1 from work\n\nDeeper trees"
