"""Adapter `metric_readers`: JSON, YAML and TOML, nested at will."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from branchline.adapters.metric_readers.sources import whole
from branchline.core.evidence.flatten import number_of, paths_of, text_of
from branchline.core.evidence.found import MOST_NAMES, Fit, Found
from branchline.errors import DocumentError
from branchline.ports.metric_readers import MetricReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from branchline.core.documents.document import Document
    from branchline.ports.metric_readers import MetricSource

    _Value = tuple[Sequence[str | int], object, int]
    """Keys and positions that lead to a scalar, the scalar, its line; 0 where that is unknown."""

_MOST_JSON = 64 << 20
_MOST_YAML = 8 << 20
_MOST_PLACED = 1 << 20
"""Up to here lines are looked for: that reads the text once more."""

_RULE = "Nested names are joined by dots, list items by their position from 0."


class JsonFile(MetricReader):
    """One JSON document."""

    name = "json"
    reads = "a JSON document, nested at will"
    rule = f"{_RULE} A key that stands twice with different values is none."

    def fits(self, source: MetricSource, head: bytes) -> Fit:
        """See the port."""
        first, _, rest = head.lstrip().partition(b"\n")
        are_lines = first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")
        return Fit.MAYBE if are_lines else _fit(source, head, (".json",), b"{[")

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        from branchline.core.documents.json import read_json
        from branchline.core.documents.json_leaves import json_leaves

        data = whole(source, _MOST_JSON)
        document = read_json(data, file=source.path)
        if len(data) > _MOST_PLACED:
            return _found(source, ((path, value, 0) for path, value in paths_of(document.value)))
        leaves = json_leaves(data.decode("utf-8-sig"))
        return _found(source, ((leaf.path, leaf.value, leaf.line) for leaf in leaves))


class YamlFile(MetricReader):
    """One YAML document."""

    name = "yaml"
    reads = "a YAML document, nested at will; whatever no other reader is surer of"
    rule = _RULE

    def fits(self, source: MetricSource, head: bytes) -> Fit:
        """See the port."""
        return _fit(source, head, (".yaml", ".yml"), b"")

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        from branchline.core.documents.yaml import read_yaml

        return _placed(source, read_yaml(whole(source, _MOST_YAML), file=source.path))


class TomlFile(MetricReader):
    """One TOML document."""

    name = "toml"
    reads = "a TOML document, nested at will"
    rule = _RULE

    def fits(self, source: MetricSource, head: bytes) -> Fit:
        """See the port."""
        return _fit(source, head, (".toml",), b"")

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        from branchline.core.documents.toml import read_toml

        return _placed(source, read_toml(whole(source, _MOST_YAML), file=source.path))


def _fit(source: MetricSource, head: bytes, endings: tuple[str, ...], begins: bytes) -> Fit:
    if source.is_folder:
        return Fit.NO
    if source.path.lower().endswith(endings):
        return Fit.LIKELY
    start = head.lstrip()[:1]
    return Fit.MAYBE if start and start in begins else Fit.NO


def _placed(source: MetricSource, document: Document) -> Sequence[Found]:
    is_small = source.size_bytes <= _MOST_PLACED
    values = (
        (path, value, document.line_of(path) if is_small else 0)
        for path, value in paths_of(document.value)
    )
    return _found(source, values)


def _found(source: MetricSource, values: Iterable[_Value]) -> Sequence[Found]:
    base = source.path.rpartition("/")[2]
    bare = base.rpartition(".")[0] or base
    found = [
        Found(
            name=".".join(map(str, path)) or bare,
            value=number_of(value),
            text=text_of(value),
            place=f"line {line}" if line else "",
        )
        for path, value, line in islice(values, MOST_NAMES + 1)
    ]
    if len(found) > MOST_NAMES:
        raise DocumentError(
            f"{source.path}: it holds more than {MOST_NAMES:,} values",
            todo="Leave the metrics in a file of their own.",
        )
    return found
