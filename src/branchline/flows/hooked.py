"""Verb: follow. What a forge tells by a webhook becomes what a push to the box would be.

Serves the station `trigger`. A message is a hint where to look: the branch is fetched from the
repository that the box follows, and what it holds there counts. So a message that is late, repeated
or lost changes nothing but when.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.run.jobs import JobState
from branchline.core.trigger import TriggerKind
from branchline.core.trigger.hook import HookKind
from branchline.core.trigger.refnames import HEADS, shown, why_no_branch
from branchline.core.trigger.rules import RefUpdate
from branchline.errors import BusyError, HookError, PushRefusedError
from branchline.flows.apply_forge import is_written_by_us
from branchline.flows.checks import CHECK, check_of_job
from branchline.flows.intake import OF_A_FORK
from branchline.flows.new_pull import LONGEST_TITLE
from branchline.flows.receive import judge, read_law
from branchline.ports.box import PushedRef, PushEvent
from branchline.ports.forge import NewPull, PullState
from branchline.ports.queue import QueueQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.config.settings_files import SettingsFiles
    from branchline.core.policy import BranchRule
    from branchline.core.run.jobs import NewJob, QueuedJob
    from branchline.core.trigger.hook import Hook
    from branchline.flows.box import Box
    from branchline.flows.intake import Taker
    from branchline.flows.pulls import Pulls
    from branchline.ports.hooks import Deliveries, Hooks
    from branchline.ports.queue import Queue
    from branchline.ports.upstream import Upstream

_MOST_JOBS = 50
_NOT_AGAIN = (JobState.SKIPPED, JobState.SUPERSEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """How a message is answered: a status of HTTP, and a sentence for who reads it there."""

    status: int
    sentence: str


class Reception:
    """Takes messages: looks at the signature, and keeps on disk what is to be handled.

    Args:
        hooks: The forge's messages.
        deliveries: Where they wait.
        queue: Its ledger knows what was handled.
        repository: `OWNER/NAME`, which the box follows.
    """

    def __init__(
        self, hooks: Hooks, deliveries: Deliveries, queue: Queue, *, repository: str
    ) -> None:
        self._hooks, self._deliveries, self._queue = hooks, deliveries, queue
        self._repository = repository

    def receive(self, headers: Mapping[str, str], body: bytes) -> Received:
        """Answer a message; what it asks for is done later.

        Args:
            headers: By name in lower case.
            body: As it came.
        """
        if not self._hooks.is_signed(headers, body):
            return Received(status=401, sentence="The signature is not made with this box's secret")
        try:
            hook = self._hooks.read(headers, body)
        except HookError as error:
            return Received(status=400, sentence=error.message)
        if hook.kind is HookKind.NOTHING:
            return Received(status=200, sentence=f"Ignored: {hook.reason}")
        if hook.repository.lower() != self._repository.lower():
            said = f"it is about another repository; this box follows {self._repository}"
            return Received(status=200, sentence=f"Ignored: {said}")
        if was_handled(self._queue, hook):
            return Received(status=200, sentence="It was handled before")
        if not self._deliveries.add(hook):
            return Received(status=200, sentence="It waits to be handled")
        return Received(status=202, sentence="Taken")


def was_handled(queue: Queue, hook: Hook) -> bool:
    """Whether the ledger knows a message, by its body or its name."""
    return any(queue.event(event) is not None for event in hook.events)


class Follower:
    """Does what a message asks for.

    Args:
        box: The box.
        upstream: The repository that it follows.
        taker: Makes jobs of what moved.
        pulls: Pull requests of the box.
        load: The branch rules of each model of settings, as for `read_law`.
        now: The clock, seconds since 1970.
    """

    def __init__(
        self,
        box: Box,
        upstream: Upstream,
        taker: Taker,
        pulls: Pulls,
        *,
        load: Callable[[SettingsFiles | None], Sequence[tuple[BranchRule, ...]]],
        now: Callable[[], float],
    ) -> None:
        self._box, self._upstream, self._taker, self._pulls = box, upstream, taker, pulls
        self._load, self._now = load, now

    def handle(self, hook: Hook) -> str:
        """Handle a message; again it changes nothing.

        Returns:
            What was done, a sentence without a full stop.

        Raises:
            UpstreamError, BusyError: Try again later.
            BranchlineError: It cannot be done, now or later.
        """
        if was_handled(self._box.queue, hook):
            return "it was handled before"
        default = self._box.repo.default_branch()
        if self._box.branches.head(default) is None and hook.branch != default:
            # Rules are those of the default branch, so nothing is looked at before it is here.
            self._moved(replace(hook, is_deleted=False), default)
        if hook.kind is HookKind.MOVED:
            return self._moved(hook, hook.branch)
        if hook.kind is HookKind.PULL:
            return self._pull(hook)
        if hook.kind is HookKind.AGAIN:
            return self._again(hook)
        return hook.reason

    def settle(self, hook: Hook) -> None:
        """Let the ledger know that a message was handled."""
        for event in hook.events:
            self._box.queue.enqueue((), event=event, at=self._now())

    def _moved(self, hook: Hook, branch: str) -> str:
        """Bring a branch of the box to what it is upstream, and take that as a push."""
        why = why_no_branch(branch, allowed=self._box.settings.ref_characters)
        if why:
            raise PushRefusedError(why)
        old, new = self._box.branches.head(branch) or "", self._upstream.fetch(branch)
        if new is None:
            return self._deleted(hook, branch, old)
        known = self._box.queue.heads().get(branch, "")
        if new == old == known:
            return f"{shown(branch)} holds {new[:10]} already"
        if new != old:
            self._judge(branch, old, new)
            if not self._box.branches.move(branch, new, expected=old or None):
                raise BusyError(f"somebody else moves {shown(branch)}")
        # The queue may know less than the box holds: whoever moved it was killed before it told.
        self._take(hook, PushedRef(ref=HEADS + branch, old=old if old != new else known, new=new))
        return f"{shown(branch)} moved to {new[:10]}"

    def _deleted(self, hook: Hook, branch: str, old: str) -> str:
        """Delete what was deleted upstream, where nobody pushed on here."""
        is_default = branch == self._box.repo.default_branch()
        if not hook.is_deleted or not old or old != hook.before or is_default:
            return f"there is no {shown(branch)} upstream, and nothing is deleted here"
        if not self._box.branches.delete(branch, expected=old):
            raise BusyError(f"somebody else moves {shown(branch)}")
        self._take(hook, PushedRef(ref=HEADS + branch, old=old))
        return f"{shown(branch)} was deleted"

    def _judge(self, branch: str, old: str, new: str) -> None:
        """Refuse what pre-receive would refuse of a push."""
        law = read_law(self._box, self._load)
        update = RefUpdate(ref=HEADS + branch, old=old, new=new)
        for refusal in judge(self._box, law, (update,), ()):
            raise PushRefusedError(refusal.sentence, todo=refusal.todo)

    def _take(self, hook: Hook, update: PushedRef) -> None:
        self._taker.take(
            PushEvent(
                event=f"{hook.events[0]}:{update.ref}:{update.new}",
                at=self._now(),
                pusher=_who(hook),
                transport="webhook",
                updates=(update,),
            )
        )

    def _pull(self, hook: Hook) -> str:
        """Have the pull request that is open upstream, or end the one that ended there."""
        if hook.state != "open":
            return self._ended(hook)
        self._moved(replace(hook, is_deleted=False), hook.base)
        if hook.fork:
            self._fork_moved(hook)
        else:
            self._moved(replace(hook, is_deleted=False), hook.branch)
        title = "".join(char if char.isprintable() else " " for char in hook.title)
        asked = NewPull(
            title=" ".join(title.split())[:LONGEST_TITLE] or f"#{hook.number}",
            head=hook.head_here,
            base=hook.base,
            body=f"{hook.repository}#{hook.number}{_origin(hook)}\n\n{hook.body}".rstrip(),
            author=_who(hook),
            is_draft=hook.is_draft,
            needs_approval=bool(hook.fork),
        )
        for own in self._box.forge.pulls(state=PullState.OPEN, head=asked.head):
            # The echo of what we told: whether its training waits is ours to say.
            if own.asked.base == asked.base and is_written_by_us(self._box.forge, own):
                asked = replace(own.asked, title=asked.title, is_draft=asked.is_draft)
        pull, is_new = self._pulls.create(asked)
        return f"pull request #{pull.number} {'was opened' if is_new else 'is up to date'}"

    def _fork_moved(self, hook: Hook) -> None:
        """Bring the head of a fork's pull request here; nothing of it is trained by that."""
        branch, new = hook.head_here, self._upstream.fetch_pull(hook.number)
        if new is None:
            raise HookError(f"there is no head of #{hook.number} upstream")
        old, known = self._box.branches.head(branch) or "", self._box.queue.heads().get(branch, "")
        if new != old and not self._box.branches.move(branch, new, expected=old or None):
            raise BusyError(f"somebody else moves {shown(branch)}")
        if new != known:
            self._taker.pushed(
                branch,
                old=known,
                new=new,
                by=_who(hook),
                event=f"{hook.events[0]}:{branch}:{new}",
                held=OF_A_FORK,
            )

    def _ended(self, hook: Hook) -> str:
        state = PullState.MERGED if hook.state == "merged" else PullState.CLOSED
        ended = [
            pull.number
            for pull in self._box.forge.pulls(state=PullState.OPEN, head=hook.head_here)
            if pull.asked.base == hook.base
            and self._box.forge.ended(pull.number, state, merged_as=hook.merged_as, at=self._now())
        ]
        named = ", ".join(f"#{number}" for number in ended)
        return f"pull request {named} was {state.value}" if ended else "no pull request is open"

    def _again(self, hook: Hook) -> str:
        """Queue again the jobs that gave the checks of a commit."""
        if hook.check and hook.check.partition("/")[0] != CHECK:
            return f"the check {shown(hook.check)} is none of ours"
        found = self._box.queue.jobs(QueueQuery(commit=hook.commit, limit=_MOST_JOBS))
        newest: dict[tuple[str, str, str], QueuedJob] = {}
        for job in found:
            if job.state in _NOT_AGAIN or hook.check not in ("", check_of_job(job.asked)):
                continue
            newest.setdefault((job.asked.branch, job.asked.model, job.asked.kind), job)
        heads = self._box.queue.heads()
        again = [_once_more(job, hook, heads) for job in newest.values() if job.state.is_end]
        numbers = self._box.queue.enqueue(again, event=hook.events[0], at=self._now())
        if not numbers:
            return f"no job of {hook.commit[:10]} has ended"
        return f"queued again as {', '.join(f'job {number}' for number in numbers)}"


def _once_more(job: QueuedJob, hook: Hook, heads: Mapping[str, str]) -> NewJob:
    return replace(
        job.asked,
        trigger=TriggerKind.PERSON.value,
        pusher=_who(hook),
        reason=f"job {job.job} again",
        # A branch that went on since stays where it is.
        is_late=heads.get(job.asked.branch) != job.asked.commit,
    )


def _origin(hook: Hook) -> str:
    return f" from the fork {hook.fork}" if hook.fork else ""


def _who(hook: Hook) -> str:
    return hook.by or "somebody on the forge"
