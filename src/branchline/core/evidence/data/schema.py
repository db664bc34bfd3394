"""What a schema file asks of a table. Serves the station `evidence`.

`config.data_schema` makes these values from YAML; `measures` says what has to be counted for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """What a broken rule does.

    Attributes:
        ERROR: Nothing trains.
        WARN: It is shown, and the walk goes on.
    """

    ERROR = "error"
    WARN = "warn"


class ColumnType(Enum):
    """Kinds of values that a schema can name."""

    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


class Extra(Enum):
    """What a column does that the schema does not name."""

    ALLOW = "allow"
    WARN = "warn"
    ERROR = "error"


Scalar = bool | int | float | str
"""A value as YAML holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Two ends, both inclusive; None is open. Numbers, or dates as ISO 8601 text."""

    low: float | str | None = None
    high: float | str | None = None

    @property
    def words(self) -> str:
        """The bounds as a sentence's end."""
        if self.low is None:
            return f"at most {plain(self.high)}"
        if self.high is None:
            return f"at least {plain(self.low)}"
        return f"between {plain(self.low)} and {plain(self.high)}"


def plain(value: object) -> str:
    """A value as people write it: whole floats without `.0`, large numbers with commas.

    >>> plain(3.0), plain(0.25), plain(12345)
    ('3', '0.25', '12,345')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{int(value):,}" if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """What the values of a column may look like as a whole.

    Attributes:
        mean, std, median: Bounds of the figure, in the column's unit.
        shares: Value -> bounds of its share of the rows that have one, in [0, 1].
    """

    mean: Bounds | None = None
    std: Bounds | None = None
    median: Bounds | None = None
    shares: tuple[tuple[Scalar, Bounds], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRule:
    """What is asked of one column.

    Attributes:
        name: As it stands in the file.
        type: None asks for none.
        is_required: Whether the column must be there.
        nulls: Share of rows that may have no value, in [0, 1]; None: not said. A row without a
            value matches no `among` and no `pattern` unless this is said.
        is_unique: Whether no value may stand twice; missing ones do not count.
        between: Bounds of each value.
        among: The values that may stand; None asks for none.
        new_values: What others do; None is not listed at all.
        pattern: Regular expression (RE2) found in each value; "" asks for none.
        freshness_s: The newest value is at most this many seconds old.
        distribution: Of all values.
        severity: Of each of these rules.
        tolerance: Share of rows that may break a rule, in [0, 1].
        line: Where it stands in the schema file.
    """

    name: str
    type: ColumnType | None = None
    is_required: bool = True
    nulls: float | None = None
    is_unique: bool = False
    between: Bounds | None = None
    among: tuple[Scalar, ...] | None = None
    new_values: Severity | None = Severity.ERROR
    pattern: str = ""
    freshness_s: float | None = None
    distribution: Distribution | None = None
    severity: Severity = Severity.ERROR
    tolerance: float = 0.0
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """How many rows there may be; `change` is a share of the count of the model in production."""

    min: int | None = None
    max: int | None = None
    change: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlRule:
    """An expression of SQL that holds in each row.

    Attributes:
        sql: True where a row is good; one that is null counts as broken.
        name: For messages; "" is the expression itself.
        severity, tolerance, line: As of a column's rule.
    """

    sql: str
    name: str = ""
    severity: Severity = Severity.ERROR
    tolerance: float = 0.0
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Rows of another file that must not be here: test examples in the training data.

    Attributes:
        path: The other file, from the root.
        keys: Columns that together name an example.
        severity, tolerance, line: As of a column's rule.
    """

    path: str
    keys: tuple[str, ...]
    severity: Severity = Severity.ERROR
    tolerance: float = 0.0
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSchema:
    """All that one schema file asks.

    Attributes:
        file: The file, from the root.
        data: The data that it was written for, as it says; "" where it does not.
        rows, columns, rules, overlaps: See their classes.
        extra_columns: What a column does that is not named.
    """

    file: str = ""
    data: str = ""
    rows: RowRule = RowRule()
    columns: tuple[ColumnRule, ...] = ()
    rules: tuple[SqlRule, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    extra_columns: Extra = Extra.WARN

    @property
    def types(self) -> dict[str, ColumnType]:
        """Declared types by column."""
        return {rule.name: rule.type for rule in self.columns if rule.type is not None}

    @property
    def depends_on_time(self) -> bool:
        """Whether the same data may fit today and not tomorrow."""
        return any(rule.freshness_s is not None for rule in self.columns)
