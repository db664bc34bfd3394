"""Port `assets`: files that comments and reports show, kept in the same repository."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol


class Assets(Protocol):
    """Files of one repository that stand beside its code, named by their content."""

    @abstractmethod
    def put(self, name: str, content: bytes) -> str:
        """Keep a file; the same name and content is kept once.

        Args:
            name: A file's name, for its ending and for people.
            content: At most 20 MB.

        Returns:
            An address that shows it to whoever may read the repository.

        Raises:
            ForgeError: It is too large, or the token may not write.
        """
        ...
