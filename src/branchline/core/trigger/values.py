"""Station `trigger`: what woke us? A value that says who asked, for which commit and branch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class TriggerKind(Enum):
    """What woke us."""

    PUSH = "push"
    PULL_REQUEST = "pull_request"
    SCHEDULE = "schedule"
    PERSON = "person"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Why the walk was entered.

    Attributes:
        kind: What woke us; a person at a terminal is `PERSON`.
        actor: Who, as git knows them (name and address), or empty.
        branch: Short branch name; None when HEAD is detached.
        commit: Full commit hash; None in a repository without commits.
        base: Commit that a pull request is compared with; None elsewhere.
        head: Commit that people see, where another one is tested: a pull request's, whose merge is.
        pull_request: Its number; None elsewhere.
        is_dirty: Whether the working tree differs from the commit.
        force: Run although a result exists.
        reason: Why, in the actor's words.
    """

    kind: TriggerKind
    actor: str = ""
    branch: str | None = None
    commit: str | None = None
    base: str | None = None
    head: str | None = None
    pull_request: int | None = None
    is_dirty: bool = False
    force: bool = False
    reason: str = ""
