"""A box that follows a repository tells it what became of it: on the judged forge, by real git."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.adapters.github.conftest import Site
from tests.server.test_webhooks import SECRET, Forge, Hooked, hooked_by, pull_request

from branchline import wiring
from branchline.core.effects.report_marker import REPORT
from branchline.core.effects.values import OpenPullRequest
from branchline.errors import BranchlineError, UsageError
from branchline.flows.apply import apply, apply_due
from branchline.flows.intake import OF_A_FORK, Taker
from branchline.flows.remotes import BoxOptions
from branchline.flows.reporting_back import Reporter
from branchline.ports.forge import Check, CheckState, Comment, NewPull, PullState
from branchline.ports.queue import QueueQuery
from branchline.server.applying import appliers_of
from branchline.server.reporting import ReporterThread
from branchline.testing.ci_remote import FakeCiRemote, FakeSide
from branchline.testing.forge import FakeForge
from branchline.wiring.boxes import open_box
from branchline.wiring.hooks import Following
from branchline.wiring.reporting import open_reporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rig.forge import JudgedForge

    from branchline.ports.forge import Pull

TOKEN = "tok-bot+contents:write+pull-requests:write+statuses:write"


@dataclass
class Place:
    """A box, the repository that it follows, and the same on the judged forge."""

    hooked: Hooked
    forge: Forge
    site: Site
    box: Path
    following: Following

    def settle(self) -> None:
        """Let what is due in the box be applied, as its worker does."""
        self.hooked.settle()
        with open_box(str(self.box)) as box:
            appliers = appliers_of(box, Taker.of(box, time.time))
            for tried in apply_due(box.queue, appliers, at=time.time()):
                assert not tried.error

    def report(self, *, is_killed: bool = False) -> list[str]:
        """Tell what is not known there, once.

        Args:
            is_killed: Each time before the ledger learns that it was told.
        """
        said = []
        with open_reporter(str(self.box), self.following) as reporter:
            for saying in reporter.wanted():
                try:
                    said.append(saying.tell() if is_killed else reporter.tell(saying))
                except BranchlineError as error:
                    said.append(f"failed: {error.message}")
        return said

    def pushed(self, branch: str, text: str) -> str:
        """Push, there and here."""
        commit = self.forge.push(branch, text)
        self.site.judged.gaps.commits.add(commit)
        self.site.stand(branch, self.site.commit(text))
        self.hooked.pushed(branch)
        self.settle()
        return commit

    def there(self, commit: str) -> list[tuple[str, str]]:
        checks = self.site.forge().checks(commit)
        return [(check.name, check.state.value) for check in checks]

    def comments(self, number: int) -> list[str]:
        notes = self.site.ask("GET", f"/issues/{number}/comments")
        return [str(note["body"]) for note in notes]

    def pulled(self, branch: str, text: str) -> tuple[Pull, int]:
        """A pull request there and here."""
        commit = self.pushed(branch, text)
        body = {"title": "Work", "head": branch, "base": "main"}
        number = int(self.site.as_ada("POST", "/pulls", body)["number"])
        payload = pull_request("opened", commit, number=number)
        payload["pull_request"]["head"]["ref"] = branch
        self.send("pull_request", payload)
        (pull,) = self.hooked.desk.pulls.forge.pulls(state=PullState.OPEN, head=branch)
        return pull, number

    def send(self, event: str, payload: dict[str, Any]) -> None:
        answer = self.hooked.send(event, {**payload, "repository": {"full_name": self.site.name}})
        assert answer[0] == 202, answer
        self.settle()


@pytest.fixture
def place(
    tmp_path: Path, judged_forge: JudgedForge, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    import subprocess

    judged_forge.problems.clear()
    judged_forge.faults.clear()
    site = Site(judged_forge, judged_forge.new_repository())
    monkeypatch.setenv("GITHUB_API_URL", judged_forge.url)
    forge = Forge(tmp_path / "work", tmp_path / "there.git")
    for words in (["--bare", "-b", "main", str(forge.bare)], ["-b", "main", str(forge.work)]):
        subprocess.run(["git", "init", "-q", *words], check=True)
    forge.git("remote", "add", "origin", str(forge.bare))
    judged_forge.gaps.commits.add(forge.push("main", "print(1)\n"))
    path = tmp_path / "box.git"
    wiring.make_box(str(path), BoxOptions())
    following = Following(
        url=str(forge.bare), repository=site.name, secret=SECRET.encode(), token=TOKEN
    )
    with hooked_by(path, forge, repository=site.name) as hooked:
        hooked.repository = site.name
        yield Place(hooked, forge, site, path, following)
    for client in site.opened:
        client.close()
    assert judged_forge.problems == []


def test_the_forge_gets_a_status_and_one_report_whatever_is_lost_or_killed(place: Place) -> None:
    pull, number = place.pulled("train/x", "print(2)\n")
    with open_box(str(place.box)) as box:
        box.forge.comment(pull.number, Comment(body="**good** @all", author="B", marker=REPORT))

    place.site.judged.break_next("comments", "POST", is_done=True)
    place.report(is_killed=True)
    first = place.report()
    again = place.report()

    assert not [line for line in first if line.startswith("failed")], first
    assert again == [], "what is known there is not told again"
    (body,) = place.comments(number)
    assert "**good**" in body
    assert ("branchline/m", "pending") in place.there(pull.commit)

    with open_box(str(place.box)) as box:
        (name, *_) = [check.name for check in box.forge.checks(pull.commit)]
        ended = Check(name=name, state=CheckState.FAILED, summary="auc fell", job=99)
        box.forge.set_check(pull.commit, ended, at=time.time())
        box.forge.comment(pull.number, Comment(body="**bad**", author="B", marker=REPORT))
    told = place.report()

    assert len(told) == 2
    assert (name, "failed") in place.there(pull.commit)
    (body,) = place.comments(number)
    assert "**bad**" in body


def test_what_the_forge_refuses_is_told_later_and_hinders_nothing_else(place: Place) -> None:
    pull, number = place.pulled("train/x", "print(2)\n")
    with open_box(str(place.box)) as box:
        box.forge.comment(pull.number, Comment(body="good", author="B", marker=REPORT))
    place.site.judged.break_next("statuses", "POST", status=403, count=1)

    first = place.report()
    second = place.report()

    assert sum(line.startswith("failed") for line in first) == 1
    assert len(place.comments(number)) == 1
    assert len(second) == 1
    assert not second[0].startswith("failed")


def test_a_pull_request_that_claims_a_number_does_not_get_the_report_of_another(
    place: Place,
) -> None:
    pull, number = place.pulled("train/x", "print(2)\n")
    with open_box(str(place.box)) as box:
        claims = replace(pull.asked, head="main", base="train/x")
        box.forge.ensure_pull(claims, commit=pull.commit, at=1.0)
        (claiming,) = box.forge.pulls(head="main")
        box.forge.comment(claiming.number, Comment(body="forged", author="B", marker=REPORT))

    place.report()

    assert place.comments(number) == []


def best(base: str, text: str = "lr: 1\n") -> OpenPullRequest:
    return OpenPullRequest(
        branch="training/best", into="main", base_commit=base, files={"params.yaml": text},
        title="Train with the best", body="of 9 trials", message="Best\n", mode="approve",
    )  # fmt: skip


def opened(place: Place, text: str = "lr: 1\n") -> Pull:
    """What a search opens in the box."""
    with open_box(str(place.box)) as box:
        base = box.branches.head("main")
        assert base is not None
        apply(best(base, text), appliers_of(box, Taker.of(box, time.time)))
        (pull,) = box.forge.pulls(head="training/best")
    place.settle()
    place.site.judged.gaps.commits.add(pull.commit)
    return pull


def held(place: Place, branch: str) -> list[bool]:
    jobs = place.hooked.desk.queue.jobs(QueueQuery(branch=branch))
    return [job.asked.is_skip for job in jobs]


def test_the_pull_request_of_a_search_is_opened_there_once_and_waits_here(place: Place) -> None:
    place.pushed("main", "print(3)\n")
    pull = opened(place)
    place.site.stand("training/best", place.site.commit("best"))

    place.report(is_killed=True)
    place.report()

    assert place.forge.git("ls-remote", "origin", "refs/heads/training/best").startswith(
        pull.commit
    )
    (there,) = place.site.ask("GET", "/pulls")
    assert (there["head"]["ref"], there["title"]) == ("training/best", "Train with the best")
    assert "of 9 trials" in there["body"]

    # The forge tells of it, as of any pull request: that approves nothing.
    payload = pull_request("opened", pull.commit, number=there["number"], body=there["body"])
    payload["pull_request"]["head"]["ref"] = "training/best"
    place.send("pull_request", payload)
    (echo,) = place.hooked.desk.pulls.listed()
    assert (echo.number, echo.asked.needs_approval) == (pull.number, True)
    assert echo.asked.body == pull.asked.body
    assert all(held(place, "training/best"))
    assert [line for line in place.report() if "opened" in line] == []


def test_a_branch_that_somebody_wrote_there_is_left_alone(place: Place) -> None:
    place.pushed("main", "print(3)\n")
    theirs = place.forge.push("training/best", "print(9)\n")
    opened(place)

    said = place.report()

    assert "`training/best` was written by somebody else there and is left as it is" in said
    assert place.forge.git("ls-remote", "origin", "refs/heads/training/best").startswith(theirs)
    assert place.site.ask("GET", "/pulls") == []


def forked(place: Place, text: str, action: str = "opened", **more: Any) -> str:
    """A fork's pull request #41 gets a head."""
    place.forge.git("switch", "-qC", "theirs", "main")
    (place.forge.work / "train.py").write_text(text)
    place.forge.git("commit", "-qam", text)
    place.forge.git("push", "-qf", "origin", "HEAD:refs/pull/41/head")
    commit = place.forge.git("rev-parse", "HEAD")
    place.site.judged.gaps.commits.add(commit)
    payload = pull_request(action, commit, **more)
    head = {"ref": "main", "sha": commit, "repo": {"id": 2, "full_name": "eve/models"}}
    payload["pull_request"]["head"] = head
    place.send("pull_request", payload)
    return commit


