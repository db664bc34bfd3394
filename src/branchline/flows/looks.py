"""Looks in the records: those that were made, one more, and no more than are needed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from branchline.core.values import SCHEMA_VERSION, digest_of
from branchline.core.verdict.health_json import MOST_BYTES, look_from_json, look_to_json

if TYPE_CHECKING:
    from branchline.core.verdict.health import Look
    from branchline.ports.records import Records

MOST_LOOKS = 200
"""Looks of a model that are kept: 50 days of one every six hours."""
_ASKED = "training"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTraining:
    """That a look asked for a training.

    Attributes:
        model: Its name. at: When, UTC, ISO 8601. commit: Of the branch that was to be trained.
        is_done: Whether it was started, and not only going to be.
    """

    model: str
    at: str
    commit: str
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What is recorded of one model, oldest first."""

    looks: tuple[Look, ...] = ()
    trainings: tuple[AskedTraining, ...] = ()


def folder_of(model: str) -> str:
    """Where the looks of a model stand: its name as one word of a reference."""
    word = model.replace("/", ".")
    return word if ".." not in word else digest_of(model)[:16]


def looks_of(records: Records, model: str) -> Looks:
    """What is recorded of a model; what cannot be read is left out."""
    looks: list[Look] = []
    trainings: list[AskedTraining] = []
    for content in records.looks(folder_of(model)).values():
        try:
            fields = json.loads(content) if len(content) <= MOST_BYTES else None
            if isinstance(fields, dict) and fields.get("kind") == _ASKED:
                trainings.append(_training(fields))
            else:
                looks.append(look_from_json(fields))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return Looks(
        looks=tuple(sorted((o for o in looks if o.seen.model == model), key=lambda o: o.seen.at)),
        trainings=tuple(sorted((t for t in trainings if t.model == model), key=lambda t: t.at)),
    )


def same_look(looks: Looks, look: Look) -> Look | None:
    """The newest look, where it saw the very same; None where this one is new."""
    last = looks.looks[-1] if looks.looks else None
    return last if last is not None and last.seen.identity == look.seen.identity else None


def keep_look(records: Records, look: Look) -> tuple[str, ...]:
    """Record a look, and forget the oldest where there are many.

    Returns:
        Places that were forgotten here, and may be forgotten elsewhere.
    """
    folder, seen = folder_of(look.seen.model), look.seen
    text = json.dumps(look_to_json(look), ensure_ascii=False, sort_keys=True)
    records.add_look(f"{folder}/{_compact(seen.at)}-{seen.identity[:12]}", text.encode())
    places = sorted(records.looks(folder))
    old = tuple(places[:-MOST_LOOKS])
    if old:
        records.drop_looks(old)
    return old


def note_training(records: Records, asked: AskedTraining) -> None:
    """Record that a training is asked for: before it is, and again once it was."""
    end = "done" if asked.is_done else "asked"
    fields = {
        "schema_version": SCHEMA_VERSION,
        "kind": _ASKED,
        "model": asked.model,
        "at": asked.at,
        "commit": asked.commit,
        "is_done": asked.is_done,
    }
    place = f"{folder_of(asked.model)}/{_compact(asked.at)}-{end}"
    records.add_look(place, json.dumps(fields, sort_keys=True).encode())


def _training(fields: dict[str, object]) -> AskedTraining:
    at, commit = fields["at"], fields["commit"]
    if not (isinstance(at, str) and isinstance(commit, str)):
        raise TypeError("no record of a training that was asked for")
    datetime.fromisoformat(at)
    return AskedTraining(
        model=str(fields["model"]), at=at, commit=commit, is_done=fields.get("is_done") is True
    )


def _compact(at: str) -> str:
    moment = datetime.fromisoformat(at).astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z"
