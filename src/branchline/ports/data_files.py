"""Port `data_files`: tables in files, read in as few passes as there can be."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence.data.schema import ColumnType
    from branchline.core.evidence.data.values import Examples, Measure, Table, TableProfile


class DataFiles(Protocol):
    """Files of the working tree as tables. Nothing else is read, nothing is written."""

    @abstractmethod
    def open(self, path: str) -> Table:
        """The table of a file, or of a folder of parts.

        Args:
            path: From the root.

        Raises:
            MissingInputError: Nothing is there.
            DataError: Empty, of no known format, broken, or outside the repository.
            MissingExtraError: What reads it is not installed.
        """
        ...

    @abstractmethod
    def measure(
        self, table: Table, measures: Sequence[Measure], *, types: Mapping[str, ColumnType]
    ) -> tuple[float | int | None, ...]:
        """Numbers over all rows, in one pass, one a measure.

        Args:
            table: From `open`.
            measures: What to compute.
            types: Declared types by column; they decide what text formats hold.

        Raises:
            DataError: The data are broken.
            DataSchemaError: An expression or a pattern of the schema cannot be used.
        """
        ...

    @abstractmethod
    def examples(
        self,
        table: Table,
        measure: Measure,
        *,
        types: Mapping[str, ColumnType],
        beside: Sequence[str] = (),
        limit: int = 10,
    ) -> Examples:
        """Rows that a measure counts, the first in the file's order.

        Args:
            table: From `open`.
            measure: What they break.
            types: Declared types by column.
            beside: Columns to show beside the broken one.
            limit: Most rows.
        """
        ...

    @abstractmethod
    def overlap(
        self, table: Table, other: Table, keys: Sequence[str], *, limit: int = 10
    ) -> tuple[int, Examples]:
        """How many rows of `table` have a key that `other` has, too; and some of these keys."""
        ...

    @abstractmethod
    def profile(
        self,
        table: Table,
        *,
        types: Mapping[str, ColumnType] | None = None,
        like: TableProfile | None = None,
    ) -> TableProfile:
        """What each column looks like.

        Args:
            table: From `open`.
            types: Declared types by column.
            like: Count on the bins and categories of this one, its columns only.
        """
        ...