def test_code_of_a_fork_waits_for_a_person_whatever_a_rule_says(place: Place) -> None:
    law = 'model: m\ntrain: python train.py\nbranches: {"**": {do: train}}\n'
    (place.forge.work / "branchline.yaml").write_text(law)
    place.forge.git("commit", "-qam", "law")
    place.forge.git("push", "-q", "origin", "HEAD:main")
    place.hooked.pushed("main")
    place.settle()
    place.forge.git("switch", "-q", "main")

    first = forked(place, "print('eve')\n")

    (pull,) = place.hooked.desk.pulls.listed()
    assert (pull.asked.head, pull.commit, pull.asked.needs_approval) == ("forks/41", first, True)
    assert "from the fork eve/models" in pull.asked.body
    assert held(place, "forks/41")
    assert all(held(place, "forks/41"))
    assert place.hooked.desk.pulls.branches.head("main") != first, "its branch is called main, too"
    place.report()
    assert place.there(first) == [("branchline/m", "pending")]

    place.hooked.desk.pulls.approve(pull.number, by="Ada")
    assert not all(held(place, "forks/41"))

    second = forked(place, "print('worse')\n", "synchronize")
    (pull,) = place.hooked.desk.pulls.listed()
    assert (pull.commit, pull.approved_by) == (second, "")
    newest = max(place.hooked.desk.queue.jobs(QueueQuery(commit=second)), key=lambda job: job.job)
    assert newest.asked.is_skip

    forked(place, "print('gone')\n", "closed", state="closed")
    assert place.hooked.desk.pulls.listed() == []


