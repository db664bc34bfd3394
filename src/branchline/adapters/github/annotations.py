"""Adapter `github`: port `annotations`, by a check run of its own.

GitHub takes 50 annotations a request and adds them to those that are there, so what was sent twice
stands twice. Therefore we look which are there, and send what is missing: after a lost answer, a
kill between two requests, or a second run.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from branchline.adapters.github.fields import text, whole
from branchline.adapters.github.marks import clean, clean_line
from branchline.errors import ForgeUnreachableError
from branchline.ports.annotations import MOST_LINES, Annotations
from branchline.ports.ci import NoteLevel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.github.repository import Repository
    from branchline.core.values import JsonValue
    from branchline.ports.ci import Note

__all__ = ["GitHubAnnotations"]

MOST_AT_ONCE = 50
_MOST_TRIES = 5
_LONGEST_NAME, _LONGEST_TITLE, _LONGEST_TEXT = 200, 250, 8_000
_LEVELS = {
    NoteLevel.NOTICE: "notice",
    NoteLevel.WARNING: "warning",
    NoteLevel.ERROR: "failure",
}
_MARK = "branchline-lines:"

_Key = tuple[str, int, str, str, str]


class GitHubAnnotations(Annotations):
    """Annotations of check runs; the token needs `checks: write`.

    Args:
        repository: Where.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository, self._client = repository, repository.client

    def put(self, commit: str, name: str, notes: Sequence[Note], *, summary: str) -> int:
        """See the port."""
        wanted = {_key(note): note for note in notes if note.file and note.line > 0}
        rows = list(wanted)[:MOST_LINES]
        if not rows:
            return 0
        title = clean_line(name, most=_LONGEST_NAME)
        told = json.dumps([rows, summary]).encode("ascii")
        mark = _MARK + hashlib.sha256(told).hexdigest()
        output: dict[str, JsonValue] = {
            "title": f"{len(rows)} line" + ("s" if len(rows) > 1 else ""),
            "summary": clean(summary)[:_LONGEST_TEXT],
        }
        body: dict[str, JsonValue] = {
            "name": title,
            "head_sha": commit,
            "external_id": mark,
            "status": "completed",
            "conclusion": "neutral",
            "output": output,
        }
        held, _ = self._client.ensured(
            lambda: self._found(commit, title, mark),
            lambda: self._client.send("POST", self._repository.at("check-runs"), body),
        )
        self._fill(whole(held, "id"), rows, output)
        return len(rows)

    def _found(self, commit: str, name: str, mark: str) -> object | None:
        """The check run that is to hold these lines, and no others."""
        path = self._repository.at("commits", commit, "check-runs")
        found = self._client.found_pages(path, key="check_runs", check_name=name) or ()
        ours = [i for i in found if text(i, "name") == name and text(i, "external_id") == mark]
        return min(ours, key=lambda item: whole(item, "id"), default=None)

    def _fill(self, number: int, rows: Sequence[_Key], output: dict[str, JsonValue]) -> None:
        """Send what is missing, until nothing is."""
        path = self._repository.at("check-runs", str(number))
        lost: ForgeUnreachableError | None = None
        for _ in range(_MOST_TRIES + len(rows) // MOST_AT_ONCE):
            have = {_read(item) for item in self._client.pages(f"{path}/annotations")}
            missing = [row for row in rows if row not in have][:MOST_AT_ONCE]
            if not missing:
                return
            sent: list[JsonValue] = [_sent(row) for row in missing]
            try:
                self._client.send(
                    "PATCH", path, {"output": {**output, "annotations": sent}}, is_repeatable=False
                )
            except ForgeUnreachableError as error:
                lost = error  # perhaps it was carried out: the next round looks
        raise lost or ForgeUnreachableError(
            "GitHub took annotations of lines, and does not show them"
        )


def _key(note: Note) -> _Key:
    return (
        note.file,
        note.line,
        _LEVELS[note.level],
        clean_line(note.title, most=_LONGEST_TITLE),
        clean_line(note.text, most=_LONGEST_TEXT) or "-",
    )


def _sent(row: _Key) -> dict[str, JsonValue]:
    path, line, level, title, message = row
    return {
        "path": path,
        "start_line": line,
        "end_line": line,
        "annotation_level": level,
        "title": title,
        "message": message,
    }


def _read(item: object) -> _Key:
    return (
        text(item, "path"),
        whole(item, "start_line"),
        text(item, "annotation_level"),
        text(item, "title"),
        text(item, "message"),
    )
