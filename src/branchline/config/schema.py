"""The schema of branchline.yaml for editors (JSON Schema) and for people (Markdown).

Serves `branchline schema` and the docs. Both come from the tables in `sections`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from branchline.config.kinds import Key, ListOf, MapOf, OneOf, Section
from branchline.config.sections.top import SECTIONS, TOP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from branchline.config.kinds import Kind


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of branchline.yaml.

    It accepts what `load_policy` accepts, but for rules between keys (`min` above `max`, steps
    that fall), which only `load_policy` knows.
    """
    schema = TOP.schema()
    sections = {
        name: {"$ref": f"#/$defs/{name}", "description": key.doc} for name, key in SECTIONS.items()
    }
    schema["properties"] = {
        "model": schema["properties"]["model"],
        "models": {
            "type": "object",
            "description": TOP.keys["models"].doc,
            "propertyNames": TOP.keys["model"].kind.schema(),
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "properties": sections,
                "additionalProperties": False,
                "allOf": _exclusive("pipeline", "stages", "train"),
            },
        },
        **sections,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "branchline.yaml",
        **schema,
        "anyOf": [{"required": ["model"]}, {"required": ["models"]}],
        "allOf": [*_exclusive("model", "models"), *_exclusive("pipeline", "stages", "train")],
        "$defs": {name: _with_default(key) for name, key in SECTIONS.items()},
    }


def _with_default(key: Key) -> dict[str, Any]:
    schema = key.kind.schema()
    return schema if key.default is None else {**schema, "default": key.default}


def _exclusive(*names: str) -> list[dict[str, Any]]:
    """At most one of the keys may stand."""
    pairs = [(a, b) for index, a in enumerate(names) for b in names[index + 1 :]]
    return [{"not": {"required": [a, b]}} for a, b in pairs]


def reference_markdown() -> str:
    """The reference of branchline.yaml: one table a section."""
    lines = [
        "# branchline.yaml",
        "",
        "Generated from the schema; `branchline schema` prints it as JSON Schema.",
        "Unknown keys are errors. `${env:NAME}` as a whole value is an environment variable.",
        "",
    ]
    lines += _table(TOP.keys)
    for name, key in SECTIONS.items():
        for title, section in _sections_in(name, key.kind):
            lines += ["", f"## `{title}`", "", key.doc if title == name else "", ""]
            lines += _table(section.keys)
    return "\n".join(_squeezed(lines)) + "\n"


def data_schema_markdown() -> str:
    """The reference of a schema file of data: one table a section."""
    from branchline.config.sections.data_schema import SCHEMA

    lines = [
        "# Schema files of data",
        "",
        "Generated from the grammar. `branchline data init PATH` proposes such a file;",
        "[Check the data](../how-to/check-the-data.md) says how it is used. Unknown keys are",
        "errors.",
        "",
    ]
    lines += _table(SCHEMA.keys)
    for name, key in SCHEMA.keys.items():
        for title, section in _sections_in(name, key.kind):
            lines += ["", f"## `{title}`", "", key.doc if title == name else "", ""]
            lines += _table(section.keys)
    return "\n".join(_squeezed(lines)) + "\n"


def _squeezed(lines: list[str]) -> Iterator[str]:
    """Lines without a second blank one in a row."""
    before = "x"
    for line in lines:
        if line or before:
            yield line
        before = line


def _table(keys: Mapping[str, Key]) -> list[str]:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for name, key in keys.items():
        default = "**required**" if key.required else _shown(key.default)
        rows.append(f"| `{name}` | {_cell(key.kind.words)} | {default} | {_cell(key.doc)} |")
    return rows


def _shown(value: object) -> str:
    return "" if value is None else _cell(f"`{json.dumps(value)}`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _sections_in(name: str, kind: Kind) -> Iterator[tuple[str, Section]]:
    """Every section at or below a key, with the dotted name that leads to it."""
    if isinstance(kind, Section):
        yield name, kind
        for key_name, key in kind.keys.items():
            yield from _sections_in(f"{name}.{key_name}", key.kind)
        if isinstance(kind.more, Section):
            yield from _sections_in(f"{name}.NAME", kind.more)
    elif isinstance(kind, MapOf):
        yield from _sections_in(f"{name}.NAME", kind.item)
    elif isinstance(kind, ListOf):
        yield from _sections_in(f"{name}[]", kind.item)
    elif isinstance(kind, OneOf):
        for one in kind.kinds:
            yield from _sections_in(name, one)
