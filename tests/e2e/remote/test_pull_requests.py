"""Acceptance cases A that concern pull requests of a box, with real git by path."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import Shop

from branchline import wiring
from branchline.flows.intake import Taker
from branchline.flows.pulls import Pulls
from branchline.ports.branches import MergeMethod, Signature
from branchline.ports.forge import NewPull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from branchline.core.run.jobs import QueuedJob

pytestmark = [pytest.mark.slow]

BY = Signature(name="Bo", email="bo@example.org", at=0.0)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A box that has trained `main`."""
    made = Shop.create(tmp_path)
    made.push("main")
    yield made
    made.stop()


def open_pull(shop: Shop, head: str, base: str = "main") -> int:
    """Open a pull request of branches that the box holds."""
    with wiring.open_box(str(shop.box)) as box:
        pulls = Pulls(box.forge, box.branches, Taker.of(box, time.time), time.time)
        return pulls.create(NewPull(title=head, head=head, base=base))[0].number


def merge(shop: Shop, number: int, method: MergeMethod) -> None:
    """Merge, whatever stands against it."""
    with wiring.open_box(str(shop.box)) as box:
        pulls = Pulls(box.forge, box.branches, Taker.of(box, time.time), time.time)
        pulls.merge(number, method=method, by=BY, override="a test")


def newest(shop: Shop) -> QueuedJob:
    """The newest job, ended."""
    return shop.until(shop.jobs()[-1].job)


def branch(shop: Shop, name: str, path: str, text: str) -> None:
    """A branch off main that changes one file, in the box and with a pull request."""
    shop.git("checkout", "-q", "-b", name, "main")
    shop.write(path, text)
    shop.commit(f"{name} begins")
    shop.push(name)
    open_pull(shop, name)
    newest(shop)


CLOSURE = "def score(lr):\n    return round(0.95 - abs(lr - 0.3), 4)\n"


def test_a16_what_a_pull_request_trained_is_registered_by_its_squash(shop: Shop) -> None:
    branch(shop, "feature/a", "helper.py", CLOSURE)
    opened = newest(shop)
    assert (opened.asked.trigger, opened.asked.pull_request) == ("pull_request", 1)
    assert "train: runs" in shop.log(opened.job), "the push alone had no rule"
    shop.write("README.md", "more\n")
    shop.commit("docs")
    assert "train: reused" in shop.push("feature/a")
    job = newest(shop)
    assert (job.asked.trigger, job.asked.pull_request) == ("pull_request", 1)
    with wiring.open_box(str(shop.box)) as box:
        until = time.monotonic() + 20
        # The report of the first job may stand there until that of the second takes its place.
        while time.monotonic() < until:
            found = box.forge.comments(1)
            if found and job.run in found[0].body:
                break
            time.sleep(0.1)
    assert [comment.marker for comment in found] == ["report toy"]
    assert job.run in found[0].body

    merge(shop, 1, MergeMethod.SQUASH)

    merged = newest(shop)
    assert (merged.asked.branch, merged.outcome) == ("main", "passed")
    assert shop.trainings() == 2, shop.log(merged.job)
    shop.until_tag("toy@v1.0.1")


def test_a17_main_that_moved_in_the_closure_trains(shop: Shop) -> None:
    branch(shop, "feature/a", "helper.py", CLOSURE)
    shop.commit("again")
    shop.push("feature/a")
    shop.git("checkout", "-q", "main")
    shop.edit("params.yaml", "0.1", "0.2")
    shop.commit("main moved")
    shop.push("main")
    assert shop.trainings() == 3

    merge(shop, 1, MergeMethod.SQUASH)

    assert newest(shop).state.value == "succeeded"
    assert shop.trainings() == 4


def test_a14_a18_a19_docs_on_an_older_base_reuse_mains_result(shop: Shop) -> None:
    branch(shop, "feature/docs", "README.md", "docs\n")
    shop.git("checkout", "-q", "main")
    shop.edit("params.yaml", "0.1", "0.2")
    shop.commit("main moved in the closure")
    shop.push("main")
    shop.git("checkout", "-q", "feature/docs")
    shop.write("README.md", "more docs\n")
    shop.commit("docs")

    said = shop.push("feature/docs")

    assert "train: reused" in said
    assert "`auc` is 0.8" in said, "the merged tree counts, not the head's"
    shop.git("merge", "-q", "main")
    assert "train: reused" in shop.push("feature/docs")
    assert shop.trainings() == 2


def test_a20_a_stacked_pull_request_reuses_its_bases_result(shop: Shop) -> None:
    shop.git("checkout", "-q", "-b", "train/base", "main")
    shop.write("helper.py", CLOSURE)
    shop.commit("closure")
    shop.push("train/base")
    shop.git("checkout", "-q", "-b", "train/stacked")
    shop.write("README.md", "docs\n")
    shop.commit("docs")

    assert "train: reused" in shop.push("train/stacked")


def test_a21_conflicts_fail_and_say_so(shop: Shop) -> None:
    branch(shop, "feature/a", "params.yaml", "lr: 0.2\n")
    shop.git("checkout", "-q", "main")
    shop.write("params.yaml", "lr: 0.4\n")
    shop.commit("the same line")
    shop.push("main")
    shop.git("checkout", "-q", "feature/a")
    shop.commit("again")

    said = shop.push("feature/a")

    assert "cannot be merged into `main`: params.yaml" in said
    assert "Resolve the conflicts" in said
    assert newest(shop).state.value == "failed"
