"""Branch rules -> what pre-receive of a box needs of them, as functions of the shell. Pure text.

The shell only has to know which branches are protected, and from which branches their commits come.
A pattern becomes a `case` pattern of the shell; one that the shell would read otherwise becomes a
wider one, and what it matches is asked in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.trigger.patterns import Piece, parts_of
from branchline.core.trigger.refnames import HEADS, why_refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import BranchRule

ASK = "?"
"""A source that no branch can have: Python decides."""

_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-"


def rules_text(
    models: Sequence[Sequence[BranchRule]], *, default_branch: str, commit: str, blob: str
) -> str:
    """The file `branchline/rules` of a box.

    Args:
        models: Rules of each model, in order.
        default_branch: Short name.
        commit: What the default branch held; "" when there is none.
        blob: Its branchline.yaml; "" when there is none.
    """
    lines = [
        "# Written by branchline from the default branch's branchline.yaml; an edit is lost.",
        f"rules_default={_word(default_branch)}",
        f"rules_commit={_word(commit)}",
        f"rules_blob={_word(blob)}",
        "sources_of() {",
        "  sources=",
    ]
    blocks = [tuple(_arm(rule, default_branch) for rule in _telling(rules)) for rules in models]
    for block in dict.fromkeys(blocks):
        if block:
            lines += ["  found=", *block]
    return "\n".join([*lines, "  return 0", "}", ""])


def shell_pattern(pattern: str) -> tuple[str, str, bool]:
    """A branch pattern as one of the shell.

    Returns:
        What must not match before, "" if nothing; what matches then; whether that is exact. Where
        it is not, everything that the branch pattern matches is matched, and more.

    >>> shell_pattern("models/**"), shell_pattern("models/*")
    (('', "'models/'*", True), ('*/*/*', "'models/'*", True))
    """
    glob: list[str] = []
    text = ""
    is_exact = True
    stars = double_stars = 0
    parts = parts_of(pattern)
    for index, part in enumerate(parts):
        follower = parts[index + 1].piece if index + 1 < len(parts) else None
        is_changed = follower in (Piece.OPTIONAL, Piece.REPEATED)
        if part.piece is Piece.TEXT and not is_changed and part.text in _PLAIN:
            text += part.text
            continue
        if text:
            glob.append(_word(text))
            text = ""
        if part.piece is Piece.STAR:
            stars += 1
        elif part.piece is Piece.DOUBLE_STAR:
            double_stars += 1
        else:
            is_exact = False
        glob.append("*")
    if text:
        glob.append(_word(text))
    slashes = sum(part.text == "/" for part in parts if part.piece is Piece.TEXT)
    is_exact = is_exact and not (stars and double_stars)
    # As many slashes as the pattern has in its text: then no star stands for one.
    before = "*/" * (slashes + 1) + "*" if stars and is_exact else ""
    return before, "".join(glob), is_exact


def _telling(rules: Sequence[BranchRule]) -> Sequence[BranchRule]:
    """The rules up to the last one that protects a branch."""
    last = max((i for i, rule in enumerate(rules) if rule.fast_forward_only), default=-1)
    return rules[: last + 1]


def _arm(rule: BranchRule, default_branch: str) -> str:
    before, glob, is_exact = shell_pattern(rule.pattern)
    source = rule.source or default_branch
    if not is_exact or why_refused(f"{HEADS}{source}"):
        source = ASK
    is_told = rule.fast_forward_only or not is_exact
    told = f' sources="$sources "{_word(source)}' if is_told else ""
    out = f"{before}) ;; " if before else ""
    return f'  [ -n "$found" ] || case "$1" in {out}{glob}) found=1{told} ;; esac'


def _word(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
