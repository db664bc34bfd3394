"""A training in parts, by our own workflow and program: each stage once, one verdict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.adapters.github.conftest import Site
from tests.cli.ci_scene import SOURCE
from tests.cli.test_ci_parts import FILES
from tests.generate.workflows.combinations import asked_of
from tests.generate.workflows.test_on_this_host import TRAIN, git
from tests.rig.host import Host, repository, results

if TYPE_CHECKING:
    from tests.rig.forge import JudgedForge

SETTINGS = FILES["branchline.yaml"] + (
    "resources:\n  prepare: {runs_on: [ubuntu-24.04]}\n"
    "  train: {runs_on: [self-hosted, gpu]}\n  evaluate: {runs_on: [ubuntu-24.04]}\n"
    # A folder of the host, whose HOME is its own: a version is registered once others can have it.
    "store: ~/store\n"
)


@pytest.mark.parametrize(
    ("broken", "expected", "state"),
    [
        pytest.param(
            {},
            dict.fromkeys(
                ("decide", "train-1", "train-2", "train", "report", "gate", "register"), "success"
            ),
            "passed",
            id="all-is-well",
        ),
        pytest.param(
            {"train.py": "raise SystemExit('out of memory')\n"},
            dict.fromkeys(("decide", "train-1", "report"), "success")
            | {"train-2": "failure", "train": "skipped", "gate": "failure", "register": "skipped"},
            "failed",
            id="the-middle-part-fails",
        ),
    ],
)
def test_a_push_trains_in_parts(
    tmp_path: Path,
    judged_forge: JudgedForge,
    broken: dict[str, str],
    expected: dict[str, str],
    state: str,
) -> None:
    root, folder = tmp_path / "repository", tmp_path / "host"
    root.mkdir()
    folder.mkdir()
    git(root, "init", "-q", "-b", "main")
    asked = asked_of(SETTINGS)
    files = {**FILES, **asked.files, "branchline.yaml": SETTINGS, **broken}
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    host = Host(root, folder)
    host.install(
        "branchline",
        f'#!/bin/sh\nPYTHONPATH="{SOURCE}" exec "{sys.executable}" -m branchline "$@"\n',
    )
    judged_forge.problems.clear()
    site = Site(judged_forge, judged_forge.new_repository())
    commit = git(root, "rev-parse", "main")
    judged_forge.gaps.commits.add(commit)
    payload: dict[str, Any] = {
        "ref": "refs/heads/main", "before": "0" * 40, "after": commit, "deleted": False,
        "repository": repository(site.name),
    }  # fmt: skip

    words = ("--token-base", "tok-bot", "--api", judged_forge.url)
    report = host.run(TRAIN, "push", payload, *words)

    assert results(report) == expected, report
    jobs = yaml.safe_load(asked.files[TRAIN])["jobs"]
    assert [jobs[name]["runs-on"] for name in ("train-1", "train-2", "train")] == [
        "ubuntu-24.04", ["self-hosted", "gpu"], "ubuntu-24.04",
    ]  # fmt: skip
    (check,) = site.forge().checks(commit)
    assert (check.name, check.state.value) == ("branchline/demo", state)
    is_well = not broken
    made = (folder / "made").read_text().split()
    assert made == (["prepare", "train", "evaluate"] if is_well else ["prepare"])
    assert git(root, "tag").splitlines() == (["demo#staging#1", "demo@v1.0.0"] if is_well else [])
    if broken:
        assert "`train` failed" in check.summary
    for client in site.opened:
        client.close()
    assert judged_forge.problems == []
