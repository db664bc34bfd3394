"""Starting workflows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.github.workflows import GitHubWorkflows
from branchline.errors import ForgeError, ForgeMissingError, ForgePermissionError, UsageError

if TYPE_CHECKING:
    from tests.adapters.github.conftest import Site

WORKFLOW = "branchline.yml"


def workflows(site: Site, token: str = "tok-bot") -> GitHubWorkflows:
    site.judged.gaps.dispatched.clear()
    return GitHubWorkflows(site.repository(token), now=time.time)


def test_it_starts_on_the_branch_with_its_inputs(site: Site) -> None:
    inputs = {"reason": 'tuned; $(id) "', "pr": "3"}
    workflows(site).dispatch(WORKFLOW, ref="training/1", inputs=inputs)

    assert site.judged.gaps.dispatched == [
        {"workflow": WORKFLOW, "ref": "training/1", "inputs": inputs}
    ]


def test_it_starts_again_where_no_run_began(site: Site) -> None:
    started = workflows(site)
    site.judged.break_next("/dispatches", "POST")

    started.dispatch(WORKFLOW, ref="main", inputs={})

    assert len(site.judged.gaps.dispatched) == 1


def test_it_does_not_start_twice_where_a_run_began(site: Site) -> None:
    started = workflows(site)
    runs = site.judged.checker.example(
        site.judged.checker.document["paths"][
            "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs"
        ]["get"],
        200,
    )
    key = "GET /actions/workflows/{workflow_id}/runs"
    site.judged.gaps.settings[key] = runs
    site.judged.break_next("/dispatches", "POST", is_done=True)

    started.dispatch(WORKFLOW, ref="main", inputs={})

    assert len(site.judged.gaps.dispatched) == 1


def test_runs_of_a_commit_count_from_a_moment_on(site: Site) -> None:
    started = workflows(site)
    started.dispatch(WORKFLOW, ref="main", inputs={})
    head = site.judged.gaps._began[-1]["head"]  # what the emulator took for its commit

    def has_run(since: float) -> bool:
        return started.has_run(WORKFLOW, ref="main", commit=head, since=since)

    assert has_run(0.0)
    assert has_run(time.time())  # clocks may differ
    assert not has_run(time.time() + 3600)


def test_a_token_that_may_not_is_told(site: Site) -> None:
    with pytest.raises(ForgePermissionError) as raised:
        workflows(site, "tok-bot+contents:read").dispatch(WORKFLOW, ref="main", inputs={})

    assert raised.value.details[:2] == ("permissions:", "  actions: write")


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (404, ForgeMissingError, "has no workflow branchline.yml"),
        (422, ForgeError, "does not start branchline.yml on 'main'"),
    ],
)
def test_a_refusal_says_what_to_do(
    site: Site, status: int, error: type[ForgeError], said: str
) -> None:
    site.judged.break_next("/dispatches", "POST", status=status)

    with pytest.raises(error, match=said):
        workflows(site).dispatch(WORKFLOW, ref="main", inputs={})


@pytest.mark.parametrize("name", ["../x.yml", "a/b.yml", "", "x", "x.yml?y"])
def test_only_the_name_of_a_file_is_a_workflow(site: Site, name: str) -> None:
    with pytest.raises(UsageError, match="must be the name of a file"):
        workflows(site).dispatch(name, ref="main", inputs={})


def test_what_github_does_not_take_is_not_sent(site: Site) -> None:
    with pytest.raises(ForgeError, match="1 inputs of 70001 characters"):
        workflows(site).dispatch(WORKFLOW, ref="main", inputs={"a": "x" * 70_000})
