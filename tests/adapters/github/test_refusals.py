"""Refusals of GitHub's, as errors that say what to do."""

from __future__ import annotations

import pytest

from branchline.adapters.github.refusals import permission_of, refusal
from branchline.errors import ForgePermissionError

R = "/repos/o/r"


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("POST", "/statuses/abc", ("statuses", "write")),
        ("GET", "/commits/abc/status", ("statuses", "read")),
        ("POST", "/check-runs", ("checks", "write")),
        ("GET", "/commits/abc/check-runs", ("checks", "read")),
        ("POST", "/pulls", ("pull-requests", "write")),
        ("PATCH", "/issues/comments/1", ("pull-requests", "write")),
        ("POST", "/issues/3/labels", ("pull-requests", "write")),
        ("POST", "/actions/workflows/a.yml/dispatches", ("actions", "write")),
        ("POST", "/git/refs", ("contents", "write")),
        ("GET", "/contents/statuses/a", ("contents", "read")),
        ("GET", "/environments", ("actions", "read")),
        ("GET", "/actions/permissions/workflow", ("administration", "read")),
        ("GET", "/actions/secrets", ("secrets", "read")),
    ],
)
def test_each_request_has_its_permission(method: str, path: str, needed: tuple[str, str]) -> None:
    assert permission_of(method, R + path) == needed


@pytest.mark.parametrize(
    ("path", "said", "headers", "todo"),
    [
        pytest.param(
            "/actions/permissions",
            "Resource not accessible by integration",
            {},
            "`Administration: Read-only`, which no workflow's own token has",
            id="what-no-workflow-may",
        ),
        pytest.param(
            "/pulls",
            "Resource not accessible by personal access token",
            {},
            "`Pull requests: Read-only`",
            id="a-fine-grained-token",
        ),
        pytest.param(
            "/pulls",
            "Resource protected by organization SAML enforcement.",
            {"x-github-sso": "required; url=https://github.com/orgs/o/sso?x=1"},
            "https://github.com/orgs/o/sso?x=1",
            id="single-sign-on",
        ),
        pytest.param(
            "/pulls", "Repository was archived so is read-only.", {}, "unarchive", id="archived"
        ),
    ],
)
def test_a_403_says_what_is_missing(
    path: str, said: str, headers: dict[str, str], todo: str
) -> None:
    error = refusal("GET", R + path, 403, headers, {"message": said})

    assert isinstance(error, ForgePermissionError)
    assert todo in error.todo


def test_what_github_accepts_is_passed_on_where_it_is_plain() -> None:
    plain = {"x-accepted-github-permissions": "issues=write; pull_requests=write"}
    odd = {"x-accepted-github-permissions": "issues=\x1b[31m"}

    first = refusal("POST", f"{R}/pulls", 403, plain, {})
    second = refusal("POST", f"{R}/pulls", 403, odd, None)

    assert first.details[-1] == "GitHub accepts: issues=write; pull_requests=write"
    assert second.details == ("permissions:", "  pull-requests: write")
