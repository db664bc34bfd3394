"""What only GraphQL does: a pull request that becomes a draft, or ready."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from branchline.adapters.github.checks import Statuses
from branchline.adapters.github.client import Client
from branchline.adapters.github.forge import GitHubForge
from branchline.adapters.github.repository import Repository
from branchline.errors import PullRequestError
from branchline.ports.forge import NewPull

if TYPE_CHECKING:
    from tests.adapters.github.server import Answer, Server

PULL: dict[str, Any] = {
    "number": 3,
    "node_id": "PR_1",
    "title": "t",
    "state": "open",
    "draft": True,
    "user": {"login": "our-app[bot]", "type": "Bot"},
    "head": {"ref": "x", "sha": "c" * 40, "repo": {"full_name": "o/r"}},
    "base": {"ref": "main"},
    "labels": [],
    "body": "",
}


def ready(server: Server, answer: dict[str, Any]) -> None:
    """Ask for what is a draft as one that is ready."""

    def respond(method: str, path: str) -> Answer:
        if path == "/api/graphql":
            return 200, {}, json.dumps(answer).encode()
        body = [PULL] if "?" in path else PULL
        return 200, {}, json.dumps(body).encode()

    server.answer = respond
    client = Client(api=f"{server.url}/api/v3", token="t", sleep=lambda _: None)
    repository = Repository(client, "o/r", web="https://x", login="our-app")
    forge = GitHubForge(repository, Statuses(repository))
    asked = NewPull(title="t", head="x", base="main")
    try:
        forge.ensure_pull(asked, commit="", at=0.0)
    finally:
        client.close()


def test_a_draft_becomes_ready(server: Server) -> None:
    ready(server, {"data": {}})

    (sent,) = [body for path, body in server.bodies if path == "/api/graphql"]
    assert "markPullRequestReadyForReview" in sent["query"]
    assert sent["variables"] == {"id": "PR_1"}


def test_a_draft_that_stays_one_is_said(server: Server) -> None:
    with pytest.raises(PullRequestError, match="#3 stays a draft") as raised:
        ready(server, {"errors": [{"message": "no right"}]})

    assert raised.value.details == ("no right",)
