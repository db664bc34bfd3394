"""Verbs of pull requests without a forge: open, approve, merge, close.

Station `effects`. Reads and writes through the ports `forge` and `branches`; what a moved branch
asks for is the intake's question. Whoever is killed between two steps: the same verb again goes on
where it stopped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.errors import PullRequestError, UnknownNameError
from branchline.flows.new_pull import check_branches, check_title, head_is_gone, no_branch
from branchline.flows.pull_events import approved_event, merged_event, opened_event
from branchline.ports.branches import MergeMethod, Signature
from branchline.ports.forge import CheckState, Comment, NewPull, Pull, PullState
from branchline.render.safe_markdown import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.flows.pull_events import Intake
    from branchline.ports.branches import Branches, Merge
    from branchline.ports.forge import Check, Forge

_MERGE = "merge:"  # Marker of the note that a merge is about to be made, with its commit.
_TRIES = 8
_NOBODY = Signature(name="nobody", email="", at=0.0)
_NOTED = re.compile(r"Commit `([0-9a-f]{40,64})` on `([0-9a-f]{40,64})`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a pull request can be merged.

    Attributes:
        conflicts: Paths that both sides changed.
        refusals: Why not, whatever anybody says; sentences.
        objections: Why not, unless somebody overrides them with a reason.
    """

    conflicts: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    objections: tuple[str, ...] = ()

    @property
    def can_merge(self) -> bool:
        """Nothing stands against it."""
        return not self.refusals and not self.objections


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """How a merge ended: the pull request, the commit on its base, whether this call made it."""

    pull: Pull
    commit: str
    is_new: bool


