"""Checks of a commit: what is said to GitHub, whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.adapters.github.checks import CheckRuns, Checks, Statuses
from branchline.errors import ForgeMissingError, ForgePermissionError
from branchline.ports.forge import Check, CheckState

if TYPE_CHECKING:
    from tests.adapters.github.conftest import Site

CHECK = Check(name="branchline / train", state=CheckState.PASSED, summary="auc 0.91", job=7)
KINDS = pytest.mark.parametrize("kind", [Statuses, CheckRuns])
Kind = type[Statuses] | type[CheckRuns]


def checks(site: Site, kind: Kind, token: str = "tok-bot") -> Checks:
    return kind(site.repository(token), details="https://github.com/o/r/actions/runs/5#x")


@KINDS
@pytest.mark.parametrize("state", CheckState)
def test_each_state_comes_back_as_it_was_said(site: Site, kind: Kind, state: CheckState) -> None:
    said = Check(name="a", state=state)

    checks(site, kind).put(site.head(), said, at=1.0)

    (found,) = checks(site, kind).of(site.head())
    assert found == said


@pytest.mark.parametrize("state", [CheckState.UNKNOWN, CheckState.FAILED, CheckState.WAITING])
def test_what_is_not_passed_is_no_success_on_github(site: Site, state: CheckState) -> None:
    head = site.head()
    for kind in (Statuses, CheckRuns):
        checks(site, kind).put(head, Check(name="a", state=state), at=1.0)

    client = site.client()
    path = f"/repos/{site.name}/commits/{head}"
    status = client.get(f"{path}/status")
    runs = client.get(f"{path}/check-runs")
    assert isinstance(status, dict)
    assert isinstance(runs, dict)
    assert status["state"] != "success"
    assert runs["check_runs"][0]["conclusion"] not in ("success", "neutral", "skipped")


@KINDS
@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not-done"])
def test_each_call_may_fail(site: Site, kind: Kind, *, is_done: bool) -> None:
    for after in range(4):
        said = Check(name=f"check {after // 2}", state=CheckState.PENDING, job=after)
        fault = site.judged.break_next(after=after // 2, count=2, is_done=is_done)
        checks(site, kind).put(site.head(), said, at=float(after))
        fault.count = 0
        assert said in checks(site, kind).of(site.head())

    if kind is CheckRuns:
        runs = site.ask("GET", f"/commits/{site.head()}/check-runs")
        assert runs["total_count"] == 2


@KINDS
def test_a_long_and_hostile_summary_fits(site: Site, kind: Kind) -> None:
    said = Check(name="a\nb\0", state=CheckState.FAILED, summary="größer | \n\0\udcff" * 9000)

    checks(site, kind).put(site.head(), said, at=1.0)

    (found,) = checks(site, kind).of(site.head())
    assert found.name == "a b�"
    assert found.summary.startswith("größer |")
    assert len(found.summary.encode()) <= 65_000


def test_a_status_leads_to_the_run(site: Site) -> None:
    checks(site, Statuses).put(site.head(), CHECK, at=1.0)

    sent = site.judged.requests[-1].body
    assert sent["target_url"].startswith("https://github.com/o/r/actions/runs/5#branchline:")
    assert (sent["context"], sent["description"]) == ("branchline / train", "auc 0.91")


def test_a_commit_that_is_not_pushed_is_named(site: Site) -> None:
    with pytest.raises(ForgeMissingError, match="has no commit cccccccccccc on GitHub"):
        checks(site, Statuses).put("c" * 40, CHECK, at=1.0)


@pytest.mark.parametrize(("kind", "permission"), [(Statuses, "statuses"), (CheckRuns, "checks")])
def test_a_missing_permission_is_named(site: Site, kind: Kind, permission: str) -> None:
    token = f"tok-bot+{permission}:read"

    with pytest.raises(ForgePermissionError) as raised:
        checks(site, kind, token).put(site.head(), CHECK, at=1.0)

    assert raised.value.details[:2] == ("permissions:", f"  {permission}: write")
