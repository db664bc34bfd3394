"""Port `tables`: files with one row an example, read column by column."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.tables import Form, Table


class Tables(Protocol):
    """Reads tables. The files are a stranger's: nothing in them is run, unpickled or fetched."""

    @abstractmethod
    def names(self, data: bytes, form: Form, *, file: str) -> Sequence[str]:
        """Names of the columns, in the order of the file.

        Args:
            data: Content of the file.
            form: How it holds a table.
            file: Its path, for messages.

        Raises:
            DocumentError: It is no such table, or too large.
            MissingExtraError: What reads it is not installed.
        """
        ...

    @abstractmethod
    def read(self, data: bytes, form: Form, columns: Sequence[str], *, file: str) -> Table:
        """Some columns of a table, with all rows.

        Raises:
            DocumentError: It is no such table, too large, or a column is not there.
            MissingExtraError: What reads it is not installed.
        """
        ...
