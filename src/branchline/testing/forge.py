"""Port `forge`: a fake in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.errors import UnknownNameError
from branchline.ports.forge import Check, Comment, Forge, NewPull, Pull, PullState

if TYPE_CHECKING:
    from collections.abc import Sequence


class FakeForge(Forge):
    """Pull requests in memory."""

    def __init__(self) -> None:
        self.all: dict[int, Pull] = {}
        self.said: dict[tuple[str, str], tuple[float, Check]] = {}
        self.notes: dict[int, list[Comment]] = {}

    def ensure_pull(self, pull: NewPull, *, commit: str, at: float) -> tuple[Pull, bool]:
        """See the port."""
        for old in self.all.values():
            same = (old.asked.head, old.asked.base) == (pull.head, pull.base)
            if same and old.state is PullState.OPEN:
                asked = replace(pull, author=old.asked.author)
                approved = old.approved_by if old.commit == commit else ""
                new = replace(old, asked=asked, commit=commit, approved_by=approved, updated_at=at)
                self.all[old.number] = new
                return new, False
        number = len(self.all) + 1
        self.all[number] = Pull(
            number=number,
            asked=pull,
            state=PullState.OPEN,
            commit=commit,
            opened_at=at,
            updated_at=at,
        )
        return self.all[number], True

    def pull(self, number: int) -> Pull | None:
        """See the port."""
        return self.all.get(number)

    def pulls(self, *, state: PullState | None = None, head: str = "") -> Sequence[Pull]:
        """See the port."""
        return [
            pull
            for _, pull in sorted(self.all.items(), reverse=True)
            if state in (None, pull.state) and head in ("", pull.asked.head)
        ]

    def head_moved(self, branch: str, commit: str, *, at: float) -> Sequence[Pull]:
        """See the port."""
        for pull in self.pulls(state=PullState.OPEN, head=branch):
            if pull.commit != commit:
                new = replace(pull, commit=commit, approved_by="", updated_at=at)
                self.all[pull.number] = new
        return self.pulls(state=PullState.OPEN, head=branch)

    def approve(self, number: int, *, by: str, commit: str, at: float) -> bool:
        """See the port."""
        pull = self.all.get(number)
        if pull is None or pull.state is not PullState.OPEN or pull.commit != commit:
            return False
        self.all[number] = replace(pull, approved_by=by, updated_at=at)
        return True

    def ended(self, number: int, state: PullState, *, merged_as: str = "", at: float) -> bool:
        """See the port."""
        pull = self.all.get(number)
        if pull is None or pull.state is not PullState.OPEN:
            return False
        self.all[number] = replace(
            pull, state=state, merged_as=merged_as, updated_at=at, ended_at=at
        )
        return True

    def set_check(self, commit: str, check: Check, *, at: float) -> None:
        """See the port."""
        if self.said.get((commit, check.name), (at, check))[0] <= at:
            self.said[commit, check.name] = (at, check)

    def checks(self, commit: str) -> Sequence[Check]:
        """See the port."""
        return [check for (of, _), (_, check) in sorted(self.said.items()) if of == commit]

    def comment(self, number: int, comment: Comment) -> None:
        """See the port."""
        if number not in self.all:
            raise UnknownNameError(f"there is no pull request #{number}")
        notes = self.notes.setdefault(number, [])
        for index, old in enumerate(notes):
            if comment.marker and old.marker == comment.marker:
                notes[index] = comment
                return
        notes.append(comment)

    def comments(self, number: int) -> Sequence[Comment]:
        """See the port."""
        return list(self.notes.get(number, ()))
