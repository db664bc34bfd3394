"""Station `changes`: Python sources by their syntax tree.

Joins the canonical tree, the live comments and the doubts into a `Meaning`. Any doubt means bytes;
imports and mentions are told all the same, so that the closure stays whole.
"""

from __future__ import annotations

import re

from branchline.core.changes import doubts
from branchline.core.changes.comments import comment_doubt, live_comments
from branchline.core.changes.facts import facts_of
from branchline.core.changes.raw import bytes_meaning, content_digest
from branchline.core.changes.syntax import Canon, parse, parts_of
from branchline.core.changes.values import Import, Meaning, Reading

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from branchline.core.policy import ChangeRules

# Grammar that a Python older than the stage's refuses, and Python 2's: told by the line at fault.
_OTHER_PYTHON = re.compile(
    r"^\s*(?:type\s+\w+.*=|(?:async\s+)?def\s+\w+\s*\[|class\s+\w+\s*\[|except\s+[\w.]+\s*,"
    r"|print\s+[\"'\w%]|print\s*>>|exec\s+[\"'\w]|raise\s+\w+\s*,|lazy\s+(?:import|from)\b)"
    r"|\bt[\"']|\bfrom __future__ import print_function|<>"
)
_IMPORT_LINE = re.compile(
    rb"^[ \t]*(?:from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+([^#\n]*)|import[ \t]+([\w., \t]+))", re.M
)


def python_meaning(data: bytes, rules: ChangeRules, *, is_package: bool) -> Meaning:
    """What a Python source says.

    Args:
        data: Its bytes; the encoding line counts.
        rules: Whether docstrings, annotations and the order of imports count.
        is_package: It is an `__init__.py`.
    """
    try:
        tree = parse(data)
    except SyntaxError as error:
        return _unparsed(data, error)
    except (ValueError, RecursionError, MemoryError) as error:
        return bytes_meaning(data, doubts=(f"cannot be read: {error}",), imports=_scanned(data))
    canon = Canon(rules)
    try:
        facts = facts_of(tree, rules, is_package=is_package)
        form = canon.module(tree)
        parts = parts_of(tree, canon)
    except RecursionError:
        doubt = "cannot be read: its expressions are nested too deeply"
        return bytes_meaning(data, doubts=(doubt,), imports=_scanned(data))
    if reason := comment_doubt(data):
        facts.doubts[reason] = None
        facts.by_bytes = True
    reading = Reading.BYTES if facts.by_bytes else Reading.PYTHON
    content = data if facts.by_bytes else b"\n".join([form, *live_comments(data)])
    return Meaning(
        reading=reading,
        digest=content_digest(reading, content),
        parts=parts,
        imports=tuple(facts.imports),
        mentions=tuple(facts.mentions),
        runs=tuple(facts.runs),
        doubts=tuple(facts.doubts),
    )


def _unparsed(data: bytes, error: SyntaxError) -> Meaning:
    """Bytes, with a doubt that tells a broken file from one for another Python."""
    lines = data.decode("utf-8", "replace").splitlines()
    number = error.lineno or 0
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    message = error.msg or "invalid syntax"
    # f-strings inside f-strings may repeat the quotes since Python 3.12.
    is_other = _OTHER_PYTHON.search(line) is not None or message.startswith("f-string")
    subject = doubts.OTHER_PYTHON if is_other else doubts.SYNTAX
    return bytes_meaning(
        data, doubts=(f"{subject} (line {number}): {message}",), imports=_scanned(data)
    )


def _scanned(data: bytes) -> tuple[Import, ...]:
    """Imports by a look at the lines, for a file that does not parse."""
    found: list[Import] = []
    for match in _IMPORT_LINE.finditer(data):
        line = data.count(b"\n", 0, match.start()) + 1
        dots, module, names, plain = (g.decode() if g else "" for g in match.groups())
        if plain:
            for name in plain.split(","):
                word = name.split()[0] if name.split() else ""
                found.append(Import(module=word, is_weak=True, line=line))
            continue
        listed = tuple(
            n.split()[0] for n in names.strip("() \t\r\\").split(",") if n.strip(" ()\t\r\\")
        )
        found.append(Import(module=module, names=listed, level=len(dots), is_weak=True, line=line))
    return tuple(found)
