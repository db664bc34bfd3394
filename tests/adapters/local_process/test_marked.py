"""Processes are found by their mark, whatever group or session they made."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from branchline.adapters.local_process.marked import is_marked, kill_marked

SLEEPER = "import time; time.sleep(60)"
CHILD = (
    "import subprocess, sys, time;"
    f"subprocess.Popen([sys.executable, '-c', {SLEEPER!r}], start_new_session=True);"
    "print('up', flush=True); time.sleep(60)"
)


def test_a_family_is_killed_whole_and_others_are_left_alone() -> None:
    mark = f"{os.getpid()}.{time.time_ns()}"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD],
            env={**os.environ, "BRANCHLINE_JOB": f"{mark}:{name}:1"},
            stdout=subprocess.PIPE,
        )
        for name in ("1", "12")
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"

    killed = kill_marked("BRANCHLINE_JOB", f"{mark}:1:")
    try:
        assert killed == 2
        assert started[0].wait(10) < 0
        assert started[1].poll() is None
        assert not is_marked("BRANCHLINE_JOB", f"{mark}:1:")
        assert is_marked("BRANCHLINE_JOB", f"{mark}:12:")
    finally:
        assert kill_marked("BRANCHLINE_JOB", f"{mark}:") == 2
        for process in started:
            process.communicate()
