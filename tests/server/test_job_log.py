"""The log of a job says whose line each line is, whatever a stage printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.server.job_log import JobLogFile

if TYPE_CHECKING:
    from pathlib import Path


def test_a_line_drawn_over_keeps_the_name_of_its_stage(tmp_path: Path) -> None:
    (tmp_path / "stage").write_bytes(b"10 %\r20 %\nx\rdone     job 1 passed\n")
    log = JobLogFile(str(tmp_path / "log"))

    log.follow("train", str(tmp_path / "stage"))
    log.close()

    assert (tmp_path / "log").read_text().splitlines() == [
        "run      train | 20 %",
        "run      train | done     job 1 passed",
    ]
