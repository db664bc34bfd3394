"""One entry of `stages` into the stages it stands for: `foreach`, `matrix`, or itself.

Serves `dvc_yaml`. Names follow DVC: `group@key`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.config.expressions import (
    ExpressionError,
    check_syntax,
    is_only_reference,
    references_in,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.config.templating import Context


@dataclass(frozen=True, slots=True)
class Template:
    """A stage whose references are not resolved yet.

    Attributes:
        name: The final name.
        body: Its keys, as read.
        context: What its references can name.
        path: Keys that lead to the body in the document.
        generated: Made by `foreach` or `matrix`.
    """

    name: str
    body: dict[str, Any]
    context: Context
    path: tuple[str | int, ...]
    generated: bool = False


def expand(
    name: str, definition: dict[str, Any], context: Context, path: tuple[str | int, ...]
) -> Iterator[Template]:
    """The stages that one entry stands for, in DVC's order.

    Raises:
        ExpressionError: What it runs over cannot be resolved.
    """
    if "foreach" in definition:
        for key, names in _foreach(definition["foreach"], context).items():
            yield Template(
                f"{name}@{key}",
                definition["do"],
                context.having(names),
                (*path, "do"),
                generated=True,
            )
    elif "matrix" in definition:
        body = {key: value for key, value in definition.items() if key != "matrix"}
        for key, item in _matrix(definition["matrix"], context).items():
            names = {"key": key, "item": item}
            yield Template(f"{name}@{key}", body, context.having(names), path, generated=True)
    else:
        yield Template(name, definition, context, path)


def _foreach(data: object, context: Context) -> dict[str, dict[str, object]]:
    """Generated key -> the names it brings."""
    value, from_context = _resolved(data, context)
    if isinstance(value, dict):
        pairs = {text_of(key): item for key, item in value.items()}
        return {key: {"item": item, "key": key} for key, item in pairs.items()}
    if not isinstance(value, list):
        raise ExpressionError("`foreach` needs a list or a mapping")
    labelled = [_labelled(item, context, from_context=from_context) for item in value]
    if any(isinstance(item, list | dict) for _, item in labelled):
        return {str(index): {"item": item} for index, (_, item) in enumerate(labelled)}
    return {label: {"item": item} for label, item in labelled}


def _matrix(data: dict[str, Any], context: Context) -> dict[str, dict[str, object]]:
    """Generated key -> the combination of values it stands for."""
    from itertools import product

    axes: list[list[tuple[str, object]]] = []
    names = [str(context.resolve(name)) for name in data]
    for name, raw in zip(names, data.values(), strict=True):
        value, from_context = _resolved(raw, context)
        items = list(value) if isinstance(value, dict) else value
        if not isinstance(items, list):
            raise ExpressionError(f"`matrix.{name}` needs a list")
        axis = []
        for index, item in enumerate(items):
            label, resolved = _labelled(item, context, from_context=from_context)
            composite = isinstance(resolved, list | dict)
            axis.append((f"{name}{index}" if composite else label, resolved))
        axes.append(axis)
    found: dict[str, dict[str, object]] = {}
    for combination in product(*axes):
        key = "-".join(label for label, _ in combination)
        found[key] = dict(zip(names, (value for _, value in combination), strict=True))
    return found


def _resolved(data: object, context: Context) -> tuple[object, bool]:
    """What a `foreach` or an axis runs over, and whether `params.yaml` or `vars` gave it.

    Lists and mappings that stand in place keep their items unresolved, those of a list one by
    one, because an item's label depends on where it came from.
    """
    if isinstance(data, str):
        return context.resolve(data), True
    if isinstance(data, dict):
        return context.resolve(data), False
    return data, False


def _labelled(item: object, context: Context, *, from_context: bool) -> tuple[str, object]:
    """An item's part of the generated name, and its value.

    DVC spells a boolean that came through a reference as Python does (`True`) and one that stands
    in place as YAML does (`true`).
    """
    if from_context:
        return str(item), item
    if isinstance(item, str):
        references = references_in(item)
        for reference in references:
            check_syntax(reference)
        value = context.resolve(item)
        return (str(value) if is_only_reference(item, references) else text_of(value)), value
    value = context.resolve(item)
    return ("" if isinstance(value, list | dict) else text_of(value)), value
