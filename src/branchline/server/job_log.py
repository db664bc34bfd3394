"""The file `jobs/N/log`: lines of the walk, and what the stages print, as it comes."""

from __future__ import annotations

import os
from typing import IO

from branchline.core.plain_text import plain
from branchline.render.job_log import job_line

STAGE_LIMIT_BYTES = 4_000_000
"""So much of one stage's output is shown; the rest is in the stage's own log."""

_CHUNK = 1 << 16


class JobLogFile:
    """`flows.job.JobLog` that writes a file.

    Args:
        path: Absolute path; what stands there is continued.
    """

    def __init__(self, path: str) -> None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self._file: IO[str] = open(  # noqa: SIM115 - closed by `close`
            path, "a", encoding="utf-8", errors="replace", buffering=1
        )
        self._offsets: dict[str, int] = {}
        self._rests: dict[str, bytes] = {}
        self._paths: dict[str, str] = {}

    def write(self, line: str) -> None:
        """Add a line."""
        self._file.write(f"{line}\n")

    def follow(self, stage: str, path: str) -> None:
        """Add the whole lines that a stage's log gained."""
        if self._paths.get(stage) != path:
            self._paths[stage] = path
            self._offsets[stage], self._rests[stage] = 0, b""
        while data := self._read(stage, path):
            lines = (self._rests[stage] + data).split(b"\n")
            self._rests[stage] = lines.pop()[-_CHUNK:]
            for line in lines:
                self._show(stage, line)

    def finish(self, stage: str) -> None:
        """Add what is left of a line."""
        rest = self._rests.pop(stage, b"")
        if rest:
            self._show(stage, rest)
        for known in (self._paths, self._offsets):
            known.pop(stage, None)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _show(self, stage: str, line: bytes) -> None:
        # Made plain by itself: a `\r` in it must not take away whose line it is.
        self.write(job_line("run", f"{stage} | {plain(line.decode('utf-8', 'replace'))}"))

    def _read(self, stage: str, path: str) -> bytes:
        offset = self._offsets[stage]
        if offset >= STAGE_LIMIT_BYTES:
            return b""
        try:
            with open(path, "rb") as file:
                file.seek(offset)
                data = file.read(min(_CHUNK, STAGE_LIMIT_BYTES - offset))
        except OSError:
            return b""
        self._offsets[stage] = offset + len(data)
        if self._offsets[stage] >= STAGE_LIMIT_BYTES:
            data += b"\n... more than is shown here; the rest is in the stage's own log\n"
        return data
