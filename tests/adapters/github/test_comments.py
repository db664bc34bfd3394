"""The sticky comment: one, whatever happens."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.github.marks import LARGEST_BYTES, marked
from branchline.errors import ForgePermissionError, ForgeUnreachableError, UnknownNameError
from branchline.ports.forge import Comment, NewPull

if TYPE_CHECKING:
    from tests.adapters.github.conftest import Site

REPORT = Comment(body="auc 0.91", author="Branchline", marker="report", at=1.5)


@pytest.fixture
def pull(site: Site) -> int:
    """The number of an open pull request."""
    site.stand("x", site.commit("one"))
    asked = NewPull(title="t", head="x", base="main")
    return site.forge().ensure_pull(asked, commit="", at=0.0)[0].number


def bodies(site: Site, pull: int) -> list[str]:
    path = f"/issues/{pull}/comments?per_page=100"
    return [
        comment["body"]
        for page in (1, 2, 3, 4)
        for comment in site.ask("GET", f"{path}&page={page}")
    ]


def say(site: Site, pull: int, body: str) -> None:
    site.ask("POST", f"/issues/{pull}/comments", {"body": body})


def test_it_is_found_behind_250_others(site: Site, pull: int) -> None:
    for number in range(125):
        say(site, pull, f"noise {number}")
    site.forge().comment(pull, REPORT)
    for number in range(125):
        say(site, pull, f"noise {number}")

    site.forge().comment(pull, replace(REPORT, body="auc 0.95", at=2.5))

    found = [body for body in bodies(site, pull) if "auc" in body]
    assert [body.splitlines()[-1] for body in found] == ["auc 0.95"]
    assert len(bodies(site, pull)) == 251


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not-done"])
@pytest.mark.parametrize("status", [0, 500, 502, 503, 504])
def test_a_lost_answer_makes_no_second_one(
    site: Site, pull: int, status: int, *, is_done: bool
) -> None:
    fault = site.judged.break_next("/comments", "POST", status=status, is_done=is_done)

    site.forge().comment(pull, REPORT)

    assert fault.count == 0
    assert len(bodies(site, pull)) == 1


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not-done"])
def test_each_call_of_a_report_may_fail(site: Site, pull: int, *, is_done: bool) -> None:
    for after in range(6):
        # Who are we, look, write, look again; the next report has one to replace.
        report = replace(REPORT, marker=f"report {after // 2}", body=f"{after}")
        fault = site.judged.break_next(after=after // 2 * 2, count=2, is_done=is_done)
        site.forge().comment(pull, report)
        fault.count = 0
        assert site.forge().comments(pull)[-1] == report

    assert len(bodies(site, pull)) == 3


def test_two_runs_at_once_leave_one(site: Site, pull: int) -> None:
    forges = [site.forge() for _ in range(4)]
    # All have looked before the first writes.
    site.judged.break_next("/comments", "GET", count=4, held=threading.Barrier(4))

    def report(number: int) -> None:
        forges[number].comment(pull, replace(REPORT, body=f"run {number}"))

    threads = [threading.Thread(target=report, args=(n,)) for n in range(len(forges))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(bodies(site, pull)) == 1


def test_what_two_runs_left_is_cleared_by_the_next(site: Site, pull: int) -> None:
    for body in ("old", "second"):
        say(site, pull, marked({"marker": "report"}, body))

    site.forge().comment(pull, REPORT)

    assert [body.splitlines()[-1] for body in bodies(site, pull)] == ["auc 0.91"]


def test_the_marker_of_somebody_else_is_not_ours(site: Site, pull: int) -> None:
    forged = marked({"marker": "report"}, "all is well")
    site.as_ada("POST", f"/issues/{pull}/comments", {"body": forged})

    site.forge().comment(pull, REPORT)

    first, second = site.forge().comments(pull)
    assert (first.author, first.marker) == ("ada", "")
    assert second == REPORT
    assert bodies(site, pull)[0] == forged


def test_a_body_cannot_forge_the_marker_of_another(site: Site, pull: int) -> None:
    hostile = marked({"marker": "written"}, "--> <!-- branchline {} -->")
    site.forge().comment(pull, replace(REPORT, body=hostile, marker="a-->\n<b>"))

    (found,) = site.forge().comments(pull)

    assert found == replace(REPORT, body=hostile, marker="a-->\n<b>")


def test_a_comment_that_does_not_stick_is_said_once(site: Site, pull: int) -> None:
    plain = replace(REPORT, marker="")
    for at in (1.0, 1.0, 2.0):
        site.forge().comment(pull, replace(plain, at=at))

    assert len(bodies(site, pull)) == 2


def test_a_long_report_is_cut_at_a_line(site: Site, pull: int) -> None:
    body = "```\n" + "größer|1|\n" * 20_000

    site.forge().comment(pull, replace(REPORT, body=body))

    (text,) = bodies(site, pull)
    assert LARGEST_BYTES - 200 < len(text.encode()) <= LARGEST_BYTES
    assert text.count("```") == 2
    assert "more are left out here" in text


@pytest.mark.parametrize(
    ("headers", "slept"),
    [
        pytest.param({"Retry-After": "7"}, (7, 8), id="it-says-how-long"),
        pytest.param(
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}, (1, 1), id="reset-is-over"
        ),
        pytest.param({}, (60, 60), id="a-secondary-limit-says-no-time"),
    ],
)
@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_is_waited_for(
    site: Site, pull: int, headers: dict[str, str], slept: tuple[float, float], status: int
) -> None:
    said = "You have exceeded a secondary rate limit"
    for method in ("GET", "POST"):
        site.judged.break_next("/comments", method, status=status, headers=headers, message=said)

    site.forge().comment(pull, REPORT)

    assert len(bodies(site, pull)) == 1
    assert len(site.slept) == 2
    assert all(slept[0] <= pause <= slept[1] for pause in site.slept)


def test_a_limit_that_lasts_an_hour_is_said(site: Site, pull: int) -> None:
    headers = {"Retry-After": "3600"}
    site.judged.break_next("/comments", status=429, headers=headers)

    with pytest.raises(ForgeUnreachableError, match=r"refuses GET .*comments for 360\d s more"):
        site.forge().comment(pull, REPORT)

    assert site.slept == []


def test_a_missing_permission_is_named(site: Site, pull: int) -> None:
    forge = site.forge("tok-bot+contents:read+pull-requests:read")

    with pytest.raises(
        ForgePermissionError, match="lacks the permission `pull-requests: write`"
    ) as e:
        forge.comment(pull, REPORT)

    assert e.value.details[:2] == ("permissions:", "  pull-requests: write")
    assert bodies(site, pull) == []


def test_a_pull_request_that_is_not_there(site: Site) -> None:
    with pytest.raises(UnknownNameError, match="no pull request #99 in branchline-bot/model"):
        site.forge().comment(99, REPORT)
