"""Station `trigger`: which names a box takes, and why one is refused. Names are never interpreted.

git itself takes `a;id`, `a$(id)` and `a"b` as branch names. A box takes letters, digits, `.`, `_`,
`/` and `-` unless its settings allow more, and only the kinds of references that it knows.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

HEADS = "refs/heads/"
TAGS = "refs/tags/"
NOTES = "refs/notes/"
RECORDS_OF_RUNS = "refs/branchline/runs/"
RECORDS = (
    "refs/branchline/results/",
    "refs/branchline/approvals/",
    "refs/branchline/noise/",
    "refs/branchline/answers/",
    "refs/branchline/deployments/",
    RECORDS_OF_RUNS,
)
"""All that `branchline records push` sends: one that was refused would hold back the others."""
MOST_BYTES = 200
ALLOWABLE = "@+=,%#"
"""What a box may allow besides, next to letters and digits beyond ASCII."""

_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")
_TAG_TOO = re.compile(r"[A-Za-z0-9._/@#!+=-]+")
# name@v1.2.3, name@v1.2.3!, name#production, name#production!, each also with #NUMBER (GTO).
_REGISTRY_TAG = re.compile(
    r"(?:[A-Za-z0-9_./-]+=)?[A-Za-z0-9][A-Za-z0-9_/-]*(?:@v?[0-9][A-Za-z0-9.+-]*!?|@deprecated|#[A-Za-z0-9_-]+!?)(?:#[0-9]+)?"
)


class RefKind(Enum):
    """What a reference is to a box."""

    BRANCH = "branch"
    TAG = "tag"
    REGISTRY = "registry"
    RECORD = "record"
    NOTES = "notes"
    FOREIGN = "foreign"


def kind_of(ref: str) -> RefKind:
    """What a full reference name is."""
    if ref.startswith(HEADS):
        return RefKind.BRANCH
    if ref.startswith(TAGS):
        name = ref.removeprefix(TAGS)
        return RefKind.REGISTRY if _REGISTRY_TAG.fullmatch(name) else RefKind.TAG
    if ref.startswith(RECORDS):
        return RefKind.RECORD
    return RefKind.NOTES if ref.startswith(NOTES) else RefKind.FOREIGN


def bad_characters(allowed: str) -> str:
    """Those of a setting's characters that a box may never allow."""
    return "".join(c for c in allowed if not _may_be_allowed(c))


def why_refused(ref: str, *, allowed: str = "") -> str:
    """Why a box does not take a reference of this name; "" when it does.

    Args:
        ref: Full name, `refs/heads/...`. Bytes that are no UTF-8 are surrogates.
        allowed: Characters that the box allows besides its own.
    """
    kind = kind_of(ref)
    if kind is RefKind.FOREIGN:
        return (
            f"a box takes branches, tags, notes and records; {shown(ref)} is none of them"
            if not ref.startswith("refs/branchline/")
            else f"{shown(ref)} belongs to the box itself"
        )
    prefix = next(p for p in (HEADS, TAGS, NOTES, *RECORDS) if ref.startswith(p))
    name = ref.removeprefix(prefix)
    what = f"the {'tag' if prefix == TAGS else 'branch' if prefix == HEADS else 'name'}"
    size = len(name.encode("utf-8", "surrogateescape"))
    if size > MOST_BYTES:
        return f"{what} {shown(name)} has {size} bytes, at most {MOST_BYTES} are taken"
    if name.startswith(("-", "refs/")) or "/-" in name or name == "HEAD":
        return f"{what} {shown(name)} can be mistaken for an option or a full reference"
    known = _TAG_TOO if prefix == TAGS else _PLAIN
    wrong = sorted({c for c in name if not known.fullmatch(c) and not _is_allowed(c, allowed)})
    if not wrong:
        return ""
    listed = " ".join(shown(char) for char in wrong[:5])
    return (
        f"{what} {shown(name)} holds {listed}; a box takes letters A to Z, digits and `. _ / -`"
        + (f" and `{' '.join(allowed)}`" if allowed else "")
    )


def why_no_branch(name: str, *, allowed: str = "") -> str:
    """Why no branch can be called so, by git's rules or a box's; "" when one can.

    A name that comes with a push was looked at by git; one that was typed as an option was not.

    >>> [why_no_branch(name) for name in ("main", "a..b", "a//b")]
    ['', 'git takes no branch of the name `a..b`', 'git takes no branch of the name `a//b`']
    """
    if not name:
        return "is empty"
    parts = name.split("/")
    is_git = all(
        part and not part.startswith(".") and not part.endswith(".lock") for part in parts
    ) and not (".." in name or "@{" in name or name == "@" or name.endswith("."))
    if not is_git:
        return f"git takes no branch of the name {shown(name)}"
    return why_refused(f"{HEADS}{name}", allowed=allowed)


def conflict(name: str, existing: Collection[str]) -> str:
    """The branch beside which git cannot hold another: `models` beside `models/x`; "" if none.

    Args:
        name: Branch to be made.
        existing: Branches that are there.
    """
    steps = name.split("/")
    for count in range(1, len(steps)):
        above = "/".join(steps[:count])
        if above in existing:
            return above
    return min((other for other in existing if other.startswith(f"{name}/")), default="")


def explain_conflict(name: str, other: str) -> tuple[str, str]:
    """Why a branch cannot stand beside another, and a name under which it could.

    Args:
        name: Branch to be made.
        other: The one that is there.
    """
    if name.startswith(f"{other}/"):
        sentence = (
            f"git keeps branches as files, and `{other}` is a file: it cannot hold `{name}` as well"
        )
        return sentence, name.replace("/", "-")
    sentence = (
        f"git keeps branches as files, and `{name}` is a folder that holds `{other}`:"
        " it cannot be a branch as well"
    )
    return sentence, f"{name}/main"


def shown(text: str) -> str:
    """A name as a message may show it: quoted, nothing that a terminal would act on, not long."""
    clear = "".join(
        char if char.isprintable() and not "\ud800" <= char <= "\udfff" else _escaped(char)
        for char in text
    )
    return f"`{clear[:80]}...`" if len(clear) > 80 else f"`{clear}`"


def safe_names(names: Sequence[str]) -> str:
    """Names for a sentence."""
    return ", ".join(shown(name) for name in names)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _is_allowed(char: str, allowed: str) -> bool:
    return char in allowed and _may_be_allowed(char)


def _may_be_allowed(char: str) -> bool:
    return char in ALLOWABLE or (not char.isascii() and char.isalnum())
