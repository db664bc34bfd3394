"""What a verdict lets happen next, and a person's approval of one that noise leaves open. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.policy import OnInconclusive
from branchline.core.values import SCHEMA_VERSION, Outcome
from branchline.errors import RecordError

if TYPE_CHECKING:
    from branchline.core.policy import Gate
    from branchline.core.values import JsonValue
    from branchline.core.verdict.values import Verdict


class Standing(Enum):
    """What a verdict lets happen next.

    Attributes:
        GOES_ON: Effects follow.
        WARNED: Effects follow, with a warning: only noise leaves it open.
        APPROVED: Likewise, by a person's word.
        WAITS: For a person's word.
        STOPS: Nothing follows.
    """

    GOES_ON = "goes on"
    WARNED = "goes on with a warning"
    APPROVED = "goes on, approved"
    WAITS = "waits for approval"
    STOPS = "stops"

    @property
    def lets_on(self) -> bool:
        """Whether effects follow."""
        return self in (Standing.GOES_ON, Standing.WARNED, Standing.APPROVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """That a person lets an open verdict pass.

    Attributes:
        run: Id of the run.
        by: `Name <address>`.
        at: UTC, ISO 8601.
        reason: In that person's words; may be empty.
    """

    run: str
    by: str
    at: str
    reason: str = ""


def standing_of(verdict: Verdict, gate: Gate, *, is_approved: bool = False) -> Standing:
    """What follows from a verdict.

    What is not known for another reason than noise never goes on, whoever approves.

    Args:
        verdict: Of a run.
        gate: Says what an open verdict does.
        is_approved: Whether a person said yes.
    """
    if verdict.outcome is Outcome.PASSED or not verdict.findings:
        return Standing.GOES_ON
    if not verdict.is_inconclusive or gate.on_inconclusive is OnInconclusive.FAIL:
        return Standing.STOPS
    if gate.on_inconclusive is OnInconclusive.WARN:
        return Standing.WARNED
    return Standing.APPROVED if is_approved else Standing.WAITS


def approval_to_json(approval: Approval) -> dict[str, JsonValue]:
    """An approval as plain JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": approval.run,
        "by": approval.by,
        "at": approval.at,
        "reason": approval.reason,
    }


def approval_from_json(value: object) -> Approval:
    """The approval that `approval_to_json` wrote.

    Raises:
        RecordError: It is none.
    """
    if not isinstance(value, dict) or not all(
        isinstance(value.get(name), str) for name in ("run", "by", "at")
    ):
        raise RecordError("an approval cannot be read: it lacks `run`, `by` or `at`")
    return Approval(
        run=value["run"], by=value["by"], at=value["at"], reason=str(value.get("reason", ""))
    )
