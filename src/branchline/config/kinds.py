"""What may stand under a key of branchline.yaml, as data: checked, described, turned into a schema.

Serves `sections`, `branchline_yaml` and `schema`. One description is the source of the validation,
of the JSON Schema and of the reference page, so that they cannot disagree.
"""

# ruff: noqa: D102  # Kind says what each method of its kinds does

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from branchline.config.problems import kind_of, nearest
from branchline.config.units import (
    DURATION,
    SHARE,
    SIZE,
    bytes_of,
    seconds_of,
    share_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.config.problems import Problems
    from branchline.core.documents.document import Document

ENV = r"\$\{env:[A-Za-z_][A-Za-z0-9_]*\}"
Path = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Where problems go: the document gives the lines."""

    document: Document
    problems: Problems

    def wrong(self, path: Path, text: str) -> None:
        """Note a problem as `file:line: key: text`."""
        name = ".".join(str(step) for step in path)
        self.problems.add(self.document, path, f"{name}: {text}" if name else text)


class Kind(ABC):
    """One kind of value."""

    words = "a value"

    @abstractmethod
    def accepts(self, value: object) -> bool:
        """Whether the value is of this kind at first sight, to choose among several."""

    def check(self, value: object, path: Path, report: Report) -> None:
        """Note what is wrong with a value."""
        if not self.accepts(value):
            report.wrong(path, f"is {kind_of(value)}, must be {self.words}")

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema."""


@dataclass(frozen=True)
class Text(Kind):
    """Text; `${env:NAME}` as a whole stands for a secret or a machine's setting."""

    words: str = "text"
    pattern: str = ""
    is_command: bool = False

    def accepts(self, value: object) -> bool:
        return isinstance(value, str)

    def check(self, value: object, path: Path, report: Report) -> None:
        if not isinstance(value, str):
            hint = f"; quote it: '{value}'" if isinstance(value, int | float) else ""
            report.wrong(path, f"is {kind_of(value)}, must be {self.words}{hint}")
        elif not value.strip():
            report.wrong(path, f"is empty, must be {self.words}")
        elif re.fullmatch(ENV, value) or self.is_command:
            return
        elif "${" in value:
            report.wrong(
                path, f"is {value!r}; only a whole value can be a reference: ${{env:NAME}}"
            )
        elif self.pattern and not re.fullmatch(self.pattern, value):
            report.wrong(path, f"is {value!r}, must be {self.words}")

    def schema(self) -> dict[str, Any]:
        if self.is_command:
            return {"type": "string", "pattern": r"\S"}
        if self.pattern:
            return {"type": "string", "pattern": f"^(?:{ENV}|{self.pattern})$"}
        return {"type": "string", "pattern": f"^{ENV}$|^(?=[\\s\\S]*\\S)(?:(?!\\$\\{{)[\\s\\S])+$"}


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words."""

    values: tuple[str, ...]

    @property
    def words(self) -> str:  # type: ignore[override] # made from the values
        """The words as a sentence's end."""
        return "one of " + ", ".join(f"`{value}`" for value in self.values)

    def accepts(self, value: object) -> bool:
        return isinstance(value, str)

    def check(self, value: object, path: Path, report: Report) -> None:
        if value not in self.values:
            hint = nearest(value, self.values) if isinstance(value, str) else ""
            hint = hint if "did you mean" in hint else ""
            report.wrong(path, f"is {kind_of(value)}, must be {self.words}{hint}")

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.values)}


@dataclass(frozen=True)
class Flag(Kind):
    """True or false."""

    words: str = "true or false"

    def accepts(self, value: object) -> bool:
        return isinstance(value, bool)

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Number(Kind):
    """A finite number in a range; `whole` refuses fractions."""

    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    whole: bool = False

    @property
    def words(self) -> str:  # type: ignore[override] # made from the bounds
        """The kind and its bounds."""
        bounds = [
            f"{sign} {bound:g}"
            for sign, bound in (
                (">=", self.low),
                (">", self.above),
                ("<=", self.high),
                ("<", self.below),
            )
            if bound is not None
        ]
        name = "a whole number" if self.whole else "a number"
        return f"{name} {' and '.join(bounds)}".strip()

    def accepts(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if not math.isfinite(value) or (self.whole and value != int(value)):
            return False
        return not (
            (self.low is not None and value < self.low)
            or (self.high is not None and value > self.high)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        )

    def schema(self) -> dict[str, Any]:
        bounds = {
            "minimum": self.low, "maximum": self.high,
            "exclusiveMinimum": self.above, "exclusiveMaximum": self.below,
        }  # fmt: skip
        kept = {name: bound for name, bound in bounds.items() if bound is not None}
        return {"type": "integer" if self.whole else "number", **kept}


@dataclass(frozen=True)
class Unit(Kind):
    """A duration, size or share: a number, or text with a unit."""

    parse: Callable[[object], float | int | None]
    pattern: str
    words: str
    number: Mapping[str, Any] = field(default_factory=dict)

    def accepts(self, value: object) -> bool:
        return self.parse(value) is not None

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [dict(self.number), {"type": "string", "pattern": f"^{self.pattern}$"}]}