def test_what_a_killed_follower_left_of_a_fork_is_held_by_whoever_finds_it(place: Place) -> None:
    commit = place.forge.git("rev-parse", "HEAD")
    place.pushed("main", "print(3)\n")
    with open_box(str(place.box)) as box:
        box.branches.move("forks/41", commit, expected=None)
        Taker.of(box, time.time).found("forks/41", commit, old="")
    place.settle()

    assert held(place, "forks/41") == [True]
    with open_box(str(place.box)) as box:
        (check,) = [c for c in box.forge.checks(commit) if c.summary == OF_A_FORK]
    assert check.state is CheckState.PENDING, "what waits never reads as passed"


@pytest.mark.parametrize(
    ("head_there", "notes"),
    [
        pytest.param("", 1, id="of-the-very-head"),
        pytest.param("f" * 40, 0, id="not-where-the-number-is-that-of-another"),
    ],
)
def test_the_report_of_a_fork_goes_to_its_number(place: Place, head_there: str, notes: int) -> None:
    commit = place.pushed("main", "print(3)\n")
    there = FakeForge()
    asked = NewPull(title="t", head="forks/1", base="main")
    there.ensure_pull(replace(asked, head="main"), commit=head_there or commit, at=1.0)
    with open_box(str(place.box)) as box:
        pull, _ = box.forge.ensure_pull(asked, commit=commit, at=1.0)
        box.forge.comment(pull.number, Comment(body="good", author="B", marker=REPORT))
        remote = FakeCiRemote(FakeSide())
        reporter = Reporter(box, there, remote, repository="o/r", now=time.time)
        for saying in reporter.wanted():
            reporter.tell(saying)

    assert len(there.comments(1)) == notes


def test_the_thread_goes_on_after_what_fails(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    commit = place.pushed("train/x", "print(2)\n")
    place.site.judged.break_next("statuses", "POST", status=403, count=1)
    thread = ReporterThread(lambda: open_reporter(str(place.box), place.following), look_s=0.05)

    thread.start()
    until = time.monotonic() + 30
    while not place.there(commit) and time.monotonic() < until:
        time.sleep(0.05)
    thread.stop()

    assert place.there(commit) == [("branchline/m", "pending")]
    said = capfd.readouterr().err
    assert f"check branchline/m of commit {commit[:7]} is pending" in said
    assert "tried again in 2 s" in said
    assert "tok-bot" not in said


def test_a_token_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from branchline.wiring.hooks import following_of
    from branchline.wiring.reporting import address_there

    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setenv("REPORT", "tok")
    monkeypatch.delenv("GITHUB_API_URL", raising=False)
    monkeypatch.delenv("GH_HOST", raising=False)
    known: dict[str, Any] = {"repository": "", "secret": "${env:HOOK_SECRET}", "secret_file": ""}
    url = "https://git.example.org/octo/models.git"

    following = following_of(url, **known, token="${env:REPORT}")
    assert (following.token, "tok" in repr(following)) == ("tok", False)
    with pytest.raises(UsageError, match=r"git\.example\.org"):
        address_there(following)
    for wrong in ({"token": "tok"}, {"token": "${env:REPORT}", "token_file": "x"}):
        with pytest.raises(UsageError, match="report-token"):
            following_of(url, **known, **wrong)
