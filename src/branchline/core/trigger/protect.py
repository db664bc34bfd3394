"""Station `trigger`: what a box refuses to take, and the command that would work.

Names, branches that cannot stand side by side, `fast_forward_only`, and what is never changed:
records and events of the registry. What history says is asked by way of a function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.trigger.other_names import clean_name, free_name
from branchline.core.trigger.refnames import (
    HEADS,
    RECORDS_OF_RUNS,
    TAGS,
    RefKind,
    conflict,
    explain_conflict,
    kind_of,
    why_refused,
)
from branchline.core.trigger.rules import RefUpdate, rule_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.policy import BranchRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why one reference is not taken; `todo` is what would work instead."""

    ref: str
    sentence: str
    todo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a box is before a push.

    Attributes:
        heads: Branch -> commit.
        rules: Branch rules of each model of the default branch.
        default_branch: Short name. remote: How pushers call the box.
        allowed: Characters that names may hold besides the usual ones.
        has_tag: Whether a tag is there; only what is suggested depends on it.
        is_ancestor: Whether one commit is in the history of another; None when it cannot be told.
        object_kind: commit, tree, blob or tag, of an object; "" when it cannot be told.
    """

    heads: Mapping[str, str]
    rules: Sequence[Sequence[BranchRule]]
    default_branch: str
    is_ancestor: Callable[[str, str], bool | None]
    object_kind: Callable[[str], str]
    allowed: str = ""
    remote: str = "box"
    has_tag: Callable[[str], bool] = lambda _: False


def judge_push(updates: Sequence[RefUpdate], ground: Ground) -> tuple[Refusal, ...]:
    """What of a push is refused; empty when it is taken as a whole."""
    kept = {u.branch for u in updates if u.ref.startswith(HEADS) and not u.new}
    beside = set(ground.heads) - kept
    # What is refused moves nothing: what is suggested stands beside all that is there and comes.
    names = {*(f"{HEADS}{head}" for head in ground.heads), *(u.ref for u in updates if u.new)}
    refused = []
    for update in updates:
        found = _judge_ref(update, beside, names, ground)
        if found is None and kind_of(update.ref) is RefKind.BRANCH:
            found = _judge_protected(update, updates, ground)
            beside.add(update.branch)
            if not update.new:
                beside.discard(update.branch)
        if found is not None:
            refused.append(found)
    return tuple(refused)


def _judge_ref(
    update: RefUpdate, beside: set[str], names: set[str], ground: Ground
) -> Refusal | None:
    """Its name, what stands beside it, and whether it may move at all.

    A name that is suggested is added to `names`: the next one gets another.
    """
    why = why_refused(update.ref, allowed=ground.allowed)
    if why:
        return Refusal(ref=update.ref, sentence=why, todo=_other_name(update, names, ground))
    kind = kind_of(update.ref)
    if kind is RefKind.RECORD and update.old:
        return Refusal(
            ref=update.ref,
            sentence="a record is never changed nor deleted by a push",
            todo=f"Send records with `branchline records push {ground.remote}`.",
        )
    if kind is RefKind.RECORD and update.new:
        wanted = "tree" if update.ref.startswith(RECORDS_OF_RUNS) else "blob"
        if ground.object_kind(update.new) != wanted:
            return Refusal(
                ref=update.ref,
                sentence=f"a record here is a {wanted}, and this is none",
                todo=f"Send records with `branchline records push {ground.remote}`.",
            )
    is_new_event = kind is RefKind.REGISTRY and not update.old
    if is_new_event and ground.object_kind(update.new) != "tag":
        return Refusal(
            ref=update.ref,
            sentence="an event of the registry is an annotated tag, and this is none",
            todo="Registering is `branchline apply RUN`; for a tag of your own take another name.",
        )
    if kind is RefKind.REGISTRY and update.old:
        return Refusal(
            ref=update.ref,
            sentence="an event of the registry is never moved nor deleted by a push",
            todo="Add another: `branchline promote MODEL VERSION STAGE`, or `branchline rollback`.",
        )
    if kind is RefKind.BRANCH and update.new and not update.old:
        other = conflict(update.branch, beside)
        if other:
            sentence, wanted = explain_conflict(update.branch, other)
            todo = _push_as(wanted, update, names, ground)
            return Refusal(ref=update.ref, sentence=sentence, todo=todo)
    return None


def _other_name(update: RefUpdate, names: set[str], ground: Ground) -> str:
    """The command that pushes the same under a name that is taken."""
    if kind_of(update.ref) not in (RefKind.BRANCH, RefKind.TAG) or not update.new:
        return ""
    wanted = clean_name(update.ref.removeprefix(HEADS).removeprefix(TAGS))
    return _push_as(wanted, update, names, ground)


def _push_as(wanted: str, update: RefUpdate, names: set[str], ground: Ground) -> str:
    """The command that pushes the same under a name like `wanted`; "" where none would work."""
    prefix = HEADS if update.ref.startswith(HEADS) else TAGS
    others = {name for name in names if name != update.ref and name.startswith(prefix)}
    there = {name.removeprefix(prefix) for name in others}

    def is_free(name: str) -> bool:
        if name in there or conflict(name, there) or why_refused(prefix + name):
            return False
        steps = name.split("/")
        return prefix == HEADS or not any(
            ground.has_tag("/".join(steps[: count + 1])) for count in range(len(steps))
        )

    def protected(name: str) -> Refusal | None:
        tried = RefUpdate(ref=prefix + name, new=update.new)
        return _judge_protected(tried, [tried], ground) if prefix == HEADS else None

    name = free_name(wanted, lambda name: is_free(name) and protected(name) is None)
    if name:
        names.add(prefix + name)
        return f"Push it as `{name}`: git push {ground.remote} {update.new[:10]}:{prefix}{name}"
    # Nothing but its rule stands against the name.
    held = protected(wanted) if is_free(wanted) else None
    return held.todo if held else ""


def _judge_protected(
    update: RefUpdate, updates: Sequence[RefUpdate], ground: Ground
) -> Refusal | None:
    for rules in ground.rules:
        rule = rule_for(update.branch, rules)
        if rule is not None and rule.fast_forward_only:
            found = _judge_rule(update, updates, rule, ground)
            if found is not None:
                return found
    return None


def _judge_rule(
    update: RefUpdate, updates: Sequence[RefUpdate], rule: BranchRule, ground: Ground
) -> Refusal | None:
    branch, ref, remote = update.branch, update.ref, ground.remote
    said = f"rule `{rule.pattern}` is `fast_forward_only`"
    if not update.new:
        return Refusal(
            ref=ref,
            sentence=f"{said}: `{branch}` cannot be deleted by a push",
            todo=f"Take the rule out of branchline.yaml on `{ground.default_branch}` first.",
        )
    if update.old and not ground.is_ancestor(update.old, update.new):
        return Refusal(
            ref=ref,
            sentence=f"{said}: {update.new[:10]} would drop {update.old[:10]},"
            f" which `{branch}` holds now",
            todo=f"Build on it: git pull --rebase {remote} {branch}, then push again;"
            " to take a change back, push a `git revert`.",
        )
    source = rule.source or ground.default_branch
    if source == branch:
        return None
    tip = _after(source, updates, ground)
    if not tip or ground.is_ancestor(update.new, tip):
        return None
    new = update.new[:10]
    if ground.is_ancestor(tip, update.new):
        todo = f"Push it to both: git push {remote} {new}:{HEADS}{source} {new}:{ref}"
    else:
        todo = f"Merge it into `{source}`, then: git push {remote} {source} {source}:{branch}"
    return Refusal(
        ref=ref,
        sentence=f"{said}: {new} is not on `{source}`, where commits of `{branch}` come from",
        todo=todo,
    )


def _after(source: str, updates: Sequence[RefUpdate], ground: Ground) -> str:
    """What a branch holds after the push; what it held, where the push deletes it."""
    pushed = [u.new for u in updates if u.ref == f"{HEADS}{source}" and u.new]
    return pushed[-1] if pushed else ground.heads.get(source, "")