DURATION_KIND = Unit(
    seconds_of, DURATION, "a duration such as 30m, 3h, 1d or 90 (seconds)",
    {"type": "number", "minimum": 0},
)  # fmt: skip
TIMEOUT_KIND = Unit(
    lambda value: seconds_of(value) or None, f"(?=.*[1-9]){DURATION}",
    "a duration above 0 such as 30m, 3h, 1d or 90 (seconds)",
    {"type": "number", "exclusiveMinimum": 0},
)  # fmt: skip
SIZE_KIND = Unit(
    bytes_of, SIZE, "a size such as 512M, 32G or 1024 (bytes)", {"type": "integer", "minimum": 0}
)
SHARE_KIND = Unit(
    share_of, SHARE, "a share such as 0.1 or 10%",
    {"type": "number", "minimum": 0, "maximum": 1},
)  # fmt: skip


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of one kind."""

    item: Kind
    at_least: int = 0

    @property
    def words(self) -> str:  # type: ignore[override] # made from the item
        """A list and its items."""
        return f"a list, each item {self.item.words}"

    def accepts(self, value: object) -> bool:
        return isinstance(value, list)

    def check(self, value: object, path: Path, report: Report) -> None:
        if not isinstance(value, list):
            report.wrong(path, f"is {kind_of(value)}, must be {self.words}")
            return
        if len(value) < self.at_least:
            report.wrong(path, f"has {len(value)} items, must have at least {self.at_least}")
        for index, item in enumerate(value):
            self.item.check(item, (*path, index), report)

    def schema(self) -> dict[str, Any]:
        least = {"minItems": self.at_least} if self.at_least else {}
        return {"type": "array", "items": self.item.schema(), **least}


@dataclass(frozen=True)
class MapOf(Kind):
    """A mapping of free names to one kind.

    Attributes:
        item: Kind of the values. names: What the names are, for messages.
        name_rule: What is wrong with a name; "" when it fits.
    """

    item: Kind
    names: str = "names"
    name_rule: Callable[[str], str] | None = field(default=None)

    @property
    def words(self) -> str:  # type: ignore[override] # made from the item
        """A mapping and its values."""
        return f"a mapping of {self.names}, each to {self.item.words}"

    def accepts(self, value: object) -> bool:
        return isinstance(value, dict)

    def check(self, value: object, path: Path, report: Report) -> None:
        if not isinstance(value, dict):
            report.wrong(path, f"is {kind_of(value)}, must be {self.words}")
            return
        for name, item in value.items():
            if not isinstance(name, str) or not name:
                report.wrong((*path, name), f"the name is {kind_of(name)}, must be text; quote it")
                continue
            if self.name_rule and (wrong := self.name_rule(name)):
                report.wrong((*path, name), wrong)
            self.item.check(item, (*path, name), report)

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "additionalProperties": self.item.schema(),
            "propertyNames": {"minLength": 1},
        }


@dataclass(frozen=True)
class Key:
    """One key of a section: what stands under it, what it means, its default."""

    kind: Kind
    doc: str
    default: Any = None
    required: bool = False


@dataclass(frozen=True)
class Section(Kind):
    """A mapping with known keys.

    Attributes:
        keys: Each key and what it is.
        one_of: At least one of these keys must stand here.
        more: Kind of keys that are not known; None refuses them.
        rule: A further check of a value that fits so far.
    """

    keys: Mapping[str, Key]
    words: str = "a mapping"
    one_of: tuple[str, ...] = ()
    more: Kind | None = None
    rule: Callable[[Mapping[str, Any], Path, Report], None] | None = field(default=None)

    def accepts(self, value: object) -> bool:
        return isinstance(value, dict)

    def check(self, value: object, path: Path, report: Report) -> None:
        if not isinstance(value, dict):
            report.wrong(path, f"is {kind_of(value)}, must be {self.words}")
            return
        before = len(report.problems)
        for name, item in value.items():
            if name in self.keys:
                self.keys[name].kind.check(item, (*path, name), report)
            elif self.more is not None and isinstance(name, str):
                self.more.check(item, (*path, name), report)
            else:
                report.wrong((*path, name), f"unknown key{nearest(name, self.keys)}")
        for name, key in self.keys.items():
            if key.required and name not in value:
                report.wrong(path, f"has no `{name}`: {key.doc}")
        if self.one_of and not any(name in value for name in self.one_of):
            report.wrong(path, f"needs one of {', '.join(f'`{name}`' for name in self.one_of)}")
        if self.rule is not None and len(report.problems) == before:
            self.rule(value, path, report)

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {name: _described(key) for name, key in self.keys.items()},
            "additionalProperties": False if self.more is None else self.more.schema(),
        }
        required = [name for name, key in self.keys.items() if key.required]
        if required:
            schema["required"] = required
        if self.one_of:
            schema["anyOf"] = [{"required": [name]} for name in self.one_of]
        return schema


@dataclass(frozen=True)
class OneOf(Kind):
    """Several kinds that differ at first sight (text, list, mapping)."""

    kinds: tuple[Kind, ...]

    @property
    def words(self) -> str:  # type: ignore[override] # made from the kinds
        """The kinds, joined by `or`."""
        return ", or ".join(kind.words for kind in self.kinds)

    def accepts(self, value: object) -> bool:
        return any(kind.accepts(value) for kind in self.kinds)

    def check(self, value: object, path: Path, report: Report) -> None:
        for kind in self.kinds:
            if kind.accepts(value):
                kind.check(value, path, report)
                return
        report.wrong(path, f"is {kind_of(value)}, must be {self.words}")

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [kind.schema() for kind in self.kinds]}


@dataclass(frozen=True)
class Anything(Kind):
    """Any value; for sections that another part of the tool reads."""

    words: str = "any value"

    def accepts(self, value: object) -> bool:  # noqa: ARG002 # the shape of all kinds
        return True

    def schema(self) -> dict[str, Any]:
        return {}


def _described(key: Key) -> dict[str, Any]:
    schema = {**key.kind.schema(), "description": key.doc}
    if key.default is not None:
        schema["default"] = key.default
    return schema
