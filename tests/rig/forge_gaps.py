"""What the emulator of GitHub lacks: operations answered here, and refusals that it forgets.

Answers have the shape of GitHub's own examples.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.rig.openapi_check import Checker

Answer = tuple[int, Any]

_REPO = "/repos/{owner}/{repo}"
_DOCS = "https://docs.github.com/rest"
# Path -> permissions of which one is enough, as a workflow's token has them.
_NEEDS = (
    (r"/statuses/|/commits/[^/]+/status(es)?$", ("statuses",)),
    (r"/check-(runs|suites)", ("checks",)),
    (r"/deployments", ("deployments",)),
    (r"/environments", ("actions",)),
    (r"/pulls", ("pull-requests",)),
    (r"/issues|/labels", ("issues", "pull-requests")),
    (r"/actions/(permissions|runners)", ("administration",)),
    (r"/secrets", ("secrets",)),
    (r"/actions/variables", ("variables",)),
    (r"/actions/", ("actions",)),
    (r"/contents|/git/|/releases|/dispatches|/merges", ("contents",)),
)


def error(status: int, message: str, **more: Any) -> Answer:
    """A refusal in GitHub's words."""
    return status, {"message": message, **more, "documentation_url": _DOCS, "status": str(status)}


class Branches(Protocol):
    """A repository whose branches and commits stand in git: the emulator has stand-ins of them."""

    def bring(self) -> None:
        """Let the emulator have a branch for each that git has."""

    def head(self, branch: str) -> str:
        """The commit that a branch stands on; "" when there is none."""

    def has(self, commit: str) -> bool:
        """Whether git has a commit."""


