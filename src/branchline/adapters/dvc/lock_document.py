"""One dvc.lock as text, cut into stages, so that writing one stage leaves the others as they are.

The cut is by indentation and works for what DVC writes. Any other text (flow style, comments, odd
names) is loaded and dumped whole, as DVC itself would do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.adapters.dvc.lock_text import HEADER, dump, stage_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue

_NAME = re.compile(r"  (?:([A-Za-z0-9_][A-Za-z0-9_.@/+-]*)|'([^']+)'):\n\Z")
_STAGES = ("stages:\n", "stages: {}\n")


class LockDocument:
    """The text of one lock file.

    Attributes:
        head: Up to and with the line `stages:`.
        stages: Name -> lines, in order.
        tail: What follows the stages (`datasets:`).
    """

    __slots__ = ("head", "stages", "tail")

    def __init__(self, head: str, stages: dict[str, str], tail: str) -> None:
        self.head = head
        self.stages = stages
        self.tail = tail

    def put(self, name: str, entry: Mapping[str, JsonValue]) -> None:
        """Replace the entry of a stage in its place, or append it."""
        self.stages[name] = stage_text(name, entry)

    def text(self) -> str:
        """The whole file."""
        return "".join((self.head, *self.stages.values(), self.tail))


def cut(text: str) -> LockDocument | None:
    """Cut a lock file into stages; None when it does not look as DVC writes it."""
    if not text.strip():
        return LockDocument(f"{HEADER}stages:\n", {}, "")
    lines = text.splitlines(keepends=True)
    if not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    start = next((i for i, line in enumerate(lines) if line in _STAGES), None)
    if start is None or HEADER not in lines[:start] or any(ch in text for ch in "\r\t\x85"):
        return None
    stages: dict[str, list[str]] = {}
    current: list[str] | None = None
    end = len(lines)
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if not line.startswith("  "):
            end = number
            break
        if line[2] != " ":
            match = _NAME.match(line)
            name = (match[1] or match[2]) if match else ""
            if not name or name in stages:
                return None
            current = stages[name] = []
        if current is None:
            return None
        current.append(line)
    tail = lines[end:]
    if any(line in _STAGES or line[0] in " #\n" for line in tail[:1]):
        return None
    head = [*lines[:start], "stages:\n"]
    return LockDocument("".join(head), {n: "".join(c) for n, c in stages.items()}, "".join(tail))


def rewritten(text: str, entries: Mapping[str, Mapping[str, JsonValue]]) -> str:
    """The slow way for any text: load it with its comments, put the entries in, dump it."""
    from ruamel.yaml import YAML

    data = YAML().load(text) or {"schema": "2.0"}
    if "schema" not in data:  # DVC 1 had the stages at the top
        data = {"schema": "2.0", "stages": data}
    data["stages"] = data.get("stages") or {}
    data["stages"].update(entries)
    return dump(data)
