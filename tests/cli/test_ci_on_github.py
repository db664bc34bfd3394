"""`branchline ci apply` on the judged forge: every exchange is one that GitHub would take."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.adapters.github.conftest import Site
from tests.cli.ci_scene import FILES, YAML, CiScene, Ended, pulled, pushed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.forge import JudgedForge

REPORT = "tok-bot+contents:write+pull-requests:write+statuses:write"
OPEN = "tok-bot+contents:write+pull-requests:write+actions:write"
TUNE = """\
branches:
  "tuning/**":
    do: tune
    open_pull_request: {branch: "training/{commit}", into: main, mode: dispatch}
  "main": {do: train}
tune:
  stages: [train]
  objective: {metric: auc, goal: maximize}
  space: {lr: [0.1, 0.3]}
  write: params.yaml
  trials: 2
"""


@dataclass
class GitHub:
    """A repository on the judged forge, and the same in git."""

    site: Site
    scene: CiScene

    def apply(
        self, ran: Ended, event: tuple[str, dict[str, Any]], token: str, *words: str
    ) -> Ended:
        """Apply the results of a job in a checkout of the default branch."""
        tested = json.loads((ran.folder / "results.json").read_text())["tested"]
        return self.scene.job(
            "apply", event, *words, ref="refs/heads/main", results=ran.folder.parent,
            GITHUB_SHA=tested, GITHUB_API_URL=self.site.judged.url, GITHUB_TOKEN=token,
            GITHUB_REPOSITORY=self.site.name, BRANCHLINE_GITHUB_LOGIN="", GITHUB_RUN_ID="99",
            GITHUB_WORKFLOW_REF="o/r/.github/workflows/branchline-tune.yml@refs/heads/main",
        )  # fmt: skip


@pytest.fixture
def github(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[GitHub]:
    """A fresh one, with a project on its default branch."""
    judged_forge.problems.clear()
    judged_forge.faults.clear()
    scene = CiScene(tmp_path)
    scene.commit(FILES, message="first")
    judged_forge.gaps.dispatched.clear()
    made = GitHub(Site(judged_forge, judged_forge.new_repository()), scene)
    yield made
    for client in made.site.opened:
        client.close()


def walked_pull(github: GitHub) -> tuple[Ended, tuple[str, dict[str, Any]], str, int]:
    """A pull request that was trained."""
    site, scene = github.site, github.scene
    site.stand("work", site.commit("work"))
    body = {"title": "Work", "head": "work", "base": "main"}
    number = int(site.as_ada("POST", "/pulls", body)["number"])
    head = scene.commit({"params.yaml": "lr: 0.2\n"}, branch="work")
    scene.merged(number, head)
    event = pulled(head, number=number)
    ran = scene.job("run", event, "--no-push", ref=f"refs/pull/{number}/merge")
    assert ran.code == 0, ran.err
    site.judged.gaps.commits.add(head)
    return ran, event, head, number


def comments(github: GitHub, number: int) -> list[str]:
    return [str(note["body"]) for note in github.site.ask("GET", f"/issues/{number}/comments")]


def statuses(github: GitHub, commit: str) -> list[tuple[str, str]]:
    forge = github.site.forge()
    return [(check.name, check.state.value) for check in forge.checks(commit)]


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
    learns = FILES["train.py"].replace("0.9", "float(open('params.yaml').read().split()[1])")
    scene.commit({"branchline.yaml": YAML.replace("min: 0.5", "min: 0.0") + TUNE})
    head = scene.commit({"train.py": learns}, branch="tuning/x")
    event = pushed("refs/heads/tuning/x", head)
    branch = f"training/{head[:7]}"
    site.stand(branch, site.commit("best"))

    plan = scene.job("plan", event, ref="refs/heads/tuning/x")
    ran = scene.job("run", event, "--no-push", ref="refs/heads/tuning/x")
    opened = github.apply(ran, event, OPEN, "--only", "pull-request")
    again = github.apply(ran, event, OPEN, "--only", "pull-request")

    assert (plan.outputs["kind"], plan.outputs["should-train"]) == ("tune", "true"), plan.err
    assert ran.code == 0, ran.err + ran.out
    assert (opened.code, again.code) == (0, 0), opened.out + opened.err + again.out
    assert scene.git(scene.bare, "show", f"{branch}:params.yaml") == "lr: 0.3"
    (pull,) = site.ask("GET", "/pulls")
    assert pull["head"]["ref"] == branch
    assert "branchline.yml trains it" in opened.out
    (sent,) = site.judged.gaps.dispatched
    assert "branchline.yml" in json.dumps(sent)
    assert sent["inputs"]["pr"] == str(pull["number"])
    assert site.judged.problems == []


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
