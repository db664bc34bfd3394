"""What became of deployments: their records as values, and what follows from them. Pure.

Serves the station `effects`. The registry says which version stands where; these say how it came
there, and which version is held after it did not hold.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from branchline.core.values import SCHEMA_VERSION
from branchline.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from branchline.core.values import JsonValue

REASON = "deployed"
"""How the reason of a stage's event begins that a deployment gave."""


class AttemptState(Enum):
    """How a deployment ended.

    BEGUN: it did not say (it runs, or was killed). DEPLOYED: the version stands. ROLLED_BACK: it
    did not hold, and what stood before stands again. FAILED: it did not hold, and nor did the
    rollback: what stands there is not known.
    """

    BEGUN = "begun"
    DEPLOYED = "deployed"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """One command of a deployment.

    Attributes:
        step: run, smoke or rollback. command: As written, secrets masked.
        exit_code: None where a signal or the time ended it. duration_s: Seconds.
        detail: How it ended, where that was not well; "" where it was.
    """

    step: str
    command: str
    exit_code: int | None
    duration_s: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One deployment of one version to one environment.

    Attributes:
        attempt: Its id; ids sort by the time of their begin.
        version, digest: What was deployed. previous: Version that stood there; "" for none.
        code: Commit whose code ran. at: When it began, UTC, ISO 8601. by: Who.
        steps: Commands that ran, in order. log: Path of the log on the machine that ran it.
    """

    attempt: str
    model: str
    environment: str
    version: str
    digest: str
    previous: str = ""
    code: str = ""
    at: str = ""
    by: str = ""
    state: AttemptState = AttemptState.BEGUN
    steps: tuple[StepDone, ...] = ()
    log: str = ""


def attempts_of(records: Mapping[str, bytes]) -> tuple[Attempt, ...]:
    """Attempts from their records, oldest first.

    Args:
        records: `ID/begun` and `ID/ended` -> JSON.

    Raises:
        RecordError: One cannot be read: whether a version is held is not known then.
    """
    found: dict[str, Attempt] = {}
    for name in sorted(records):  # `begun` comes before `ended`
        found[name.partition("/")[0]] = attempt_from_text(records[name], name)
    return tuple(found[name] for name in sorted(found))


def new_id(attempts: Sequence[Attempt], at: datetime, chance: str) -> str:
    """Id of the next attempt; it sorts after those before, whatever the clocks of machines say.

    Args:
        attempts: Oldest first.
        at: Now, in UTC.
        chance: A few letters or digits, so that two machines take no id twice.

    >>> from datetime import datetime
    >>> new_id((), datetime(2026, 1, 2, 3, 4, 5, 6), "ab")
    '20260102T030405000006-ab'
    """
    stamp = f"{at:%Y%m%d%H%M%S%f}"
    last = attempts[-1].attempt.partition("-")[0].replace("T", "") if attempts else ""
    if last.isdigit() and last >= stamp:
        stamp = f"{int(last) + 1:0{len(last)}d}"
    return f"{stamp[:8]}T{stamp[8:]}-{chance}"


def is_held(attempts: Sequence[Attempt], digest: str) -> bool:
    """Whether these files did not hold when they were last deployed."""
    ended = [a for a in attempts if a.digest == digest and a.state is not AttemptState.BEGUN]
    return bool(ended) and ended[-1].state is not AttemptState.DEPLOYED


def stands(attempts: Sequence[Attempt], version: str, reason: str) -> bool:
    """Whether the version that the registry names was deployed, and nothing came in between.

    A stage that a person gave (`branchline promote`) says what shall stand there, not what does.

    Args:
        attempts: Oldest first.
        version: That the stage's last event names.
        reason: Of that event.
    """
    if not version:
        return False
    if not attempts:
        return reason.startswith(REASON)
    last = attempts[-1]
    if last.state is AttemptState.BEGUN:
        # The tag is the last thing that a deployment does before it says how it ended.
        return reason.endswith(last.attempt)
    if last.state is AttemptState.FAILED:
        return False
    held = [a for a in attempts if a.state is AttemptState.DEPLOYED]
    return bool(held) and held[-1].version == version


def standing(attempts: Sequence[Attempt], holder: str, reason: str) -> str:
    """The version that stands in an environment, as far as is known; "" for none.

    Where the registry names one that nobody deployed, it is what was deployed last; without any
    record it is what the registry names.

    Args:
        attempts: Oldest first.
        holder: That the stage's last event names.
        reason: Of that event.
    """
    if stands(attempts, holder, reason):
        return holder
    stood = [a.version for a in attempts if a.state is AttemptState.DEPLOYED]
    return stood[-1] if stood else holder


def is_known(attempts: Sequence[Attempt], holder: str, reason: str) -> bool:
    """Whether anybody knows what stands in an environment.

    Not after a deployment that did not say how it ended, nor after a rollback that failed.

    Args:
        attempts: Oldest first.
        holder: That the stage's last event names.
        reason: Of that event.
    """
    lost = (AttemptState.BEGUN, AttemptState.FAILED)
    return not attempts or attempts[-1].state not in lost or stands(attempts, holder, reason)


def attempt_to_json(attempt: Attempt) -> dict[str, JsonValue]:
    """A record of `refs/branchline/deployments`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "attempt": attempt.attempt,
        "model": attempt.model,
        "environment": attempt.environment,
        "version": attempt.version,
        "digest": attempt.digest,
        "previous": attempt.previous,
        "code": attempt.code,
        "at": attempt.at,
        "by": attempt.by,
        "state": attempt.state.value,
        "steps": [step_to_json(step) for step in attempt.steps],
        "log": attempt.log,
    }


def step_to_json(step: StepDone) -> dict[str, JsonValue]:
    """One command as plain values."""
    return {
        "step": step.step,
        "command": step.command,
        "exit_code": step.exit_code,
        "duration_s": round(step.duration_s, 3),
        "detail": step.detail,
    }


def attempt_to_text(attempt: Attempt) -> bytes:
    """A record as it is kept."""
    return json.dumps(attempt_to_json(attempt), ensure_ascii=False, sort_keys=True).encode()


def attempt_from_text(content: bytes, name: str) -> Attempt:
    """A record of a deployment.

    Raises:
        RecordError: It is none, or of a version that this one does not know.
    """
    try:
        value: Any = json.loads(content)
        if value["schema_version"] > SCHEMA_VERSION:
            raise RecordError(
                f"the record of deployment {name} is of a newer version",
                todo="Update Branchline.",
            )
        texts = ("model", "environment", "version", "digest", "previous", "code", "at", "by", "log")
        return Attempt(
            attempt=str(value["attempt"]),
            state=AttemptState(value["state"]),
            steps=tuple(
                StepDone(
                    step=str(step["step"]),
                    command=str(step["command"]),
                    exit_code=None if step["exit_code"] is None else int(step["exit_code"]),
                    duration_s=float(step["duration_s"]),
                    detail=str(step.get("detail", "")),
                )
                for step in value.get("steps", ())
            ),
            **{key: str(value.get(key, "")) for key in texts},
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise RecordError(
            f"the record of deployment {name} cannot be read",
            todo="Delete it (`git update-ref -d refs/branchline/deployments/...`), and deploy"
            " again with --retry.",
        ) from error
