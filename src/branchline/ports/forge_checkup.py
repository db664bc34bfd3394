"""Port `forge_checkup`: facts about a repository on a forge, for `branchline doctor --github`."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeEnvironment:
    """An environment in which jobs run.

    Attributes:
        name: As jobs name it.
        branches: Patterns of the branches that may use it; None for all; "protected branches".
        reviewers: How many must one of approve; 0 for nobody.
        secrets: Names, never values; None where they could not be told.
    """

    name: str
    branches: Sequence[str] | None = None
    reviewers: int = 0
    secrets: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeRunner:
    """A machine of one's own that runs jobs."""

    name: str
    labels: Sequence[str]
    is_online: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeFacts:
    """What was found. None always means: could not be told.

    Attributes:
        repository: Its name. page: Its address for people.
        is_enterprise: Whether it is on a server of its own.
        has_token: Whether we asked with a token. login: Whom it belongs to.
        default_branch, is_private, is_archived: Of the repository.
        has_issues: Whether it has issues.
        pushed_at_s: When something was last pushed to it, in seconds since 1970 (UTC).
        may_push: Whether the token may write to it.
        are_jobs_enabled: Whether the forge runs jobs for it at all.
        may_jobs_open_pulls: Whether a job's own token may open pull requests.
        jobs_permissions: What a job's token may where a workflow says nothing: "read" or "write".
        secrets, variables: Names in the repository and of its organisation.
        environments, runners: See their classes. No runners but the forge's own: empty.
        workflows: File on the default branch -> hash of its content as git names it.
        disabled: Files of workflows that somebody or the forge has switched off.
        required_checks: Checks without which nothing is merged into the default branch.
        untold: What could not be told, and why.
    """

    repository: str
    page: str
    is_enterprise: bool = False
    has_token: bool = False
    login: str = ""
    default_branch: str = ""
    is_private: bool | None = None
    is_archived: bool = False
    has_issues: bool | None = None
    pushed_at_s: float | None = None
    may_push: bool | None = None
    are_jobs_enabled: bool | None = None
    may_jobs_open_pulls: bool | None = None
    jobs_permissions: str = ""
    secrets: Sequence[str] | None = None
    variables: Sequence[str] | None = None
    environments: Sequence[ForgeEnvironment] | None = None
    runners: Sequence[ForgeRunner] | None = None
    workflows: Mapping[str, str] | None = None
    disabled: Sequence[str] = ()
    required_checks: Sequence[str] | None = None
    untold: Mapping[str, str] = field(default_factory=dict)


class ForgeCheckup(Protocol):
    """Looks at a repository on a forge."""

    @abstractmethod
    def facts(self) -> ForgeFacts:
        """Look; changes nothing.

        Raises:
            ForgeError: The repository itself cannot be seen.
        """
        ...
