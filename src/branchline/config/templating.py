"""Names that `${...}` can mean in one dvc.yaml, and the resolving of whole values with them.

Serves `dvc_yaml`. Merging follows DVC: mappings are merged, a value that is set twice is an error,
a file is loaded either whole or in parts that do not overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.config.expressions import (
    MARK,
    ExpressionError,
    check_syntax,
    is_only_reference,
    references_in,
    steps_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RESERVED = ("item", "key")


class Context:
    """Names and their values, with the file that each came from."""

    def __init__(self, *, options: Mapping[str, str] | None = None) -> None:
        self.values: dict[Any, Any] = {}
        self.options = dict(options or {})
        self._sources: dict[tuple[Any, ...], str] = {}
        self._loaded: dict[str, list[str] | None] = {}

    def copy(self) -> Context:
        """A context of the same names that can be added to without changing this one."""
        other = Context(options=self.options)
        other.values = _copied(self.values)
        other._sources = dict(self._sources)
        other._loaded = {k: None if v is None else list(v) for k, v in self._loaded.items()}
        return other

    def having(self, names: Mapping[str, object]) -> Context:
        """This context with `item` and `key` of a generated stage on top."""
        other = Context(options=self.options)
        other.values = {**self.values, **names}
        other._sources = self._sources
        other._loaded = self._loaded
        return other

    def add(self, values: Mapping[Any, Any], source: str, *, reserved: Sequence[str] = ()) -> None:
        """Merge names in.

        Args:
            values: Names and values; keys that are no text cannot be named and are left out.
            source: Where they come from, for messages.
            reserved: Names that a generated stage has and `vars` may not set.

        Raises:
            ExpressionError: A name is set twice, or is reserved.
        """
        for name in reserved:
            if name in values:
                raise ExpressionError(f"{source} sets `{name}`, which the generated stage sets")
        self._merge(self.values, values, source, ())

    def _merge(
        self, into: dict[Any, Any], values: Mapping[Any, Any], source: str, path: tuple[Any, ...]
    ) -> None:
        for key, value in values.items():
            if not isinstance(key, str):
                continue
            here = (*path, key)
            if isinstance(into.get(key), dict) and isinstance(value, dict):
                self._merge(into[key], value, source, here)
            elif key in into:
                name = ".".join(str(step) for step in here)
                before = self._source_of(here)
                raise ExpressionError(f"{source} sets `{name}`, which {before} sets already")
            else:
                into[key] = _copied(value) if isinstance(value, dict) else value
                self._sources[here] = source

    def _source_of(self, path: tuple[Any, ...]) -> str:
        for length in range(len(path), 0, -1):
            if path[:length] in self._sources:
                return self._sources[path[:length]]
        return "an earlier entry"

    def load(
        self,
        path: str,
        keys: Sequence[str] | None,
        read: Callable[[str], Mapping[Any, Any] | None],
        *,
        reserved: Sequence[str] = (),
    ) -> None:
        """Merge in a parameter file, or some of its top-level keys.

        Args:
            path: The file, from the root.
            keys: Top-level keys to take; None takes all.
            read: Gives a file's values; None when there is no such file.
            reserved: See `add`.

        Raises:
            ExpressionError: It is missing, lacks a key, was loaded before in a way that overlaps,
                or sets a name twice.
        """
        if path in self._loaded:
            before = self._loaded[path]
            if before is None and not keys:
                return
            if before is None or not keys or set(before) & set(keys):
                raise ExpressionError(
                    f"{path} is loaded twice: once {_part(before)} and once {_part(keys)}"
                )
        values = read(path)
        if values is None:
            raise ExpressionError(f"{path} does not exist")
        if keys:
            missing = [key for key in keys if key not in values]
            if missing:
                raise ExpressionError(f"{path} has no `{missing[0]}`")
            values = {key: values[key] for key in keys}
        self.add(values, path, reserved=reserved)
        if keys and self._loaded.get(path):
            keys = [*(self._loaded[path] or ()), *keys]
        self._loaded[path] = list(keys) if keys else None

    def select(self, name: str) -> object:
        """The value that a reference names.

        Raises:
            ExpressionError: There is none; names the nearest one.
        """
        value: Any = self.values
        for step in steps_of(name):
            try:
                value = value[step] if isinstance(value, dict) else _item(value, step)
            except (LookupError, ValueError):
                raise ExpressionError(self._unknown(name)) from None
        return value

    def _unknown(self, name: str) -> str:
        import difflib

        known = list(_names(self.values, ""))
        near = difflib.get_close_matches(name.strip(), known, n=1)
        hint = f"; did you mean ${{{near[0]}}}?" if near else ""
        return f"${{{name}}} is not set by params.yaml or `vars`{hint}"

    def resolve(self, value: object, *, key: str = "") -> Any:
        """A value with every reference in it replaced; keys of mappings too.

        Args:
            value: Text, list, mapping or scalar, as read.
            key: The entry of the stage it stands under; "" allows collections everywhere, `cmd`
                allows mappings inside a text.

        Raises:
            ExpressionError: A reference names nothing, or a collection that cannot stand there.
        """
        if isinstance(value, str):
            return self.resolve_text(value, key=key) if MARK in value else value
        if isinstance(value, dict):
            return {
                self.resolve(name, key=key): self.resolve(item, key=key)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self.resolve(item, key=key) for item in value]
        return value

    def resolve_text(self, text: str, *, key: str = "") -> object:
        """A text with its references replaced; a text that is one reference gives its value.

        Raises:
            ExpressionError: See `resolve`.
        """
        references = references_in(text)
        for reference in references:
            check_syntax(reference)
        if is_only_reference(text, references):
            return self._usable(references[0][1], key)
        parts: list[str] = []
        end = 0
        for reference in references:
            value = self._usable(reference[1], key or "text")
            parts += (text[end : reference.start()], text_of(value, options=self.options))
            end = reference.end()
        parts.append(text[end:])
        return "".join(parts).replace("\\${", MARK)

    def _usable(self, name: str, key: str) -> object:
        value = self.select(name)
        if (
            key
            and isinstance(value, list | dict)
            and not (key == "cmd" and isinstance(value, dict))
        ):
            kind = "list" if isinstance(value, list) else "mapping"
            raise ExpressionError(f"${{{name}}} is a {kind} and cannot stand here")
        return value


def has_references(value: object) -> bool:
    """Whether any text in a value holds `${...}`."""
    if isinstance(value, str):
        return bool(references_in(value))
    if isinstance(value, dict):
        return any(has_references(k) or has_references(v) for k, v in value.items())
    return isinstance(value, list) and any(has_references(item) for item in value)


def _item(value: object, step: str) -> object:
    if isinstance(value, list):
        return value[int(step)]
    raise LookupError(step)


def _copied(value: Any) -> Any:
    """Mappings copied all the way down, without keys that are no text; the rest shared."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items() if isinstance(key, str)}
    return value


def _part(keys: Sequence[str] | None) -> str:
    return f"its keys {', '.join(keys)}" if keys else "whole"


def _names(values: Mapping[Any, Any], prefix: str) -> list[str]:
    names: list[str] = []
    for key, value in values.items():
        names.append(f"{prefix}{key}")
        if isinstance(value, dict):
            names += _names(value, f"{prefix}{key}.")
    return names


__all__ = ["MARK", "RESERVED", "Context", "ExpressionError", "has_references"]
