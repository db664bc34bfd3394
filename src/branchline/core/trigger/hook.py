"""Station `trigger`: what a forge told a box by a webhook, as a value.

A hint, never a truth: it says where to look. What a branch holds is asked of the repository that
the box follows, whose address is the box's own and never the message's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

FORKS = "forks/"
"""Where branches of the box begin that hold the heads of pull requests from forks."""


def fork_number(branch: str) -> int:
    """The number of the fork's pull request whose head a branch holds; 0 for any other branch.

    >>> fork_number("forks/41"), fork_number("forks/x"), fork_number("train/41")
    (41, 0, 0)
    """
    number = branch.removeprefix(FORKS)
    is_fork = branch.startswith(FORKS) and number.isascii() and number.isdigit()
    return int(number) if is_fork and len(number) < 16 else 0


class HookKind(Enum):
    """What a message is about.

    Attributes:
        NOTHING: It asks for nothing, and `reason` says why.
        MOVED: A branch was pushed or deleted.
        PULL: A pull request was opened, changed, or ended.
        AGAIN: Somebody wants the checks of a commit again.
    """

    NOTHING = "nothing"
    MOVED = "moved"
    PULL = "pull"
    AGAIN = "again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One message of a forge.

    Attributes:
        kind: What it is about.
        delivery: The forge's name of it. digest: SHA-256 of its signed body, in hexadecimal.
        repository: `OWNER/NAME`; "" where the message names none.
        reason: Why it asks for nothing; a sentence without a full stop.
        by: Who did it, as the forge knows them.
        branch: The branch that moved, or the head of the pull request.
        before: What that branch held; "" for a new one.
        is_deleted: It is gone.
        number, title, body, base, is_draft: Of the pull request.
        state: Of the pull request: `open`, `closed` or `merged`.
        merged_as: The commit of the base that holds it.
        fork: `OWNER/NAME` that the pull request's code comes from, "?" where that is gone; "" for
            a branch of the repository itself.
        commit: Whose checks are wanted again. check: The one check; "" for all of them.
    """

    kind: HookKind
    delivery: str
    digest: str
    repository: str = ""
    reason: str = ""
    by: str = ""
    branch: str = ""
    before: str = ""
    is_deleted: bool = False
    number: int = 0
    title: str = ""
    body: str = ""
    base: str = ""
    is_draft: bool = False
    state: str = ""
    fork: str = ""
    merged_as: str = ""
    commit: str = ""
    check: str = ""

    @property
    def head_here(self) -> str:
        """The branch of the box that holds the head of the pull request."""
        return f"{FORKS}{self.number}" if self.fork else self.branch

    @property
    def events(self) -> tuple[str, str]:
        """Names under which the ledger knows that it was handled.

        The body's digest comes first: the forge signs the body and not the delivery's name, so that
        whoever repeats an old message under a new name is known all the same.
        """
        return f"hook:{self.digest}", f"delivery:{self.delivery}"
