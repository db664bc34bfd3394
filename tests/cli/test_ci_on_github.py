"""`branchline ci apply` on the judged forge: every exchange is one that GitHub would take."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import FILES, pulled, pushed
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

    from tests.cli.ci_scene import Ended
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


def test_a_report_takes_few_requests(github: GitHub) -> None:
    ran, event, _, _ = walked_pull(github)
    github.site.judged.requests.clear()

    done = github.apply(ran, event, REPORT, "--only", "report")

    assert done.code == 0, done.err
    # A token of a job has 1,000 an hour, for all jobs of the repository.
    assert 0 < len(github.site.judged.requests) <= 20


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


def test_the_workflow_of_several_models_is_told_which_it_is_to_train(github: GitHub) -> None:
    ran, event, _ = searched(github)
    words = ("--model", "demo", "--workflow", "branchline.yml", "--with-model")

    opened = github.apply(ran, event, OPEN, "--only", "pull-request", *words)

    assert opened.code == 0, opened.out + opened.err
    (sent,) = github.site.judged.gaps.dispatched
    assert sent["inputs"]["model"] == "demo"
    assert github.site.judged.problems == []


def failing_pull(github: GitHub) -> tuple[Ended, tuple[str, dict[str, Any]], str, int]:
    """A pull request whose new rate makes the model too weak."""
    site, scene = github.site, github.scene
    learns = FILES["train.py"].replace("0.9", "1 - float(open('params.yaml').read().split()[1])")
    scene.commit({"train.py": learns})
    site.stand("work", site.commit("work"))
    body = {"title": "Work", "head": "work", "base": "main"}
    number = int(site.as_ada("POST", "/pulls", body)["number"])
    head = scene.commit({"params.yaml": "lr: 0.8\n"}, branch="work")
    scene.merged(number, head)
    site.judged.gaps.commits.add(head)
    event = pulled(head, number=number)
    main = scene.git(scene.bare, "rev-parse", "main")
    trained = scene.job("run", pushed("refs/heads/main", main), ref="refs/heads/main")
    assert trained.code == 0, trained.err
    ran = scene.job("run", event, "--no-push", ref=f"refs/pull/{number}/merge")
    assert ran.code == 3, ran.err
    return ran, event, head, number


def test_lines_that_caused_a_finding_are_annotated_once(github: GitHub) -> None:
    ran, event, head, _ = failing_pull(github)

    in_log = github.apply(ran, event, REPORT, "--only", "report")
    done = [github.apply(ran, event, f"{REPORT}+checks:write") for _ in range(2)]

    assert [in_log.code, *(one.code for one in done)] == [0, 0, 0], in_log.err + done[0].out
    assert "stand as annotations of this job" in in_log.out
    rows = [line for line in in_log.out.splitlines() if line.startswith(("::error", "::warning"))]
    assert len(rows) == 2
    assert "file=branchline.yaml,line=11" in rows[0]
    assert "file=params.yaml,line=1" in rows[1]
    client = github.site.client()
    path = f"/repos/{github.site.name}"
    listed = client.pages(f"{path}/commits/{head}/check-runs", key="check_runs")
    (run,) = [item for item in listed if isinstance(item, dict)]
    shown = list(client.pages(f"{path}/check-runs/{run['id']}/annotations"))
    assert [(r["path"], r["start_line"]) for r in shown if isinstance(r, dict)] == [
        ("branchline.yaml", 11), ("params.yaml", 1),
    ]  # fmt: skip
    assert "::error" not in done[0].out
    assert github.site.judged.problems == []
