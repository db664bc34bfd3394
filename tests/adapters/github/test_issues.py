"""The issue of an alarm: one, whatever happens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from branchline.adapters.github.issues import GitHubIssues
from branchline.adapters.github.marks import marked
from branchline.errors import ForgePermissionError
from branchline.ports.issues import NewIssue
from branchline.testing.issues import BEGAN, IssuesContract

if TYPE_CHECKING:
    from tests.adapters.github.conftest import Site

ALARM = NewIssue(key="demo 2026", began=BEGAN, title="demo is degraded", body="`x` drifted")


def issues_of(site: Site, token: str = "tok-bot") -> GitHubIssues:
    return GitHubIssues(site.repository(token))


def there(site: Site) -> list[Any]:
    pages = [
        site.ask("GET", f"/issues?state=all&per_page=100&page={page}") for page in (1, 2, 3, 4)
    ]
    return [item for page in pages for item in page if "demo" in item["title"]]


class TestGitHubIssues(IssuesContract):
    """On the judged forge."""

    @pytest.fixture
    def issues(self, site: Site) -> GitHubIssues:
        """Of a fresh repository."""
        return issues_of(site)


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not-done"])
@pytest.mark.parametrize("status", [0, 500, 502, 504])
def test_a_lost_answer_makes_no_second_one(site: Site, status: int, *, is_done: bool) -> None:
    fault = site.judged.break_next("/issues", "POST", status=status, is_done=is_done)

    issues_of(site).ensure_open(ALARM)

    assert fault.count == 0
    assert [item["state"] for item in there(site)] == ["open"]


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not-done"])
def test_each_call_may_fail(site: Site, *, is_done: bool) -> None:
    for after in range(6):
        # Look, make or change, look again; then look, comment, close.
        alarm = replace(ALARM, key=f"alarm {after}")
        fault = site.judged.break_next(after=after, count=1, is_done=is_done)
        issues_of(site).ensure_open(alarm)
        issues_of(site).ensure_closed(alarm.key, began=BEGAN, comment="over")
        fault.count = 0

    assert [item["state"] for item in there(site)] == ["closed"] * 6
    for item in there(site):
        (comment,) = site.ask("GET", f"/issues/{item['number']}/comments")
        assert comment["body"].endswith("over")


def test_it_is_found_behind_many_others_and_follows_what_is_known(site: Site) -> None:
    issues_of(site).ensure_open(ALARM)
    for number in range(130):
        site.ask("POST", "/issues", {"title": f"noise {number}"})

    issue, was_made = issues_of(site).ensure_open(
        replace(ALARM, title="demo is\ndegraded still", body="`y` drifted")
    )

    (item,) = there(site)
    assert (was_made, item["number"]) == (False, issue.number)
    assert item["title"] == "demo is degraded still"
    assert item["body"].endswith("\n`y` drifted")


def test_a_mark_of_somebody_else_is_none(site: Site) -> None:
    body = {"title": "demo: forged", "body": marked({"alarm": ALARM.key}, "mine")}
    site.as_ada("POST", "/issues", body)

    issue, was_made = issues_of(site).ensure_open(ALARM)

    assert was_made
    assert [item["title"] for item in there(site) if item["number"] == issue.number] == [
        "demo is degraded"
    ]


def test_what_a_person_closed_is_not_opened_again_nor_made_anew(site: Site) -> None:
    opened, _ = issues_of(site).ensure_open(ALARM)
    site.ask("PATCH", f"/issues/{opened.number}", {"state": "closed"})

    issue, was_made = issues_of(site).ensure_open(replace(ALARM, body="another text"))

    assert (issue.number, issue.is_open, was_made) == (opened.number, False, False)
    (item,) = there(site)
    assert item["state"] == "closed"
    assert site.ask("GET", f"/issues/{opened.number}/comments") == []


def test_of_two_the_older_stays(site: Site) -> None:
    first = site.ask(
        "POST", "/issues", {"title": "demo 1", "body": marked({"alarm": ALARM.key}, "a")}
    )
    site.ask("POST", "/issues", {"title": "demo 2", "body": marked({"alarm": ALARM.key}, "b")})

    issue, _ = issues_of(site).ensure_open(ALARM)

    assert issue.number == first["number"]
    assert {item["number"]: item["state"] for item in there(site)} == {
        issue.number: "open", issue.number + 1: "closed"
    }  # fmt: skip


def test_without_permission_the_line_that_grants_it_is_said(site: Site) -> None:
    with pytest.raises(ForgePermissionError) as caught:
        issues_of(site, "tok-bot+contents:write+issues:read").ensure_open(ALARM)

    said = " ".join([caught.value.message, caught.value.todo, *caught.value.details])
    assert "issues: write" in said
