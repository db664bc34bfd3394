"""`branchline serve --upstream`: from GitHub's message to a job, by real git and real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from tests.server.conftest import EVE

from branchline import wiring
from branchline.core.run.jobs import JobState
from branchline.errors import UsageError
from branchline.flows.remotes import BoxOptions
from branchline.ports.forge import PullState
from branchline.ports.queue import Ending, QueueQuery
from branchline.server.app import create_app
from branchline.server.door import Door
from branchline.server.following import FollowerThread
from branchline.server.serving import _listen
from branchline.wiring import desks
from branchline.wiring.hooks import Following, following_of, open_following

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from branchline.flows.desk import Desk
    from branchline.ports.queue import QueuedJob

SECRET = "a secret of some length"
LAW = "model: m\ntrain: python train.py\n"
_DELIVERIES = count(1)


@dataclass
class Forge:
    """A repository elsewhere, with somebody who pushes to it."""

    work: Path
    bare: Path

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.work), "-c", "user.name=Ada", "-c", "user.email=a@x", *words],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    def push(self, branch: str, text: str) -> str:
        self.git("switch", "-qC", branch)
        (self.work / "train.py").write_text(text)
        (self.work / "branchline.yaml").write_text(LAW)
        self.git("add", "-A")
        self.git("commit", "-qm", text)
        self.git("push", "-qf", "origin", branch)
        return self.git("rev-parse", "HEAD")


@dataclass
class Hooked:
    """A box that follows, its door, and the forge."""

    desk: Desk
    forge: Forge
    port: int
    box: Path
    repository: str = "octo/models"

    def send(self, event: str, payload: dict[str, Any], **headers: str) -> tuple[int, str]:
        body = json.dumps({"repository": {"full_name": self.repository}, **payload}).encode()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        given = {
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": f"d-{next(_DELIVERIES)}",
            "X-Hub-Signature-256": f"sha256={signature}",
            "Content-Type": "application/json",
            "Host": "ci.example.org",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.ask("POST", body, given)

    def ask(
        self, method: str, body: bytes | Iterator[bytes], headers: dict[str, str]
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, "/hooks/github", body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def pushed(self, branch: str, **more: Any) -> tuple[int, str]:
        zero = "0" * 40
        told = {"ref": f"refs/heads/{branch}", "before": zero, "after": "f" * 40, "deleted": False}
        stamp = {"pushed_at": next(_DELIVERIES), "sender": {"login": "octocat"}}
        return self.send("push", {**told, **stamp, **more})

    def jobs(self, at_least: int, **query: Any) -> Sequence[QueuedJob]:
        """Jobs, oldest first, once there are so many."""
        found: Sequence[QueuedJob] = wait_for(
            lambda: sorted(self.desk.queue.jobs(QueueQuery(**query)), key=lambda job: job.job),
            lambda jobs: len(jobs) >= at_least,
        )
        return found

    def settle(self) -> None:
        folder = self.box / "branchline" / "deliveries"
        wait_for(lambda: list(folder.glob("*.json")), lambda files: not files)


def wait_for(look: Any, is_there: Any) -> Any:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = look()
        if is_there(found):
            return found
        time.sleep(0.02)
    pytest.fail(f"still {found}")


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    forge = Forge(tmp_path / "work", tmp_path / "octo" / "models.git")
    for words in (["--bare", "-b", "main", str(forge.bare)], ["-b", "main", str(forge.work)]):
        subprocess.run(["git", "init", "-q", *words], check=True)
    forge.git("remote", "add", "origin", str(forge.bare))
    forge.push("main", "print(1)\n")
    return forge


@contextmanager
def hooked_by(
    box: Path, forge: Forge, *, repository: str = "octo/models", **door: Any
) -> Iterator[Hooked]:
    from branchline.server.serving import Listening

    following = Following(url=str(forge.bare), repository=repository, secret=SECRET.encode())
    with (
        desks.open_desk(str(box)) as desk,
        open_following(str(box), following) as followed,
        _listen(Listening(port=0)) as bound,
    ):
        follower = FollowerThread(followed)
        app = Door(
            create_app(desk, by=EVE, token="t" * 20), followed.reception, follower.wake, **door
        )
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        follower.start()
        thread.start()
        while not server.started:
            thread.join(0.02)
        try:
            yield Hooked(desk, forge, bound.getsockname()[1], box)
        finally:
            server.should_exit = True
            thread.join(20)
            follower.stop()


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "box.git"
    wiring.make_box(str(path), BoxOptions())
    return path


@pytest.fixture
def hooked(box: Path, forge: Forge) -> Iterator[Hooked]:
    with hooked_by(box, forge) as hooked:
        yield hooked


def test_a_push_to_the_forge_becomes_a_job_of_the_box(hooked: Hooked) -> None:
    commit = hooked.forge.push("train/x", "print(2)\n")

    begun = time.monotonic()
    status, said = hooked.pushed("train/x", after="e" * 40)
    took = time.monotonic() - begun

    first, job = hooked.jobs(2)
    assert first.asked.branch == "main", "rules are those of the default branch, so it comes first"
    assert (status, said) == (202, "Taken.\n")
    assert took < 2, "it answers before it fetches"
    # The commit is the one that the branch holds, whatever the message says.
    assert (job.asked.commit, job.asked.branch, job.asked.kind) == (commit, "train/x", "train")
    assert job.asked.pusher == "octocat"
    assert hooked.desk.pulls.branches.head("train/x") == commit


def test_a_message_is_handled_once_whatever_it_is_called(hooked: Hooked, box: Path) -> None:
    hooked.forge.push("train/x", "print(2)\n")
    told = {"ref": "refs/heads/train/x", "before": "0" * 40, "after": "e" * 40, "deleted": False}

    first = hooked.send("push", told, X_GitHub_Delivery="one")
    hooked.settle()
    hooked.forge.push("train/x", "print(3)\n")
    same_body = hooked.send("push", told, X_GitHub_Delivery="two")
    same_name = hooked.send("push", {**told, "x": 1}, X_GitHub_Delivery="one")

    assert first[0] == 202
    assert same_body == same_name == (200, "It was handled before.\n")
    assert len(hooked.jobs(1, branch="train/x")) == 1


def test_what_was_taken_outlives_a_restart_and_so_does_what_was_handled(
    box: Path, forge: Forge
) -> None:
    forge.push("train/x", "print(2)\n")
    away = forge.bare.rename(forge.bare.with_name("away"))
    told = {"ref": "refs/heads/train/x", "before": "0" * 40, "after": "e" * 40, "deleted": False}
    with hooked_by(box, forge) as hooked:
        assert hooked.send("push", told)[0] == 202
        assert hooked.send("push", told) == (200, "It waits to be handled.\n")

    away.rename(forge.bare)
    with hooked_by(box, forge) as hooked:
        assert len(hooked.jobs(1, branch="train/x")) == 1
        hooked.settle()

    with hooked_by(box, forge) as hooked:
        assert hooked.send("push", told) == (200, "It was handled before.\n")


def test_who_does_not_know_the_secret_learns_nothing(hooked: Hooked, box: Path) -> None:
    hooked.pushed("train/x")
    forged = hooked.send("push", {}, X_Hub_Signature_256="sha256=" + "0" * 64)
    bare = hooked.ask("POST", b"{}", {"X-GitHub-Event": "push"})
    read = hooked.ask("GET", b"", {})

    assert (forged[0], bare[0], read[0]) == (401, 401, 405)
    assert SECRET not in forged[1] + bare[1]
    hooked.settle()
    assert SECRET.encode() not in b"".join(p.read_bytes() for p in box.rglob("*") if p.is_file())


def test_a_body_that_is_too_long_is_not_read(box: Path, forge: Forge) -> None:
    with hooked_by(box, forge, most_bytes=1000) as hooked:
        long = hooked.pushed("train/x", more="x" * 2000)
        parts = iter([b"x" * 600] * 3)
        chunked = hooked.ask("POST", parts, {"X-Hub-Signature-256": "s"})

    assert long == chunked == (413, "At most 1000 bytes are taken.\n")


def test_a_body_that_does_not_come_is_not_waited_for(box: Path, forge: Forge) -> None:
    with hooked_by(box, forge, patience_s=0.2) as hooked:
        slow = hooked.ask("POST", b"", {"X-Hub-Signature-256": "s", "Content-Length": "10"})

    assert slow[0] == 408


def test_what_asks_for_nothing_is_answered_and_ignored(hooked: Hooked) -> None:
    ping = hooked.send("ping", {"zen": "Design for failure."})
    other = hooked.send("push", {
        "ref": "refs/heads/x", "before": "0" * 40, "after": "e" * 40, "deleted": False,
        "repository": {"full_name": "octo/other"},
    })  # fmt: skip
    broken = hooked.send("push", {"ref": "refs/heads/x"})

    assert ping == (200, "Ignored: `ping` asks for nothing here.\n")
    assert other[0] == 200
    assert "this box follows octo/models" in other[1]
    assert broken == (400, "this is no `push` of GitHub: `before` is missing.\n")
    assert hooked.desk.jobs() == []


def test_a_name_that_a_box_does_not_take_moves_nothing(hooked: Hooked) -> None:
    for name in ("a;id", "--upload-pack=x", "../x", "a$(id)"):
        assert hooked.pushed(name)[0] == 202
    hooked.settle()

    assert {job.asked.branch for job in hooked.desk.jobs()} == {"main"}
    assert set(hooked.desk.pulls.branches.heads()) == {"main"}


def test_a_branch_that_was_deleted_there_is_deleted_here_unless_somebody_pushed_on(
    hooked: Hooked,
) -> None:
    commit = hooked.forge.push("train/x", "print(2)\n")
    hooked.pushed("train/x")
    hooked.settle()
    hooked.forge.git("push", "-q", "origin", ":train/x")

    hooked.pushed("train/x", before="d" * 40, after="0" * 40, deleted=True)
    hooked.settle()
    assert hooked.desk.pulls.branches.head("train/x") == commit

    hooked.pushed("train/x", before=commit, after="0" * 40, deleted=True)
    hooked.settle()
    assert hooked.desk.pulls.branches.head("train/x") is None
    assert hooked.jobs(2, branch="train/x")[-1].detail == "branch `train/x` was deleted"


def pull_request(action: str, commit: str, **more: Any) -> dict[str, Any]:
    own = {"id": 1}
    pull = {
        "number": 41, "state": "open", "title": "Best\nparameters", "body": "b", "draft": False,
        "head": {"ref": "training/x", "sha": commit, "repo": own},
        "base": {"ref": "main", "sha": "a" * 40, "repo": own},
        **more,
    }  # fmt: skip
    return {"action": action, "pull_request": pull, "sender": {"login": "octocat"}}


def test_a_pull_request_is_opened_followed_and_ended(hooked: Hooked) -> None:
    commit = hooked.forge.push("training/x", "print(2)\n")

    hooked.send("pull_request", pull_request("opened", commit))
    hooked.settle()
    (pull,) = hooked.desk.pulls.listed()
    assert (pull.asked.title, pull.commit, pull.asked.base) == ("Best parameters", commit, "main")
    assert pull.asked.body.startswith("octo/models#41")
    asked = hooked.desk.queue.jobs(QueueQuery(commit=commit))
    assert {job.asked.trigger for job in asked} >= {"pull_request"}

    newer = hooked.forge.push("training/x", "print(3)\n")
    hooked.send("pull_request", pull_request("synchronize", newer))
    hooked.settle()
    assert [(p.number, p.commit) for p in hooked.desk.pulls.listed()] == [(pull.number, newer)]

    ended = {"state": "closed", "merged": True, "merge_commit_sha": newer}
    hooked.send("pull_request", pull_request("closed", newer, **ended))
    hooked.settle()
    assert hooked.desk.pulls.get(pull.number).state is PullState.MERGED


def test_rerun_on_the_forge_queues_the_jobs_of_a_commit_again(hooked: Hooked) -> None:
    commit = hooked.forge.push("train/x", "print(2)\n")
    hooked.pushed("train/x")
    (job,) = hooked.jobs(1, branch="train/x")
    queue = hooked.desk.queue
    assert queue.claim("w", lambda queued, _: job.job, lease_s=60, at=1.0) is not None
    queue.end(job.job, "w", Ending(state=JobState.FAILED), at=2.0)

    check = {"name": "branchline/m", "head_sha": commit}
    hooked.send("check_run", {"action": "rerequested", "check_run": {**check, "name": "lint"}})
    hooked.settle()
    assert len(hooked.jobs(1, branch="train/x")) == 1

    hooked.send("check_run", {"action": "rerequested", "check_run": check})
    again = hooked.jobs(2, branch="train/x")[-1]
    assert (again.asked.commit, again.asked.reason) == (commit, f"job {job.job} again")
    assert again.state is JobState.QUEUED


def test_addresses_and_secrets_that_cannot_be_used_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    (tmp_path / "secret").write_text(SECRET + "\n")
    good = {"repository": "", "secret": "${env:HOOK_SECRET}", "secret_file": ""}

    for url in ("https://github.com/octo/models.git", "git@github.com:octo/models"):
        following = following_of(url, **good)
        assert (following.repository, following.secret) == ("octo/models", SECRET.encode())
    assert SECRET not in repr(following)
    from_file = {**good, "secret": "", "secret_file": str(tmp_path / "secret")}
    assert following_of(url, **from_file) == replace(following, url=url)
    for wrong, said in (
        ({"secret": SECRET}, "no reference to a variable"),
        ({"secret": "${env:NOT_SET_ANYWHERE}"}, "NOT_SET_ANYWHERE is not set"),
        ({"secret": ""}, "needs the webhook's secret"),
        ({"repository": "octo"}, "cannot be told"),
    ):
        with pytest.raises(UsageError) as caught:
            following_of(url, **{**good, **wrong})
        assert said in caught.value.message
        assert SECRET not in caught.value.message + caught.value.todo
    for bad in ("ext::sh -c id", "--upload-pack=id"):
        with pytest.raises(UsageError):
            following_of(bad, **good)
