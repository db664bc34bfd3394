"""Adapter `sql`: port `forge`, the pull requests of a box beside its queue.

Each method is one transaction of `Database`, and does nothing when it is carried out again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.adapters.sql.rows import LARGEST, new_pull, text_of
from branchline.adapters.sql.steps import next_number
from branchline.errors import LedgerError, UnknownNameError
from branchline.ports.forge import Check, CheckState, Comment, Forge, NewPull, Pull, PullState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.sql.database import Database
    from branchline.adapters.sql.dialect import Row, Session

_PULL = "number, asked, state, commit_hash, approved_by, merged_as, opened_at, updated_at, ended_at"


class SqlForge(Forge):
    """Pull requests of one box.

    Args:
        database: Where they are; who made it closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure_pull(self, pull: NewPull, *, commit: str, at: float) -> tuple[Pull, bool]:
        """See the port."""

        def work(session: Session) -> tuple[Pull, bool]:
            row = session.one(
                f"SELECT {_PULL} FROM pulls WHERE state = 'open' AND head = ? AND base = ?",
                pull.head,
                pull.base,
            )
            if row is None:
                return _open(session, pull, commit, at), True
            old = _pull_of(row)
            new = replace(
                old,
                asked=replace(pull, author=old.asked.author),
                commit=commit,
                approved_by=old.approved_by if old.commit == commit else "",
                updated_at=at,
            )
            session.run(
                "UPDATE pulls SET asked = ?, commit_hash = ?, approved_by = ?, updated_at = ?"
                " WHERE number = ?",
                text_of(new.asked),
                new.commit,
                new.approved_by,
                at,
                new.number,
            )
            return new, False

        return self._database.write(work)

    def pull(self, number: int) -> Pull | None:
        """See the port."""
        if number > LARGEST:
            return None
        row = self._database.read(
            lambda session: session.one(f"SELECT {_PULL} FROM pulls WHERE number = ?", number)
        )
        return None if row is None else _pull_of(row)

    def pulls(self, *, state: PullState | None = None, head: str = "") -> Sequence[Pull]:
        """See the port."""
        return self._database.read(lambda session: _pulls(session, state, head))

    def head_moved(self, branch: str, commit: str, *, at: float) -> Sequence[Pull]:
        """See the port."""

        def work(session: Session) -> Sequence[Pull]:
            session.run(
                "UPDATE pulls SET commit_hash = ?, approved_by = '', updated_at = ?"
                " WHERE state = 'open' AND head = ? AND commit_hash <> ?",
                commit,
                at,
                branch,
                commit,
            )
            return _pulls(session, PullState.OPEN, branch)

        return self._database.write(work)

    def approve(self, number: int, *, by: str, commit: str, at: float) -> bool:
        """See the port."""
        changed = self._database.write(
            lambda session: session.run(
                "UPDATE pulls SET approved_by = ?, updated_at = ?"
                " WHERE number = ? AND state = 'open' AND commit_hash = ?",
                by,
                at,
                number,
                commit,
            )
        )
        return changed > 0

    def ended(self, number: int, state: PullState, *, merged_as: str = "", at: float) -> bool:
        """See the port."""

        def work(session: Session) -> bool:
            row = session.one(f"SELECT {_PULL} FROM pulls WHERE number = ?", number)
            if row is None:
                return False
            old = _pull_of(row)
            if old.state is not PullState.OPEN:
                # Carried out again after a lost connection: it is this very end.
                return (old.state, old.merged_as, old.ended_at) == (state, merged_as, at)
            session.run(
                "UPDATE pulls SET state = ?, merged_as = ?, updated_at = ?, ended_at = ?"
                " WHERE number = ?",
                state.value,
                merged_as,
                at,
                at,
                number,
            )
            return True

        if state is PullState.OPEN:
            raise ValueError("open is no end of a pull request")
        return self._database.write(work)

    def set_check(self, commit: str, check: Check, *, at: float) -> None:
        """See the port."""
        self._database.write(
            lambda session: session.run(
                "INSERT INTO checks (commit_hash, name, state, summary, job, at)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (commit_hash, name) DO UPDATE SET"
                " state = excluded.state, summary = excluded.summary, job = excluded.job,"
                " at = excluded.at WHERE checks.at <= excluded.at",
                commit,
                check.name,
                check.state.value,
                check.summary,
                check.job,
                at,
            )
        )

    def checks(self, commit: str) -> Sequence[Check]:
        """See the port."""
        rows = self._database.read(
            lambda session: session.rows(
                "SELECT name, state, summary, job FROM checks WHERE commit_hash = ?", commit
            )
        )
        checks = [
            Check(name=name, state=CheckState(state), summary=summary, job=job)
            for name, state, summary, job in rows
        ]
        return sorted(checks, key=lambda check: check.name)  # databases sort text in their own ways

    def comment(self, number: int, comment: Comment) -> None:
        """See the port."""

        def work(session: Session) -> None:
            if session.one("SELECT 1 FROM pulls WHERE number = ?", number) is None:
                raise UnknownNameError(
                    f"there is no pull request #{number}", todo="See them: branchline pr list."
                )
            changed = comment.marker and session.run(
                "UPDATE comments SET body = ?, author = ?, at = ? WHERE pull = ? AND marker = ?",
                comment.body,
                comment.author,
                comment.at,
                number,
                comment.marker,
            )
            if not changed and not _is_last(session, number, comment):
                session.run(
                    "INSERT INTO comments (comment, pull, marker, author, body, at)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    next_number(session, "comments", "comment"),
                    number,
                    comment.marker,
                    comment.author,
                    comment.body,
                    comment.at,
                )

        self._database.write(work)

    def comments(self, number: int) -> Sequence[Comment]:
        """See the port."""
        rows = self._database.read(
            lambda session: session.rows(
                "SELECT body, author, marker, at FROM comments WHERE pull = ? ORDER BY comment",
                number,
            )
        )
        return [
            Comment(body=body, author=author, marker=marker, at=at)
            for body, author, marker, at in rows
        ]


