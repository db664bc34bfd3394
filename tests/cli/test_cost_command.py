"""`cost` on real records: trained, repeated, a comment, a revert; in a clone and on a box."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.cli.test_reproduce_command import PIPELINE, PREPARE, TRAIN, Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Five runs: trained, unchanged, cosmetic, trained, reused."""
    made = Project(tmp_path_factory.mktemp("cost") / "work")
    made.folder.mkdir()
    files = {
        "prepare.py": PREPARE,
        "train.py": TRAIN,
        "dvc.yaml": PIPELINE,
        "branchline.yaml": "model: m\npipeline: dvc.yaml\ngate: {metrics: {auc: {min: 0.1}}}\n",
        "raw.txt": "data\n",
        "params.yaml": "rate: 0.5\n",
    }
    made.git("init", "-q", "-b", "main")
    for step in (files, {}, {"train.py": TRAIN + "# why\n"}, {"params.yaml": "rate: 0.6\n"}, files):
        for name, text in step.items():
            (made.folder / name).write_text(text)
        made.git("add", "-A")
        made.git("commit", "-q", "--allow-empty", "-m", "step")
        made.call("run")
    return made


def test_what_ran_and_what_did_not(project: Project) -> None:
    said = project.call("cost", "--price", "1.60")
    told = json.loads(project.call("cost", "--price", "1.60", "--json"))

    assert [run["did"] for run in told["runs"]] == [
        "trained",
        "unchanged",
        "cosmetic",
        "trained",
        "reused",
    ]
    assert [run["avoided_s"] > 0 for run in told["runs"]] == [False, True, True, True, True]
    total = told["total"]
    hours = sum(run["spent_s"] for run in told["runs"]) / 3600
    assert total["spent"]["hours"] == pytest.approx(hours, abs=1e-5)
    assert total["spent"]["usd"] == pytest.approx(hours * 1.60, abs=1e-5)
    assert told["budget"] is None
    assert "5 recorded runs" in said
    assert "2 of 5 runs trained: " in said
    assert "money: $1.60 an hour" in said


def test_free_minutes_of_this_month(project: Project) -> None:
    told = json.loads(project.call("cost", "--price", "github-linux", "--json"))
    own = project.call("cost", "--free-minutes", "0.001", "--until", "2020-01-01", "--by", "month")

    assert told["budget"]["free_minutes"] == 2000
    assert told["budget"]["used_minutes"] == 5  # each run a minute
    assert "no run of these days is recorded here" in own


def test_a_price_table_of_the_users_own(project: Project, tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text("[our-box]\nusd_per_hour = 3600\nfree_minutes = 1\n")

    told = json.loads(project.call("cost", "--prices", str(table), "--price", "our-box", "--json"))
    table.write_text("[our-box]\nusd_per_hour = 1\nfree_minutes = -1\n")
    wrong = project.call("cost", "--prices", str(table), "--price", "our-box", code=1)
    unknown = project.call("cost", "--price", "githb-linux", code=2)
    unread = project.call("cost", "--prices", str(tmp_path / "none.toml"), code=2)

    assert told["price"]["usd_per_hour"] == 3600
    # Hours have six digits: at 3,600 dollars an hour half a digit of the last is 0.0018 dollars.
    assert told["total"]["spent"]["usd"] == pytest.approx(
        told["total"]["spent"]["hours"] * 3600, abs=0.002
    )
    assert told["budget"]["free_minutes"] == 1
    assert "our-box.free_minutes is -1, must be minutes of a month, 0 or more" in wrong
    assert "did you mean `github-linux`?" in unknown
    assert "cannot be read: No such file" in unread


def test_records_alone_are_enough(project: Project, tmp_path: Path) -> None:
    clone = Project.__new__(Project)
    clone.folder, clone.environ = tmp_path / "clone", project.environ
    project.git("clone", "-q", str(project.folder), str(clone.folder))

    before = clone.call("cost")
    clone.call("records", "fetch")
    after = json.loads(clone.call("cost", "--json"))

    assert "no run is recorded here" in before
    assert after["total"] == json.loads(project.call("cost", "--json"))["total"]


def test_a_box_knows_its_records(project: Project, tmp_path: Path) -> None:
    box = Project.__new__(Project)
    box.folder, box.environ = tmp_path / "box.git", project.environ
    project.git("init", "-q", "--bare", str(box.folder))
    project.git("push", "-q", str(box.folder), "main", "refs/branchline/*:refs/branchline/*")

    told = json.loads(box.call("cost", "--json"))

    assert told["total"]["runs"] == 5
    assert told["total"]["trained"] == 2
