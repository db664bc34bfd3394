"""Station `plan`: does a dvc.lock entry vouch for what is declared and present now?

The comparison is DVC's own, because the file is DVC's: parameters are equal as Python values, the x
bit of a data file does not count, an input that the entry names and the stage no longer declares is
a narrower definition and no reason to run. One thing is stricter: true and 1 are not the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.secrecy import is_secret, shown

if TYPE_CHECKING:
    from branchline.core.pipeline import Content, LockEntry
    from branchline.core.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class LockMatch:
    """How a lock entry compares.

    Attributes:
        is_equal: The entry vouches for the stage as it is now.
        reasons: Why not, a sentence each.
        narrowed: What the entry knows and the stage no longer declares.
    """

    is_equal: bool
    reasons: tuple[str, ...] = ()
    narrowed: tuple[str, ...] = ()


def match_lock(now: LockEntry, lock: LockEntry) -> LockMatch:
    """Compare the exact reading of a stage now with its dvc.lock entry.

    Args:
        now: Command, deps with digests, parameter values; outs with paths (digests do not count).
        lock: The entry of dvc.lock, or of the run cache.
    """
    reasons: list[str] = []
    if now.cmd != lock.cmd:
        reasons.append("the command differs from the one in dvc.lock")
    before = {item.spelled: item.content for item in lock.deps}
    for item in now.deps:
        if item.spelled not in before:
            reasons.append(f"`{item.spelled}` is a new input")
        elif not _same_content(item.content, before[item.spelled]):
            reasons.append(f"`{item.spelled}` differs from dvc.lock")
    old_params = lock.params or {}
    for file, values in (now.params or {}).items():
        known = old_params.get(file, {})
        for key, value in values.items():
            if key not in known:
                reasons.append(f"parameter `{file}:{key}` is new")
            elif not same_value(value, known[key]):
                reasons.append(_moved(file, key, value, known[key]))
    old_outs = {item.spelled for item in lock.outs}
    reasons.extend(
        f"`{item.spelled}` is a new output" for item in now.outs if item.spelled not in old_outs
    )
    return LockMatch(is_equal=not reasons, reasons=tuple(reasons), narrowed=_narrowed(now, lock))


def _moved(file: str, key: str, now: JsonValue, before: JsonValue) -> str:
    if is_secret(key, now) or is_secret(key, before):
        return f"parameter `{file}:{key}` changed; it is a secret and not shown"
    return f"parameter `{file}:{key}` is {shown(key, now)!r}, was {shown(key, before)!r}"


def _narrowed(now: LockEntry, lock: LockEntry) -> tuple[str, ...]:
    deps = {item.spelled for item in now.deps}
    gone = [item.spelled for item in lock.deps if item.spelled not in deps]
    params = now.params or {}
    gone.extend(
        f"{file}:{key}"
        for file, values in (lock.params or {}).items()
        for key in values
        if key not in params.get(file, {})
    )
    return tuple(gone)


def _same_content(now: Content, before: Content) -> bool:
    return now.md5 is not None and now.md5 == before.md5 and now.legacy == before.legacy


def same_value(left: JsonValue, right: JsonValue) -> bool:
    """Equal as DVC compares (1 equals 1.0), but true is not 1, and NaN is itself.

    >>> same_value(1, 1.0), same_value(True, 1)
    (True, False)
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same_value, left, right))
    if hasattr(left, "items") and hasattr(right, "items"):
        return left.keys() == right.keys() and all(same_value(left[k], right[k]) for k in left)  # type: ignore[union-attr,index] # both are mappings: hasattr said so
    if isinstance(left, float) and isinstance(right, float) and left != left:
        return right != right
    return left == right
