"""Templates and quoting. Serves the other files here.

A template holds `<<name>>`; one pass fills it, so that a value never is a template itself. A value
that stands alone on its line takes the line's indentation; an empty one takes the line away.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.generate.settings_file import yaml_string

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["fill", "flow", "quoted", "shell_word"]

_PLACE = re.compile(
    r"^(?P<indent>[ ]*)<<(?P<alone>[a-z_]+)>>\n|<<(?P<name>[a-z_]+)>>", re.MULTILINE
)


def fill(template: str, **values: str) -> str:
    r"""A template with its values.

    >>> fill("a: <<a>>\n  <<b>>\n  <<c>>\n", a="1", b="x: 1\ny: 2", c="")
    'a: 1\n  x: 1\n  y: 2\n'
    """

    def put(found: re.Match[str]) -> str:
        if found["name"]:
            return values[found["name"]]
        text = values[found["alone"]]
        lines = text.rstrip("\n").split("\n") if text else []
        return "".join(f"{found['indent']}{line}".rstrip() + "\n" for line in lines)

    return _PLACE.sub(put, template)


def quoted(text: str) -> str:
    """A text as YAML reads it back, always in double quotes: versions stay texts."""
    plain = yaml_string(text)
    return plain if plain.startswith('"') else f'"{plain}"'


def flow(texts: Iterable[str]) -> str:
    """Texts as a list on one line."""
    return "[" + ", ".join(quoted(text) for text in texts) + "]"


def shell_word(text: str) -> str:
    """A text as one word of the shell; plain where it needs no quotes."""
    from branchline.generate.hooks import quoted as shell_quoted

    is_plain = re.fullmatch(r"[\w./@+][\w./@+-]*", text, re.ASCII) is not None
    return text if is_plain else shell_quoted(text)
