"""A stage's command in the YAML that declares it: as it is written there, and changed in place.

Serves the flow `tune`. Takes bytes; writes no file. Only the characters that differ are replaced,
in whatever style the text stands; what that would not give back as asked is refused.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.config.aligned import aligned
from branchline.core.documents.yaml import read_yaml
from branchline.errors import ConfigError, DocumentError

if TYPE_CHECKING:
    from branchline.core.pipeline import Stage

FILE = "branchline.yaml"
_SHARED = "tune a parameter of a file instead, which the command names as ${...}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One text of a stage's `cmd`.

    Attributes:
        path: Keys that lead to it in its file.
        text: As YAML gives it, references not resolved.
    """

    path: tuple[str | int, ...]
    text: str


def written_commands(data: bytes, stage: Stage, *, model: str) -> tuple[Written, ...]:
    """The texts of a stage's command, in their order; one where it is no list.

    Args:
        data: Bytes of `stage.file`.
        stage: The stage.
        model: Whose stage it is, where several stand in branchline.yaml.

    Raises:
        ConfigError: The text is not one command's own: `foreach`, `matrix`.
    """
    where = f"{stage.file}:{stage.line}: the command of `{stage.address}`"
    if "@" in stage.name:
        raise ConfigError(
            f"{where} is one text of several stages (`foreach`, `matrix`)",
            todo=f"{_SHARED.capitalize()}.",
        )
    value: Any = read_yaml(data, file=stage.file).value
    path = _path_of(value, stage, model)
    for step in path:
        value = value[step]
    if isinstance(value, list):
        return tuple(Written(path=(*path, i), text=str(text)) for i, text in enumerate(value))
    return (Written(path=path, text=str(value)),)


def _path_of(value: Any, stage: Stage, model: str) -> tuple[str, ...]:
    if stage.file != FILE:
        return ("stages", stage.name, "cmd")
    own = (value.get("models") or {}).get(model) or {}
    has_own = any(key in own for key in ("pipeline", "stages", "train"))
    above = ("models", model) if has_own else ()
    holder = own if has_own else value
    if "stages" in holder:
        return (*above, "stages", stage.name, "cmd")
    return (*above, "train", *(("run",) if isinstance(holder["train"], dict) else ()))


def edit_command(data: bytes, written: Written, new: str, *, file: str) -> bytes:
    """Write another text of a command.

    Args:
        data: Bytes of the file.
        written: The text that stands there.
        new: The text that it shall be, references as they are to be written.
        file: Its name.

    Raises:
        ConfigError: It stands there by an anchor or a merge, or cannot be written so that it is
            read back as asked.
    """
    if new == written.text:
        return data
    text = data.decode("utf-8-sig")
    node = _node(text, written.path, file)
    start, end = node.start_mark.index, node.end_mark.index
    bom = "\ufeff" if data.startswith(b"\xef\xbb\xbf") else ""
    wanted = _with(read_yaml(data, file=file).value, written.path, new)
    for scalar in _ways(text[start:end], node.style, written.text, new):
        made = f"{bom}{text[:start]}{scalar}{text[end:]}".encode()
        if _reads(made, file) == wanted:
            return made
    line = node.start_mark.line + 1
    raise ConfigError(
        f"{file}:{line}: the command cannot be changed safely in the style that it is written in",
        todo=f"Write it in one line, or {_SHARED}.",
    )


def _ways(source: str, style: str | None, old: str, new: str) -> list[str]:
    """Texts of the scalar to try: changed in place, then the whole in double quotes."""
    found = []
    changed = _changed(source, style, old, new)
    if changed is not None:
        found.append(changed)
    if style not in ("|", ">") and "\n" not in new:
        tail = source[len(source.rstrip()) :]
        found.append(json.dumps(new, ensure_ascii=False) + tail)
    return found


def _changed(source: str, style: str | None, old: str, new: str) -> str | None:
    """The scalar with the characters replaced in which two texts differ; None where not known."""
    spans = aligned(source, style, old)
    if spans is None:
        return None
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    inserted = new[first : len(new) - last]
    if style == "'":
        inserted = inserted.replace("'", "''")
    elif style == '"':
        inserted = json.dumps(inserted, ensure_ascii=False)[1:-1]
    start = spans[first - 1][1] if first else spans[0][0]
    end = spans[len(old) - last - 1][1] if len(old) - last > first else start
    return f"{source[:start]}{inserted}{source[end:]}"


def _node(text: str, path: tuple[str | int, ...], file: str) -> Any:
    """The scalar at a path.

    Raises:
        ConfigError: An anchor, an alias or a merge leads to it.
    """
    from ruamel.yaml import YAML

    node = YAML(typ="rt", pure=True).compose(text)
    for step in path:
        if isinstance(step, int):
            node = node.value[step]
        else:
            node = next((v for k, v in node.value if str(k.value) == step), None)
        if node is None or node.anchor:
            name = ".".join(map(str, path))
            raise ConfigError(
                f"{file}: {name} is shared with other places (an anchor, an alias or a merge)",
                todo=f"Write the command out, or {_SHARED}.",
            )
    return node


def _with(value: Any, path: tuple[str | int, ...], new: str) -> Any:
    """A document's value with another text at a path."""
    found = copy.deepcopy(value)
    holder = found
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = new
    return found


def _reads(data: bytes, file: str) -> Any:
    try:
        return read_yaml(data, file=file).value
    except DocumentError:
        return None
