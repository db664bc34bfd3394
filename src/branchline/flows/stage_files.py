"""Files of one attempt at a stage: its log, what it reports meanwhile, and what tells it to stop.

They stand side by side below `.branchline/logs`, outside the working tree and outside every key.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import StageFailedError
from branchline.reporting import ASKED, REPORT_FILE, STOP_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFiles:
    """Absolute paths.

    Attributes:
        reports: JSON lines, as `branchline.report` writes them.
        stop: Comes into being when the stage shall end early; then no result of it is kept.
        context: What a test of the model is told. tests: What it reports.
    """

    reports: str
    stop: str
    context: str
    tests: str

    @property
    def environment(self) -> Mapping[str, str]:
        """What tells the stage of them."""
        return {REPORT_FILE: self.reports, STOP_FILE: self.stop}

    @property
    def is_stopped(self) -> bool:
        """Whether the stage was told to end early."""
        return os.path.lexists(self.stop)

    @property
    def asks(self) -> bool:
        """Whether the stage has asked, so far, if it shall stop."""
        return os.path.lexists(self.stop + ASKED)

    def clear(self) -> None:
        """Remove what a run left that had the same number, before the ledger was deleted.

        Raises:
            StageFailedError: It cannot be removed; the stage would stop as soon as it asked.
        """
        for path in (self.reports, self.stop, self.stop + ASKED, self.context, self.tests):
            try:
                os.unlink(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StageFailedError(f"`{path}` is in the way: {error.strerror}") from error

    def tell_to_stop(self) -> None:
        """Let `branchline.should_stop` be true; a disk that takes nothing keeps it silent."""
        with suppress(OSError), open(self.stop, "x", encoding="utf-8"):
            pass


def stage_files(log: str) -> StageFiles:
    """The files beside a stage's log.

    >>> stage_files("/logs/7/train.log").reports
    '/logs/7/train.steps.jsonl'
    """
    stem = log.removesuffix(".log")
    return StageFiles(
        reports=f"{stem}.steps.jsonl",
        stop=f"{stem}.stop",
        context=f"{stem}.context.json",
        tests=f"{stem}.tests.jsonl",
    )


def log_name(address: str, attempt: int) -> str:
    """File name of a stage's log: readable, unique, safe whatever the address holds.

    >>> log_name("train", 1), log_name("sub/dvc.yaml:train@a", 2)[:17]
    ('train.log', 'sub_dvc.yaml_trai')
    """
    import hashlib

    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.@") else "_" for c in address)
    if safe.startswith("."):
        safe = f"_{safe[1:]}"
    if safe != address:
        safe = f"{safe[:80]}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"
    return f"{safe}.log" if attempt == 1 else f"{safe}.{attempt}.log"
