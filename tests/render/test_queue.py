"""The queue as a table, a line and JSON."""

from __future__ import annotations

from dataclasses import replace

import pytest

from branchline.core.run import Need
from branchline.core.run.jobs import JobState, NewJob, QueuedJob
from branchline.ports.queue import PendingEffect
from branchline.render.queue import effects_line, job_to_json, queue_table

ASKED = NewJob(
    kind="train",
    trigger="push",
    branch="feature/x",
    commit="c" * 40,
    model="m",
    pusher="ada",
    reason="rule feature/**",
)
JOB = QueuedJob(job=7, asked=ASKED, state=JobState.QUEUED, queued_at=100.0)
RUNNING = replace(JOB, state=JobState.RUNNING, started_at=150.0, station="plan")


def row(job: QueuedJob) -> list[str]:
    (cells,) = queue_table([job], now=160.0).rows
    return [cell.text for cell in cells]


def test_a_row_says_what_where_how_long_whose_and_why() -> None:
    assert row(JOB) == [
        "7", "feature/x", "cccccccccc", "train m", "queued", "1 m 0 s", "ada",
        "rule feature/**",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("job", "state", "seconds", "why"),
    [
        pytest.param(RUNNING, "running: plan", "10.0 s", ASKED.reason, id="where-it-is"),
        pytest.param(
            replace(RUNNING, cancel="Ada cancelled it"),
            "stopping", "10.0 s", "Ada cancelled it", id="that-it-stops",
        ),
        pytest.param(
            replace(JOB, state=JobState.WAITING, leader=3, started_at=150.0),
            "waits for job 3", "10.0 s", ASKED.reason, id="for-whom-it-waits",
        ),
        pytest.param(
            replace(
                RUNNING, state=JobState.SUCCEEDED, outcome="failed", ended_at=152.0, detail="auc"
            ),
            "done: failed", "2.0 s", "auc", id="how-it-was-judged",
        ),
        pytest.param(
            replace(JOB, state=JobState.SUPERSEDED, ended_at=101.0, detail="job 8 took its place"),
            "superseded", "1.0 s", "job 8 took its place", id="what-took-its-place",
        ),
    ],
)  # fmt: skip
def test_a_row_says_what_became_of_it(job: QueuedJob, state: str, seconds: str, why: str) -> None:
    cells = row(job)

    assert (cells[4], cells[5], cells[7]) == (state, seconds, why)


def test_what_comes_from_outside_cannot_steer_the_terminal() -> None:
    hostile = replace(ASKED, branch="x\x1b[2J", pusher="a\nb", reason="\u202e")

    text = "".join(row(replace(JOB, asked=hostile)))

    assert not set(text) & {"\x1b", "\n", "\u202e"}


def test_effects_that_wait_are_told_with_what_the_last_try_met() -> None:
    fine = PendingEffect(effect=1, identity="check:a", job=1, body="{}")
    failing = replace(fine, effect=2, identity="mirror:m", tries=3, error="503\x1b")

    assert effects_line([]) is None
    one, several = effects_line([fine]), effects_line([fine, failing])
    assert one is not None
    assert several is not None
    assert one.text == "1 effect waits to be applied"
    assert several.text.startswith("2 effects wait to be applied; mirror:m failed 3 tries: 503")
    assert "\x1b" not in several.text


def test_json_has_null_for_what_is_not_known_yet() -> None:
    plain = job_to_json(JOB)
    full = job_to_json(replace(RUNNING, asked=replace(ASKED, need=Need(gpus=1)), key="k"))

    assert [name for name, value in plain.items() if value is None] == [
        "old", "pull_request", "need", "key", "leader", "worker", "station", "run", "outcome",
        "started_at", "ended_at",
    ]  # fmt: skip
    assert plain["queued_at"] == "1970-01-01T00:01:40.000Z"
    assert full["need"] == {"cpus": 1.0, "gpus": 1, "memory_bytes": 0}
    assert list(full) == list(plain)