class Pulls:
    """Pull requests of one repository.

    Args:
        forge: Where they are kept.
        branches: Of the same repository.
        intake: Told what was moved.
        now: The clock, seconds since 1970.
        remote: How pushers call the box.
    """

    def __init__(
        self,
        forge: Forge,
        branches: Branches,
        intake: Intake,
        now: Callable[[], float],
        *,
        remote: str = "box",
    ) -> None:
        self.forge = forge
        self.branches = branches
        self._intake = intake
        self._now = now
        self._remote = remote

    def listed(self, state: PullState | None = PullState.OPEN) -> Sequence[Pull]:
        """Pull requests, newest first; heads that moved meanwhile are noted."""
        return [self._current(pull) for pull in self.forge.pulls(state=state)]

    def get(self, number: int) -> Pull:
        """One pull request, as its branches stand now.

        Raises:
            UnknownNameError: There is none of that number.
        """
        pull = self.forge.pull(number)
        if pull is None:
            numbers = [one.number for one in self.forge.pulls()]
            known = f"The newest is #{max(numbers)}." if numbers else "There is none yet."
            raise UnknownNameError(f"there is no pull request #{number}", todo=known)
        return self._current(pull)

    def create(self, asked: NewPull) -> tuple[Pull, bool]:
        """Open a pull request, or bring the open one of the same branches up to date.

        A new one is trained and judged as the rules of pull requests say.

        Raises:
            PullRequestError: A branch is missing, or there is nothing to merge.
        """
        check_title(asked.title)
        check_branches(asked, self.branches.heads(), remote=self._remote)
        head = self._head_of(asked.head)
        if self.branches.merge_base(self._head_of(asked.base), head) == head:
            raise PullRequestError(
                f"`{asked.base}` holds every commit of `{asked.head}` already",
                todo="Commit something on the branch and push it first.",
            )
        pull, is_new = self.forge.ensure_pull(asked, commit=head, at=self._now())
        # What the push of its branch started, if anything, was not judged as a merge.
        self._intake.opened(pull, by=asked.author, event=opened_event(pull.number))
        return pull, is_new

    def standing(self, pull: Pull) -> Standing:
        """Whether a pull request can be merged now, and what stands against it."""
        if pull.state is not PullState.OPEN:
            return Standing(refusals=(f"it is {pull.state.value}",))
        base = self.branches.head(pull.asked.base)
        if base is None:
            return Standing(refusals=(f"its base `{pull.asked.base}` does not exist any more",))
        if self.branches.head(pull.asked.head) is None:
            return Standing(refusals=(f"its branch `{pull.asked.head}` does not exist any more",))
        refusals = ["it is a draft"] if pull.asked.is_draft else []
        merge = self.branches.merge(base, pull.commit, MergeMethod.MERGE, message="", by=_NOBODY)
        if merge.reason:
            refusals.append(_why_not(merge))
        checks = self.forge.checks(pull.commit)
        objections: list[str] = []
        if pull.asked.needs_approval and not pull.approved_by:
            objections.append("nobody approved it")
            # What is pending cannot end before, which goes without saying.
            checks = [check for check in checks if check.state is not CheckState.PENDING]
        if checks or not objections:
            objections += objections_of(checks)
        return Standing(
            conflicts=merge.conflicts, refusals=tuple(refusals), objections=tuple(objections)
        )

    def approve(self, number: int, *, by: str, commit: str = "") -> Pull:
        """Approve the head commit; what waited for it is started.

        Args:
            number: Which pull request.
            by: Who, as `Name <address>`.
            commit: The head that was looked at; "" means the one that it has now.

        Raises:
            PullRequestError: It is not open, its head is another, or its branch was deleted.
        """
        pull = self.get(number)
        if pull.state is not PullState.OPEN:
            raise _not_open(pull)
        if self.branches.head(pull.asked.head) is None:
            raise head_is_gone(pull, remote=self._remote)
        looked_at = commit or pull.commit
        if looked_at != pull.commit or not self.forge.approve(
            number, by=by, commit=looked_at, at=self._now()
        ):
            raise PullRequestError(
                f"the head of pull request #{number} is not {looked_at[:12]} any more",
                todo=f"Look at it again: `branchline pr show {number}`.",
            )
        if pull.asked.needs_approval:
            self._intake.pushed(
                pull.asked.head,
                old="",
                new=looked_at,
                by=by,
                event=approved_event(number, looked_at),
            )
        return self.get(number)

    def close(self, number: int) -> Pull:
        """Close without merging; closing a closed one does nothing.

        Raises:
            PullRequestError: It is merged.
        """
        pull = self.get(number)
        if pull.state is PullState.MERGED:
            raise _not_open(pull)
        self.forge.ended(number, PullState.CLOSED, at=self._now())
        return self.get(number)

    def merge(
        self,
        number: int,
        *,
        method: MergeMethod,
        by: Signature,
        commit: str = "",
        override: str = "",
    ) -> Merged:
        """Merge into the base, and hand the moved base to the intake exactly once.

        Args:
            number: Which pull request.
            method: Merge commit, squash or fast-forward.
            by: Who; author of the commit.
            commit: The head that was looked at; "" means the one that it has now.
            override: Reason to merge although checks or approval are missing; recorded.

        Raises:
            PullRequestError: Something stands against it; `details` name each.
        """
        pull = self.get(number)
        # A closed one too: who closed it while a killed merge had moved the base came late.
        begun = self._begun(pull)
        if begun is not None:
            return self._settle(pull, *begun, by=by, is_new=False)
        if pull.state is PullState.MERGED:
            return Merged(pull=pull, commit=pull.merged_as, is_new=False)
        if pull.state is not PullState.OPEN:
            raise _not_open(pull)
        if commit and commit != pull.commit:
            raise PullRequestError(
                f"the head of pull request #{number} is not {commit[:12]} any more",
                todo=f"Look at it again: `branchline pr show {number}`.",
            )
        for _ in range(_TRIES):
            base = self._head_of(pull.asked.base)
            self._refuse(pull, override)
            made = self._make(pull, base, method, by)
            self._note(pull, made.commit, base, method, by, override)
            if self.branches.move(pull.asked.base, made.commit, expected=base):
                return self._settle(pull, made.commit, base, by=by, is_new=True)
        raise PullRequestError(
            f"`{pull.asked.base}` moved {_TRIES} times while it was merged into",
            todo="Try again.",
        )

    @staticmethod
    def base_before(comment: Comment, merged_as: str) -> str:
        """What the base held before a merge, from the note of it; "" from any other comment."""
        noted = _NOTED.search(comment.body) if comment.marker == _MERGE + merged_as else None
        return noted[2] if noted else ""

    def _remedy(self, pull: Pull) -> str:
        """What takes away the objections."""
        states = {check.state for check in self.forge.checks(pull.commit)}
        if pull.asked.needs_approval and not pull.approved_by:
            return f"Approve it with `branchline pr approve {pull.number}`"
        if CheckState.PENDING in states or not states:
            return "Wait for the checks"
        if CheckState.WAITING in states:
            return (
                "Approve its run (`branchline approve RUN`, `branchline records push"
                f" {self._remote}`), then `branchline retry JOB`"
            )
        return f"Push a commit to `{pull.asked.head}` that passes"

    def _refuse(self, pull: Pull, override: str) -> None:
        standing = self.standing(pull)
        against = [*standing.refusals, *(() if override.strip() else standing.objections)]
        if not against:
            return
        hint = f"See `branchline pr show {pull.number}`."
        if standing.conflicts:
            hint = (
                f"Merge `{pull.asked.base}` into `{pull.asked.head}`, resolve the conflicts, push."
            )
        elif not standing.refusals:
            hint = f"{self._remedy(pull)}, or merge with --override REASON, which is recorded."
        raise PullRequestError(
            f"pull request #{pull.number} cannot be merged: {against[0]}",
            todo=hint,
            details=against[1:],
        )

    def _make(self, pull: Pull, base: str, method: MergeMethod, by: Signature) -> Merge:
        title = " ".join(pull.asked.title.split())
        message = f"Merge pull request #{pull.number} from {pull.asked.head}\n\n{title}"
        if method is MergeMethod.SQUASH:
            message = f"{title} (#{pull.number})\n\n{pull.asked.body}".rstrip()
        made = self.branches.merge(
            base, pull.commit, method, message=message, by=replace(by, at=self._now())
        )
        if made.reason:
            todo = "Choose another --method." if method is MergeMethod.FAST_FORWARD else ""
            raise PullRequestError(
                f"pull request #{pull.number} cannot be merged: {_why_not(made)}", todo=todo
            )
        return made

    def _note(
        self,
        pull: Pull,
        commit: str,
        base: str,
        method: MergeMethod,
        by: Signature,
        override: str,
    ) -> None:
        """Write down what is about to be done, so that a second call can tell it was ours."""
        words = " ".join(override.split())[:400]
        how = method.value.replace("_", "-")
        body = (
            f"Merged into `{pull.asked.base}` by {how}.\n\n"
            f"Commit `{commit}` on `{base}`, head `{pull.commit}`."
        )
        if words:
            body += f"\n\nMerged although something stood against it. Reason: {escape(words)}"
        comment = Comment(
            body=body, author=f"{by.name} <{by.email}>", marker=_MERGE + commit, at=self._now()
        )
        self.forge.comment(pull.number, comment)

    def _begun(self, pull: Pull) -> tuple[str, str] | None:
        """(commit, base before) of a merge that moved the base; None when none did."""
        base = self.branches.head(pull.asked.base)
        for comment in self.forge.comments(pull.number) if base else ():
            noted = _NOTED.search(comment.body) if comment.marker.startswith(_MERGE) else None
            if noted and self.branches.merge_base(noted[1], base or "") == noted[1]:
                return noted[1], noted[2]
        return None

    def _settle(self, pull: Pull, commit: str, base: str, *, by: Signature, is_new: bool) -> Merged:
        """What follows once the base holds the merge; again it changes nothing."""
        self._intake.pushed(
            pull.asked.base,
            old=base,
            new=commit,
            by=f"{by.name} <{by.email}>",
            event=merged_event(commit),
        )
        self.forge.ended(pull.number, PullState.MERGED, merged_as=commit, at=self._now())
        return Merged(pull=self.forge.pull(pull.number) or pull, commit=commit, is_new=is_new)

    def _current(self, pull: Pull) -> Pull:
        """A pull request with the head that its branch has now."""
        if pull.state is not PullState.OPEN:
            return pull
        head = self.branches.head(pull.asked.head)
        if head is None or head == pull.commit:
            return pull
        self.forge.head_moved(pull.asked.head, head, at=self._now())
        return self.forge.pull(pull.number) or pull

    def _head_of(self, branch: str) -> str:
        head = self.branches.head(branch)
        if head is None:
            raise no_branch(
                branch, self.branches.heads(), todo=f"Push it: git push {self._remote} {branch}"
            )
        return head


def objections_of(checks: Sequence[Check]) -> tuple[str, ...]:
    """What checks of a head commit say against merging it; sentences without a full stop."""
    if not checks:
        return ("no check was made of its head commit",)
    words = {
        CheckState.PENDING: "has not ended",
        CheckState.FAILED: "failed",
        CheckState.UNKNOWN: "could not tell whether it is good enough",
        CheckState.WAITING: "waits for a person's approval (`branchline approve RUN`)",
    }
    return tuple(
        f"check {check.name} {words[check.state]}" + (f": {check.summary}" if check.summary else "")
        for check in checks
        if check.state in words
    )


def _why_not(merge: Merge) -> str:
    if not merge.conflicts:
        return merge.reason
    shown = ", ".join(f"`{path}`" for path in merge.conflicts[:10])
    more = len(merge.conflicts) - 10
    return f"conflicts in {shown}" + (f" and {more} more" if more > 0 else "")


def _not_open(pull: Pull) -> PullRequestError:
    return PullRequestError(
        f"pull request #{pull.number} is {pull.state.value}", todo="Only an open one changes."
    )
