"""The grammar of a schema file. Data only; `kinds` says how it is checked."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.config.kinds import (
    DURATION_KIND,
    SHARE_KIND,
    Choice,
    Flag,
    Key,
    Kind,
    ListOf,
    MapOf,
    Number,
    OneOf,
    Section,
    Text,
)
from branchline.config.problems import kind_of
from branchline.core.evidence.data.schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.config.kinds import Path, Report

_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?:Z|[+-]\d{2}:\d{2})?"
)


@dataclass(frozen=True)
class Ends(Kind):
    """Two ends of a range, both inclusive; null is open."""

    words: str = "[low, high] with low <= high, null for an open end"
    allows_dates: bool = False
    is_share: bool = False

    def accepts(self, value: object) -> bool:
        """See `Kind`."""
        return isinstance(value, list)

    def check(self, value: object, path: Path, report: Report) -> None:
        """See `Kind`."""
        if not isinstance(value, list) or len(value) != 2 or value == [None, None]:
            report.wrong(path, f"is {_said(value)}, must be {self.words}")
            return
        wrong = next((end for end in value if not self._is_end(end)), None)
        if wrong is not None:
            kinds = "a number or a date (2026-01-31)" if self.allows_dates else "a number"
            kinds = "a share such as 0.1 or 10%" if self.is_share else kinds
            report.wrong(path, f"has {kind_of(wrong)}, must be {kinds}")
            return
        low, high = (self._ordered(end) for end in value)
        if low is None or high is None:
            return
        if type(low) is not type(high):
            report.wrong(path, f"is {_said(value)}: one end is a number and the other a date")
        elif low > high:
            report.wrong(path, f"is {_said(value)}: low is above high; swap them")

    def _is_end(self, value: object) -> bool:
        if value is None:
            return True
        if self.is_share:
            return SHARE_KIND.accepts(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return math.isfinite(value)
        is_date = isinstance(value, dt.date) or (
            isinstance(value, str) and _DATE.fullmatch(value) is not None
        )
        return self.allows_dates and is_date

    def _ordered(self, value: object) -> Any:
        """Something that tells which of two ends is lower."""
        if self.is_share:
            return SHARE_KIND.parse(value)
        if isinstance(value, int | float):
            return float(value)
        return None if value is None else str(value).replace("T", " ")

    def schema(self) -> dict[str, Any]:
        """See `Kind`."""
        return {"type": "array", "minItems": 2, "maxItems": 2}


@dataclass(frozen=True)
class ScalarValue(Kind):
    """Text, a number, true or false, a date."""

    words: str = "text, a number, true, false or a date"

    def accepts(self, value: object) -> bool:
        """See `Kind`."""
        if isinstance(value, float):
            return math.isfinite(value)
        return isinstance(value, str | int | dt.date)

    def schema(self) -> dict[str, Any]:
        """See `Kind`."""
        return {"type": ["string", "number", "boolean"]}


def _said(value: object) -> str:
    if isinstance(value, list) and len(value) <= 4:
        return "[" + ", ".join("null" if v is None else str(v) for v in value) + "]"
    return kind_of(value)


def _column_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    if "new_values" in value and "in" not in value:
        report.wrong((*path, "new_values"), "needs `in`: the values that are known")
    text_only = ("matches",)
    kind = value.get("type")
    for name in text_only:
        if name in value and kind in ("integer", "number", "boolean"):
            report.wrong((*path, name), f"asks for a pattern of `{kind}`; use `between` or `in`")
    if "freshness" in value and kind not in (None, "date", "timestamp"):
        report.wrong((*path, "freshness"), f"needs a date or timestamp, and `type` is {kind}")
    if "between" in value and kind in ("text", "boolean"):
        report.wrong((*path, "between"), f"needs numbers or dates, and `type` is {kind}")
    if "matches" in value:
        try:
            re.compile(value["matches"])
        except re.error as error:
            report.wrong((*path, "matches"), f"is no regular expression: {error}")


def _distribution_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    if not value:
        report.wrong(path, "is empty; name `mean`, `std`, `median` or `shares`")


NULLS = OneOf((Flag(), SHARE_KIND))
SEVERITY = Key(Choice(("error", "warn")), "What a broken rule does: stop, or warn.", "error")
TOLERANCE = Key(SHARE_KIND, "Share of rows that may break a rule.", 0)

DISTRIBUTION = Section(
    {
        "mean": Key(Ends(), "Bounds of the mean."),
        "std": Key(Ends(), "Bounds of the standard deviation."),
        "median": Key(Ends(), "Bounds of the median, which is estimated to about 1 %."),
        "shares": Key(
            MapOf(Ends(is_share=True), "values"),
            "Bounds of the share of a value among the rows that have one.",
        ),
    },
    words="a mapping such as {mean: [0, 10]}",
    rule=_distribution_rule,
)

COLUMN = Section(
    {
        "type": Key(Choice(tuple(kind.value for kind in ColumnType)), "What it holds."),
        "required": Key(Flag(), "Whether the column must be there.", default=True),
        "nulls": Key(
            NULLS,
            "Share of rows that may have no value (NaN is none): 0 or `false` for none, `true` for"
            " any. When not set, a row without a value fits no `in` and no `matches`, and is"
            " otherwise allowed.",
        ),
        "unique": Key(Flag(), "No value stands twice; missing ones do not count.", default=False),
        "between": Key(
            Ends(allows_dates=True), "[low, high] of each value, inclusive; null is open."
        ),
        "in": Key(ListOf(ScalarValue(), at_least=1), "The values that may stand."),
        "new_values": Key(
            Choice(("error", "warn", "allow")), "What a value does that `in` does not list."
        ),
        "matches": Key(
            Text("a regular expression", is_command=True),
            "Found in each value (RE2; `^` and `$` for the whole).",
        ),
        "freshness": Key(DURATION_KIND, "The newest value is at most this old; times are UTC."),
        "distribution": Key(DISTRIBUTION, "What all values together look like."),
        "severity": SEVERITY,
        "tolerance": TOLERANCE,
    },
    words="rules such as {type: number, between: [0, 100]}",
    rule=_column_rule,
)

RULE = Section(
    {
        "sql": Key(
            Text("an expression", is_command=True),
            "True in each good row; null counts as broken. No queries, no aggregates.",
            required=True,
        ),
        "name": Key(Text(), "What reports call it."),
        "severity": SEVERITY,
        "tolerance": TOLERANCE,
    },
    words="a rule such as {sql: 'paid <= total'}",
)

OVERLAP = Section(
    {
        "with": Key(Text("a file or folder"), "Data whose rows must not be here.", required=True),
        "key": Key(
            OneOf((Text("a column"), ListOf(Text("a column"), at_least=1))),
            "Column or columns that name an example in both.",
            required=True,
        ),
        "severity": SEVERITY,
        "tolerance": TOLERANCE,
    },
    words="a mapping such as {with: data/test.csv, key: id}",
)

SCHEMA = Section(
    {
        "data": Key(Text("a file or folder"), "The data; read by `branchline data check`."),
        "rows": Key(
            Section(
                {
                    "min": Key(Number(low=0, whole=True), "Least number of rows."),
                    "max": Key(Number(low=0, whole=True), "Largest number of rows."),
                    "change": Key(
                        SHARE_KIND,
                        "Most that the number may change against the model in use.",
                    ),
                },
                words="a mapping such as {min: 1000}",
            ),
            "How many rows there are. None at all is always an error.",
        ),
        "columns": Key(MapOf(OneOf((COLUMN,)), "columns"), "Rules by column."),
        "extra_columns": Key(
            Choice(("allow", "warn", "error")), "What a column does that is not named.", "warn"
        ),
        "rules": Key(ListOf(RULE), "Rules over several columns."),
        "leakage": Key(
            Section(
                {"no_overlap": Key(OneOf((ListOf(OVERLAP, at_least=1), OVERLAP)), "Other data.")}
            ),
            "Examples that must not be in the training data.",
        ),
    },
    words="a mapping with the key `columns`",
    one_of=("columns", "rows", "rules", "leakage"),
)  # fmt: skip
