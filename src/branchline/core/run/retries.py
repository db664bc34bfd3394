"""Station `run`: when a failed stage is tried again."""

from __future__ import annotations

import hashlib

from branchline.core.run.values import Failure

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 60.0


def retry_delay_s(attempt: int, seed: str) -> float:
    """Seconds to wait before the next attempt: doubling, at most a minute, spread by a seed.

    Args:
        attempt: The attempt that failed, from 1.
        seed: What tells this stage and run from others; the same seed gives the same delay.

    Returns:
        Between a half and the whole of 1, 2, 4, ... 60 s, so that stages which failed together
        (a full disk, a lost mount) do not come back together.

    Raises:
        ValueError: `attempt` < 1.

    >>> 0.5 <= retry_delay_s(1, "train") <= 1.0
    True
    """
    if attempt < 1:
        raise ValueError(f"attempt is {attempt}, must be >= 1")
    # 2 ** 6 exceeds the longest delay; the bound keeps a large attempt from overflowing.
    whole = min(LONGEST_DELAY_S, FIRST_DELAY_S * (1 << min(attempt - 1, 6)))
    drawn = hashlib.sha256(f"{seed}:{attempt}".encode()).digest()
    share = int.from_bytes(drawn[:4], "big") / 0xFFFFFFFF
    return whole * (0.5 + 0.5 * share)


def is_worth_retrying(failure: Failure | None, attempt: int, retries: int) -> bool:
    """Whether a failed attempt is followed by another.

    A stage that could not be started (no shell, no folder), or whose result could not be kept (a
    full disk), fails the same way again.

    Args:
        failure: How it failed; None means that it did not.
        attempt: The attempt that ended, from 1.
        retries: Further attempts that the user allows, >= 0.
    """
    if failure in (None, Failure.NOT_STARTED, Failure.NOT_KEPT, Failure.INPUT_CHANGED):
        return False
    return attempt <= retries
