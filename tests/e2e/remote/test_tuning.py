"""From a push to `tuning/` to a registered model that nobody trained twice."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import SETTINGS, Shop

from branchline import wiring
from branchline.flows.intake import Taker
from branchline.flows.pulls import Pulls
from branchline.ports.branches import MergeMethod, Signature
from branchline.wiring.searches import open_studies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from branchline.ports.forge import Pull, PullState

pytestmark = [pytest.mark.slow]

TUNE = """\
tune:
  stages: [train]
  objective: {metric: auc}
  space: {lr: {float: [0.1, 0.4], step: 0.1}}
"""


@pytest.fixture
def default() -> str:
    """The default branch of the clone, and so of the box."""
    return "main"


@pytest.fixture
def shop(tmp_path: Path, default: str) -> Iterator[Shop]:
    """A box that has trained its default branch, which says how to search."""
    made = Shop.create(tmp_path, {"branchline.yaml": SETTINGS + TUNE}, branch=default)
    made.push(default)
    yield made
    made.stop()


def with_pulls(shop: Shop, work: Callable[[Pulls], Pull]) -> Pull:
    """What a person does to pull requests of the box."""
    with wiring.open_box(str(shop.box)) as box:
        return work(Pulls(box.forge, box.branches, Taker.of(box, time.time), time.time))


def pulls(shop: Shop, state: PullState | None = None) -> list[Pull]:
    """Pull requests of the box."""
    with wiring.open_box(str(shop.box)) as box:
        return list(box.forge.pulls(state=state))


def until_pull(shop: Shop, within_s: float = 60) -> Pull:
    """Wait for a pull request."""
    until = time.monotonic() + within_s
    while not (found := pulls(shop)):
        assert time.monotonic() < until, shop.log(2) + shop.complaints()
        time.sleep(0.1)
    return found[0]


@pytest.mark.parametrize("default", ["main", "master"])
def test_tuning_opens_a_pull_request_whose_merge_registers_without_training(
    shop: Shop, default: str
) -> None:
    said = shop.push(f"{default}:tuning/x")
    assert "as it is now: lr 0.1" in said
    assert "trial 2 of 4: lr 0.2" in said
    assert "1. auc 0.9  lr 0.3" in said
    assert "pull request from `training/" in said
    assert shop.trainings() == 4, "the first trial is the result of main"

    pull = until_pull(shop)
    branch = pull.asked.head
    assert branch == f"training/{shop.git('rev-parse', default)[:7]}"
    assert pull.asked.base == default
    shown = shop.git("show", f"{branch}:params.yaml", cwd=shop.box)
    assert shown == "lr: 0.3  # the rate"
    assert "lr: 0.3" in shop.git("show", f"{branch}:best_params.yaml", cwd=shop.box)
    assert "| `lr` | `0.1` | `0.3` |" in pull.asked.body
    held = shop.until(3)
    assert (held.state.value, held.detail) == ("skipped", "pull request #1 waits for an approval")

    with_pulls(shop, lambda p: p.approve(1, by="Bo <bo@example.org>"))
    job = shop.until(4)
    assert (job.state.value, job.outcome, job.asked.pull_request) == ("succeeded", "passed", 1)
    assert "search: skipped" in shop.log(4)
    count = shop.trainings()
    by = Signature(name="Bo", email="bo@example.org", at=time.time())
    until = time.monotonic() + 30
    while time.monotonic() < until and pulls(shop)[0].commit:
        with wiring.open_box(str(shop.box)) as box:
            checks = box.forge.checks(pull.commit)
        if checks and checks[0].state.value == "passed":
            break
        time.sleep(0.1)
    with_pulls(shop, lambda p: p.merge(1, method=MergeMethod.SQUASH, by=by).pull)

    merged = shop.until(5)
    assert (merged.state.value, merged.asked.branch) == ("succeeded", default), shop.log(5)
    assert shop.trainings() == count, shop.log(5)
    assert "train: reused, run job-2-trial-3 made the result" in shop.log(4)
    shop.until_tag("toy@v1.0.1")
    with wiring.open_box(str(shop.box)) as box:
        newest = box.registry.versions("toy")[-1]
        report = [c for c in box.forge.comments(1) if c.marker == "report toy"]
    assert shop.branchline("registry", "verify", "toy") == "toy@v1.0.1: whole\ntoy@v1.0.0: whole\n"
    assert newest.asked is not None
    assert newest.asked.metrics == {"auc": 0.9}
    assert len(report) == 1
    assert "passed" in report[0].body


def test_an_option_of_a_command_goes_into_the_file_that_declares_it(shop: Shop) -> None:
    shop.edit("train.py", 'open("params.yaml").read().split("lr:")[1].split()[0]', "sys.argv[2]")
    shop.edit(
        "branchline.yaml", "    cmd: python train.py", "    cmd: python train.py --lr 0.1  # c"
    )
    shop.edit("branchline.yaml", "    params: [lr]\n", "")
    shop.edit("branchline.yaml", "{lr: {float", "{--lr: {float")
    shop.commit("an option")
    shop.push("main")
    count = shop.trainings()

    said = shop.push("main:tuning/option")
    pull = until_pull(shop)

    assert "1. auc 0.9  --lr 0.3" in said
    assert shop.trainings() == count + 3, "the first trial is the result of main"
    after = shop.git("show", f"{pull.asked.head}:branchline.yaml", cwd=shop.box)
    now = (shop.root / "branchline.yaml").read_text().rstrip()
    assert after == now.replace("--lr 0.1  # c", "--lr 0.3  # c")
    assert pull.asked.title == "Train toy with --lr 0.1 -> 0.3"
    assert "| `--lr` | `0.1` | `0.3` |" in pull.asked.body
    with_pulls(shop, lambda p: p.approve(1, by="Bo <bo@example.org>"))
    job = shop.until(max(job.job for job in shop.jobs()))
    assert (job.state.value, job.outcome) == ("succeeded", "passed"), shop.log(job.job)
    assert shop.trainings() == count + 3, "what the trial made is known"


def test_values_that_are_best_already_open_nothing(shop: Shop) -> None:
    shop.edit("branchline.yaml", "{float: [0.1, 0.4], step: 0.1}", "[0.1, 0.9]")
    shop.commit("a small space")

    said = shop.push("HEAD:tuning/y")

    assert "unchanged: best of 2 trials: auc 0.7 with the values that are set already" in said
    assert pulls(shop) == []


def test_what_is_no_better_than_what_is_set_opens_nothing(shop: Shop) -> None:
    shop.edit("branchline.yaml", "{float: [0.1, 0.4], step: 0.1}", "[0.8, 0.9]")
    shop.commit("a bad space")

    said = shop.push("HEAD:tuning/y")

    assert "as it is now: lr 0.1" in said
    assert "unchanged: best of 2 trials: auc 0.7 with the values that are set already" in said
    assert pulls(shop) == []


def test_of_two_objectives_a_person_chooses(shop: Shop) -> None:
    shop.edit("branchline.yaml", "{metric: auc}", "[{metric: auc}, {metric: size, goal: minimize}]")
    shop.edit("train.py", '{"auc": score(lr)}', '{"auc": score(lr), "size": score(lr)}')
    shop.commit("two objectives")

    said = shop.push("HEAD:tuning/y")

    assert "trials are not bettered in every objective:" in said
    assert "no pull request: set the values of one, and push them" in said
    assert pulls(shop) == []


def test_a_random_search_draws_the_same_points_again(shop: Shop) -> None:
    shop.edit("branchline.yaml", "{float: [0.1, 0.4], step: 0.1}", "{float: [0.1, 0.4]}")
    more = "  sampler: random\n  trials: 5\n  seed: 3\n"
    shop.write("branchline.yaml", (shop.root / "branchline.yaml").read_text() + more)
    shop.commit("a range")

    said = shop.push("HEAD:tuning/y")
    count = shop.trainings()
    shop.push("-o", "train=force", "HEAD:tuning/z")

    assert "5 points are drawn at random (tune.seed 3)" in said
    assert "5 of 5 trials were made before" in shop.log(4)
    ranks = [line.partition("evidence")[2] for line in shop.log(2).splitlines() if ". auc" in line]
    again = [line.partition("evidence")[2] for line in shop.log(4).splitlines() if ". auc" in line]
    assert len(ranks) >= 5
    assert again == ranks
    assert shop.trainings() == count, "their results are known"


def test_a_range_without_a_step_says_what_to_write(shop: Shop) -> None:
    shop.edit("branchline.yaml", "{float: [0.1, 0.4], step: 0.1}", "{float: [0.1, 0.4]}")
    shop.write("branchline.yaml", (shop.root / "branchline.yaml").read_text() + "  sampler: grid\n")
    shop.commit("a range")

    said = shop.push("HEAD:tuning/y")

    assert "tune.space.lr is a range from 0.1 to 0.4 without a step" in said
    assert "Write the values, e.g. lr: [0.1, 0.4]" in said


def test_a_killed_search_goes_on_where_it_was(shop: Shop) -> None:
    shop.hold.touch()
    shop.push("main:tuning/x", wait=False)
    shop.until_trainings(2)  # trial 2: the first is the result of main
    os.kill(shop.runner(2), signal.SIGKILL)
    shop.hold.unlink()

    job = shop.until(2)
    assert (job.state.value, job.attempt) == ("succeeded", 2), shop.log(2)
    assert "1 of 4 trials were made before" in shop.log(2)
    with open_studies(str(shop.box / "branchline" / "studies")) as studies:
        (kept,) = studies.past(objective='[[["auc", "maximize", {}]], ["train"]]')
    assert [k.trial.number for k in kept.trials] == [0, 1, 2, 3, 4]
    assert len(pulls(shop) or [until_pull(shop)]) == 1


def test_trials_side_by_side_in_a_box(shop: Shop) -> None:
    more = "  parallel: 2\n"
    shop.write("branchline.yaml", (shop.root / "branchline.yaml").read_text() + more)
    shop.commit("two at once")

    said = shop.push("HEAD:tuning/both")

    assert "trial 4 of 4: succeeded" in said, said
    assert "1. auc 0.9  lr 0.3" in said
    pull = until_pull(shop)
    assert "lr: 0.3  # the rate" in shop.git("show", f"{pull.asked.head}:params.yaml", cwd=shop.box)
    job = shop.until(2)
    assert job.state.value == "succeeded"
    assert not (shop.box / "branchline" / "jobs" / "2" / "workers").exists()
    count = shop.trainings()
    shop.git("fetch", "-q", "box", pull.asked.head)
    shop.push("FETCH_HEAD:refs/heads/train/again")
    assert shop.trainings() == count, "the trial is the training"


@pytest.mark.parametrize(
    "own",
    [
        pytest.param("  run: python search.py\n", id="a-command"),
        pytest.param("", id="a-stage"),
    ],
)
def test_the_users_own_search(shop: Shop, own: str) -> None:
    shop.write(
        "search.py",
        'open("best_params.yaml", "w").write("lr: 0.3\\n")\n'
        'open("best_params.trials.csv", "w").write("lr,auc\\n0.1,0.7\\n0.3,0.9\\n")\n',
    )
    settings = SETTINGS + "tune:\n  objective: {metric: auc}\n" + own
    if not own:
        stage = "  search: {cmd: python search.py, outs: [{best_params.yaml: {cache: false}}]}\n"
        settings = settings.replace("gate:", stage + "gate:", 1)
    shop.write("branchline.yaml", settings)
    shop.commit("own search")

    said = shop.push("HEAD:tuning/own")

    assert "1. auc 0.9  lr 0.3" in said, said
    assert "2. auc 0.7  lr 0.1" in said
    pull = until_pull(shop)
    assert "lr: 0.3  # the rate" in shop.git("show", f"{pull.asked.head}:params.yaml", cwd=shop.box)
