"""A fresh repository on the judged forge, and what a test does beside the client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from branchline.adapters.github.checks import Statuses
from branchline.adapters.github.client import Client
from branchline.adapters.github.forge import GitHubForge
from branchline.adapters.github.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.forge import JudgedForge

WEB = "https://github.com"


@dataclass
class Site:
    """A fresh repository on the judged forge.

    Attributes:
        slept: Seconds that clients waited; nobody sleeps.
    """

    judged: JudgedForge
    name: str
    slept: list[float] = field(default_factory=list)
    opened: list[Client] = field(default_factory=list)

    def client(self, token: str = "tok-bot", **more: Any) -> Client:
        """A client of it."""
        client = Client(api=self.judged.url, token=token, sleep=self.slept.append, **more)
        self.opened.append(client)
        return client

    def repository(self, token: str = "tok-bot", **more: Any) -> Repository:
        return Repository(self.client(token), self.name, web=WEB, **more)

    def forge(self, token: str = "tok-bot") -> GitHubForge:
        repository = self.repository(token)
        return GitHubForge(repository, Statuses(repository))

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the emulator answers, past the proxy."""
        import json

        raw = None if body is None else json.dumps(body).encode()
        status, answer = self.judged.upstream(method, f"/repos/{self.name}{path}", raw)
        assert status < 400, (method, path, status, answer)
        return answer

    def as_ada(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """What the emulator answers to somebody else."""
        import json

        headers = {"Authorization": "Bearer tok-ada"}
        raw = json.dumps(body).encode()
        status, _, answer = self.judged.forwarded(method, f"/repos/{self.name}{path}", headers, raw)
        assert status < 400, (status, answer)
        return json.loads(answer)

    def head(self, branch: str = "main") -> str:
        return str(self.ask("GET", f"/git/ref/heads/{branch}")["object"]["sha"])

    def commit(self, message: str, parent: str = "") -> str:
        """A commit with a file of its own on top of another."""
        under = parent or self.head()
        files = [{"path": "note", "mode": "100644", "type": "blob", "content": message}]
        tree = self.ask("POST", "/git/trees", {"tree": files})["sha"]
        body = {"message": message, "tree": tree, "parents": [under]}
        return str(self.ask("POST", "/git/commits", body)["sha"])

    def stand(self, branch: str, commit: str) -> None:
        """Let a branch stand on a commit."""
        status, _ = self.judged.upstream("GET", f"/repos/{self.name}/git/ref/heads/{branch}")
        if status == 200:
            self.ask("PATCH", f"/git/refs/heads/{branch}", {"sha": commit, "force": True})
        else:
            self.ask("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit})


@pytest.fixture
def site(judged_forge: JudgedForge) -> Iterator[Site]:
    """A fresh repository; the test fails where something was sent that GitHub would refuse."""
    judged_forge.problems.clear()
    judged_forge.requests.clear()
    judged_forge.faults.clear()
    made = Site(judged_forge, judged_forge.new_repository())
    yield made
    for client in made.opened:
        client.close()
    assert judged_forge.problems == []
    # The token travels in one header and nowhere else.
    for request in judged_forge.requests:
        assert "tok-" not in request.path + request.query
        holders = [name for name, value in request.headers.items() if "tok-" in value]
        assert holders in ([], ["Authorization"])
