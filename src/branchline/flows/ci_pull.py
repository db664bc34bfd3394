"""Verb: apply, a search's pull request and tags of runs, where branches stand in a remote.

The branch is pushed before the pull request is opened: a forge knows no pull request of nothing.
Each step finds what an earlier call did; a branch that somebody else wrote to is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import EffectError, ForgePermissionError
from branchline.flows.apply_forge import BOT, BOT_ADDRESS, Opened, author_of, pull_of
from branchline.flows.ci_lines import notes_of
from branchline.ports.branches import Signature
from branchline.ports.forge import PullState

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.effects.values import Annotate, OpenPullRequest, TagRun
    from branchline.ports.annotations import Annotations
    from branchline.ports.branches import Branches
    from branchline.ports.ci import Note
    from branchline.ports.ci_remote import CiRemote
    from branchline.ports.forge import Forge, Pull


def tag_there(branches: Branches, remote: CiRemote, effect: TagRun, *, at: float) -> str:
    """Tag the commit of a run in the remote; a tag that stands stays.

    Raises:
        EffectError: One of its name stands on another commit.
    """
    stands = remote.tagged(effect.name)
    if not stands:
        by = Signature(name=BOT, email=BOT_ADDRESS, at=at)
        branches.tag(effect.name, effect.commit, message=effect.message, by=by)
        remote.push_tag(effect.name)
        stands = remote.tagged(effect.name)
    if stands != effect.commit:
        raise EffectError(f"the tag `{effect.name}` stands on another commit")
    return f"commit {effect.commit[:7]} is tagged `{effect.name}`"


def annotate(annotations: Annotations, effect: Annotate, log: Callable[[Note], None]) -> str:
    """Show sentences at lines of a commit; in the job's log where no check may be written."""
    notes = notes_of(effect)
    try:
        count = annotations.put(
            effect.commit, effect.name, notes, summary="What the findings of the run stand on."
        )
    except ForgePermissionError:
        for note in notes:
            log(note)
        lines = f"{len(notes)} line" + ("" if len(notes) == 1 else "s")
        return (
            f"{lines} of commit {effect.commit[:7]} stand as annotations of this job:"
            " `permissions: {checks: write}` would put them on the commit itself"
        )
    return f"{count} line{'' if count == 1 else 's'} of commit {effect.commit[:7]} are annotated"


class RemoteOpener:
    """Opens pull requests with files that we write.

    Args:
        forge: Where they are kept.
        branches: Of the checkout, to make commits.
        remote: Where the branches stand.
        now: The clock, seconds since 1970.
        start: Starts the training of a branch for a pull request, and says so in a sentence; None
            where an event of the forge does.
        was_started: Whether that was done for a branch and its commit, perhaps by a job that did
            not live to say so.
    """

    def __init__(
        self,
        forge: Forge,
        branches: Branches,
        remote: CiRemote,
        now: Callable[[], float],
        start: Callable[[str, Pull], str] | None = None,
        was_started: Callable[[str, str], bool] = lambda _branch, _commit: False,
    ) -> None:
        self._forge, self._branches, self._remote = forge, branches, remote
        self._now, self._start, self._was_started = now, start, was_started

    def apply(self, effect: OpenPullRequest) -> Opened:
        """Push the branch, open or update its pull request, start what its mode says."""
        self._remote.bring_commit(effect.base_commit)
        commit = self._branches.commit_files(
            effect.base_commit,
            {path: text.encode("utf-8") for path, text in effect.files.items()},
            message=effect.message,
            by=author_of(effect, at=self._now()),
        )
        if not self._branches.changed_files(effect.base_commit, commit):
            return Opened(said=f"unchanged: `{effect.into}` holds these values already")
        before = self._remote.branch_head(effect.branch)
        if before:
            if not self._is_by(before, author_of(effect, at=0.0).email):
                return Opened(
                    said=f"`{effect.branch}` was written by somebody else and is left as it is"
                )
            if self._is_same(before, commit):
                commit = before
        ended = self._ended(effect, before, commit)
        if ended is not None:
            return ended
        did_change = before != commit
        if did_change and not self._remote.push_branch(effect.branch, commit, expected=before):
            # A run beside may have pushed the same.
            now = self._remote.branch_head(effect.branch)
            is_ours = now and self._is_by(now, author_of(effect, at=0.0).email)
            if not is_ours or not self._is_same(now, commit):
                return Opened(said=f"`{effect.branch}` moved meanwhile and is left as it is")
            commit, did_change = now, False
        pull, is_new = self._forge.ensure_pull(pull_of(effect), commit=commit, at=self._now())
        verb = "opened" if is_new else "updated" if did_change else "stands as"
        said = f"{verb} pull request #{pull.number} from `{effect.branch}`"
        # A run beside may have opened it, too, and start it as well: once is enough.
        start = self._start if effect.mode == "dispatch" else None
        if start is not None and not self._was_started(effect.branch, commit):
            said = f"{said}; {start(effect.branch, pull)}"
        return Opened(said=said, pull=pull, did_change=did_change)

    def _is_by(self, commit: str, address: str) -> bool:
        return self._remote.bring_commit(commit) and self._remote.committer(commit) == address

    def _is_same(self, one: str, other: str) -> bool:
        """Whether two commits stand on the same one, with the same files."""
        # No diff: in a checkout of one commit none of them has a history.
        is_beside = list(self._remote.parents(one)) == list(self._remote.parents(other))
        return is_beside and self._remote.same_files(one, other)

    def _ended(self, effect: OpenPullRequest, before: str, commit: str) -> Opened | None:
        """An answer where these values were merged or turned down already."""
        known = list(self._forge.pulls(head=effect.branch))
        if before != commit or any(pull.state is PullState.OPEN for pull in known):
            return None
        for pull in known:
            if pull.commit == commit:
                word = "merged" if pull.state is PullState.MERGED else "turned down"
                return Opened(
                    said=f"unchanged: #{pull.number} with these values was {word}", pull=pull
                )
        return None
