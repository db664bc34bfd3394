"""Serves the port `deployments` by git references to blobs. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.adapters.git import references as refs
from branchline.adapters.git.objects import ObjectReader, ObjectWriter
from branchline.adapters.git.small_records import read_below
from branchline.ports.deployments import Deployments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.adapters.git.plumbing import Git


class GitDeployments(Deployments):
    """The deployments that a repository's records tell of.

    Args:
        git: The repository.
    """

    def __init__(self, git: Git) -> None:
        self._git = git

    def of(self, model: str, environment: str) -> Mapping[str, bytes]:
        """See the port."""
        with ObjectReader(self._git) as reader:
            return read_below(self._git, lambda: reader, _home(model, environment))

    def add(self, model: str, environment: str, name: str, content: bytes) -> None:
        """See the port."""
        writer = ObjectWriter(self._git)
        held = writer.blob(content)
        writer.write()
        parts = (refs.component(part) for part in name.split("/", 1))
        refs.transact(self._git, create={_home(model, environment) + "/".join(parts): held})


def _home(model: str, environment: str) -> str:
    parts = (refs.component(part) for part in (*model.split("/"), *environment.split("/")))
    return f"{refs.DEPLOYMENTS}{'/'.join(parts)}/"