class Gaps:
    """State and answers of what the emulator lacks.

    Attributes:
        dispatched: Bodies of workflow dispatches, with the file. settings: (method, template) or
            template -> answer that a test sets. commits: Hashes of commits that git brought.
        gits: `owner/name` -> where its branches stand; of other repositories in the emulator.
    """

    def __init__(self, checker: Checker, upstream: Callable[[str], Answer]) -> None:
        self._checker, self._upstream = checker, upstream
        self._statuses: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.dispatched: list[dict[str, Any]] = []
        self._began: list[dict[str, str]] = []
        self.settings: dict[str, Any] = {}
        self.commits: set[str] = set()
        self._lines: dict[str, list[dict[str, Any]]] = {}
        self._check_runs: dict[tuple[str, str], dict[str, Any]] = {}
        self.gits: dict[str, Branches] = {}

    def refused(self, method: str, path: str, body: Any, token: str) -> Answer | None:
        """What GitHub refuses and the emulator lets pass."""
        base, *permissions = token.split("+")
        if base != "tok-bot":
            return error(401, "Bad credentials" if token else "Requires authentication")
        if permissions and not _is_allowed(method, path, dict(p.split(":") for p in permissions)):
            return error(403, "Resource not accessible by integration")
        found = re.fullmatch(r"(/repos/([^/]+)/[^/]+)/pulls", path)
        if found and method == "POST" and isinstance(body, dict):
            return self._no_pull(found[1], found[2], body)
        return None

    def with_lines(
        self, method: str, path: str, query: dict[str, str], body: Any, answer: Any
    ) -> tuple[Any, str]:
        """The answer with annotations of check runs, and a Link; GitHub adds those of each request.

        The emulator counts those of the last request, and shows none.
        """
        found = re.fullmatch(r"(/repos/[^/]+/[^/]+/check-runs)(?:/(\d+)(/annotations)?)?", path)
        if found is None or not isinstance(answer, dict | list):
            return answer, ""
        if found[3]:
            size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
            rows = self._lines.get(f"{found[1]}/{found[2]}", [])
            more = f'<{path}?page={page + 1}>; rel="next"' if len(rows) > size * page else ""
            return rows[size * (page - 1) : size * page], more
        if method in ("POST", "PATCH") and isinstance(answer, dict):
            sent = body.get("output", {}).get("annotations", []) if isinstance(body, dict) else []
            kept = self._lines.setdefault(f"{found[1]}/{answer['id']}", [])
            bare = {"start_column": None, "end_column": None, "raw_details": None}
            kept += [{**bare, "title": None, "blob_href": f"{_DOCS}/a", **row} for row in sent]
            answer["output"]["annotations_count"] = len(kept)
            # Of a name GitHub lists the newest.
            of = (found[1].removesuffix("/check-runs"), answer["head_sha"])
            self._check_runs.setdefault(of, {})[answer["name"]] = answer
        return answer, ""

    def filled(self, method: str, path: str, body: Any, query: Mapping[str, str]) -> Answer | None:
        """An answer where the emulator has none; None where there is nothing to say."""
        found = self._checker.route(method, path)
        if found is None:
            return None
        template, operation, values, _ = found
        request = body if isinstance(body, dict) else {}
        wrong = self._checker.request_problems(method, path, {}, body) if method != "GET" else []
        if any(line.startswith("request") and "does not know" not in line for line in wrong):
            return error(422, "Validation Failed", errors=wrong)
        key = f"{method} {template.removeprefix(_REPO)}"
        listed = re.fullmatch(r"(/repos/[^/]+/[^/]+)/commits/([0-9a-f]+)/check-runs", path)
        if method == "GET" and listed and listed[2] in self.commits:
            runs = list(self._check_runs.get((listed[1], listed[2]), {}).values())
            return 200, {"total_count": len(runs), "check_runs": runs}
        if key in self.settings:
            return 200, self.settings[key]
        repo = f"/repos/{values.get('owner')}/{values.get('repo')}"
        if key == "POST /statuses/{sha}":
            return self._set_status(repo, values["sha"], operation, request)
        if key == "GET /commits/{ref}/status":
            return self._combined(repo, values["ref"], operation)
        if key == "POST /actions/workflows/{workflow_id}/dispatches":
            self.dispatched.append({"workflow": values["workflow_id"], **request})
            began = {"repo": repo, "workflow": values["workflow_id"], "ref": request["ref"]}
            began["created"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            self._began.append({**began, "head": self._head(repo, request["ref"])})
            return 204, None
        if key == "GET /actions/workflows/{workflow_id}/runs":
            return 200, self._runs(repo, values["workflow_id"], query, operation)
        return None

    def with_heads(self, answer: Any) -> Any:
        """Pull requests with the heads of their branches now; the emulator keeps the first."""
        for pull in answer if isinstance(answer, list) else [answer]:
            repo, branch = pull["head"]["repo"]["full_name"], pull["head"]["ref"]
            if git := self.gits.get(repo):
                pull["head"]["sha"] = git.head(branch) or pull["head"]["sha"]
            elif pull.get("state") == "open":
                status, found = self._upstream(f"/repos/{repo}/git/ref/heads/{branch}")
                if status == 200:
                    pull["head"]["sha"] = found["object"]["sha"]
        return answer

    def _runs(self, repo: str, workflow: str, query: Mapping[str, str], operation: Any) -> Any:
        """Runs of a workflow that were dispatched, the newest first."""
        example = self._checker.example(operation, 200)["workflow_runs"][0]
        runs = [
            {**example, "head_branch": one["ref"], "head_sha": one["head"]}
            for one in reversed(self._began)
            if (one["repo"], one["workflow"]) == (repo, workflow)
            and query.get("branch", one["ref"]) == one["ref"]
            and query.get("head_sha", one["head"]) == one["head"]
            and query.get("created", "").removeprefix(">=") <= one["created"]
        ]
        return {"total_count": len(runs), "workflow_runs": runs}

    def _head(self, repo: str, branch: str) -> str:
        if git := self.gits.get(repo.removeprefix("/repos/")):
            return git.head(branch)
        status, found = self._upstream(f"{repo}/git/ref/heads/{quote(branch)}")
        return str(found["object"]["sha"]) if status == 200 else ""

    def _has(self, repo: str, sha: str) -> bool:
        if git := self.gits.get(repo.removeprefix("/repos/")):
            return git.has(sha)
        return sha in self.commits or self._upstream(f"{repo}/git/commits/{sha}")[0] == 200

    def _set_status(self, repo: str, sha: str, operation: Any, request: Any) -> Answer:
        if not self._has(repo, sha):
            return error(422, f"No commit found for SHA: {sha}")
        held = self._statuses.setdefault((repo, sha), [])
        blank = {"description": None, "target_url": None, "context": "default"}
        answer = {**self._checker.example(operation, 201), **blank, **request, "id": len(held) + 1}
        held.insert(0, answer)
        return 201, answer

    def _combined(self, repo: str, ref: str, operation: Any) -> Answer:
        if not self._has(repo, ref):
            return error(404, "Not Found")
        held = self._statuses.get((repo, ref), [])
        latest = {status["context"]: status for status in reversed(held)}
        shown = [{k: v for k, v in s.items() if k != "creator"} for s in latest.values()]
        states = {status["state"] for status in shown}
        worst = "failure" if states & {"failure", "error"} else "pending"
        state = "success" if states == {"success"} else worst
        answer = {"sha": ref, "state": state, "statuses": shown, "total_count": len(shown)}
        return 200, {**self._checker.example(operation, 200), **answer}

    def _no_pull(self, repo: str, owner: str, body: Any) -> Answer | None:
        base, head = str(body.get("base")), str(body.get("head")).split(":")[-1]
        for field, branch in (("base", base), ("head", head)):
            if self._upstream(f"{repo}/git/ref/heads/{quote(branch)}")[0] != 200:
                return _invalid(field=field, code="invalid")
        for pull in self._upstream(f"{repo}/pulls?state=open&per_page=100")[1] or []:
            if (pull["head"]["ref"], pull["base"]["ref"]) == (head, base):
                said = f"A pull request already exists for {owner}:{head}."
                return _invalid(code="custom", message=said)
        compared = self._upstream(f"{repo}/compare/{base}...{quote(head)}")[1] or {}
        if compared.get("ahead_by") == 0:
            return _invalid(code="custom", message=f"No commits between {base} and {head}")
        return None


def _is_allowed(method: str, path: str, have: dict[str, str]) -> bool:
    levels = {"read", "write"} if method == "GET" else {"write"}
    for pattern, names in _NEEDS:
        if re.search(pattern, path):
            return any(have.get(name) in levels for name in names)
    return True


def _invalid(**more: str) -> Answer:
    return error(422, "Validation Failed", errors=[{"resource": "PullRequest", **more}])


def load(raw: bytes) -> Any:
    """JSON, or None."""
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None
