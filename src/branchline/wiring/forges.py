"""GitHub for a folder: which repository, with which token. Imported where it is used."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from branchline.adapters.github import Address, Repository
    from branchline.ports.annotations import Annotations
    from branchline.ports.assets import Assets
    from branchline.ports.forge import Forge
    from branchline.ports.forge_checkup import ForgeCheckup
    from branchline.ports.issues import Issues
    from branchline.ports.workflows import Workflows

__all__ = ["GitHubSide", "open_address", "open_github"]


@dataclass(frozen=True)
class GitHubSide:
    """What a repository on GitHub serves.

    Attributes:
        address: Where it is. repository: The adapter's.
        details: Page that checks lead to; "" for the commit's.
        has_check_runs: Whether checks are set as check runs, not as commit statuses.
    """

    address: Address
    repository: Repository
    details: str = ""
    has_check_runs: bool = False

    @cached_property
    def forge(self) -> Forge:
        """Pull requests, checks, comments."""
        from branchline.adapters.github import CheckRuns, GitHubForge, Statuses

        kind = CheckRuns if self.has_check_runs else Statuses
        return GitHubForge(self.repository, kind(self.repository, details=self.details))

    @cached_property
    def annotations(self) -> Annotations:
        """Sentences at lines of a commit."""
        from branchline.adapters.github import GitHubAnnotations

        return GitHubAnnotations(self.repository)

    @cached_property
    def issues(self) -> Issues:
        """Issues that tell of alarms."""
        from branchline.adapters.github import GitHubIssues

        return GitHubIssues(self.repository)

    @cached_property
    def workflows(self) -> Workflows:
        """What GitHub Actions run."""
        from branchline.adapters.github import GitHubWorkflows

        return GitHubWorkflows(self.repository, now=time.time)

    @cached_property
    def assets(self) -> Assets:
        """Files that comments show."""
        from branchline.adapters.github import GitHubAssets

        return GitHubAssets(self.repository)

    @cached_property
    def checkup(self) -> ForgeCheckup:
        """For `branchline doctor --github`."""
        from branchline.adapters.github import GitHubCheckup

        return GitHubCheckup(
            self.repository,
            is_enterprise=self.address.is_enterprise,
            has_token=bool(self.address.token),
        )


@contextmanager
def open_github(
    folder: str,
    environ: Mapping[str, str],
    *,
    repository: str = "",
    has_check_runs: bool = False,
    patience_s: float = 300.0,
) -> Iterator[GitHubSide]:
    """The repository on GitHub that a clone belongs to.

    Args:
        folder: In the clone; its remote `origin` is looked at.
        environ: See `adapters.github.address_of`.
        repository: `OWNER/NAME`; "" finds it.
        has_check_runs: See `GitHubSide`.
        patience_s: Longest wait for one answer.

    Raises:
        UsageError: No repository is named, or the address or the token cannot be used.
    """
    from branchline.adapters.github import address_of

    address = address_of(environ, remote_url=_origin(folder), repository=repository)
    run = environ.get("GITHUB_RUN_ID", "")
    with open_address(
        address,
        run=run if run.isdecimal() else "",
        has_check_runs=has_check_runs,
        patience_s=patience_s,
    ) as side:
        yield side


@contextmanager
def open_address(
    address: Address, *, run: str = "", has_check_runs: bool = False, patience_s: float = 300.0
) -> Iterator[GitHubSide]:
    """The repository of an address.

    Args:
        address: Where, with the token.
        run: Number of the run of Actions that checks lead to; "" for none.
        has_check_runs: See `GitHubSide`.
        patience_s: Longest wait for one answer.
    """
    from branchline.adapters.github import Client, Repository

    client = Client(
        api=address.api, token=address.token, patience_s=patience_s, proxy=address.proxy
    )
    try:
        found = Repository(client, address.name, web=address.web, login=address.login)
        yield GitHubSide(
            address=address,
            repository=found,
            details=f"{found.page}/actions/runs/{run}" if run else "",
            has_check_runs=has_check_runs,
        )
    finally:
        client.close()


def _origin(folder: str) -> str:
    """URL of the remote `origin`; "" without one."""
    from branchline.adapters.git.plumbing import Git, find_places
    from branchline.adapters.git.remotes import GitRemotes
    from branchline.errors import RepositoryError

    try:
        remotes = GitRemotes(Git(find_places(folder))).remotes()
    except RepositoryError:
        return ""
    return next((remote.url for remote in remotes if remote.name == "origin"), "")
