"""Appliers of the effects that a forge shows: checks, the sticky report, opened pull requests.

Station `effects`. Each is an ensure: applied again, also after a kill between two of its steps, it
finds what it did and goes on. `flows.apply` chooses among them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import EffectError
from branchline.ports.branches import Signature
from branchline.ports.forge import Check, CheckState, Comment, NewPull, PullState

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.effects.values import OpenPullRequest, SetCheck, StickyComment, TagRun
    from branchline.flows.pull_events import Intake
    from branchline.ports.branches import Branches
    from branchline.ports.forge import Forge, Pull

BOT = "Branchline"
BOT_ADDRESS = "branchline@localhost"
_BOT_SIGNED = f"{BOT} <{BOT_ADDRESS}>"
_WRITTEN = "written"  # Marker of the note that lists the commits which we wrote to a branch.
_COMMIT = re.compile(r"`([0-9a-f]{40,64})`")
_WHOLE_DIFF = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What became of an `OpenPullRequest`.

    Attributes:
        said: A sentence.
        pull: The pull request; None where there is none.
        did_change: Whether a branch was written by this call.
    """

    said: str
    pull: Pull | None = None
    did_change: bool = False


def apply_check(forge: Forge, effect: SetCheck, *, at: float) -> None:
    """Set the check of a commit; what the same job said at its end stays.

    That a job was asked for may come late: it waits where it could not be said at once.
    """
    held_now = [held for held in forge.checks(effect.commit) if held.name == effect.name]
    if effect.only_pending and not any(
        held.job == effect.job and held.state is CheckState.PENDING for held in held_now
    ):
        return
    if effect.state == CheckState.PENDING.value and any(
        held.job == effect.job and held.state is not CheckState.PENDING for held in held_now
    ):
        return
    check = Check(
        name=effect.name,
        state=CheckState(effect.state),
        summary=effect.summary,
        job=effect.job,
    )
    forge.set_check(effect.commit, check, at=at)


def apply_comment(forge: Forge, effect: StickyComment, *, at: float) -> None:
    """Put the one report of a pull request in its place."""
    # A body may hold what untrusted code wrote, never the marker: that is a field of its own.
    comment = Comment(body=effect.body, author=BOT, marker=effect.marker, at=at)
    forge.comment(effect.pull_request, comment)


def written_commits(forge: Forge, pull: Pull) -> set[str]:
    """The commits that we wrote to the branch of a pull request, as it is noted there."""
    notes = [c for c in forge.comments(pull.number) if c.marker == _WRITTEN]
    return {commit for note in notes for commit in _COMMIT.findall(note.body)}


def is_written_by_us(forge: Forge, pull: Pull) -> bool:
    """Whether we wrote the head of a pull request."""
    return pull.commit in written_commits(forge, pull)


def apply_tag(branches: Branches, effect: TagRun, *, at: float) -> str:
    """Tag the commit of a run; a tag that stands stays.

    Raises:
        EffectError: One of its name stands on another commit.
    """
    by = Signature(name=BOT, email=BOT_ADDRESS, at=at)
    is_new = branches.tag(effect.name, effect.commit, message=effect.message, by=by)
    if not is_new and branches.tagged(effect.name) != effect.commit:
        raise EffectError(f"the tag `{effect.name}` stands on another commit")
    return f"commit {effect.commit[:7]} is tagged `{effect.name}`"


