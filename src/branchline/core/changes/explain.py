"""Station `changes`: what differs between two runs' inputs, in sentences.

Explains only: whether something must run is decided by keys. Names are escaped, so that a line
break or a quote in a file's name cannot disturb a line of output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.changes.values import (
    PACKAGES,
    Change,
    ChangeEffect,
    ChangeSet,
    InputKind,
    Reading,
)
from branchline.core.secrecy import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.core.changes.values import Input, Meaning

MOST_PARTS = 4
LONGEST_VALUE = 60

_EVERY_BYTE = "all of its bytes count: "  # and why
_KIND_ORDER = {
    InputKind.COMMAND: 0,
    InputKind.PARAMETER: 1,
    InputKind.CODE: 2,
    InputKind.DATA: 3,
    InputKind.ENVIRONMENT: 4,
    InputKind.VARIABLE: 5,
}


def compare(
    before: Sequence[Input],
    after: Sequence[Input],
    *,
    parts: Callable[[Input, Input], tuple[str, ...]] | None = None,
) -> ChangeSet:
    """What happened to each input between two runs.

    Args:
        before: Inputs of the earlier run.
        after: Inputs now.
        parts: Names the parts of one code file that changed (`changed_parts` of its two versions);
            asked only for files whose meaning differs.

    Returns:
        Changes that matter first; equal inputs are left out.
    """
    old = {(item.kind, item.name): item for item in before}
    new = {(item.kind, item.name): item for item in after}
    # A file may be declared as data in one run and be reached as code in the other.
    for key in [k for k in new if k not in old]:
        twin = _twin(key, old)
        if twin is not None and twin not in new:
            old[key] = old.pop(twin)
    changes = []
    for key in dict.fromkeys([*new, *old]):
        change = _change(old.get(key), new.get(key), parts)
        if change is not None:
            # That a file came or went most often follows from an edit of one that imports it.
            came_or_went = key not in old or key not in new
            is_cosmetic = change.effect is ChangeEffect.COSMETIC
            rank = (is_cosmetic, _KIND_ORDER[change.kind], came_or_went, change.name)
            changes.append((rank, change))
    changes.sort(key=lambda ranked: ranked[0])
    return ChangeSet(changes=tuple(change for _, change in changes))


def _twin(
    key: tuple[InputKind, str], known: dict[tuple[InputKind, str], Input]
) -> tuple[InputKind, str] | None:
    for kind in (InputKind.CODE, InputKind.DATA, InputKind.ENVIRONMENT):
        if (kind, key[1]) != key and (kind, key[1]) in known:
            return (kind, key[1])
    return None


def changed_parts(before: Meaning, after: Meaning) -> tuple[str, ...]:
    """Names of the parts that differ between two versions of one file, as sentences use them.

    Parts that appeared or went are marked; when all parts are equal but not their order, that is
    said.
    """
    old, new = dict(before.parts), dict(after.parts)
    found = [
        f"{label} is new" if label not in old else label
        for label in new
        if old.get(label) != new[label]
    ]
    found += [f"{label} is gone" for label in old if label not in new]
    if not found and after.reading is Reading.BYTES and after.doubts:
        return (f"{_EVERY_BYTE}{after.doubts[0]}",)
    if not found and before.parts != after.parts:
        found = ["the order of its parts"]
    return tuple(found)


def quoted(name: str) -> str:
    r"""A name between backquotes on one line, odd characters escaped.

    >>> quoted("a\nb.csv")
    '`a\\nb.csv`'
    """
    safe = "".join(
        char if char.isprintable() and char not in "`\\" else _escaped(char) for char in name
    )
    return f"`{safe}`"


def _escaped(char: str) -> str:
    if char in "`\\":
        return "\\" + char
    return char.encode("unicode_escape").decode("ascii")


def _change(
    before: Input | None,
    after: Input | None,
    parts: Callable[[Input, Input], tuple[str, ...]] | None,
) -> Change | None:
    item = after or before
    if item is None or (before and after and _same(before, after)):
        return None
    if before is None or after is None:
        return _appeared(item, is_new=before is None)
    if after.digest is None:
        return _unknown(after)
    if before.digest == after.digest:
        what = "only comments or layout" if after.kind is InputKind.CODE else "only layout"
        return _of(after, ChangeEffect.COSMETIC, f"{what} changed in {quoted(after.name)}")
    sentence = _difference(before, after, parts)
    return _of(after, ChangeEffect.MODEL, sentence)


def _same(before: Input, after: Input) -> bool:
    if before.digest is None or before.digest != after.digest:
        return False
    return before.exact == after.exact or before.exact is None or after.exact is None


def _of(item: Input, effect: ChangeEffect, sentence: str) -> Change:
    return Change(kind=item.kind, name=item.name, effect=effect, sentence=sentence)


def _unknown(item: Input) -> Change:
    if item.pending:
        sentence = f"{quoted(item.name)} is made by `{item.pending}`, which has to run first"
    else:
        sentence = f"{quoted(item.name)} cannot be read"
    return _of(item, ChangeEffect.UNKNOWN, sentence)


def _appeared(item: Input, *, is_new: bool) -> Change:
    if is_new and item.digest is None:
        return _unknown(item)
    name = quoted(item.name)
    if item.kind is InputKind.COMMAND:
        sentence = "the command is new" if is_new else "there is no command any more"
    elif item.kind is InputKind.PARAMETER:
        sentence = f"{name} is new: {_value(item)}" if is_new else f"{name} is no longer used"
    elif is_new:
        via = f" ({item.via})" if item.via not in ("declared", "environment", "") else ""
        sentence = f"{name} is new{via}"
    elif item.kind in (InputKind.ENVIRONMENT, InputKind.VARIABLE):
        sentence = f"{name} no longer counts"
    else:
        sentence = f"{name} is no longer there, or no longer used"
    return _of(item, ChangeEffect.MODEL, sentence)


def _difference(
    before: Input, after: Input, parts: Callable[[Input, Input], tuple[str, ...]] | None
) -> str:
    name = quoted(after.name)
    if after.kind is InputKind.COMMAND:
        return f"the command changed: it was {quoted(_short(before.value))}"
    if after.kind is InputKind.PARAMETER:
        if MASK in (before.value, after.value):
            return f"{name} changed; it is a secret and not shown"
        return f"{name} is {_value(after)}, was {_value(before)}"
    if after.name == "python" and after.kind is InputKind.ENVIRONMENT:
        return f"Python {after.value} instead of {before.value}"
    if after.name == PACKAGES and after.kind is InputKind.ENVIRONMENT:
        return _packages(before.value.split(), after.value.split())
    if after.kind is InputKind.VARIABLE:
        return f"the variable {name} changed"  # its value may be a secret
    if after.value and before.value and after.kind is not InputKind.CODE:
        return f"{name} is {_value(after)}, was {_value(before)}"
    if after.name.endswith(" (mode)"):
        file = quoted(after.name.removesuffix(" (mode)"))
        return f"{file} is {after.value} now, was {before.value}"
    if after.kind is InputKind.CODE:
        return _code_difference(before, after, parts)
    return f"{name} changed"


def _packages(before: Sequence[str], after: Sequence[str]) -> str:
    """How sets of `name==version` differ."""
    then = dict(item.partition("==")[::2] for item in before)
    now = dict(item.partition("==")[::2] for item in after)
    said = [f"{n} {now[n]} instead of {then[n]}" for n in now if then.get(n, now[n]) != now[n]]
    said += [f"{n} {now[n]} is new" for n in now if n not in then]
    said += [f"{n} is gone" for n in then if n not in now]
    if not said:
        return "the packages are other files of the same versions"
    more = f" and {len(said) - MOST_PARTS} more" if len(said) > MOST_PARTS else ""
    return f"packages: {', '.join(said[:MOST_PARTS])}{more}"


def _code_difference(
    before: Input, after: Input, parts: Callable[[Input, Input], tuple[str, ...]] | None
) -> str:
    found = parts(before, after) if parts is not None else ()
    sentence = f"{quoted(after.name)} changed in meaning"
    if found and found[0].startswith(_EVERY_BYTE):
        sentence = f"{quoted(after.name)} changed; {found[0]}"
    elif found:
        listed = ", ".join(found[:MOST_PARTS])
        more = f" and {len(found) - MOST_PARTS} more" if len(found) > MOST_PARTS else ""
        sentence += f": {listed}{more}"
    if after.via.startswith(("imported by", "named in", "run by")):
        sentence += f" ({after.via})"
    return sentence


def _value(item: Input) -> str:
    return _short(item.value) if item.value else "another value"


def _short(text: str) -> str:
    flat = quoted(text)[1:-1]
    return flat if len(flat) <= LONGEST_VALUE else flat[: LONGEST_VALUE - 3] + "..."
