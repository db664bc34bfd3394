"""YAML with its lines: as written, before any type is made of it. Serves the files beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml import Node

__all__ = ["child", "entries", "is_float", "items", "line", "located", "parse", "text"]

_FLOAT = "tag:yaml.org,2002:float"
_MOST_DEPTH = 60


def parse(content: bytes) -> Node | None:
    """The tree of a document; None where it is none, or too deep to be a workflow."""
    import yaml

    try:
        text = content.decode("utf-8-sig")
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _MOST_DEPTH:
                return None
        found: Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return found


def located(node: Node | None) -> Iterator[tuple[str, int, Node]]:
    """Keys of a mapping with their lines, and values; nothing of anything else."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield key.value, line(key), value


def entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Keys and values of a mapping; nothing of anything else."""
    for name, _, value in located(node):
        yield name, value


def child(node: Node | None, *keys: str) -> Node | None:
    """What stands below keys; None where one is not there."""
    for key in keys:
        node = next((value for name, value in entries(node) if name == key), None)
    return node


def items(node: Node | None) -> Iterator[Node]:
    """Elements of a list; the node itself where it is one scalar."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.ScalarNode):
        yield node


def text(node: Node | None) -> str:
    """A scalar as it was written; "" of anything else."""
    import yaml

    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def is_float(node: Node) -> bool:
    """Whether YAML makes a number with a point of it: nobody quoted it."""
    return str(node.tag) == _FLOAT


def line(node: Node) -> int:
    """Line of a node, from 1."""
    return int(node.start_mark.line) + 1