class Opener:
    """Opens pull requests with files that we write.

    Args:
        forge: Where they are kept.
        branches: Of the same repository.
        intake: Told what was moved.
        now: The clock, seconds since 1970.
    """

    def __init__(
        self, forge: Forge, branches: Branches, intake: Intake, now: Callable[[], float]
    ) -> None:
        self._forge, self._branches, self._intake, self._now = forge, branches, intake, now

    def apply(self, effect: OpenPullRequest) -> Opened:
        """Write the branch, open or update its pull request, start what its mode says.

        A branch that somebody else wrote to is left alone.
        """
        commit = self._commit(effect)
        if not self._branches.changed_files(effect.base_commit, commit):
            return Opened(said=f"unchanged: `{effect.into}` holds these values already")
        before = self._branches.head(effect.branch)
        known = self._known(effect)
        if before is not None:
            written = set().union(*(written_commits(self._forge, pull) for pull in known), [])
            if before not in written:
                return Opened(
                    said=f"`{effect.branch}` was written by somebody else and is left as it is"
                )
            if self._is_same(effect, before, commit):
                commit = before
        ended = self._ended(effect, known, commit)
        if ended is not None:
            return ended
        pull, _ = self._forge.ensure_pull(pull_of(effect), commit=commit, at=self._now())
        # Said before it is done: a commit that is not in this list is never overwritten.
        earlier = {before} if before else set()
        self._note(pull, {*written_commits(self._forge, pull), *earlier, commit})
        did_change = before != commit
        if did_change and not self._branches.move(effect.branch, commit, expected=before):
            return Opened(said=f"`{effect.branch}` moved meanwhile and is left as it is", pull=pull)
        self._start(effect, pull, before or "", commit)
        verb = "opened" if before is None else "updated" if did_change else "stands as"
        return Opened(
            said=f"{verb} pull request #{pull.number} from `{effect.branch}`",
            pull=pull,
            did_change=did_change,
        )

    def _commit(self, effect: OpenPullRequest) -> str:
        return self._branches.commit_files(
            effect.base_commit,
            {path: text.encode("utf-8") for path, text in effect.files.items()},
            message=effect.message,
            by=author_of(effect, at=self._now()),
        )

    def _known(self, effect: OpenPullRequest) -> list[Pull]:
        pulls = self._forge.pulls(head=effect.branch)
        return [pull for pull in pulls if pull.asked.base == effect.into]

    def _is_same(self, effect: OpenPullRequest, one: str, other: str) -> bool:
        """Whether two commits stand on the same base and change the same."""
        base = effect.base_commit
        if self._branches.merge_base(base, one) != base:
            return False
        first, second = (
            self._branches.diff(base, commit, limit_bytes=_WHOLE_DIFF) for commit in (one, other)
        )
        return first == second

    def _ended(self, effect: OpenPullRequest, known: list[Pull], commit: str) -> Opened | None:
        """An answer where these values were merged or turned down already."""
        if any(pull.state is PullState.OPEN for pull in known):
            return None
        for pull in known:
            if commit == pull.commit or self._is_same(effect, pull.commit, commit):
                word = "merged" if pull.state is PullState.MERGED else "turned down"
                said = f"unchanged: #{pull.number} with these values was {word}"
                return Opened(said=said, pull=pull)
        return None

    def _note(self, pull: Pull, commits: set[str]) -> None:
        shown = ", ".join(f"`{commit}`" for commit in sorted(commits))
        body = f"Branchline writes this branch. Its commits: {shown}."
        comment = Comment(body=body, author=BOT, marker=_WRITTEN, at=self._now())
        self._forge.comment(pull.number, comment)

    def _start(self, effect: OpenPullRequest, pull: Pull, before: str, commit: str) -> None:
        waits = effect.mode == "approve" and not pull.approved_by
        self._intake.pushed(
            effect.branch,
            old=before if before != commit else "",
            new=commit,
            by=effect.author or _BOT_SIGNED,
            event=f"pull:{pull.number}:{commit}",
            held=f"pull request #{pull.number} waits for an approval" if waits else "",
        )


def author_of(effect: OpenPullRequest, *, at: float) -> Signature:
    """Who commits; a text that names nobody is Branchline."""
    name, _, address = (effect.author or _BOT_SIGNED).rpartition(" <")
    return Signature(name=name, email=address.removesuffix(">"), at=at)


def pull_of(effect: OpenPullRequest) -> NewPull:
    """The pull request that an effect asks for."""
    return NewPull(
        title=effect.title,
        head=effect.branch,
        base=effect.into,
        body=effect.body,
        author=effect.author or _BOT_SIGNED,
        is_draft=effect.is_draft,
        labels=effect.labels,
        needs_approval=effect.mode == "approve",
    )
