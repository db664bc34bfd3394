"""Adapter `github`: port `forge_checkup`. Reads settings and names; judges nothing.

Each question may be refused to the token by itself: the answer is then "could not be told".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from branchline.adapters.github.fields import flag, listed, seconds, text, texts
from branchline.errors import ForgeError, ForgeMissingError, ForgeTokenError, ForgeUnreachableError
from branchline.ports.forge_checkup import ForgeCheckup, ForgeEnvironment, ForgeFacts, ForgeRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.adapters.github.repository import Repository

__all__ = ["GitHubCheckup"]

T = TypeVar("T")
_FOLDER = ".github/workflows"


class GitHubCheckup(ForgeCheckup):
    """Looks at one repository.

    Args:
        repository: Which.
        is_enterprise: Whether it is on a server of its own.
        has_token: Whether we ask with a token.
    """

    def __init__(
        self, repository: Repository, *, is_enterprise: bool = False, has_token: bool = True
    ) -> None:
        self._repository, self._client = repository, repository.client
        self._is_enterprise, self._has_token = is_enterprise, has_token
        self._untold: dict[str, str] = {}

    def facts(self) -> ForgeFacts:
        """See the port."""
        self._untold = {}
        about = self._client.get(self._repository.path)
        branch = text(about, "default_branch")
        actions = self._told("whether Actions are enabled", self._get, "actions", "permissions")
        tokens = self._told(
            "what a workflow's token may", self._get, "actions", "permissions", "workflow"
        )
        return ForgeFacts(
            repository=text(about, "full_name") or self._repository.name,
            page=self._repository.page,
            is_enterprise=self._is_enterprise,
            has_token=self._has_token,
            login=self._login() if self._has_token else "",
            default_branch=branch,
            is_private=flag(about, "private"),
            is_archived=flag(about, "archived") or False,
            has_issues=flag(about, "has_issues"),
            pushed_at_s=seconds(about, "pushed_at") or None,
            may_push=flag(about, "permissions", "push"),
            are_jobs_enabled=flag(actions, "enabled"),
            may_jobs_open_pulls=flag(tokens, "can_approve_pull_request_reviews"),
            jobs_permissions=text(tokens, "default_workflow_permissions"),
            secrets=self._told("secrets", self._names, "secrets"),
            variables=self._told("variables", self._names, "variables"),
            environments=self._told("environments", self._environments),
            runners=self._told("runners", self._runners),
            workflows=self._told("workflows on the default branch", self._workflows, branch),
            disabled=self._told("which workflows are disabled", self._disabled) or (),
            required_checks=self._told("required checks", self._required, branch),
            untold=dict(self._untold),
        )

    def _told(self, what: str, ask: Callable[..., T], *words: str) -> T | None:
        try:
            return ask(*words)
        except (ForgeTokenError, ForgeUnreachableError):
            raise
        except ForgeError as error:
            self._untold[what] = error.todo if "permission" in error.todo else error.message
            return None

    def _get(self, *segments: str) -> object:
        return self._client.get(self._repository.at(*segments))

    def _login(self) -> str:
        return self._repository.login

    def _names(self, kind: str) -> Sequence[str]:
        """Names of secrets or variables, of the repository and of its organisation."""
        found = set(self._listed(kind, "actions", kind))
        try:
            found |= set(self._listed(kind, "actions", f"organization-{kind}"))
        except ForgeError:
            self._untold[f"{kind} of the organisation"] = "the repository's own are known"
        return sorted(found)

    def _listed(self, key: str, *segments: str) -> list[str]:
        items = self._client.pages(self._repository.at(*segments), key=key)
        return [text(item, "name") for item in items]

    def _environments(self) -> Sequence[ForgeEnvironment]:
        items = self._client.pages(self._repository.at("environments"), key="environments")
        return [self._environment(item) for item in items]

    def _environment(self, item: object) -> ForgeEnvironment:
        name = text(item, "name")
        rules = listed(item, "protection_rules")
        branches: Sequence[str] | None = None
        if flag(item, "deployment_branch_policy", "protected_branches"):
            branches = ["protected branches"]
        elif flag(item, "deployment_branch_policy", "custom_branch_policies"):
            segments = ("environments", name, "deployment-branch-policies")
            what = f"branches of the environment {name}"
            told = self._told(what, self._listed, "branch_policies", *segments)
            branches = ["branches that could not be told"] if told is None else told
        return ForgeEnvironment(
            name=name,
            branches=branches,
            reviewers=sum(len(listed(rule, "reviewers")) for rule in rules),
            secrets=self._told(
                f"secrets of the environment {name}",
                self._listed,
                "secrets",
                *("environments", name, "secrets"),
            ),
        )

    def _runners(self) -> Sequence[ForgeRunner]:
        items = self._client.pages(self._repository.at("actions", "runners"), key="runners")
        return [
            ForgeRunner(
                name=text(item, "name"),
                labels=[text(label, "name") for label in listed(item, "labels")],
                is_online=text(item, "status") == "online",
            )
            for item in items
        ]

    def _workflows(self, branch: str) -> Mapping[str, str]:
        path = self._repository.at("contents", *_FOLDER.split("/"))
        try:
            found = self._client.get(path, ref=branch)
        except ForgeMissingError:
            return {}
        items = found if isinstance(found, list) else []
        return {
            text(item, "path"): text(item, "sha") for item in items if text(item, "type") == "file"
        }

    def _disabled(self) -> Sequence[str]:
        items = self._client.pages(self._repository.at("actions", "workflows"), key="workflows")
        return sorted(
            text(item, "path") for item in items if text(item, "state").startswith("disabled")
        )

    def _required(self, branch: str) -> Sequence[str]:
        """Of rule sets, which everybody may read, and of the older branch protection."""
        found: set[str] = set()
        for rule in self._client.pages(self._repository.at("rules", "branches", branch)):
            for check in listed(rule, "parameters", "required_status_checks"):
                found.add(text(check, "context"))
        about = self._get("branches", branch)
        found |= set(texts(about, "protection", "required_status_checks", "contexts"))
        return sorted(found - {""})
