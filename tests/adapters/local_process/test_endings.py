"""What a wait status means."""

from __future__ import annotations

import pytest

from branchline.adapters.local_process.endings import Cause, explain
from branchline.core.run import Failure


@pytest.mark.parametrize(
    ("code", "oom_kills", "failure", "detail"),
    [
        pytest.param(0, None, None, "", id="succeeded"),
        pytest.param(1, None, Failure.EXIT_CODE, "exit code 1", id="exit-code"),
        pytest.param(
            126, 0, Failure.EXIT_CODE, "exit code 126 (found but cannot be executed)", id="126"
        ),
        pytest.param(
            -9, 1, Failure.OUT_OF_MEMORY, "killed by the kernel: out of memory", id="kernel-killed"
        ),
        pytest.param(
            137, 2, Failure.OUT_OF_MEMORY, "killed by the kernel: out of memory", id="137-killed"
        ),
        pytest.param(
            137, None, Failure.OUT_OF_MEMORY, "killed probably by the kernel: out of memory",
            id="137-where-the-kernel-does-not-say",
        ),
        pytest.param(-9, 0, Failure.SIGNAL, "killed by SIGKILL", id="kill-9-by-somebody"),
        pytest.param(
            137, 0, Failure.EXIT_CODE, "exit code 137 (a command was killed by SIGKILL)",
            id="137-by-somebody",
        ),
        pytest.param(-15, None, Failure.SIGNAL, "killed by SIGTERM", id="signal"),
        pytest.param(-40, None, Failure.SIGNAL, "killed by signal 40", id="nameless-signal"),
        pytest.param(255, None, Failure.EXIT_CODE, "exit code 255", id="no-such-signal"),
    ],
)  # fmt: skip
def test_explain(code: int, oom_kills: int | None, failure: Failure | None, detail: str) -> None:
    ending = explain(code, cause=None, timeout_s=None, oom_kills=oom_kills)

    assert (ending.failure, ending.detail) == (failure, detail)
    assert (ending.exit_code is None) == (code < 0) == (ending.signal is not None)


@pytest.mark.parametrize("code", [0, 1, -15, -9, 137])
def test_a_limit_is_a_limit_however_the_stage_took_it(code: int) -> None:
    ending = explain(code, cause=Cause.TIMEOUT, timeout_s=90.0, oom_kills=1)

    assert (ending.failure, ending.detail) == (Failure.TIMEOUT, "ended after 90 s (timeout)")


def test_a_stage_that_was_stopped_never_counts_as_succeeded() -> None:
    ending = explain(0, cause=Cause.STOPPED, timeout_s=None, oom_kills=None)

    assert (ending.failure, ending.signal, ending.detail) == (Failure.SIGNAL, 15, "stopped")
