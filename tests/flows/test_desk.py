from __future__ import annotations

import pytest

from branchline.core.effects.report_marker import REPORT
from branchline.core.policy import Gate
from branchline.errors import UnknownNameError
from branchline.flows.desk import Desk, report_of, summary_of
from branchline.flows.history import History
from branchline.flows.pulls import Pulls
from branchline.ports.branches import MergeMethod
from branchline.ports.forge import Check, CheckState, Comment, NewPull, Pull
from branchline.ports.repo import Head
from branchline.render.pull_view import ParameterChange
from branchline.testing.branches import ADA, FakeBranches
from branchline.testing.forge import FakeForge
from branchline.testing.queue import FakeQueue
from branchline.testing.records import FakeRecords
from branchline.testing.repo import FakeRepo


class Quiet:
    def pushed(
        self, branch: str, *, old: str, new: str, by: str, event: str, held: str = ""
    ) -> None:
        pass

    def opened(self, pull: Pull, *, by: str, event: str) -> None:
        pass


class Box:
    """`main` and `work`, which changes whatever a test wants."""

    def __init__(self, before: dict[str, bytes], after: dict[str, bytes | None]) -> None:
        self.branches, self.forge, self.time = FakeBranches(), FakeForge(), 10.0
        start = self.branches.root(before)
        self.branches.move("main", start, expected=None)
        head = self.branches.commit_files(start, after, message="Change", by=ADA)
        self.branches.move("work", head, expected=None)
        pulls = Pulls(self.forge, self.branches, Quiet(), self.now)
        self.desk = Desk(
            name="box",
            default_branch="main",
            pulls=pulls,
            queue=FakeQueue(),
            registry=lambda: None,
            show=lambda commit, path: self.branches.commits[commit].files.get(path),
            recorded=lambda commit: f"recorded {commit}",
            log_path=str,
            wake=lambda: None,
            now=self.now,
        )
        self.pull: Pull = pulls.create(NewPull(title="T", head="work", base="main"))[0]

    def now(self) -> float:
        self.time += 1
        return self.time


def test_what_a_change_does_to_parameters_is_read_from_the_files() -> None:
    box = Box(
        {"params.yaml": b"train:\n  depth: 4  # levels\n  kinds: [a]\n", "b.toml": b"x = 1\n"},
        {
            "params.yaml": b"train:\n  depth: 8\n  kinds: [a, b]\n  new: true\n",
            "b.toml": None,
            "best.json": b'{"lr": 0.10}',
            "code.py": b"print()\n",
        },
    )

    changes = box.desk.view(1).parameters

    assert set(changes) == {
        ParameterChange(file="params.yaml", name="train.depth", old="4", new="8"),
        ParameterChange(file="params.yaml", name="train.kinds", old="['a']", new="['a', 'b']"),
        ParameterChange(file="params.yaml", name="train.new", old=None, new="true"),
        ParameterChange(file="b.toml", name="x", old="1", new=None),
        ParameterChange(file="best.json", name="lr", old=None, new="0.1"),
    }


@pytest.mark.parametrize(
    ("path", "content"),
    [
        pytest.param("params.yaml", b"a: [", id="not-to-be-parsed"),
        pytest.param("params.yaml", b"\xff\xfe\x00", id="no-text"),
        pytest.param("big.json", b'{"a": "' + b"x" * 300_000 + b'"}', id="too-long"),
        pytest.param("dvc.lock", b"a: 1\n", id="a-lock-file"),
        pytest.param(".hidden.yaml", b"a: 1\n", id="a-hidden-file"),
        pytest.param("bomb.yaml", b"a: &a [x]\nb: [*a, *a]\n" + b"c: *missing\n", id="bad-alias"),
    ],
)
def test_what_cannot_be_read_as_parameters_is_left_to_the_diff(path: str, content: bytes) -> None:
    box = Box({"x": b"x"}, {path: content})

    view = box.desk.view(1)

    assert view.parameters == ()
    assert ("A", path) in view.files


def test_a_merged_one_shows_what_it_changed() -> None:
    box = Box({"p.yaml": b"a: 1\n"}, {"p.yaml": b"a: 2\n"})
    box.forge.set_check(box.pull.commit, Check(name="v", state=CheckState.PASSED), at=1.0)

    box.desk.pulls.merge(1, method=MergeMethod.MERGE, by=ADA)
    view = box.desk.view(1)

    assert [change.new for change in view.parameters] == ["2"]
    assert view.files == (("M", "p.yaml"),)
    assert not view.can_merge


def test_the_report_is_the_sticky_one_else_what_is_recorded() -> None:
    box = Box({"x": b"x"}, {"x": b"y"})

    before = box.desk.view(1)
    box.forge.comment(1, Comment(body="the report", author="B", marker=REPORT, at=1.0))
    box.forge.comment(1, Comment(body="hello", author="Ada", at=2.0))
    box.forge.comment(1, Comment(body="lost a race", author="B", marker="merge:1234", at=3.0))
    after = box.desk.view(1)

    assert before.report == f"recorded {box.pull.commit}"
    assert after.report == "the report"
    assert [comment.body for comment in after.comments] == ["hello"]


def test_a_commit_without_a_run_has_no_report() -> None:
    repo = FakeRepo(head=Head(commit="1" * 40, branch="main"))

    assert report_of(History(FakeRecords(), repo), "1" * 40, Gate()) == ""


def test_what_does_not_exist_is_said() -> None:
    box = Box({"x": b"x"}, {"x": b"y"})

    with pytest.raises(UnknownNameError):
        box.desk.view(2)
    with pytest.raises(UnknownNameError):
        box.desk.job(1)
    assert box.desk.models() == ()


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ([], None),
        (["passed"], "passed"),
        (["passed", "skipped"], "passed"),
        (["passed", "pending"], "pending"),
        (["passed", "pending", "unknown"], "unknown"),
        (["unknown", "failed", "passed"], "failed"),
    ],
)
def test_the_worst_check_counts(states: list[str], word: str | None) -> None:
    checks = [Check(name=state, state=CheckState(state)) for state in states]

    summary = summary_of(checks)

    assert (summary.value if summary else None) == word
