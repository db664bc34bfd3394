"""No test can end all processes of the machine: the pid of a process that has gone may be -1."""

from __future__ import annotations

import os
import signal

import pytest


@pytest.mark.parametrize("pid", [-1, 0, 1])
def test_a_signal_to_more_than_one_process_is_refused(pid: int) -> None:
    for send in (os.kill, os.killpg):
        with pytest.raises(ValueError, match="more than one process"):
            send(pid, signal.SIGURG)  # which nobody minds, if it is sent after all


def test_a_signal_to_one_process_is_sent() -> None:
    os.kill(os.getpid(), signal.SIGURG)
    os.kill(os.getpid(), 0)
