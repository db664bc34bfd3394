"""Station `trigger`: what woke a job of a forge's CI, and what it asks for.

A forge's own payload becomes an `Event` in its adapter; here it is decided what that asks for, by
the rules of the default branch. What is already trained is not asked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.policy import Do
from branchline.core.trigger.refnames import HEADS, TAGS, shown
from branchline.core.trigger.rules import (
    Decision,
    RefUpdate,
    decide_pull_request,
    decide_push,
    rule_for,
)
from branchline.core.trigger.values import Trigger, TriggerKind

if TYPE_CHECKING:
    from branchline.core.policy import Policy

MOST_REASON = 300


class EventKind(Enum):
    """What a forge's CI tells of. CALL: a program asked by the forge's API."""

    PUSH = "push"
    PULL_REQUEST = "pull_request"
    MERGE_QUEUE = "merge_queue"
    SCHEDULE = "schedule"
    PERSON = "person"
    CALL = "call"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a forge's CI told a job. Every text in it may have been chosen by a stranger.

    Attributes:
        kind: What it is. name: As the forge calls it.
        ref: Full reference that it is about; of a pull request that of its merge.
        branch: Short name of the branch whose rule counts; "" for a tag.
        head: Commit that people see, and that checks belong to; full hash, "" when not known.
        tested: Commit that the job has checked out; of a pull request its merge into the base.
        before: What the reference held before; "" when it is new or not known.
        base: Commit that a pull request is compared with. base_branch: Its branch.
        pull_request: Its number; None elsewhere.
        fork: Repository that a pull request comes from, when it is another; `?` when that is gone.
        is_deleted: The reference is gone. is_closed: The pull request is not open any more.
        looks_empty: The payload names no file that the newest commit of a push touched.
        default_branch: Short name; "" when not told. repository: `owner/name`.
        actor: Who, as the forge calls them.
        force: Run although a result exists. reason: In the actor's words, one line.
        model: Which model was asked for; "" for all. says: What else is known, in a few words.
    """

    kind: EventKind
    name: str
    ref: str = ""
    branch: str = ""
    head: str = ""
    tested: str = ""
    before: str = ""
    base: str = ""
    base_branch: str = ""
    pull_request: int | None = None
    fork: str = ""
    is_deleted: bool = False
    is_closed: bool = False
    looks_empty: bool = False
    default_branch: str = ""
    repository: str = ""
    actor: str = ""
    force: bool = False
    reason: str = ""
    model: str = ""
    says: str = ""

    @property
    def is_on_default_branch(self) -> bool:
        """Whether the commit stands on the default branch itself: its own rules are the rules."""
        is_branch = self.ref == HEADS + self.default_branch
        return bool(self.default_branch) and is_branch and self.pull_request is None


def decide_event(event: Event, policy: Policy, *, is_empty: bool = False) -> Decision:
    """What an event asks for, with the rule and a sentence.

    Args:
        event: What woke us.
        policy: Rules of the default branch, whose patterns name that branch.
        is_empty: The newest commit of a push has one parent, and the same tree as that.
    """
    if event.kind is EventKind.PUSH:
        return _decide_push(event, policy, is_empty=is_empty)
    if event.kind is EventKind.PULL_REQUEST:
        return _decide_pull(event, policy)
    if event.kind is EventKind.MERGE_QUEUE:
        decided = decide_pull_request(
            base=event.base_branch, head="merge queue", rules=policy.pull_requests
        )
        why = f"the merge queue of {shown(event.base_branch)}: `pull_requests` says"
        reason = f"{why} {decided.do.value}" if decided.do is not Do.NOTHING else decided.reason
        return Decision(do=decided.do, kind=decided.kind, reason=reason)
    if event.kind is EventKind.OTHER:
        return _nothing(f"{shown(event.name)} is no event that starts anything")
    return _decide_asked(event, policy)


def trigger_of_event(event: Event, decision: Decision, *, base: str = "") -> Trigger:
    """Why the walk is entered, for its record.

    Args:
        event: What woke us.
        decision: What it asks for.
        base: Commit that a pull request was merged into, where the payload names an older one.
    """
    return Trigger(
        kind=decision.kind,
        actor=event.actor,
        branch=event.branch or None,
        commit=event.tested or None,
        base=(base or event.base) or None,
        head=event.head if event.head not in ("", event.tested) else None,
        pull_request=event.pull_request,
        force=decision.force,
        reason=event.reason or decision.reason,
    )


def _decide_push(event: Event, policy: Policy, *, is_empty: bool) -> Decision:
    update = RefUpdate(
        ref=event.ref,
        old=event.before,
        new="" if event.is_deleted else event.head,
        is_empty=is_empty,
    )
    if event.ref.startswith((HEADS, TAGS)):
        return decide_push(update, policy.branches)
    return _nothing(f"{shown(event.ref)} is neither a branch nor a tag")


def _decide_pull(event: Event, policy: Policy) -> Decision:
    number = f"pull request #{event.pull_request}"
    if event.is_closed:
        return _nothing(f"{number} is closed", TriggerKind.PULL_REQUEST)
    decided = decide_pull_request(
        base=event.base_branch, head=event.branch, rules=policy.pull_requests
    )
    if decided.do is Do.NOTHING or not event.fork or policy.pull_requests.forks == "train":
        return decided
    where = "a repository that is gone" if event.fork == "?" else f"the fork {shown(event.fork)}"
    said = f"`pull_requests.forks` says {policy.pull_requests.forks}"
    reason = f"training is withheld: {number} comes from {where}, and {said}"
    return _nothing(reason, TriggerKind.PULL_REQUEST)


def _decide_asked(event: Event, policy: Policy) -> Decision:
    """A schedule, a person or a program: the branch's rule says what is done, else training."""
    kinds = {EventKind.SCHEDULE: TriggerKind.SCHEDULE}
    kind = kinds.get(event.kind, TriggerKind.DRIFT if event.says == "drift" else TriggerKind.PERSON)
    who = {
        EventKind.SCHEDULE: f"the schedule `{event.says}`" if event.says else "a schedule",
        EventKind.PERSON: f"{shown(event.actor)} asks for it" if event.actor else "a person asks",
        EventKind.CALL: f"the call {shown(event.says)} asks for it",
    }[event.kind]
    rule = rule_for(event.branch, policy.branches) if event.branch else None
    if rule is not None and rule.do is Do.NOTHING:
        reason = f"{who}, but rule `{rule.pattern}` says nothing for {shown(event.branch)}"
        return Decision(do=Do.NOTHING, kind=kind, rule=rule, reason=reason)
    do = rule.do if rule is not None else Do.TRAIN
    force = event.force
    if event.kind is EventKind.SCHEDULE:
        do = Do.TRAIN
        force = force or _retrains_always(policy)
    forced = ", although a result may exist" if force else ""
    said = f": {event.reason}" if event.reason else ""
    return Decision(do=do, kind=kind, rule=rule, reason=f"{who}{forced}{said}", force=force)


def _retrains_always(policy: Policy) -> bool:
    """Whether a schedule trains what it has results for."""
    section = policy.sections.get("retrain")
    return isinstance(section, dict) and section.get("when") == "always"


def _nothing(reason: str, kind: TriggerKind = TriggerKind.PUSH) -> Decision:
    return Decision(do=Do.NOTHING, kind=kind, reason=reason)
