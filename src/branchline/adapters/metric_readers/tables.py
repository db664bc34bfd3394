"""Adapter `metric_readers`: CSV and TSV, JSON lines, Markdown tables."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

from branchline.adapters.metric_readers.grids import metrics_of_grid
from branchline.adapters.metric_readers.lines import lines_of
from branchline.adapters.metric_readers.sources import whole
from branchline.core.evidence.flatten import number_of, paths_of, text_of
from branchline.core.evidence.found import Fit, Found
from branchline.core.evidence.written import number_in
from branchline.errors import DocumentError
from branchline.ports.metric_readers import MetricReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from branchline.adapters.metric_readers.grids import Row
    from branchline.adapters.metric_readers.lines import Line
    from branchline.ports.metric_readers import MetricSource

_MOST_TABLE = 64 << 20
_MOST_COLUMNS = 2000
_MOST_ROWS = 200_000
_FENCE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*")


class CsvFile(MetricReader):
    """CSV or TSV."""

    name = "csv"
    reads = "CSV or TSV with a header, or pairs of a name and a value"
    rule = (
        "The last row that has the column counts; rows with names give `row.column`; `name,value` "
        "gives a metric a row."
    )

    def fits(self, source: MetricSource, head: bytes) -> Fit:  # noqa: ARG002 # by its ending
        """See the port."""
        return Fit.LIKELY if source.path.lower().endswith((".csv", ".tsv")) else Fit.NO

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        text = whole(source, _MOST_TABLE).decode("utf-8-sig", "replace")
        if "\0" in text:
            raise DocumentError(f"{source.path}: it holds zero bytes: it is no text")
        rows = _csv_rows(source, text)
        if rows and any(number_in(cell) is not None for cell in rows[0][1]):
            return list(metrics_of_grid((), rows))
        return list(metrics_of_grid(rows[0][1] if rows else (), rows[1:]))


def _csv_rows(source: MetricSource, text: str) -> list[Row]:
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max("\t,;", key=first.count)
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DocumentError(f"{source.path}:{start}: it is no CSV: {error}") from error
        if cells is None:
            return rows
        if len(cells) > _MOST_COLUMNS:
            raise DocumentError(
                f"{source.path}:{start}: it has {len(cells):,} columns, at most {_MOST_COLUMNS:,}"
                " are read as metrics"
            )
        if any(cell.strip() for cell in cells):
            rows.append((f"line {start}", cells))
        if len(rows) > _MOST_ROWS:
            del rows[1 : _MOST_ROWS // 2]  # steps: the last ones count


class JsonLinesFile(MetricReader):
    """Objects, one a line."""

    name = "json_lines"
    reads = "JSON objects, one a line"
    rule = "The last line that has the name counts; nested names are joined by dots."

    def fits(self, source: MetricSource, head: bytes) -> Fit:
        """See the port."""
        if source.path.lower().endswith((".jsonl", ".ndjson")):
            return Fit.LIKELY
        first, end, rest = head.lstrip().partition(b"\n")
        is_more = bool(end) and rest.lstrip().startswith(b"{")
        return Fit.CERTAIN if is_more and _object(first.decode("utf-8", "replace")) else Fit.NO

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        found: dict[str, Found] = {}
        for row, line in enumerate(lines_of(source)):
            document = _object(line.text)
            if document is None:
                raise DocumentError(
                    f"{source.path}:{line.number}: it is no JSON object: {line.text[:60]!r}"
                )
            for path, value in paths_of(document):
                name = ".".join(map(str, path)).replace("/", ".")
                found[name] = Found(
                    name=name,
                    value=number_of(value),
                    text=text_of(value)[:100],
                    place=f"line {line.number}",
                    step=row,
                )
            if len(found) > _MOST_COLUMNS:
                raise DocumentError(
                    f"{source.path}:{line.number}: it has more than {_MOST_COLUMNS:,} names"
                )
        return list(found.values())


def _object(text: str) -> dict[str, object] | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


class MarkdownFile(MetricReader):
    """Tables in Markdown, and the lines `name: value` around them."""

    name = "markdown"
    reads = "tables in Markdown, and `name: 0.93` around them"
    rule = "As in CSV, each table for itself; two tables that give one name must agree."

    def fits(self, source: MetricSource, head: bytes) -> Fit:
        """See the port."""
        if source.path.lower().endswith((".md", ".markdown")):
            return Fit.LIKELY
        has_fence = any(
            _is_fence(line) for line in head.decode("utf-8", "replace").splitlines()[:200]
        )
        return Fit.LIKELY if has_fence and not source.is_folder else Fit.NO

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        from branchline.adapters.metric_readers.printed import said_in

        lines = list(lines_of(source))
        tables = list(_tables(lines))
        inside = {number for _, rows in tables for number in rows}
        around = [line for line in lines if line.number not in inside]
        found = [item for items, _ in tables for item in items]
        return [*found, *said_in(around)]


def _tables(known: Sequence[Line]) -> Iterator[tuple[list[Found], list[int]]]:
    """The values of each table, and the numbers of its lines."""
    for index, line in enumerate(known):
        if index == 0 or not _is_fence(line.text) or "|" not in known[index - 1].text:
            continue
        rows: list[Row] = []
        numbers = [known[index - 1].number, line.number]
        for after in known[index + 1 :]:
            if "|" not in after.text or after.number != numbers[-1] + 1:
                break
            rows.append((f"line {after.number}", _cells(after.text)))
            numbers.append(after.number)
        header = _cells(known[index - 1].text)
        yield list(metrics_of_grid(header, rows)), numbers


def _is_fence(text: str) -> bool:
    return len(text) < 2000 and "|" in text and _FENCE.fullmatch(text) is not None


def _cells(text: str) -> list[str]:
    bare = text.strip().removeprefix("|").removesuffix("|")
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", bare)]
