"""`${...}` in text: what it names, how a value is spelled where it stands inside a text.

Serves `templating`. Pure text and values; knows nothing of files or stages. The rules are DVC's,
so that a command has the same text and the run cache the same key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MARK = "${"

_REFERENCE = re.compile(r"(?<!\\)\$\{(.*?)\}")
_PATH = re.compile(r"[^.\[\]]+(?:\s*\.[^.\[\]]+|\s*\[[^.\[\]]+\])*\s*")


class ExpressionError(Exception):
    """A reference that cannot be resolved or a value that cannot stand here; `config` places it."""


def references_in(text: str) -> list[re.Match[str]]:
    """All `${...}` of a text that no backslash escapes; group 1 is what stands inside."""
    return list(_REFERENCE.finditer(text)) if MARK in text else []


def is_only_reference(text: str, references: list[re.Match[str]]) -> bool:
    """Whether the text is one reference and nothing else, so that its value keeps its type."""
    return len(references) == 1 and references[0][0] == text


def check_syntax(reference: re.Match[str]) -> None:
    """Refuse what is no dotted or bracketed name.

    Raises:
        ExpressionError: It is none; says what may stand there.
    """
    if not _PATH.fullmatch(reference[1]):
        raise ExpressionError(
            f"{reference[0]} is no reference: write a name with dots or brackets, "
            "such as ${train.lr} or ${models[0]}"
        )


def steps_of(name: str) -> list[str]:
    """The keys and indexes that a reference walks: `a.b[0]` -> a, b, 0."""
    return [step.strip() for step in name.replace("[", ".").replace("]", "").split(".")]


def text_of(value: object, *, options: Mapping[str, str] | None = None) -> str:
    """How a value is spelled inside a text: `true`, `None`, numbers as Python writes them.

    Mappings become command line options: `--a.b 1 --flag --names x y`.

    Args:
        value: What a reference named.
        options: DVC's `parsing` section: `bool` is `store_true` or `boolean_optional`, `list` is
            `nargs` or `append`.

    Raises:
        ExpressionError: A list inside a mapping holds further collections.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return " ".join(_options_of(value, options or {}))
    return str(value)


def _options_of(value: Mapping[object, object], options: Mapping[str, str]) -> Iterator[str]:
    from shlex import quote

    for name, item in _flat(value, ""):
        if isinstance(item, bool):
            if item:
                yield f"--{name}"
            elif options.get("bool") == "boolean_optional":
                yield f"--no-{name}"
        elif isinstance(item, str):
            yield f"--{name} {quote(item)}"
        elif isinstance(item, list | tuple):
            texts = [_item_text(name, entry) for entry in item]
            if options.get("list") == "append":
                yield from (f"--{name} {text}" for text in texts)
            elif texts:
                yield f"--{name} {' '.join(texts)}"
        else:
            yield f"--{name} {item}"


def _item_text(name: str, entry: object) -> str:
    from shlex import quote

    if isinstance(entry, str):
        return quote(entry)
    if isinstance(entry, list | tuple | dict):
        raise ExpressionError(f"the list `{name}` holds collections and cannot become options")
    return str(entry)


def _flat(value: Mapping[object, object], prefix: str) -> Iterator[tuple[str, object]]:
    for key, item in value.items():
        if isinstance(item, dict):
            yield from _flat(item, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", item
