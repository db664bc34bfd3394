"""Verb: report back. A box that follows a repository on a forge tells it what the box knows.

Serves the station `effects`. Nothing is sent because something happened: what stands in the box is
compared with what the ledger says was told, and the difference is told. So whoever is killed in
between tells it again, and the forge's adapter makes twice the same as once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from branchline.core.effects.report_marker import is_report
from branchline.core.effects.values import SetCheck, StickyComment
from branchline.core.trigger.hook import fork_number
from branchline.core.values import digest_of
from branchline.errors import BusyError
from branchline.flows.apply_forge import (
    apply_check,
    apply_comment,
    is_written_by_us,
    written_commits,
)
from branchline.ports.forge import PullState
from branchline.ports.queue import QueueQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from branchline.flows.box import Box
    from branchline.ports.ci_remote import CiRemote
    from branchline.ports.forge import Check, Comment, Forge, Pull

MOST_JOBS = 100
"""Newest jobs whose commits are looked at."""
MOST_PULLS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One thing that the forge is to know.

    Attributes:
        event: Its name in the ledger, once it was told.
        what: A few words.
        tell: Tells it, and says in a sentence what holds there now.
    """

    event: str
    what: str
    tell: Callable[[], str]


class Reporter:
    """Tells a forge what a box knows.

    Args:
        box: The box.
        forge: Of the repository that it follows.
        remote: That repository, to which branches of ours are pushed.
        repository: `OWNER/NAME` there.
        now: The clock, seconds since 1970.
    """

    def __init__(
        self,
        box: Box,
        forge: Forge,
        remote: CiRemote,
        *,
        repository: str,
        now: Callable[[], float],
    ) -> None:
        self._box, self._forge, self._remote = box, forge, remote
        self._named = re.compile(rf"{re.escape(repository)}#([1-9]\d{{0,9}})\b", re.IGNORECASE)
        self._now = now

    def wanted(self) -> tuple[Saying, ...]:
        """What the forge does not know yet, in the order in which it is told."""
        # A comment needs its pull request, and a check the commit of a branch that was pushed.
        return tuple(
            saying
            for saying in (*self._openings(), *self._checks(), *self._comments())
            if self._box.queue.event(saying.event) is None
        )

    def tell(self, saying: Saying) -> str:
        """Tell one thing, and let the ledger know that it was told.

        Raises:
            BranchlineError: The forge does not take it, now or at all.
        """
        said = saying.tell()
        self._box.queue.enqueue((), event=saying.event, at=self._now())
        return said

    def _checks(self) -> Iterator[Saying]:
        """What is said of the commits of the newest jobs, oldest first."""
        jobs = self._box.queue.jobs(QueueQuery(limit=MOST_JOBS))
        commits = dict.fromkeys(job.asked.commit for job in reversed(jobs) if job.asked.commit)
        for commit in commits:
            for check in self._box.forge.checks(commit):
                yield self._check(commit, check)

    def _check(self, commit: str, check: Check) -> Saying:
        effect = SetCheck(
            commit=commit,
            name=check.name,
            state=check.state.value,
            summary=check.summary,
            job=check.job,
        )

        def tell() -> str:
            apply_check(self._forge, effect, at=self._now())
            return f"check {check.name} of commit {commit[:7]} is {check.state.value}"

        told = digest_of([commit, check.name, check.state.value, check.summary, check.job])
        what = f"check {check.name} of commit {commit[:7]}"
        return Saying(event=f"told:check:{told}", what=what, tell=tell)

    def _comments(self) -> Iterator[Saying]:
        """The report of each pull request that the forge has, too."""
        for pull in self._pulls():
            if not self._is_there(pull):
                continue
            for comment in self._box.forge.comments(pull.number):
                if is_report(comment.marker):
                    yield self._comment(pull, comment)

    def _comment(self, pull: Pull, comment: Comment) -> Saying:
        def tell() -> str:
            number = self._number_there(pull)
            if number is None:
                return f"no pull request is open there from `{pull.asked.head}`"
            effect = StickyComment(
                pull_request=number, marker=comment.marker, body=comment.body, run=""
            )
            apply_comment(self._forge, effect, at=self._now())
            return f"the report stands on #{number}"

        event = f"told:report:{pull.number}:{digest_of([comment.marker, comment.body])}"
        return Saying(event=event, what=f"report of #{pull.number}", tell=tell)

    def _openings(self) -> Iterator[Saying]:
        """Pull requests that the box opened, such as that of a search."""
        for pull in self._pulls():
            if pull.state is PullState.OPEN and is_written_by_us(self._box.forge, pull):
                event = f"told:pull:{pull.asked.head}:{pull.asked.base}:{pull.commit}"
                what = f"pull request from `{pull.asked.head}`"
                yield Saying(event=event, what=what, tell=partial(self._open, pull))

    def _open(self, pull: Pull) -> str:
        """Have the branch and its pull request there; what somebody else did stays."""
        branch, commit = pull.asked.head, pull.commit
        before = self._remote.branch_head(branch)
        if before not in ("", commit) and before not in written_commits(self._box.forge, pull):
            return f"`{branch}` was written by somebody else there and is left as it is"
        for other in self._forge.pulls(head=branch):
            is_same = (other.asked.base, other.commit) == (pull.asked.base, commit)
            if is_same and other.state is not PullState.OPEN:
                return f"#{other.number} there was {other.state.value} already"
        if before != commit and not self._remote.push_branch(branch, commit, expected=before):
            raise BusyError(f"`{branch}` moves there")
        made, is_new = self._forge.ensure_pull(pull.asked, commit=commit, at=self._now())
        return f"#{made.number} was opened there" if is_new else f"#{made.number} is up to date"

    def _pulls(self) -> list[Pull]:
        return list(self._box.forge.pulls())[:MOST_PULLS]

    def _is_there(self, pull: Pull) -> bool:
        """Whether the forge has it: it came from there, or we opened it there."""
        is_named = fork_number(pull.asked.head) or self._named.match(pull.asked.body)
        return bool(is_named) or is_written_by_us(self._box.forge, pull)

    def _number_there(self, pull: Pull) -> int | None:
        """Its number there; None where what has that number is another one."""
        number = fork_number(pull.asked.head)
        if number:
            fork = self._forge.pull(number)
            # A branch of the repository may be called so, too: then that number is another one's.
            is_it = fork is not None and (fork.commit, fork.asked.base) == (
                pull.commit,
                pull.asked.base,
            )
            return number if is_it else None
        named = self._named.match(pull.asked.body)
        if named is not None:
            found = self._forge.pull(int(named[1]))
            branches = (pull.asked.head, pull.asked.base)
            is_it = found is not None and (found.asked.head, found.asked.base) == branches
            return int(named[1]) if is_it else None
        there = self._forge.pulls(state=PullState.OPEN, head=pull.asked.head)
        return next((one.number for one in there if one.asked.base == pull.asked.base), None)
