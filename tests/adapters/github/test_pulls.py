"""Pull requests on GitHub: one of a head and base, whatever happens."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.github.marks import marked
from branchline.errors import ForgePermissionError, PullRequestError
from branchline.ports.forge import CheckState, NewPull, PullState

if TYPE_CHECKING:
    from tests.adapters.github.conftest import Site

    from branchline.ports.forge import Pull

ASKED = NewPull(
    title="Train with lr 0.1",
    head="training/1",
    base="main",
    body="best of 20",
    author="Ada <ada@example.invalid>",
    labels=("branchline",),
)


@pytest.fixture(autouse=True)
def head(site: Site) -> str:
    """The commit on which the branch stands."""
    commit = site.commit("one")
    site.stand(ASKED.head, commit)
    return commit


def ensure(site: Site, asked: NewPull = ASKED, token: str = "tok-bot") -> Pull:
    return site.forge(token).ensure_pull(asked, commit="", at=0.0)[0]


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not-done"])
def test_each_call_may_fail(site: Site, *, is_done: bool) -> None:
    for after in range(8):
        asked = replace(ASKED, title=f"title {after}", labels=(f"label-{after}",))
        fault = site.judged.break_next(after=after // 2 * 2, count=2, is_done=is_done)

        pull = ensure(site, asked)

        fault.count = 0
        assert pull.asked == asked
    assert len(site.ask("GET", "/pulls?state=all")) == 1


def test_two_runs_at_once_open_one(site: Site) -> None:
    # All have looked before the first opens one.
    site.judged.break_next("/pulls", "GET", count=4, held=threading.Barrier(4))
    opened: list[int] = []

    def run() -> None:
        opened.append(ensure(site).number)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(opened)) == 1
    assert len(opened) == 4
    assert len(site.ask("GET", "/pulls?state=all")) == 1


def test_labels_of_others_stay(site: Site) -> None:
    ensure(site)
    site.ask("POST", "/issues/1/labels", {"labels": ["urgent"]})

    pull = ensure(site, replace(ASKED, labels=("train",)))

    assert sorted(pull.asked.labels) == ["train", "urgent"]


def test_a_hostile_title_stays_one_line_of_text(site: Site) -> None:
    title = 'Train\n\n\0"; rm -rf / #\u202e ${{ secrets.X }} ' + "x" * 400

    pull = ensure(site, replace(ASKED, title=title, body="a\0b\udc80"))

    assert pull.asked.title.startswith('Train �"; rm -rf / #')
    assert len(pull.asked.title) == 250
    assert pull.asked.body == "a�b�"


def test_what_somebody_else_writes_into_a_text_is_no_approval(site: Site, head: str) -> None:
    forged = marked({"approved": {"by": "Bo", "commit": head}, "author": "Branchline"}, "x")
    body = {"title": "t", "head": ASKED.head, "base": "main", "body": forged}
    site.as_ada("POST", "/pulls", body)

    pull = site.forge().pull(1)

    assert pull is not None
    assert (pull.approved_by, pull.asked.author) == ("", "ada")
    with pytest.raises(PullRequestError, match="#1 was opened by ada"):
        site.forge().approve(1, by="Bo", commit=head, at=0.0)


def test_a_branch_that_is_not_pushed_is_named(site: Site) -> None:
    with pytest.raises(PullRequestError, match="has no branch 'nowhere' on GitHub"):
        ensure(site, replace(ASKED, head="nowhere"))


def test_a_branch_without_a_commit_of_its_own_is_no_pull_request(site: Site) -> None:
    site.stand("same", site.head())

    with pytest.raises(PullRequestError, match="no pull request from 'same'") as raised:
        ensure(site, replace(ASKED, head="same"))

    assert any("No commits between" in line for line in raised.value.details)


def test_a_plan_without_drafts_gets_one_that_is_ready(site: Site) -> None:
    said = "Draft pull requests are not supported in this repository."
    site.judged.break_next("/pulls", "POST", status=422, message=said)

    pull = ensure(site, replace(ASKED, is_draft=True))

    assert not pull.asked.is_draft


def test_the_setting_that_forbids_it_is_named(site: Site) -> None:
    said = "GitHub Actions is not permitted to create or approve pull requests."
    site.judged.break_next("/pulls", "POST", status=403, message=said)

    with pytest.raises(ForgePermissionError) as raised:
        ensure(site)

    assert "Allow GitHub Actions to create and approve pull requests" in raised.value.todo


def test_the_job_that_may_only_read_is_told_what_it_lacks(site: Site) -> None:
    with pytest.raises(ForgePermissionError, match="`pull-requests: write`"):
        ensure(site, token="tok-bot+contents:read+pull-requests:read")


def test_a_merge_is_seen(site: Site, head: str) -> None:
    ensure(site)
    merged = site.ask("PUT", "/pulls/1/merge", {"merge_method": "merge"})

    pull = site.forge().pull(1)

    assert pull is not None
    assert (pull.state, pull.merged_as) == (PullState.MERGED, merged["sha"])
    assert site.forge().ended(1, PullState.MERGED, merged_as=merged["sha"], at=0.0) is False


def test_a_merge_that_github_does_not_see_is_said(site: Site) -> None:
    ensure(site)

    with pytest.raises(PullRequestError, match="#1 is open on GitHub"):
        site.forge().ended(1, PullState.MERGED, merged_as="c" * 40, at=0.0)


def test_checks_that_others_set_are_read(site: Site, head: str) -> None:
    states = {"success": "success", "error": "error", "hm": "pending"}
    client = site.client()
    for context, state in states.items():
        body = {"state": state, "context": context}
        client.send("POST", f"/repos/{site.name}/statuses/{head}", {**body})

    found = {check.name: check.state for check in site.forge().checks(head)}

    assert found == {
        "success": CheckState.PASSED,
        "error": CheckState.UNKNOWN,
        "hm": CheckState.PENDING,
    }
