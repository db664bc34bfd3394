"""Port `deployments`: what became of deployments, as small JSON in git refs.

    refs/branchline/deployments/<model>/<environment>/<attempt>/begun      blob, before its commands
    refs/branchline/deployments/<model>/<environment>/<attempt>/ended      blob, what came of them

They travel with the other records (`branchline records push`), and are never changed.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Deployments(Protocol):
    """The deployments of one repository."""

    @abstractmethod
    def of(self, model: str, environment: str) -> Mapping[str, bytes]:
        """`ATTEMPT/begun` and `ATTEMPT/ended` -> JSON, of one model in one environment.

        Raises:
            RecordError: git refused.
        """
        ...

    @abstractmethod
    def add(self, model: str, environment: str, name: str, content: bytes) -> None:
        """Keep a record at `ATTEMPT/begun` or `ATTEMPT/ended`; the first one there stays.

        It stands when this returns, whatever becomes of the process.
        """
        ...
