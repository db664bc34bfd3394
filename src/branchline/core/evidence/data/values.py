"""What was seen in a table, and what of it breaks a rule. Serves the station `evidence`.

Texts in here may come from anybody's file: whoever shows them makes them harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.evidence.data.schema import Severity
from branchline.core.values import Outcome

if TYPE_CHECKING:
    from branchline.core.evidence.data.schema import Bounds, ColumnType, Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes:
        name: As it stands in the file.
        type: What it holds; None for lists, structures and bytes.
        word: The file's own word for the type.
    """

    name: str
    type: ColumnType | None
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table that can be read.

    Attributes:
        path: File or folder of parts, from the root.
        files: Absolute paths of its parts, sorted.
        format: `parquet`, `csv` or `jsonl`.
        columns: In the file's order.
        is_typed: Whether the format says types itself; else values are texts that are read as the
            type that is declared, or as they look.
    """

    path: str
    files: tuple[str, ...]
    format: str
    columns: tuple[Column, ...]
    is_typed: bool

    def column(self, name: str) -> Column | None:
        """The column of that name; None when there is none."""
        return next((column for column in self.columns if column.name == name), None)


class Count(Enum):
    """What is computed over all rows of a table, in one pass."""

    ROWS = "rows"
    NULLS = "nulls"
    REPEATED = "repeated"
    OUTSIDE = "outside"
    NOT_AMONG = "not among"
    NOT_MATCHING = "not matching"
    WRONG_TYPE = "wrong type"
    BREAKING = "breaking"
    LATEST = "latest"
    MEAN = "mean"
    STD = "std"
    MEDIAN = "median"
    HAVING = "having"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number to compute.

    Attributes:
        count: Which.
        column: Of this column; "" for rows and expressions.
        bounds: For OUTSIDE. among: For NOT_AMONG, and the one value of HAVING.
        text: The pattern of NOT_MATCHING, the expression of BREAKING.
        where: Place in the schema file, for errors.
    """

    count: Count
    column: str = ""
    bounds: Bounds | None = None
    among: tuple[Scalar, ...] = ()
    text: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """A few rows that break a rule: names of columns, and rows of texts (None: no value)."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFinding:
    """One rule that data were held against and did not pass, or could not be.

    Attributes:
        rule: Which: `nulls`, `between`, `missing_column`, `drift`, ...
        column: Which column; "" for rules of the whole.
        outcome: Failed or unknown.
        severity: What that does.
        sentence: With its numbers.
        broken, total: Rows that break it, of how many; None where rows are not counted.
        examples: Some of them, personal data masked.
    """

    rule: str
    column: str = ""
    outcome: Outcome = Outcome.FAILED
    severity: Severity = Severity.ERROR
    sentence: str
    broken: int | None = None
    total: int | None = None
    examples: Examples | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """How far one column moved.

    Attributes:
        column: Its name.
        psi: Population stability index with missing values as a bin of their own, smoothed.
        chance: The PSI that chance alone exceeds once in a hundred runs over all columns.
        distance: Kolmogorov-Smirnov distance of numbers, Jensen-Shannon distance of categories;
            both in [0, 1]. None where one side has no values.
        shift: Wasserstein distance in standard deviations of the reference; None for categories.
        is_drifted: Far enough, and more than chance.
        why: In words: what moved, or why it was not judged.
    """

    column: str
    psi: float | None
    chance: float | None
    distance: float | None = None
    shift: float | None = None
    is_drifted: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReport:
    """What one check of `data:` found.

    Attributes:
        check: `schema`, `drift`, `pandera`, `great_expectations`, `evidently`.
        path: The data. against: The schema file, the reference, or what was run.
        key: Digest of data and rules: the same key has the same report.
        rows: How many there are; None when nobody counted.
        rules: How many rules were held against.
        findings: Those that did not pass.
        drift: A row a column, those that moved most first.
    """

    check: str
    path: str
    against: str
    key: str = ""
    rows: int | None = None
    rules: int = 0
    findings: tuple[DataFinding, ...] = ()
    drift: tuple[ColumnDrift, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Failed if a rule of severity error failed, else unknown if one is, else passed."""
        strict = [f.outcome for f in self.findings if f.severity is Severity.ERROR]
        if Outcome.FAILED in strict:
            return Outcome.FAILED
        return Outcome.UNKNOWN if strict else Outcome.PASSED

    @property
    def broken(self) -> tuple[DataFinding, ...]:
        """Findings that stop the walk."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[DataFinding, ...]:
        """Findings that do not."""
        return tuple(f for f in self.findings if f.severity is Severity.WARN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """What one column looks like.

    Attributes:
        name: Its name. type: What it holds; None where that cannot be compared.
        nulls: Rows without a value. distinct: Different values, about; 0 when not counted.
        low, high, mean, std: Of numbers; None without values.
        tails: The 0.1 and the 99.9 percentile of numbers.
        edges: Of numbers: inner edges of bins, rising; n edges make n + 1 bins.
        counts: Values in each bin: up to and with an edge belongs below it.
        categories: Of the rest: most frequent values with their counts.
        other: Values that are none of `categories`.
        dates: Of dates: first and last, ISO 8601.
    """

    name: str
    type: ColumnType | None
    nulls: int = 0
    distinct: int = 0
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    std: float | None = None
    tails: tuple[float, float] | None = None
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    categories: tuple[tuple[str, int], ...] = ()
    other: int = 0
    dates: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProfile:
    """What a table looks like; small enough to stand in git beside the model."""

    path: str
    rows: int
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile | None:
        """The column of that name; None when there is none."""
        return next((column for column in self.columns if column.name == name), None)
