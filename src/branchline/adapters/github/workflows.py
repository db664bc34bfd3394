"""Adapter `github`: port `workflows`, by `workflow_dispatch` of GitHub Actions."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from branchline.adapters.github.fields import listed
from branchline.errors import ForgeError, ForgeMissingError, UsageError
from branchline.ports.workflows import Workflows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.adapters.github.repository import Repository

__all__ = ["GitHubWorkflows"]

_MOST_INPUTS = 25
_MOST_CHARACTERS = 65_535
_FILE = re.compile(r"[A-Za-z0-9._-]+\.ya?ml")
# Their clock and ours may differ by so much.
_SLACK_S = 60.0


class GitHubWorkflows(Workflows):
    """Workflows of one repository.

    Args:
        repository: Where.
        now: The clock, seconds since 1970.
    """

    def __init__(self, repository: Repository, *, now: Callable[[], float]) -> None:
        self._repository, self._client, self._now = repository, repository.client, now

    def dispatch(self, workflow: str, *, ref: str, inputs: Mapping[str, str]) -> None:
        """See the port; after a lost answer, a run that began since then is taken for ours."""
        path = self._path(workflow)
        _check_inputs(workflow, inputs)
        since = _from(self._now() - _SLACK_S)
        was_sent = False

        def find() -> object | None:
            if not was_sent:
                return None
            query = {
                "event": "workflow_dispatch",
                "branch": ref,
                "created": since,
                "per_page": "1",
            }
            runs = listed(self._client.get(f"{path}/runs", **query), "workflow_runs")
            return runs[0] if runs else None

        def make() -> object:
            nonlocal was_sent
            was_sent = True
            self._client.send("POST", f"{path}/dispatches", {"ref": ref, "inputs": {**inputs}})
            return True

        try:
            self._client.ensured(find, make)
        except ForgeMissingError as error:
            raise ForgeMissingError(
                f"{self._repository.name} has no workflow {workflow} that could be started",
                todo="GitHub starts what stands on the default branch: merge the workflow first.",
                details=(error.message,),
            ) from error
        except ForgeError as error:
            if "answered 422" not in error.message:
                raise
            raise ForgeError(
                f"GitHub does not start {workflow} on {ref!r}",
                todo="The branch must exist, and the workflow on it must have `workflow_dispatch:`"
                f" with these inputs: {', '.join(inputs) or 'none'}.",
                details=(error.message, *error.details),
            ) from error

    def has_run(self, workflow: str, *, ref: str, commit: str, since: float = 0.0) -> bool:
        """See the port."""
        query = {"event": "workflow_dispatch", "branch": ref, "head_sha": commit, "per_page": "1"}
        if since:
            query["created"] = _from(since - _SLACK_S)
        found = self._client.get(f"{self._path(workflow)}/runs", **query)
        return bool(listed(found, "workflow_runs"))

    def _path(self, workflow: str) -> str:
        if not _FILE.fullmatch(workflow):
            raise UsageError(
                f"the workflow is {workflow[:100]!r}, must be the name of a file",
                todo="Give the name of a file in .github/workflows, such as branchline.yml.",
            )
        return self._repository.at("actions", "workflows", workflow)


def _from(moment: float) -> str:
    return f">={datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _check_inputs(workflow: str, inputs: Mapping[str, str]) -> None:
    characters = sum(len(name) + len(value) for name, value in inputs.items())
    if len(inputs) > _MOST_INPUTS or characters > _MOST_CHARACTERS:
        raise ForgeError(
            f"{workflow} would be started with {len(inputs)} inputs of {characters} characters;"
            f" GitHub takes {_MOST_INPUTS} of {_MOST_CHARACTERS}",
            todo="Put what is large into a file of the branch.",
        )