def _open(session: Session, pull: NewPull, commit: str, at: float) -> Pull:
    number = next_number(session, "pulls", "number")
    session.run(
        "INSERT INTO pulls (number, head, base, asked, state, commit_hash, opened_at, updated_at)"
        " VALUES (?, ?, ?, ?, 'open', ?, ?, ?)",
        number,
        pull.head,
        pull.base,
        text_of(pull),
        commit,
        at,
        at,
    )
    return Pull(
        number=number,
        asked=pull,
        state=PullState.OPEN,
        commit=commit,
        opened_at=at,
        updated_at=at,
    )


def _pulls(session: Session, state: PullState | None, head: str) -> list[Pull]:
    rows = session.rows(
        f"SELECT {_PULL} FROM pulls WHERE (? = '' OR state = ?) AND (? = '' OR head = ?)"
        " ORDER BY number DESC",
        *2 * ["" if state is None else state.value],
        *2 * [head],
    )
    return [_pull_of(row) for row in rows]


def _is_last(session: Session, number: int, comment: Comment) -> bool:
    """Whether the newest comment is this very one: carried out again after a lost connection."""
    row = session.one(
        "SELECT body, author, marker, at FROM comments WHERE pull = ?"
        " ORDER BY comment DESC LIMIT 1",
        number,
    )
    said = (comment.body, comment.author, comment.marker, comment.at)
    return row is not None and tuple(row) == said


def _pull_of(row: Row) -> Pull:
    try:
        asked, state = new_pull(row[1]), PullState(row[2])
    except (ValueError, TypeError, KeyError) as error:
        raise LedgerError(
            f"pull request {row[0]} cannot be read: {error}",
            todo="A newer Branchline wrote it, or the database is damaged: upgrade.",
        ) from error
    return Pull(
        number=row[0],
        asked=asked,
        state=state,
        commit=row[3],
        approved_by=row[4],
        merged_as=row[5],
        opened_at=row[6],
        updated_at=row[7],
        ended_at=row[8],
    )
