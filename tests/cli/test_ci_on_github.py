"""`branchline ci apply` on the judged forge: every exchange is one that GitHub would take."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.github_scene import (
    OPEN,
    REPORT,
    GitHub,
    comments,
    on_github,
    searched,
    statuses,
    walked_pull,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.forge import JudgedForge


@pytest.fixture
def github(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[GitHub]:
    with on_github(tmp_path, judged_forge) as made:
        yield made


def test_a_pull_request_gets_one_comment_and_its_head_a_status(github: GitHub) -> None:
    ran, event, head, number = walked_pull(github)

    github.site.judged.break_next("comments", "POST", is_done=True)
    first = github.apply(ran, event, REPORT)
    again = github.apply(ran, event, REPORT, "--only", "report")

    assert (first.code, again.code) == (0, 0), first.err + again.err
    (body,) = comments(github, number)
    assert "Verdict: passed" in body
    assert statuses(github, head) == [("branchline/demo", "passed")]
    assert {name.split("/")[2] for name in github.scene.records()} == {"results", "runs"}
    assert github.site.judged.problems == []
    assert "tok-bot" not in first.out + first.err + first.summary


def test_a_missing_permission_is_named_and_hinders_nothing_else(github: GitHub) -> None:
    ran, event, head, number = walked_pull(github)

    done = github.apply(ran, event, "tok-bot+contents:write+statuses:write+pull-requests:read")

    assert done.code == 1
    assert comments(github, number) == []
    assert statuses(github, head) == [("branchline/demo", "passed")]
    assert "pull-requests: write" in done.out
    assert "Traceback" not in done.err


def test_a_search_opens_its_pull_request_and_starts_its_training(github: GitHub) -> None:
    site, scene = github.site, github.scene
    ran, event, branch = searched(github)
    plan = scene.job("plan", event, ref="refs/heads/tuning/x")
    opened = github.apply(ran, event, OPEN, "--only", "pull-request")
    again = github.apply(ran, event, OPEN, "--only", "pull-request")

    assert (plan.outputs["kind"], plan.outputs["should-train"]) == ("tune", "true"), plan.err
    assert (opened.code, again.code) == (0, 0), opened.out + opened.err + again.out
    assert scene.git(scene.bare, "show", f"{branch}:params.yaml") == "lr: 0.3"
    (pull,) = site.ask("GET", "/pulls")
    assert pull["head"]["ref"] == branch
    assert "branchline.yml trains it" in opened.out
    (sent,) = site.judged.gaps.dispatched
    assert "branchline.yml" in json.dumps(sent)
    assert sent["inputs"]["pr"] == str(pull["number"])
    assert site.judged.problems == []
