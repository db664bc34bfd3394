"""The workflows that the how-to pages show run as they stand there."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.adapters.github.conftest import Site
from tests.cli.ci_scene import FILES, SOURCE, YAML
from tests.generate.workflows.test_on_this_host import git
from tests.rig.host import Host, repository, results

if TYPE_CHECKING:
    from tests.rig.forge import JudgedForge

PAGE = HOUSE / "docs/how-to/run-the-walk-in-a-ci-job.md"
FILE = ".github/workflows/own.yml"


def test_a_workflow_of_ones_own(tmp_path: Path, judged_forge: JudgedForge) -> None:
    judged_forge.problems.clear()
    found = re.search(r"```yaml\n(on:.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    root, folder = tmp_path / "repository", tmp_path / "host"
    root.mkdir()
    folder.mkdir()
    git(root, "init", "-q", "-b", "main")
    settings = YAML.partition("resources:")[0] + f"store: {tmp_path / 'store'}\n"
    for path, text in {**FILES, FILE: found[1], "branchline.yaml": settings}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    host = Host(root, folder)
    host.install(
        "branchline",
        f'#!/bin/sh\nPYTHONPATH="{SOURCE}" exec "{sys.executable}" -m branchline "$@"\n',
    )
    site = Site(judged_forge, judged_forge.new_repository())
    commit = git(root, "rev-parse", "main")
    judged_forge.gaps.commits.add(commit)
    payload: dict[str, Any] = {
        "ref": "refs/heads/main", "before": "0" * 40, "after": commit, "deleted": False,
        "repository": repository(site.name),
    }  # fmt: skip

    words = ("--token-base", "tok-bot", "--api", judged_forge.url)
    report = host.run(FILE, "push", payload, *words)

    assert results(report) == {"train": "success", "report": "success"}, report
    assert git(root, "tag").splitlines() == ["demo#staging#1", "demo@v1.0.0"]
    assert judged_forge.problems == []
    for client in site.opened:
        client.close()
