"""`branchline ci apply` where GitHub fails, the job is killed, or another one does the same.

Whatever happens between two requests, in the end there is one comment, one pull request, and one
training of it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.adapters.github.conftest import Site
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
from tests.rig.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.ci_scene import Ended
    from tests.rig.forge import JudgedForge

pytestmark = pytest.mark.slow

_PATIENCE_S = 60.0
FAULTS: dict[str, dict[str, Any]] = {
    "not-done": {"status": 502},
    "done-and-not-told": {"status": 502, "is_done": True},
    "limited": {"status": 403, "headers": {"Retry-After": "0"}, "message": "rate limit exceeded"},
}


@pytest.fixture
def github(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[GitHub]:
    with on_github(tmp_path, judged_forge) as made:
        yield made


def another(github: GitHub, *, with_pull: bool) -> GitHub:
    """The same repository in git, on GitHub as it was before anything was said there."""
    judged = github.site.judged
    site = Site(judged, judged.new_repository(), opened=github.site.opened)
    made = GitHub(site, github.scene)
    judged.gaps.gits[made.site.name] = Mirror(made.site, github.scene.bare)
    if with_pull:
        made.open_pull("work")
    return made


def asked_of(github: GitHub, method: str = "") -> int:
    """How many requests there were about a repository."""
    here = f"/repos/{github.site.name}/"
    return sum(
        request.path.startswith(here) and method in ("", request.method)
        for request in github.site.judged.requests
    )


def test_each_request_of_a_report_may_fail(github: GitHub) -> None:
    ran, event, head, number = walked_pull(github)
    first = github.apply(ran, event, REPORT, "--only", "report")
    assert first.code == 0, first.out + first.err
    calls = asked_of(github)
    assert calls > 3

    begun = []
    for after in range(calls):
        place = another(github, with_pull=True)
        fault = FAULTS[sorted(FAULTS)[after % len(FAULTS)]]
        match = f"/repos/{place.site.name}/"
        place.site.judged.break_next(match, after=after, **fault)
        process = place.start(ran, event, REPORT, "--only", "report")
        begun.append((place, process, fault))

    for place, process, fault in begun:
        done = place.scene.ended(process)
        assert done.code == 0, (fault, done.out, done.err)
        assert len(comments(place, number)) == 1, fault
        assert statuses(place, head) == [("branchline/demo", "passed")], fault
    assert github.site.judged.problems == []


def test_a_report_that_is_killed_between_two_requests_is_finished_by_the_next(
    github: GitHub,
) -> None:
    ran, event, head, number = walked_pull(github)
    assert github.apply(ran, event, REPORT, "--only", "report").code == 0

    for after in range(asked_of(github)):
        place = another(github, with_pull=True)
        kill_at(place, after, ran, event, REPORT, "report")
        done = place.apply(ran, event, REPORT, "--only", "report")

        assert done.code == 0, (after, done.out, done.err)
        (body,) = comments(place, number)
        assert "Verdict: passed" in body
        assert statuses(place, head) == [("branchline/demo", "passed")]
    assert github.site.judged.problems == []


def test_a_pull_request_whose_job_is_killed_is_opened_and_trained_once(github: GitHub) -> None:
    ran, event, branch = searched(github)
    judged = github.site.judged
    assert github.apply(ran, event, OPEN, "--only", "pull-request").code == 0
    writes = asked_of(github, "POST")
    assert writes > 1

    # Before anything is written, and after each thing that is.
    for after, method in [(0, "GET"), *((number, "POST") for number in range(writes))]:
        judged.gaps.dispatched.clear()
        place = another(github, with_pull=False)
        place.scene.git(place.scene.bare, "update-ref", "-d", f"refs/heads/{branch}")
        kill_at(place, after, ran, event, OPEN, "pull-request", method)
        done = place.apply(ran, event, OPEN, "--only", "pull-request")

        assert done.code == 0, (after, done.out, done.err)
        (pull,) = place.site.ask("GET", "/pulls?state=all")
        assert pull["head"]["ref"] == branch
        (sent,) = judged.gaps.dispatched
        assert sent["inputs"]["pr"] == str(pull["number"])
    assert judged.problems == []


def test_two_jobs_at_once_leave_one_of_each(github: GitHub) -> None:
    ran, event, head, number = walked_pull(github)
    judged, here = github.site.judged, f"/repos/{github.site.name}"
    # Both have looked before one of them writes.
    judged.break_next(f"{here}/issues/", "GET", count=2, held=threading.Barrier(2))

    both = [github.start(ran, event, REPORT, "--only", "report") for _ in range(2)]
    ended = [github.scene.ended(process) for process in both]

    assert [done.code for done in ended] == [0, 0], [done.out + done.err for done in ended]
    assert len(comments(github, number)) == 1
    assert statuses(github, head) == [("branchline/demo", "passed")]

    ran, event, branch = searched(github)
    judged.break_next(f"{here}/pulls", "GET", count=2, held=threading.Barrier(2))
    both = [github.start(ran, event, OPEN, "--only", "pull-request") for _ in range(2)]
    ended = [github.scene.ended(process) for process in both]

    assert [done.code for done in ended] == [0, 0], [done.out + done.err for done in ended]
    pulls = github.site.ask("GET", "/pulls?state=all")
    assert [pull["head"]["ref"] for pull in pulls if pull["number"] != number] == [branch]
    assert 1 <= len(judged.gaps.dispatched) <= 2
    assert {json.dumps(sent) for sent in judged.gaps.dispatched} == {
        json.dumps(judged.gaps.dispatched[0])
    }
    assert judged.problems == []


def kill_at(
    github: GitHub,
    after: int,
    ran: Ended,
    event: tuple[str, dict[str, Any]],
    token: str,
    only: str,
    method: str = "",
) -> None:
    """Kill a job once a request was carried out, before it has the answer."""
    gate = threading.Barrier(2)
    here = f"/repos/{github.site.name}/"
    fault = github.site.judged.break_next(here, method, after=after, held=gate)
    process = github.start(ran, event, token, "--only", only)
    until = time.monotonic() + _PATIENCE_S
    while gate.n_waiting == 0 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert fault.count == 0, "the request never came"
    process.kill()
    process.communicate()
    gate.wait(_PATIENCE_S)
