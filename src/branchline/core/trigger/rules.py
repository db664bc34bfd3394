"""Station `trigger`: what a push or a pull request asks for, by the team's branch rules.

The first rule that matches wins. Every decision carries the rule and a sentence, so that a skip
can be explained. What is already trained is not asked here: that is the plan's question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.policy import Do
from branchline.core.trigger.options import PushOptions
from branchline.core.trigger.patterns import matches, matches_any
from branchline.core.trigger.refnames import HEADS, TAGS, RefKind, kind_of
from branchline.core.trigger.values import TriggerKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import BranchRule, PullRequestRules

MOST_TAGS = 3
"""Tags of one push that are looked at; GitHub, too, starts nothing for more than three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdate:
    """One reference that a push moved.

    Attributes:
        ref: Full name. old, new: Full hashes; "" where it does not exist.
        is_empty: The commit came with this push, has one parent and the same tree as that.
    """

    ref: str
    old: str = ""
    new: str = ""
    is_empty: bool = False

    @property
    def branch(self) -> str:
        """Short name of a branch; the full name of any other reference."""
        return self.ref.removeprefix(HEADS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done, and why.

    Attributes:
        do: Train, tune or nothing.
        kind: What woke us.
        rule: The branch rule that decided; None when none did.
        reason: A sentence for people.
        force: Run although a result exists.
    """

    do: Do
    kind: TriggerKind
    reason: str
    rule: BranchRule | None = None
    force: bool = False

    @property
    def pattern(self) -> str:
        """Pattern of the rule; "" when none decided."""
        return self.rule.pattern if self.rule else ""


def rule_for(branch: str, rules: Sequence[BranchRule]) -> BranchRule | None:
    """The first rule that matches a branch."""
    return next((rule for rule in rules if matches(rule.pattern, branch)), None)


def decide_push(
    update: RefUpdate,
    rules: Sequence[BranchRule],
    *,
    options: PushOptions | None = None,
    tags: int = 1,
    remote: str = "box",
) -> Decision:
    """What one moved reference asks for.

    Args:
        update: Which reference, from what to what.
        rules: Branch rules of the default branch.
        options: Of the push.
        tags: How many tags this push made.
        remote: How pushers call the box.
    """
    options = options or PushOptions()
    kind = kind_of(update.ref)
    if kind is RefKind.BRANCH:
        return _decide_branch(update, rules, options)
    if kind is RefKind.TAG:
        return _decide_tag(update, options, tags, remote)
    return _nothing(f"{update.ref} holds a {kind.value}, not code")


def decide_pull_request(*, base: str, head: str, rules: PullRequestRules) -> Decision:
    """What a pull request asks for.

    Args:
        base: Short name of the branch that it asks to merge into.
        head: Short name of its own branch.
        rules: `pull_requests:` of the default branch.
    """
    into = ", ".join(f"`{pattern}`" for pattern in rules.into)
    if not matches_any(rules.into, base):
        reason = f"pull requests into `{base}` start nothing; `pull_requests.into` names {into}"
        return Decision(do=Do.NOTHING, kind=TriggerKind.PULL_REQUEST, reason=reason)
    if rules.do is Do.NOTHING:
        reason = "`pull_requests.do` says nothing is to be done"
    else:
        reason = (
            f"a pull request from `{head}` into `{base}`: `pull_requests` says {rules.do.value}"
        )
    return Decision(do=rules.do, kind=TriggerKind.PULL_REQUEST, reason=reason)


def _decide_branch(
    update: RefUpdate, rules: Sequence[BranchRule], options: PushOptions
) -> Decision:
    branch = update.branch
    if not update.new:
        return _nothing(f"branch `{branch}` was deleted")
    rule = rule_for(branch, rules)
    if rule is None:
        if options.force:
            return _train(f"no rule matches `{branch}`, but `-o train=force` asks for it", options)
        return _nothing(f"no rule of `branches:` matches `{branch}`")
    said = f"rule `{rule.pattern}` says {rule.do.value}"
    if rule.do is Do.NOTHING:
        also = "; `-o train=force` does not overrule it" if options.force else ""
        return _nothing(f"{said} for `{branch}`{also}", rule)
    if update.is_empty and not options.force:
        if rule.do is Do.TRAIN:
            return _train("requested by an empty commit", options, rule, force=True)
        return _nothing(f"an empty commit asks for nothing new on `{branch}` ({said})", rule)
    if options.force:
        said = f"{said}, and `-o train=force` asks for it although a result may exist"
    return Decision(
        do=rule.do,
        kind=TriggerKind.PUSH,
        rule=rule,
        reason=f"{said} for `{branch}`" if not options.force else said,
        force=options.force,
    )


def _decide_tag(update: RefUpdate, options: PushOptions, tags: int, remote: str) -> Decision:
    tag = update.ref.removeprefix(TAGS)
    if not update.new:
        return _nothing(f"tag `{tag}` was deleted")
    if tags > MOST_TAGS:
        # The tag is in the box: pushed again as it is, git has nothing to send.
        return _nothing(
            f"{tags} tags came in one push, at most {MOST_TAGS} are looked at; to have it looked"
            f" at: git push {remote} :{update.ref} && git push {remote} {update.ref}"
        )
    return _train(f"tag `{tag}` asks for the result of its commit", options)


def _train(
    reason: str, options: PushOptions, rule: BranchRule | None = None, *, force: bool = False
) -> Decision:
    return Decision(
        do=Do.TRAIN,
        kind=TriggerKind.PUSH,
        rule=rule,
        reason=reason,
        force=force or options.force,
    )


def _nothing(reason: str, rule: BranchRule | None = None) -> Decision:
    return Decision(do=Do.NOTHING, kind=TriggerKind.PUSH, rule=rule, reason=reason)
