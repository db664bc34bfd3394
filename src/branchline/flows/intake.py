"""Verb: take in. What was pushed becomes jobs of the queue, decided exactly once.

Serves the station `trigger`. Rules are read from the default branch, the models from the pushed
tree; what a rule skips is recorded with the rule, too.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.policy import Do, with_default_branch
from branchline.core.run import Need
from branchline.core.run.jobs import JobState, NewJob
from branchline.core.trigger import TriggerKind
from branchline.core.trigger.hook import fork_number
from branchline.core.trigger.options import PushOptions, parse_options
from branchline.core.trigger.refnames import HEADS, TAGS
from branchline.core.trigger.rules import RefUpdate, decide_pull_request, decide_push
from branchline.errors import BranchlineError, ConfigError, ProgramKilledError, PushRefusedError
from branchline.flows.apply import outbox_rows
from branchline.flows.checks import pending_check, superseded_check
from branchline.flows.law import law_files, ruled, settings_at
from branchline.flows.told import found_event, is_gap
from branchline.ports.box import PushedRef
from branchline.ports.queue import QueueQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from branchline.config.settings_files import SettingsFiles
    from branchline.core.effects.values import SetCheck
    from branchline.core.policy import Policy
    from branchline.core.run.jobs import QueuedJob
    from branchline.core.trigger.rules import Decision
    from branchline.flows.box import Box
    from branchline.ports.box import PushEvent
    from branchline.ports.forge import Forge, Pull
    from branchline.ports.queue import Queue
    from branchline.ports.repo import Repo

PATIENCE_S = 2.0
"""So long a push waits for the one before it on its branch, whose hook is still at it."""
_POLL_S = 0.02
OF_A_FORK = "the pull request comes from a fork: its training waits for an approval"
MOST_MODELS = 50
"""Models of one commit that get a job each; a file that declares more gets none."""


def model_name(path: str) -> str:
    """Name of the model where no branchline.yaml names one: the box's.

    Args:
        path: Of the box.
    """
    return os.path.basename(path).removesuffix(".git") or "model"


class Taker:
    """Makes jobs of what moved in one box. Also the `Intake` of `flows.pull_events`.

    Args:
        queue: Where they go.
        repo: The bare repository.
        forge: Pull requests, whose heads move with branches.
        name: Of the box; names the model where no branchline.yaml does.
        remote: How pushers call it.
        now: The clock, seconds since 1970.
    """

    def __init__(
        self,
        queue: Queue,
        repo: Repo,
        forge: Forge,
        *,
        name: str,
        now: Callable[[], float],
        remote: str = "box",
    ) -> None:
        self._queue, self._repo, self._forge, self._now = queue, repo, forge, now
        self._name, self._remote = name, remote

    @classmethod
    def of(cls, box: Box, now: Callable[[], float]) -> Taker:
        """Of an open box."""
        return cls(
            box.queue,
            box.repo,
            box.forge,
            name=model_name(box.path),
            now=now,
            remote=box.settings.name,
        )

    def take(self, event: PushEvent) -> Sequence[int]:
        """Enqueue what a push asks for; the same push again does nothing.

        Returns:
            Numbers of its jobs.
        """
        known = self._queue.event(event.event)
        if known is not None:
            self._tell(known, at=event.at or self._now())  # killed before it could
            return known
        note = ""
        try:
            options = parse_options(event.options)
        except PushRefusedError as error:  # pre-receive has refused it, so it was not asked
            options, note = PushOptions(), error.message
        tags = sum(1 for update in event.updates if update.ref.startswith(TAGS) and update.new)
        jobs: list[NewJob] = []
        for update in event.updates:
            if update.new and self._was_found(update):
                continue
            if self._is_late(update):
                jobs += self._late_jobs(update, options, pusher=event.pusher, note=note)
                continue
            jobs += self._jobs(update, options, tags=tags, pusher=event.pusher, note=note)
        return self._enqueue(jobs, event.event, at=event.at or self._now())

    def is_early(self, event: PushEvent) -> bool:
        """Whether the push before it on one of its branches is still to be told of.

        Two hooks of two pushes write at the same time: the second may be the faster one.
        """
        if self._now() - event.at > PATIENCE_S or self._queue.event(event.event) is not None:
            return False
        heads = self._queue.heads()
        return any(is_gap(update, heads) for update in event.updates)

    def pushed(
        self, branch: str, *, old: str, new: str, by: str, event: str, held: str = ""
    ) -> None:
        """See `flows.pull_events.Intake`."""
        update = PushedRef(ref=HEADS + branch, old=old, new=new)
        known = self._queue.event(event)
        if known is not None:
            self._tell(known, at=self._now(), held=held)
            return
        if self._was_found(update):
            return
        until = time.monotonic() + PATIENCE_S
        while is_gap(update, self._queue.heads()) and time.monotonic() < until:
            time.sleep(_POLL_S)
        jobs = self._jobs(update, PushOptions(), tags=0, pusher=by, note="")
        if held:
            one_each = {job.model: job for job in jobs}  # of two, that of the pull request
            jobs = [replace(job, is_skip=True, reason=held) for job in one_each.values()]
        self._enqueue(jobs, event, at=self._now(), held=held)

    def opened(self, pull: Pull, *, by: str, event: str) -> None:
        """See `flows.pull_events.Intake`."""
        if self._queue.event(event) is not None:
            return
        update = RefUpdate(ref=HEADS + pull.asked.head, old="", new=pull.commit)
        jobs: list[NewJob] = []
        for policy in self._policies(update):
            nothing = PushOptions()
            decision = decide_push(update, policy.branches, options=nothing)
            asked = self._job(decision, update, policy, by, nothing, "")
            jobs.append(self._pull_job(asked, policy, pull))
        # Where nothing is to be done, the checks stay what the push made them.
        wanted = [job for job in jobs if not job.is_skip]
        if wanted:
            self._enqueue(wanted, event, at=self._now())

    def found(self, branch: str, commit: str, *, old: str) -> Sequence[int]:
        """Enqueue what a branch holds and nobody told of."""
        update = PushedRef(ref=HEADS + branch, old=old, new=commit)
        jobs = self._jobs(update, PushOptions(), tags=0, pusher="", note="")
        # The queue knows another head, so what was found of this commit before is another move.
        again = 0
        while self._queue.event(found_event(branch, commit, again)) is not None:
            again += 1
        held = OF_A_FORK if fork_number(branch) else ""
        event = found_event(branch, commit, again)
        return self._enqueue(jobs, event, at=self._now(), held=held)

    def _enqueue(
        self, jobs: Sequence[NewJob], event: str, *, at: float, held: str = ""
    ) -> Sequence[int]:
        """Enqueue, and let commits have checks that say so."""
        numbers = self._queue.enqueue(jobs, event=event, at=at)
        self._tell(numbers, at=at, held=held)
        return numbers

    def _tell(self, numbers: Sequence[int], *, at: float, held: str = "") -> None:
        """Let the commits of jobs have checks; those that they have are left alone."""
        jobs = [job for job in map(self._queue.job, numbers) if job is not None]
        checks = [*self._superseded_checks(jobs)]
        checks += [pending_check(job.job, job.asked, held=held) for job in jobs if job.asked.commit]
        self._queue.add_effects(outbox_rows(checks), job=None, at=at)

    def _superseded_checks(self, jobs: Sequence[QueuedJob]) -> Iterator[SetCheck]:
        """That commits are not looked at any more whose jobs gave way before they had begun."""
        for branch in dict.fromkeys(job.asked.branch for job in jobs):
            asked = QueueQuery(branch=branch, states=(JobState.SUPERSEDED,), limit=MOST_MODELS)
            for old in self._queue.jobs(asked):
                if old.asked.commit:
                    yield superseded_check(old)

    def _is_late(self, update: PushedRef) -> bool:
        """Whether a push that stands on this one was told of before it."""
        if not update.new or not is_gap(update, self._queue.heads()):
            return False
        branch = update.ref.removeprefix(HEADS)
        newest = self._queue.jobs(QueueQuery(branch=branch, limit=MOST_MODELS))
        return any(job.asked.old == update.new for job in newest)

    def _late_jobs(
        self, update: PushedRef, options: PushOptions, *, pusher: str, note: str
    ) -> list[NewJob]:
        """Decisions for what its branch does not hold any more: nothing, whatever its rule says."""
        moved = RefUpdate(ref=update.ref, old=update.old, new=update.new)
        reason = f"a newer push of `{moved.branch}` was told of first"
        jobs = []
        for policy in self._policies(moved):
            decision = decide_push(moved, policy.branches, options=options, tags=0)
            job = self._job(decision, moved, policy, pusher, options, note)
            jobs.append(replace(job, is_skip=True, is_late=True, reason=reason))
        return jobs

    def _was_found(self, update: PushedRef) -> bool:
        """Whether this very move was taken in before its hook told of it.

        A branch that the queue knows where the move begins went back: that is another move.
        """
        branch = update.ref.removeprefix(HEADS)
        is_branch = update.ref.startswith(HEADS)
        return (
            is_branch
            and self._queue.event(found_event(branch, update.new)) is not None
            and self._queue.heads().get(branch, "") != update.old
        )

    def _jobs(
        self, update: PushedRef, options: PushOptions, *, tags: int, pusher: str, note: str
    ) -> list[NewJob]:
        """The jobs of one moved reference, one a model."""
        moved = RefUpdate(
            ref=update.ref,
            old=update.old,
            new=update.new,
            is_empty=bool(update.new) and self._is_empty(update),
        )
        if not update.new:
            decision = decide_push(moved, (), options=options, tags=tags, remote=self._remote)
            return [self._job(decision, moved, None, pusher, options, note)]
        jobs: list[NewJob] = []
        pulls: Sequence[Pull] = ()
        if update.ref.startswith(HEADS):
            pulls = self._forge.head_moved(moved.branch, moved.new, at=self._now())
        for policy in self._policies(moved):
            decision = decide_push(
                moved, policy.branches, options=options, tags=tags, remote=self._remote
            )
            asked = self._job(decision, moved, policy, pusher, options, note)
            if fork_number(moved.branch):  # whatever a rule such as `**` says
                asked = replace(asked, kind=Do.NOTHING.value, is_skip=True, reason=OF_A_FORK)
            wanted = [self._pull_job(asked, policy, pull) for pull in pulls]
            trained = [job for job in wanted if not job.is_skip and job.kind == asked.kind]
            # What the pull request asks for is the same work on the merged tree: one job does both.
            jobs += trained if trained and asked.kind == Do.TRAIN.value else [asked, *wanted]
        return jobs

    def _job(
        self,
        decision: Decision,
        moved: RefUpdate,
        policy: Policy | None,
        pusher: str,
        options: PushOptions,
        note: str,
    ) -> NewJob:
        commit = (self._repo.resolve(moved.new) or moved.new) if moved.new else ""
        is_ordered = moved.branch == self._repo.default_branch()
        is_strict = decision.rule is not None and decision.rule.fast_forward_only
        return NewJob(
            kind=decision.do.value,
            trigger=decision.kind.value,
            branch=moved.branch,
            commit=commit,
            old=moved.old,
            model=policy.model if policy else "",
            pusher=pusher,
            rule=decision.pattern,
            reason=decision.reason,
            is_skip=decision.do is Do.NOTHING,
            force=decision.force,
            latest_wins=not (is_ordered or is_strict),
            need=need_of(policy) if policy else None,
            note=options.reason or note,
        )

    def _pull_job(self, asked: NewJob, policy: Policy, pull: Pull) -> NewJob:
        """What an open pull request asks for its new head."""
        decision = decide_pull_request(
            base=pull.asked.base, head=pull.asked.head, rules=policy.pull_requests
        )
        reason, is_skip = decision.reason, decision.do is Do.NOTHING
        if not is_skip and pull.asked.needs_approval and not pull.approved_by:
            reason, is_skip = f"pull request #{pull.number} waits for an approval", True
        return replace(
            asked,
            kind=decision.do.value,
            trigger=TriggerKind.PULL_REQUEST.value,
            rule=asked.rule,
            reason=reason,
            is_skip=is_skip,
            pull_request=pull.number,
        )

    def _policies(self, moved: RefUpdate) -> Iterator[Policy]:
        """Rules of each model that the pushed tree declares."""
        from branchline.config.branchline_yaml import default_config

        try:
            own_files = settings_at(self._repo, moved.new)
            loaded = default_config(self._name) if own_files is None else own_files.load()
            models = [model.policy for model in loaded.models]
            if len(models) > MOST_MODELS:
                raise ConfigError(f"{len(models)} models are declared, at most {MOST_MODELS}")
        except ProgramKilledError:
            raise
        except BranchlineError:
            # Whoever runs it says what is wrong with the file, in the pusher's terminal.
            models = [default_config(self._name).models[0].policy]
        law = law_files(self._repo)
        for own in models:
            counting = own if law is None else self._ruled(own, law)
            yield with_default_branch(counting, self._repo.default_branch())

    def _ruled(self, own: Policy, law: SettingsFiles) -> Policy:
        """By the rules of the default branch; by the built-in ones where it says none.

        The job says then why nothing can be judged.
        """
        from branchline.config.branchline_yaml import default_config

        try:
            return ruled(own, law)
        except ConfigError:
            plain = default_config(self._name).models[0].policy
            return replace(own, branches=plain.branches, pull_requests=plain.pull_requests)

    def _is_empty(self, update: PushedRef) -> bool:
        """Whether the commit came with this push and changes nothing."""
        if update.old == update.new:
            return False
        if self._repo.resolve(f"{update.new}^1") is None or self._repo.resolve(f"{update.new}^2"):
            return False  # a root or a merge
        if not update.old and self._is_known_elsewhere(update):
            return False
        tree = self._repo.tree(update.new)
        return tree is not None and tree == self._repo.tree(f"{update.new}^1")

    def _is_known_elsewhere(self, update: PushedRef) -> bool:
        """Whether a new branch points at what another branch was asked for before."""
        return update.new in self._queue.heads().values()


def need_of(policy: Policy) -> Need:
    """What a job takes from the machine: of each resource what its largest stage needs."""
    stages = tuple(policy.resources.values())
    return Need(
        cpus=max((stage.cpus for stage in stages), default=1.0),
        gpus=max((stage.gpus for stage in stages), default=0),
        memory_bytes=max((stage.memory_bytes or 0 for stage in stages), default=0),
    )
