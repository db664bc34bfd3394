"""A box whose queue stands in a real PostgreSQL, from the push to the merge."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from tests.e2e.remote.shop import Shop, environment

from branchline import wiring
from branchline.flows.intake import Taker
from branchline.flows.pulls import Pulls
from branchline.ports.branches import MergeMethod, Signature
from branchline.ports.forge import NewPull
from branchline.testing.postgres import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow]

SPELLINGS = (PASSWORD, quote(PASSWORD, safe=""))


@pytest.fixture
def shop(tmp_path: Path, postgres_url: str) -> Iterator[Shop]:
    """A box with its queue in PostgreSQL, whose URL came by the standard input."""
    pytest.importorskip("psycopg")
    made = Shop.create(tmp_path)
    words = [sys.executable, "-m", "branchline", "remote", "add", "box", str(made.box)]
    done = subprocess.run(
        [*words, "--ledger", "-"],
        cwd=made.root,
        env=environment(),
        input=f"{postgres_url}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert not any(word in done.stdout + done.stderr for word in SPELLINGS)
    yield made
    made.stop()


def end_sessions(url: str) -> int:
    """Let the server end all sessions of Branchline; how many there were."""
    import psycopg

    with psycopg.connect(url.partition("?")[0], autocommit=True) as connection:
        found = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'branchline' AND pid <> pg_backend_pid()"
        ).fetchall()
    return len(found)


def told_of(shop: Shop) -> list[str]:
    """Files of the box and words of processes that hold the password."""
    found = [
        str(path)
        for path in shop.box.rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in SPELLINGS)
    ]
    for name in filter(str.isdigit, os.listdir("/proc")):
        for kind in ("cmdline", "environ"):
            try:
                text = Path(f"/proc/{name}/{kind}").read_bytes()
            except OSError:
                continue
            if str(shop.box).encode() in text and any(word.encode() in text for word in SPELLINGS):
                found.append(f"{kind} of {name}: {text[:200]!r}")
    return found


def test_nothing_is_lost_or_doubled_when_worker_and_sessions_die(
    shop: Shop, postgres_url: str
) -> None:
    secret = shop.box / "branchline" / "box.json"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    said = shop.push("main")
    assert "verdict  passed" in said
    shop.until_tag("toy#staging#1")
    shop.git("checkout", "-q", "-b", "feature/a")
    shop.edit("helper.py", "0.9 -", "0.95 -")
    shop.commit("better")
    shop.push("feature/a")
    with wiring.open_box(str(shop.box)) as box:
        pulls = Pulls(box.forge, box.branches, Taker.of(box, time.time), time.time)
        pulls.create(NewPull(title="a", head="feature/a", base="main"))

    shop.hold.touch()
    shop.commit("again")
    shop.push("feature/a", wait=False)
    shop.until_trainings(2)
    assert told_of(shop) == [str(secret)]
    for _ in range(3):
        end_sessions(postgres_url)
        worker = shop.worker()
        if worker is not None:
            os.kill(worker, signal.SIGKILL)
        time.sleep(0.5)
    number = shop.jobs()[-1].job
    with wiring.open_box(str(shop.box)) as box:
        box.box.wake()
    time.sleep(1)
    end_sessions(postgres_url)
    shop.hold.unlink()
    assert shop.until(number).state.value == "succeeded", shop.log(number) + shop.complaints()
    assert shop.job(number).attempt == 1, "the runner went on"

    ending = threading.Thread(target=lambda: [end_sessions(postgres_url) for _ in range(20)])
    ending.start()
    with wiring.open_box(str(shop.box)) as box:
        pulls = Pulls(box.forge, box.branches, Taker.of(box, time.time), time.time)
        by = Signature(name="Bo", email="bo@example.org", at=time.time())
        pulls.merge(1, method=MergeMethod.SQUASH, by=by, override="a test")
    ending.join()
    shop.until_tag("toy#staging#2", within_s=90)

    jobs = shop.jobs()
    asked = [(job.asked.branch, job.asked.commit) for job in jobs if not job.asked.is_skip]
    assert len(set(asked)) == len(asked), asked
    assert jobs[-1].asked.branch == "main"
    shop.until(jobs[-1].job)
    assert shop.trainings() == 2, shop.log(jobs[-1].job)
    assert shop.git("tag", cwd=shop.box).split() == [
        "toy#staging#1",
        "toy#staging#2",
        "toy@v1.0.0",
        "toy@v1.0.1",
    ]
    assert told_of(shop) == [str(secret)]
