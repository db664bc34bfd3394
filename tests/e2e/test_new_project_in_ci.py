"""A project from nothing passes its own workflow: checks, training, verdict, first version."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.adapters.github.conftest import Site
from tests.e2e.test_new_project import BRANCHLINE, NEEDS, environment
from tests.generate.workflows.test_on_this_host import TRAIN, git
from tests.rig.host import Host, repository, results

if TYPE_CHECKING:
    from tests.rig.forge import JudgedForge


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A new project, and a machine whose jobs have what the project's files install."""
    for module in NEEDS:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"no {module}: make .venv/.ready-example")
    folder = tmp_path / "host"
    folder.mkdir()
    subprocess.run([*BRANCHLINE, "new", "churn"], cwd=tmp_path, env=environment(), check=True)
    # A folder of the host, whose HOME is its own: a version is registered once others can have it.
    with (tmp_path / "churn/branchline.yaml").open("a") as settings:
        settings.write("store: ~/store\n")
    subprocess.run([*BRANCHLINE, "workflows", "write"], cwd=tmp_path / "churn", check=True)
    git(tmp_path / "churn", "commit", "-qam", "store")
    host = Host(tmp_path / "churn", folder)
    for name in ("branchline", "pytest", "ruff"):
        host.install(name, f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n')
    return host


@pytest.mark.slow
@pytest.mark.timeout(600)  # seven processes import scikit-learn
def test_the_first_push_is_checked_trained_judged_and_registered(
    host: Host, judged_forge: JudgedForge
) -> None:
    judged_forge.problems.clear()
    site = Site(judged_forge, judged_forge.new_repository())
    commit = git(host.root, "rev-parse", "main")
    judged_forge.gaps.commits.add(commit)
    payload: dict[str, Any] = {
        "ref": "refs/heads/main", "before": "0" * 40, "after": commit, "deleted": False,
        "repository": repository(site.name),
    }  # fmt: skip

    words = ("--token-base", "tok-bot", "--api", judged_forge.url)
    report = host.run(TRAIN, "push", payload, *words)

    jobs = ("decide", "check-1", "check-2", "train", "report", "gate", "register")
    assert results(report) == dict.fromkeys(jobs, "success"), report
    assert git(host.root, "tag").splitlines() == ["churn#staging#1", "churn@v1.0.0"]
    for client in site.opened:
        client.close()
    assert judged_forge.problems == []
