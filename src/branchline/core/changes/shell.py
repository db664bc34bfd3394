"""Station `changes`: shell scripts and makefiles.

They count by bytes; this tells what they start.
"""

from __future__ import annotations

import re

from branchline.core.changes.entries import EntryKind, entries_of
from branchline.core.changes.facts import ROOT_MENTION
from branchline.core.changes.raw import bytes_meaning
from branchline.core.changes.values import Import, Meaning

_PATH_WORD = re.compile(r"[\w./-]+\.(?:ya?ml|json|toml|cfg|ini|txt|sql|env)\b")
_INCLUDE = re.compile(r"^-?include\s+(.+)$", re.M)
_VARIABLE = re.compile(r"\$\((\w+)\)")


def shell_meaning(data: bytes, *, is_makefile: bool) -> Meaning:
    """Bytes, with the scripts and modules that the text starts.

    Args:
        data: The file.
        is_makefile: Only recipe lines (those that begin with a tab) are shell then.
    """
    text = data.decode("utf-8", "replace")
    included: list[str] = []
    if is_makefile:
        for match in _INCLUDE.finditer(text):
            included.extend(word for word in match[1].split() if "$" not in word)
        text = _recipes(text)
    runs: dict[str, None] = dict.fromkeys(included)
    imports: list[Import] = []
    mentions: dict[str, None] = {}
    for entry in entries_of(text, "."):
        if entry.path:
            runs[entry.path] = None
        elif entry.module and entry.kind is EntryKind.MODULE:
            imports.append(Import(module=entry.module, names=("__main__",), is_weak=True))
        elif entry.text:
            imports.extend(_imports_of(entry.text))
        for root in entry.roots:
            mentions[ROOT_MENTION + root] = None
    mentions.update(dict.fromkeys(_PATH_WORD.findall(text)))
    return bytes_meaning(data, imports=imports, mentions=tuple(mentions), runs=tuple(runs))


def _imports_of(source: str) -> list[Import]:
    """Imports of a `python -c` text."""
    from branchline.core.changes.python import python_meaning
    from branchline.core.policy import ChangeRules

    return list(python_meaning(source.encode(), ChangeRules(), is_package=False).imports)


def _recipes(text: str) -> str:
    """Recipe lines of a makefile as shell, simple variables filled in."""
    joined = text.replace("\\\n", " ")
    variables = dict(re.findall(r"^(?:export\s+)?(\w+)\s*[:?]?=[ \t]*([^\n#]*)", joined, re.M))
    lines = []
    for line in joined.splitlines():
        if not line.startswith("\t"):
            continue
        filled = _VARIABLE.sub(lambda m: variables.get(m[1], "$" + m[1]).strip(), line)
        lines.append(f"({filled.lstrip(chr(9) + '@-+ ')})")  # each line runs in a shell of its own
    roots = variables.get("PYTHONPATH")
    return "\n".join([f"export PYTHONPATH={roots}" if roots else "", *lines])
