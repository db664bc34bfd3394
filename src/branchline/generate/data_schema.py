"""A profile of reference data into the text of a schema file, to be read, edited and committed.

Pure. The data that it was made from fit it.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

from branchline.core.evidence.data.schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Collection

    from branchline.core.evidence.data.values import ColumnProfile, TableProfile

FEW = 20
"""Different values up to which they are listed."""
_WIDER = 0.1
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[ ./-][A-Za-z0-9_]+)*")
_WORDS = frozenset(
    {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan", "none"}
)


def schema_text(profile: TableProfile, *, unique: Collection[str] = ()) -> str:
    """The text of a schema file.

    Args:
        profile: Of the reference data.
        unique: Columns in which no value stands twice.
    """
    lines = [
        f"# Proposed from {profile.rows:,} rows: bounds are the 0.1 and 99.9 percentiles and what"
        " lies",
        "# beyond them, widened by a tenth. Read it, say what you know better, and commit it.",
        f"data: {quoted(profile.path)}",
        f"rows: {{min: {max(1, profile.rows // 2)}}}",
        "columns:",
    ]
    lines += [_column(column, profile.rows, column.name in unique) for column in profile.columns]
    return "\n".join(lines) + "\n"


def _column(column: ColumnProfile, rows: int, is_unique: bool) -> str:  # noqa: FBT001 # a row's fact
    rules = [f"type: {column.type.value}"] if column.type is not None else []
    if column.nulls < rows:
        rules.append(f"nulls: {_nulls(column.nulls / rows if rows else 0.0)}")
    if is_unique:
        rules.append("unique: true")
    listed = _listed(column, rows)
    if listed:
        rules.append(f"in: [{listed}]")
    elif column.low is not None and column.high is not None and not is_unique:
        rules.append(f"between: [{', '.join(_bounds(column))}]")
    return f"  {quoted(column.name)}: {{{', '.join(rules)}}}"


def _nulls(share: float) -> str:
    """Twice the share of missing values that was seen, and a percent; none where none was."""
    if share == 0:
        return "0"
    return f"{min(100, math.ceil(200 * share) + 1)}%"


def _listed(column: ColumnProfile, rows: int) -> str:
    """The values of a column that has few, each seen more than once or twice; else ""."""
    is_listable = column.type in (ColumnType.TEXT, ColumnType.INTEGER, ColumnType.NUMBER)
    values = [value for value, _ in column.categories]
    if not is_listable or column.other or not 0 < len(values) <= FEW or rows < 5 * len(values):
        return ""
    if column.type is ColumnType.TEXT:
        return ", ".join(quoted(value) for value in sorted(values))
    return ", ".join(f"{number:.15g}" for number in sorted(float(value) for value in values))


def _bounds(column: ColumnProfile) -> tuple[str, str]:
    """The bounds that are proposed: not below zero where nothing is."""
    low, high = float(column.low or 0.0), float(column.high or 0.0)
    inner = column.tails or (low, high)
    wider = _WIDER * (inner[1] - inner[0])
    least, most = min(low, inner[0] - wider), max(high, inner[1] + wider)
    if low >= 0 > least:
        least = 0.0
    if high <= 0 < most:
        most = 0.0
    return _outward(least, down=True), _outward(most, down=False)


def _outward(value: float, *, down: bool) -> str:
    """A number of three figures at or beyond another."""
    if value == 0 or not math.isfinite(value):
        return "0"
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    if step == 0 or not math.isfinite(value / step):
        return repr(value)
    rounded = (math.floor if down else math.ceil)(value / step) * step
    text = f"{rounded:.6g}"
    is_beyond = float(text) <= value if down else float(text) >= value
    return _yaml_number(text if is_beyond else repr(value))


def _yaml_number(text: str) -> str:
    """A number as YAML 1.2 and 1.1 both read it: `1e+06` needs a point in the latter."""
    if "e" in text and "." not in text.partition("e")[0]:
        head, _, tail = text.partition("e")
        return f"{head}.0e{tail}"
    return text


def quoted(text: str) -> str:
    r"""A text as a scalar of YAML, whatever is in it.

    >>> quoted("age"), quoted("no"), quoted("a: b\n")
    ('age', '"no"', '"a: b\\n"')
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    whole = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escaped(ord(char)) for char in whole)


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
