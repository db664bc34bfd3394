"""Our own workflows with our own program: a push and a pull request, from decide to register."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.adapters.github.conftest import Site
from tests.cli.ci_scene import FILES, SOURCE, YAML
from tests.generate.workflows.combinations import asked_of
from tests.generate.workflows.test_on_this_host import TRAIN, git
from tests.rig.host import Host, repository, results

if TYPE_CHECKING:
    from tests.rig.forge import JudgedForge

# A folder of the host, whose HOME is its own: a version is registered once others can have it.
SETTINGS = f"{YAML.partition('resources:')[0]}store: ~/store\n"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A repository with a project and its workflows, and a machine with Branchline."""
    root, folder = tmp_path / "repository", tmp_path / "host"
    root.mkdir()
    folder.mkdir()
    git(root, "init", "-q", "-b", "main")
    files = {**FILES, **asked_of(SETTINGS).files, "branchline.yaml": SETTINGS}
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
    return host


def test_a_push_is_trained_told_and_registered(host: Host, judged_forge: JudgedForge) -> None:
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

    expected = dict.fromkeys(("decide", "train", "report", "gate", "register"), "success")
    assert results(report) == expected, report
    assert git(host.root, "tag").splitlines() == ["demo#staging#1", "demo@v1.0.0"]
    records = git(host.root, "for-each-ref", "--format=%(refname)", "refs/branchline/")
    assert {name.split("/")[2] for name in records.splitlines()} == {"results", "runs"}
    forge = site.forge()
    assert [check.state.value for check in forge.checks(commit)] == ["passed"]
    for client in site.opened:
        client.close()
    assert judged_forge.problems == []


def test_a_pull_request_is_tested_as_its_merge_and_told_at_its_head(
    host: Host, judged_forge: JudgedForge
) -> None:
    judged_forge.problems.clear()
    site = Site(judged_forge, judged_forge.new_repository())
    site.stand("work", site.commit("work"))
    body = {"title": "Work", "head": "work", "base": "main"}
    number = int(site.as_ada("POST", "/pulls", body)["number"])
    base = git(host.root, "rev-parse", "main")
    git(host.root, "checkout", "-qb", "work")
    (host.root / "params.yaml").write_text("lr: 0.2\n")
    git(host.root, "commit", "-qam", "another rate")
    head = git(host.root, "rev-parse", "work")
    git(host.root, "checkout", "-q", "--detach", "main")
    git(host.root, "merge", "-q", "--no-ff", "-m", "Merge", "work")
    merge = git(host.root, "rev-parse", "HEAD")
    git(host.root, "update-ref", f"refs/pull/{number}/merge", merge)
    git(host.root, "checkout", "-q", "main")
    judged_forge.gaps.commits.add(head)
    home = repository(site.name)
    payload: dict[str, Any] = {
        "action": "opened", "number": number, "repository": home,
        "pull_request": {
            "number": number, "merge_commit_sha": merge, "state": "open",
            "head": {"ref": "work", "sha": head, "repo": home},
            "base": {"ref": "main", "sha": base, "repo": home},
        },
    }  # fmt: skip

    words = ("--token-base", "tok-bot", "--api", judged_forge.url)
    report = host.run(TRAIN, "pull_request", payload, *words)

    expected = dict.fromkeys(("decide", "train", "report", "gate"), "success")
    assert results(report) == {**expected, "register": "skipped"}, report
    (comment,) = site.ask("GET", f"/issues/{number}/comments")
    assert "Verdict: passed" in comment["body"]
    forge = site.forge()
    assert [check.state.value for check in forge.checks(head)] == ["passed"]
    assert git(host.root, "tag") == ""
    for client in site.opened:
        client.close()
    assert judged_forge.problems == []
