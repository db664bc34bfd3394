"""Adapter `github`: what a reply says about trying again, and how long to wait. Sends nothing."""

from __future__ import annotations

import math
import random
import re
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING

from branchline.adapters.github.connection import Lost, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Standing", "standing_of", "wait_s"]

_LIMIT_WORDS = re.compile(rb"rate limit|abuse detection|submitted too quickly", re.IGNORECASE)
_LONGEST_STEP_S = 60.0
# GitHub's advice for a secondary limit that says no time: at least a minute.
_SECONDARY_S = 60.0


class Standing(Enum):
    """What is known about a request that was sent.

    Attributes:
        ANSWERED: There is an answer, good or bad.
        NOT_DONE: Surely not carried out; it may be sent again.
        UNSURE: May have been carried out.
    """

    ANSWERED = "answered"
    NOT_DONE = "not done"
    UNSURE = "unsure"


def standing_of(got: Reply | Lost) -> Standing:
    """What is known about a request, by what came back."""
    if isinstance(got, Lost):
        return Standing.UNSURE if got.was_sent else Standing.NOT_DONE
    if got.status == 429 or (got.status == 403 and _is_limit(got)):
        return Standing.NOT_DONE
    return Standing.UNSURE if got.status in (500, 502, 503, 504) else Standing.ANSWERED


def _is_limit(reply: Reply) -> bool:
    return (
        "retry-after" in reply.headers
        or reply.headers.get("x-ratelimit-remaining") == "0"
        or _LIMIT_WORDS.search(reply.body[:4096]) is not None
    )


def wait_s(got: Reply | Lost, *, attempt: int, now: float) -> float:
    """Seconds to wait before the request is sent again.

    Args:
        got: What came back.
        attempt: How often it was sent before, from 0.
        now: Seconds since 1970.

    Source:
        GitHub, "Best practices for using the REST API": Retry-After, then x-ratelimit-reset where
        nothing remains, then a minute and longer for secondary limits.
    """
    step = min(2.0**attempt, _LONGEST_STEP_S) * random.uniform(0.5, 1.0)  # noqa: S311 # no secret
    if isinstance(got, Lost):
        return step
    after = _retry_after(got.headers, now)
    if after is not None:
        # A second more: clocks differ, and a limit that is met again grows.
        return after + random.uniform(0.0, 1.0)  # noqa: S311 # no secret
    if got.headers.get("x-ratelimit-remaining") == "0":
        reset = _number(got.headers.get("x-ratelimit-reset", ""))
        if reset is not None:
            return max(reset - now, 0.0) + 1.0
    if standing_of(got) is Standing.NOT_DONE:
        return _SECONDARY_S * 2.0**attempt
    return step


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    value = headers.get("retry-after", "")
    number = _number(value)
    if number is not None:
        return max(number, 0.0)
    try:
        return max(parsedate_to_datetime(value).timestamp() - now, 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
