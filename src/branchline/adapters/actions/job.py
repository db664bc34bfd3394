"""Serves the port `ci` in GitHub Actions: by variables, files and lines that the runner reads.

Everything that goes there may hold what a stranger chose. Outputs stand between random delimiters,
annotations are escaped, and what is printed meanwhile is shielded by `stop-commands`.

Source:
    GitHub Docs, "Workflow commands for GitHub Actions"; actions/runner, `ActionCommand.cs`.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, TextIO

from branchline.adapters.actions.payloads import event_from_payload
from branchline.core.plain_text import plain
from branchline.errors import CiError
from branchline.ports.ci import MOST_NOTES, CiJob, Note, NoteLevel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.trigger.events import Event

MOST_OUTPUT_BYTES = 1_000_000
"""Of all outputs of a job: GitHub drops them when they are larger than 1 MB."""
MOST_SUMMARY_BYTES = 1_048_576
MOST_PAYLOAD_BYTES = 26_000_000
"""GitHub caps webhook payloads at 25 MB."""

_OUTPUT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
_LOUDNESS = (NoteLevel.ERROR, NoteLevel.WARNING, NoteLevel.NOTICE)
_LONGEST_NOTE = 2_000


class ActionsJob(CiJob):
    """The job that this process runs in.

    Args:
        environ: Its variables.
        out: Where the runner reads commands: standard output.
    """

    def __init__(self, environ: Mapping[str, str], out: TextIO) -> None:
        self._environ = environ
        self._out = out
        self._token = ""
        self._unsaid: list[Note] = []
        number = environ.get("GITHUB_RUN_NUMBER", "")
        self.number = int(number) if number.isdigit() and len(number) < 10 else 0
        self.url = _url(environ)
        self._is_here = environ.get("GITHUB_ACTIONS") == "true"

    def event(self) -> Event:
        """See the port."""
        name, path = self._needed("GITHUB_EVENT_NAME"), self._needed("GITHUB_EVENT_PATH")
        try:
            with open(path, "rb") as file:
                data = file.read(MOST_PAYLOAD_BYTES + 1)
        except OSError as error:
            raise CiError(
                f"GITHUB_EVENT_PATH names {path!r}, which cannot be read: {error.strerror}"
            ) from error
        if len(data) > MOST_PAYLOAD_BYTES:
            raise CiError(f"the event in {path} has more than {MOST_PAYLOAD_BYTES:,} bytes")
        try:
            payload = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise CiError(f"the event in {path} is no JSON") from error
        if not isinstance(payload, dict):
            raise CiError(f"the event in {path} is no JSON object")
        return event_from_payload(
            name,
            payload,
            commit=self._environ.get("GITHUB_SHA", ""),
            ref=self._environ.get("GITHUB_REF", ""),
        )

    def write_outputs(self, outputs: Mapping[str, str]) -> bool:
        """See the port."""
        path = self._environ.get("GITHUB_OUTPUT", "")
        if not path:
            return False
        wrong = [name for name in outputs if not _OUTPUT.fullmatch(name)]
        if wrong:
            raise CiError(f"{wrong[0]!r} cannot name an output")
        text = "".join(_between_delimiters(name, value) for name, value in outputs.items())
        data = text.encode("utf-8", "replace")
        # The runner estimates by UTF-16.
        if max(len(data), 2 * len(text)) > MOST_OUTPUT_BYTES:
            raise CiError(
                f"the outputs have {len(data):,} bytes; a job may have {MOST_OUTPUT_BYTES // 2:,}"
            )
        _append(path, data, "GITHUB_OUTPUT")
        return True

    def write_summary(self, text: str) -> bool:
        """See the port."""
        path = self._environ.get("GITHUB_STEP_SUMMARY", "")
        if not path:
            return False
        try:
            taken = os.path.getsize(path)
        except OSError:
            taken = 0
        try:
            _append(path, _fitted(text, MOST_SUMMARY_BYTES - taken - 1), "GITHUB_STEP_SUMMARY")
        except CiError as error:
            # What was trained, or went wrong, is worth more than its summary.
            note = Note(level=NoteLevel.WARNING, text=f"no summary: {error.message}")
            self._unsaid.append(note)
            return False
        return True

    def annotate(self, notes: Sequence[Note]) -> None:
        """See the port."""
        if not self._is_here:
            return
        wanted = sorted(
            dict.fromkeys((*notes, *self._unsaid)), key=lambda note: _LOUDNESS.index(note.level)
        )
        for note in wanted[:MOST_NOTES]:
            self._out.write(_command(note) + "\n")
        self._out.flush()

    def quiet(self) -> None:
        """See the port."""
        if self._is_here and not self._token:
            self._token = _random_word()
            self._out.write(f"::stop-commands::{self._token}\n")
            self._out.flush()

    def loud(self) -> None:
        """See the port."""
        if self._token:
            self._out.write(f"::{self._token}::\n")
            self._out.flush()
            self._token = ""

    def _needed(self, name: str) -> str:
        value = self._environ.get(name, "")
        if not value:
            raise CiError(
                f"{name} is not set, so this is no job of GitHub Actions",
                todo="`branchline ci` is for workflows; here type `branchline plan` or `run`.",
            )
        return value


def _url(environ: Mapping[str, str]) -> str:
    server, repository, run = (
        environ.get(name, "")
        for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    url = f"{server}/{repository}/actions/runs/{run}"
    is_sound = run.isdigit() and re.fullmatch(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9._/-]+", url)
    return url if is_sound else ""


def _random_word() -> str:
    import secrets

    return f"branchline-{secrets.token_hex(20)}"


def _between_delimiters(name: str, value: str) -> str:
    """An output as the runner reads it; nobody can guess what ends its value."""
    word = _random_word()
    # A lone surrogate (a file name that is no UTF-8) would stop the write half-way.
    safe = value.encode("utf-8", "replace").decode()
    return f"{name}<<{word}\n{safe}\n{word}\n"


def _append(path: str, data: bytes, variable: str) -> None:
    try:
        with open(path, "ab") as file:
            file.write(data)
    except OSError as error:
        raise CiError(f"{variable} names {path!r}: {error.strerror}") from error


def _fitted(text: str, room: int) -> bytes:
    data = text.encode("utf-8", "replace")
    data = data if data.endswith(b"\n") else data + b"\n"
    if len(data) <= room:
        return data
    rest = b"\n\nThe rest does not fit into a summary (1 MiB).\n"
    if room < len(rest):
        return b""
    kept = data[: room - len(rest)].decode("utf-8", "ignore").encode()
    return kept.rpartition(b"\n")[0] + rest


def _command(note: Note) -> str:
    """A workflow command; its text is escaped as the runner's own toolkit does."""
    parts = {"title": note.title, "file": note.file, "line": str(note.line) if note.line else ""}
    properties = ",".join(
        f"{key}={_property(value)}"
        for key, value in parts.items()
        if value and (key != "line" or note.file)
    )
    text = _data(plain(" ".join(note.text.split()))[:_LONGEST_NOTE])
    return f"::{note.level.value}{' ' if properties else ''}{properties}::{text}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    flat = plain(" ".join(text.split()))
    return _data(flat).replace(":", "%3A").replace(",", "%2C")
