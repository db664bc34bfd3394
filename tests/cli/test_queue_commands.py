"""`queue`, `cancel` and `retry` on a real box: beside the clone, inside it, and over SSH."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline import wiring
from branchline.core.run.jobs import JobState, NewJob
from branchline.ports.queue import Ending
from branchline.testing.queue_jobs import oldest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Clone

JOB = NewJob(
    kind="train", trigger="push", branch="x", commit="c" * 40, pusher="bo", latest_wins=False
)
HOST = "trainer.example"
# What an SSH client does with its words, without the journey.
SSH = """\
#!/bin/sh
while [ "$1" != trainer.example ]; do shift; done
shift
exec sh -c "$*"
"""


@pytest.fixture
def box(tmp_path: Path) -> str:
    return str(tmp_path / "box.git")


@pytest.fixture
def clone(make_clone: Callable[..., Clone], box: str, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A clone with a box; job 1 failed, 2 runs, 3 waits. Its worker is this process."""
    clone = make_clone({"a.txt": "one\n"})
    monkeypatch.setenv("BRANCHLINE_USER", "ada")
    assert clone.call("remote", "add", "box", box).code == 0
    with wiring.open_box(box) as opened:
        opened.box.set_worker(os.getpid())
        queue = opened.queue
        queue.enqueue([JOB, replace(JOB, branch="y"), JOB], event="e", at=1_800_000_000.0)
        queue.claim("w", oldest, lease_s=1e9, at=1_800_000_000.0)
        queue.end(
            1, "w", Ending(state=JobState.FAILED, detail="exit code 3"), at=1_800_000_009.0,
            effects=[("check:1", "{}")],
        )  # fmt: skip
        queue.claim("w", oldest, lease_s=1e9, at=1_800_000_010.0)
    return clone


def test_the_queue_of_a_clones_box_is_a_table(clone: Clone) -> None:
    said = clone.call("queue")
    with_ended = clone.call("queue", "--all")

    assert said.code == 0, said.err
    head, second, first, effects = said.out.splitlines()
    assert head.split() == ["job", "branch", "commit", "what", "state", "for", "pusher", "why"]
    assert second.split()[:5] == ["3", "x", "cccccccccc", "train", "queued"]
    assert first.split()[:5] == ["2", "y", "cccccccccc", "train", "running"]
    assert effects == "1 effect waits to be applied"
    assert "exit code 3" in with_ended.out


def test_the_queue_is_json_for_programs(clone: Clone) -> None:
    printed = json.loads(clone.call("queue", "--all", "--json").out)

    assert [(job["job"], job["state"]) for job in printed["jobs"]] == [
        (3, "queued"),
        (2, "running"),
        (1, "failed"),
    ]
    assert printed["jobs"][2]["ended_at"] == "2027-01-15T08:00:09.000Z"
    assert printed["effects"][0]["identity"] == "check:1"


def test_an_empty_queue_says_so(make_clone: Callable[..., Clone], box: str) -> None:
    clone = make_clone({"a.txt": "one\n"})
    clone.call("remote", "add", "box", box)

    assert "nothing waits and nothing runs" in clone.call("queue").err
    assert json.loads(clone.call("queue", "--json").out)["jobs"] == []
    assert not os.path.exists(os.path.join(box, "branchline", "ledger.db"))


def test_inside_the_box_it_is_the_boxs_own(clone: Clone, box: str) -> None:
    said = clone.call("-C", box, "queue", "--json")

    assert [job["job"] for job in json.loads(said.out)["jobs"]] == [3, 2]


def test_a_clone_without_a_box_is_told_how_to_make_one(make_clone: Callable[..., Clone]) -> None:
    said = make_clone({"a.txt": "one\n"}).call("queue")

    assert said.code == 2
    assert "branchline remote add box" in said.err


def test_jobs_are_cancelled_and_queued_again(clone: Clone, box: str) -> None:
    waiting = clone.call("cancel", "3")
    running = clone.call("cancel", "y", "--json")
    gone = clone.call("cancel", "3")
    again = clone.call("retry", "#1")
    never = clone.call("retry", "9", "--json")

    assert waiting.out == "job 3 on x does not start\n"
    assert json.loads(running.out)["jobs"] == [{"job": 2, "branch": "y", "state": "running"}]
    assert gone.code == 2
    assert "has ended already" in gone.err
    assert again.out == "job 4 on x is queued; see: branchline queue\n"
    assert json.loads(never.out)["error"]["message"] == "there is no job 9"
    with wiring.open_box(box) as opened:
        assert opened.queue.beat(2, "w", lease_s=1, at=1_800_000_011.0) == "ada cancelled it"
        new = opened.queue.job(4)
        assert new is not None
        assert (new.asked.pusher, new.asked.commit) == ("ada", JOB.commit)


def test_a_box_over_ssh_is_asked_on_its_own_machine(
    clone: Clone,
    box: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    client = tmp_path / "ssh"
    client.write_text(SSH)
    client.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(client))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    clone.git("config", "remote.box.url", f"ssh://{HOST}{box}")

    cancelled = clone.call("cancel", "3", "--json").code, json.loads(capfd.readouterr().out)
    refused = clone.call("retry", "--", "a b; touch pwned").code, capfd.readouterr().err
    shown = clone.call("queue", "--all", "--json").code, json.loads(capfd.readouterr().out)

    assert cancelled == (
        0,
        {"schema_version": 1, "jobs": [{"job": 3, "branch": "x", "state": "cancelled"}]},
    )
    assert refused[0] == 2
    assert "'a b; touch pwned' is no number" in refused[1]
    assert shown[0] == 0
    assert [job["job"] for job in shown[1]["jobs"]] == [3, 2, 1]
    assert not list(tmp_path.rglob("pwned"))
