"""Adapter `sql`: rows of the tables as values, and back."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from branchline.core.run.jobs import JobState, NewJob, QueuedJob
from branchline.core.run.values import Need
from branchline.errors import LedgerError
from branchline.ports.forge import NewPull

if TYPE_CHECKING:
    from branchline.adapters.sql.dialect import Row

LARGEST = 2**63 - 1
"""No number of a row is larger; SQLite would refuse to be asked for it."""

JOB = (
    "job, asked, state, key, leader, worker, lease_until, attempt, cancel, station, run, outcome,"
    " detail, queued_at, started_at, ended_at"
)
"""Columns that make a `QueuedJob`."""

_NEED = frozenset(field.name for field in fields(Need))
_NEW_JOB = frozenset(field.name for field in fields(NewJob))
_NEW_PULL = frozenset(field.name for field in fields(NewPull))


@lru_cache(maxsize=4096)
def job_of(row: Row) -> QueuedJob:
    """A row of `JOB`.

    Remembered: a worker reads what waits again for every job that it takes.

    Raises:
        LedgerError: It cannot be read.
    """
    try:
        asked, state = new_job(row[1]), JobState(row[2])
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(f"job {row[0]}", error) from error
    return QueuedJob(
        job=row[0],
        asked=asked,
        state=state,
        key=row[3],
        leader=row[4],
        worker=row[5],
        lease_until=row[6],
        attempt=row[7],
        cancel=row[8],
        station=row[9],
        run=row[10],
        outcome=row[11],
        detail=row[12],
        queued_at=row[13],
        started_at=row[14],
        ended_at=row[15],
    )


def new_job(text: str) -> NewJob:
    """What was asked, from JSON; fields of a newer version are left out.

    Raises:
        ValueError, TypeError, KeyError: It cannot be read.
    """
    document = _known(_NEW_JOB, json.loads(text))
    need = document.get("need")
    if need is not None:
        document["need"] = Need(**_known(_NEED, need))
    return NewJob(**document)


def new_pull(text: str) -> NewPull:
    """What a pull request is about, from JSON; fields of a newer version are left out.

    Raises:
        ValueError, TypeError, KeyError: It cannot be read.
    """
    document = _known(_NEW_PULL, json.loads(text))
    return NewPull(**{**document, "labels": tuple(document.get("labels", ()))})


def text_of(value: object) -> str:
    """A dataclass as JSON; what is as the class says by itself is left out."""
    document = {}
    for field in fields(value):  # type: ignore[arg-type] # a dataclass, as the callers' types say
        held = getattr(value, field.name)
        if held != field.default:
            document[field.name] = held
    return json.dumps(document, separators=(",", ":"), default=_document)


def _document(value: object) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}  # type: ignore[arg-type] # Need


def _known(names: frozenset[str], document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise TypeError(f"{type(document).__name__} is no object")
    return {name: value for name, value in document.items() if name in names}


def _damaged(what: str, error: Exception) -> LedgerError:
    return LedgerError(
        f"{what} of the queue cannot be read: {error}",
        todo="A newer Branchline wrote it, or the database is damaged: upgrade, or set it aside.",
    )
