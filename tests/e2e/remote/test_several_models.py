"""Models of folders on a box: a job a model, rules of the default branch, the laptop's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cli.test_several_models import FOLDERS
from tests.e2e.remote.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A box that has trained both models of `main`."""
    made = Shop.create(tmp_path, FOLDERS)
    made.git("rm", "-q", "branchline.yaml", "train.py", "helper.py", "params.yaml")
    made.commit("folders only")
    made.push("main")
    yield made
    made.stop()


def results(shop: Shop, where: Path) -> set[str]:
    """Keys of recorded results."""
    names = shop.git("for-each-ref", "--format=%(refname)", "refs/branchline/results/", cwd=where)
    return {name.split("/")[4] for name in names.splitlines()}


def test_each_model_is_a_job_with_the_key_that_the_laptop_makes(shop: Shop) -> None:
    shop.branchline("run")

    assert [job.asked.model for job in shop.jobs()] == ["churn", "fraud"]
    assert results(shop, shop.root) == results(shop, shop.box)
    assert len(results(shop, shop.box)) == 2


def test_a_change_in_one_folder_trains_its_model_under_the_rules_of_main(shop: Shop) -> None:
    path = "services/churn/branchline.yaml"
    shop.edit(path, "0.5", "0.95")
    shop.write("services/churn/train.py", FOLDERS["services/churn/train.py"] + "ADDED = 1\n")
    shop.commit("another bar, and code")
    shop.git("checkout", "-qb", "training/x")

    said = shop.push("training/x")

    assert f"note: {path} changes gate; takes effect after the merge" in said
    assert "at least 0.5 is wanted" in said
    assert "services/fraud/dvc.yaml:train: reused" in said
    assert [job.asked.model for job in shop.jobs()][-2:] == ["churn", "fraud"]


def test_branch_rules_of_folders_protect_at_once(shop: Shop) -> None:
    rule = "branches: {release: {do: train, fast_forward_only: true}, main: {do: train}}\n"
    shop.write("services/churn/branchline.yaml", FOLDERS["services/churn/branchline.yaml"] + rule)
    shop.commit("a rule")
    shop.push("main")
    shop.git("checkout", "-qb", "other")
    shop.commit("beside")

    said = shop.push("other:release", refused=True)

    assert "`release`" in said
    assert "`main`" in said
    assert "release" not in shop.git("branch", "--list", cwd=shop.box)
