"""Port `workflows`: starting what a forge runs by itself, such as a workflow of GitHub Actions."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Workflows(Protocol):
    """Workflows of one repository."""

    @abstractmethod
    def dispatch(self, workflow: str, *, ref: str, inputs: Mapping[str, str]) -> None:
        """Start a workflow on a branch or tag; after a lost answer it may have started twice.

        Args:
            workflow: Its file's name.
            ref: Short name of a branch or tag.
            inputs: Names and values that the workflow declares.

        Raises:
            ForgeMissingError: There is no such workflow, or no such branch.
            ForgeError: The workflow cannot be started like this, or does not know an input.
        """
        ...

    @abstractmethod
    def has_run(self, workflow: str, *, ref: str, commit: str, since: float = 0.0) -> bool:
        """Whether a workflow was started for a commit of a branch, whatever became of it.

        Args:
            workflow: Its file's name.
            ref: Short name of a branch.
            commit: Full hash.
            since: Seconds since 1970; runs that were made before do not count.

        Raises:
            ForgeMissingError: There is no such workflow.
        """
        ...
