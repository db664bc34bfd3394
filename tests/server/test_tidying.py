"""What stays of ended jobs."""

from __future__ import annotations

from pathlib import Path

from branchline.flows.places import Places
from branchline.server.tidying import tidy
from branchline.testing.queue import FakeQueue
from branchline.testing.queue_jobs import AT, DONE, asked, taken


def test_of_older_jobs_the_log_stays_and_of_the_oldest_nothing(tmp_path: Path) -> None:
    places, queue = Places(str(tmp_path)), FakeQueue()
    queue.enqueue([asked(f"feature/{number}") for number in range(7)], event="e", at=AT)
    for _ in range(6):
        job = taken(queue)
        if job.job != 2:  # runs for long
            queue.end(job.job, "w1", DONE, at=AT)
    for number in range(1, 8):
        state = Path(places.state(number))
        state.mkdir(parents=True)
        (state / "ledger.db").write_text("x")
        (state.parent / "log").write_text("said\n")

    touched = tidy(places, queue, whole=2, logged=4)

    kept = {
        int(folder.name): sorted(path.name for path in folder.iterdir())
        for folder in Path(places.jobs).iterdir()
    }
    assert kept == {
        2: ["log", "state"],
        4: ["log"],
        5: ["log"],
        6: ["log", "state"],
        7: ["log", "state"],
    }
    assert touched == 4
    assert tidy(places, queue, whole=2, logged=4) == 0


def test_a_box_without_jobs_has_nothing_to_tidy(tmp_path: Path) -> None:
    assert tidy(Places(str(tmp_path)), FakeQueue()) == 0
