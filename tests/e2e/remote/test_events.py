"""Acceptance cases A of the decision that concern a remote, each with real git by path."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A clone and an empty box."""
    made = Shop.create(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def trained(shop: Shop) -> Shop:
    """A box that has trained `main`."""
    shop.push("main")
    assert shop.trainings() == 1, shop.complaints()
    return shop


def test_a1_a5_the_first_push_trains_and_streams_into_the_terminal(shop: Shop) -> None:
    said = shop.push("main")

    assert "remote: plan     train: runs, no result yet" in said
    assert "remote: run      train | epoch 1" in said
    assert "remote: verdict  passed: `auc` is 0.7" in said
    assert "records fetch box" in said
    job = shop.job(1)
    assert (job.state.value, job.outcome, job.run) == (
        "succeeded",
        "passed",
        shop.git("rev-parse", "--short", "HEAD"),
    )
    printed = shop.branchline("logs", "--job", "1", "-f")
    assert printed.splitlines() == shop.log(1).splitlines()
    assert shop.branchline("logs", "--job", "1") == printed
    shop.branchline("records", "fetch", "box")
    shown = shop.branchline("show", job.run)
    assert "main" in shown
    assert "passed" in shown
    left = shop.box / "branchline"
    assert (left / "artifacts" / job.run / "model.pkl").read_text() == "model 0.7"
    assert (left / "metrics" / job.run / "metrics.json").exists()
    assert not (shop.box / "branchline" / "jobs" / "1" / "tree").exists()
    shop.until_tag("toy#staging#1")
    assert shop.git("tag", cwd=shop.box).split() == ["toy#staging#1", "toy@v1.0.0"]


def test_a2_a10_a11_a12_a13_pushes_to_main_are_decided_by_content(trained: Shop) -> None:
    trained.edit("helper.py", "0.9 -", "0.91 -")
    trained.commit("closure")
    trained.edit("README.md", "toy", "toys")
    trained.commit("docs last")
    said = trained.push("main")
    assert "train: runs" in said
    assert "`score`" in said
    assert trained.trainings() == 2

    trained.edit("helper.py", "0.91 -", "0.8 -")
    trained.commit("change")
    trained.edit("helper.py", "0.8 -", "0.91 -")
    trained.commit("and revert in one push")
    assert "train: reused" in trained.push("main")

    trained.edit("helper.py", "0.91 -", "0.9 -")
    trained.commit("revert after training")
    said = trained.push("main")
    assert "made the result for exactly these inputs" in said
    assert trained.trainings() == 2

    trained.git("reset", "-q", "--hard", "HEAD~1")
    assert "train: reused" in trained.push("+main")

    trained.edit("helper.py", "0.91 -", "0.92 -")
    trained.git("commit", "-q", "--amend", "-a", "-m", "rewritten")
    assert "train: runs" in trained.push("+main")
    assert trained.trainings() == 3


def test_a3_a4_a6_a15_a28_a29_branches(trained: Shop) -> None:
    assert "train: reused" in trained.push("main:train/at-main")

    trained.commit("Trigger training")
    said = trained.push("HEAD:train/empty")
    assert "requested by an empty commit" in said
    assert trained.trainings() == 2
    assert "no rule of `branches:` matches `feature/x`" in trained.push("HEAD:feature/x")

    trained.edit("helper.py", "0.9 -", "0.91 -")
    trained.commit("closure")
    trained.edit("README.md", "toy", "toys")
    trained.commit("docs last")
    assert "train: runs" in trained.push("HEAD:train/new")
    trained.git("commit", "-q", "--amend", "-m", "the same tree")
    assert "train: reused" in trained.push("+HEAD:train/new")

    trained.git("checkout", "-q", "--orphan", "alone")
    trained.commit("no merge base")
    assert "train: reused" in trained.push("HEAD:train/orphan")

    count = trained.trainings()
    number = len(trained.jobs())
    trained.push(":train/new")
    deleted = trained.until(number + 1)
    assert (deleted.state.value, deleted.detail) == ("skipped", "branch `train/new` was deleted")
    assert trained.trainings() == count


def test_a7_what_was_cancelled_is_no_result(shop: Shop) -> None:
    shop.hold.touch()
    shop.push("main:train/x", wait=False)
    shop.until_trainings(1)
    _cancel(shop, 1)
    assert shop.until(1).state.value == "cancelled"
    shop.until_gone()

    shop.hold.unlink()
    shop.edit("README.md", "toy", "toys")
    shop.commit("docs only")
    assert "train: runs" in shop.push("HEAD:train/x")
    assert shop.trainings() == 2


def test_a8_a_newer_commit_with_the_same_closure_attaches_to_the_run(shop: Shop) -> None:
    shop.hold.touch()
    shop.push("main:train/x", wait=False)
    shop.until_trainings(1)
    shop.edit("README.md", "toy", "toys")
    shop.commit("docs only")
    shop.push("HEAD:train/x", wait=False)
    deadline = time.monotonic() + 60
    while "asks for the same" not in shop.log(1) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert shop.job(1).state.value == "running"
    shop.hold.unlink()

    assert shop.until(1).state.value == "succeeded", shop.log(1)
    assert shop.until(2).state.value == "succeeded", shop.log(2)
    assert shop.trainings() == 1
    assert "train: reused" in shop.log(2)


def test_a9_a_newer_commit_supersedes_on_a_feature_branch(shop: Shop) -> None:
    shop.hold.touch()
    shop.push("main:train/x", wait=False)
    shop.until_trainings(1)
    shop.edit("helper.py", "0.9 -", "0.91 -")
    shop.commit("closure")
    asked_at = time.monotonic()
    shop.push("HEAD:train/x", wait=False)

    assert shop.until(1).state.value == "superseded", shop.log(1)
    assert time.monotonic() - asked_at < 30
    shop.hold.unlink()
    assert shop.until(2).state.value == "succeeded", shop.log(2)
    assert shop.trainings() == 2
    shop.until_gone()


def test_a9_main_is_worked_off_in_order(shop: Shop) -> None:
    shop.hold.touch()
    shop.push("main", wait=False)
    shop.until_trainings(1)
    shop.edit("helper.py", "0.9 -", "0.91 -")
    shop.commit("closure")
    shop.push("main", wait=False)
    time.sleep(2)
    assert [job.state.value for job in shop.jobs()] == ["running", "queued"]
    shop.hold.unlink()

    assert shop.until(2).state.value == "succeeded", shop.log(2)
    assert shop.job(1).state.value == "succeeded"
    shop.until_tag("toy@v1.0.1")


def test_one_key_is_made_once_on_two_branches(shop: Shop) -> None:
    shop.settings(jobs=4, cpus=4)
    shop.hold.touch()
    shop.push("main:train/a", wait=False)
    shop.until_trainings(1)
    shop.push("main:train/b", wait=False)
    assert shop.until(2, "waiting").leader == 1
    shop.hold.unlink()

    assert shop.until(2).state.value == "succeeded", shop.log(2)
    assert shop.trainings() == 1
    assert "job 1 makes this already; waiting for it" in shop.log(2)
    assert "train: reused" in shop.log(2)


def test_a23_a24_a25_a26_a32_tags_force_and_retry(trained: Shop) -> None:
    trained.git("tag", "-a", "v1", "-m", "one")
    assert "train: reused" in trained.push("v1")

    trained.edit("helper.py", "0.9 -", "0.91 -")
    trained.commit("closure")
    trained.git("tag", "-a", "v2", "-m", "two")
    assert "train: runs" in trained.push("v2")
    assert trained.trainings() == 2

    assert "train: reused" in trained.push("HEAD:train/again")
    said = trained.push("-o", "train=force", "-o", "reason=look again", "HEAD:train/forced")
    assert "train: runs, asked for with `-o train=force`" in said
    assert trained.trainings() == 3

    old = _retry(trained, 1)
    job = trained.until(old)
    assert (job.state.value, job.asked.commit) == ("succeeded", trained.job(1).asked.commit)
    assert trained.trainings() == 3


def test_a33_a35_names_and_several_refs(trained: Shop) -> None:
    said = trained.push("main:refs/heads/train/a;id", refused=True)
    assert "refused" in said
    number = len(trained.jobs())

    trained.push(f"main:train/{'a' * 40}", "main:train/b", "main:train/c")

    asked = [job.asked.branch for job in trained.jobs()[number:]]
    assert sorted(asked) == [f"train/{'a' * 40}", "train/b", "train/c"]
    assert {job.state.value for job in trained.jobs()[number:]} == {"succeeded"}
    assert trained.trainings() == 1


def test_a36_many_files_hide_nothing(trained: Shop) -> None:
    for number in range(3000):
        trained.write(f"a/{number}.txt", f"{number}\n")
    trained.edit("helper.py", "0.9 -", "0.91 -")
    trained.commit("many files, the closure last")

    assert "train: runs" in trained.push("main")


def test_a_worse_model_is_refused_and_not_registered(trained: Shop) -> None:
    trained.edit("params.yaml", "0.1", "0.9")
    trained.commit("worse")

    said = trained.push("main")

    assert "verdict  failed: `auc` is 0.3" in said
    assert "not registered" in said
    assert "toy@v1.0.1" not in trained.git("tag", cwd=trained.box)


def test_a_lowered_bar_counts_after_the_merge_only(trained: Shop) -> None:
    trained.edit("branchline.yaml", "min: 0.5", "min: 0.1")
    trained.edit("params.yaml", "0.1", "0.9")
    trained.commit("lower the bar for a worse model")

    said = trained.push("HEAD:train/sly")

    assert "branchline.yaml changes gate; takes effect after the merge" in said
    assert "verdict  failed: `auc` is 0.3; at least 0.5" in said


def test_rules_that_cannot_be_read_let_no_branch_judge_itself(trained: Shop) -> None:
    trained.edit("branchline.yaml", "gate:", "gatee:")
    trained.commit("a slip")
    trained.push("main")
    trained.edit("branchline.yaml", "gatee:", "gate:")
    trained.edit("branchline.yaml", "min: 0.5", "min: 0.1")
    trained.edit("params.yaml", "0.1", "0.9")
    trained.commit("a bar of its own")

    said = trained.push("HEAD:train/sly")

    assert "error    the settings of the default branch" in said
    assert "gatee: unknown key" in said
    assert trained.jobs()[-1].state.value == "failed"
    assert "verdict" not in said

    trained.edit("branchline.yaml", "min: 0.1", "min: 0.5")
    trained.commit("mended")
    trained.push("main")
    said = trained.push("HEAD:train/fine")
    assert "verdict  failed: `auc` is 0.3; at least 0.5" in said


def test_what_cannot_be_decided_says_so_and_fails(trained: Shop) -> None:
    trained.write("branchline.yaml", "model: [\n")
    trained.commit("broken settings")
    said = trained.push("HEAD:train/broken")
    assert "error    branchline.yaml:" in said
    assert trained.jobs()[-1].state.value == "failed"

    trained.git("reset", "-q", "--hard", "HEAD~1")
    trained.edit("train.py", "import json", "import json,")
    trained.commit("broken code")
    said = trained.push("+HEAD:train/broken")
    assert "train.py" in said
    assert trained.jobs()[-1].state.value == "failed"


def _cancel(shop: Shop, number: int) -> None:
    from branchline import wiring

    with wiring.open_box(str(shop.box)) as box:
        box.queue.cancel(number, reason="by a test", at=time.time())


def _retry(shop: Shop, number: int) -> int:
    from branchline import wiring

    with wiring.open_box(str(shop.box)) as box:
        found = box.queue.retry(number, pusher="Ada", at=time.time())
        assert found is not None
        return found
