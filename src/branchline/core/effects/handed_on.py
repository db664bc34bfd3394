"""What a job that walked hands to the job that applies: plain values, read as a stranger's.

The job that walked has run code of a branch, so nothing here is believed: it only names runs, whose
records are handed on beside it, and what the search of a branch found. Texts have longest sizes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.effects.effects_json import effect_from_json, effect_to_json
from branchline.core.effects.values import OpenPullRequest
from branchline.core.plain_text import plain
from branchline.core.policy import Do
from branchline.core.values import SCHEMA_VERSION
from branchline.errors import BranchlineError, CiError

if TYPE_CHECKING:
    from branchline.core.values import JsonValue

RESULTS_FILE = "results.json"
RECORDS_FILE = "records.bundle"
MOST_RESULTS_BYTES = 4_000_000
MOST_RECORDS_BYTES = 200_000_000
MOST_MODELS = 50

_HASH = re.compile(r"(?:[0-9a-f]{40}(?:[0-9a-f]{24})?)?")
_RUN = re.compile(r"(?:[0-9A-Za-z_][0-9A-Za-z._-]{0,99})?")
_MOST_NAME = 300
_MOST_TEXT = 2_000
_MOST_NOTES = 50


class HandedState(Enum):
    """How the walk of one model ended.

    Attributes:
        WALKED: It has a record, with a verdict where there is a gate.
        SEARCHED: It searched; what was found may ask for a pull request.
        FAILED: A stage or the settings failed. CANCELLED: It was stopped.
        UNFINISHED: A search, or a training in parts, that goes on in another job.
        SKIPPED: The rules ask for nothing, or everything is known. WITHHELD: Not from a fork.
    """

    WALKED = "walked"
    SEARCHED = "searched"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNFINISHED = "unfinished"
    SKIPPED = "skipped"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedModel:
    """How the walk of one model ended.

    Attributes:
        model: Its name. do: What was asked. state: How it ended. run: Id of its record; "" = none.
        detail: A sentence. opens: The pull request that a search asks for.
    """

    model: str
    do: Do
    state: HandedState
    run: str = ""
    detail: str = ""
    opens: OpenPullRequest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOn:
    """What one job leaves.

    Attributes:
        head: Commit that people see. tested: Commit that was checked out.
        models: How each ended. notes: What was lost, a sentence each.
    """

    head: str
    tested: str
    models: tuple[HandedModel, ...]
    notes: tuple[str, ...] = ()


def handed_to_text(handed: HandedOn) -> str:
    """As the text of `results.json`."""
    models: list[JsonValue] = [
        {
            "model": one.model,
            "do": one.do.value,
            "state": one.state.value,
            "run": one.run,
            "detail": one.detail,
            "opens": effect_to_json(one.opens) if one.opens else None,
        }
        for one in handed.models
    ]
    document = {
        "schema_version": SCHEMA_VERSION,
        "head": handed.head,
        "tested": handed.tested,
        "models": models,
        "notes": list(handed.notes),
    }
    return json.dumps(document, indent=1) + "\n"


def handed_from_text(text: bytes) -> HandedOn:
    """What a `results.json` says.

    Raises:
        CiError: It is none of this version; names the field.
    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise CiError(f"{RESULTS_FILE} is no JSON") from None
    if not isinstance(fields, dict) or fields.get("schema_version") != SCHEMA_VERSION:
        raise CiError(
            f"{RESULTS_FILE} is not of version {SCHEMA_VERSION}",
            todo="Let both jobs install the same version of Branchline.",
        )
    models = fields.get("models")
    if not isinstance(models, list) or len(models) > MOST_MODELS:
        raise CiError(f"`models` of {RESULTS_FILE} is no list of at most {MOST_MODELS}")
    notes = fields.get("notes")
    return HandedOn(
        head=_matched(fields, "head", _HASH),
        tested=_matched(fields, "tested", _HASH),
        models=tuple(map(_model, models)),
        notes=tuple(
            _line(note) for note in (notes if isinstance(notes, list) else [])[:_MOST_NOTES]
        ),
    )


def _model(value: object) -> HandedModel:
    if not isinstance(value, dict):
        raise CiError(f"an entry of `models` of {RESULTS_FILE} is no object")
    opens = value.get("opens")
    try:
        effect = None if opens is None else effect_from_json(opens)
        do, state = Do(value.get("do")), HandedState(value.get("state"))
    except (BranchlineError, ValueError, TypeError) as error:
        raise CiError(f"an entry of `models` of {RESULTS_FILE} is unusable: {error}") from None
    if effect is not None and not isinstance(effect, OpenPullRequest):
        raise CiError(f"`opens` of {RESULTS_FILE} is no pull request")
    model = value.get("model")
    if not isinstance(model, str) or model != plain(model) or len(model) > _MOST_NAME:
        raise CiError(f"`model` of {RESULTS_FILE} is no name")
    return HandedModel(
        model=model,
        do=do,
        state=state,
        run=_matched(value, "run", _RUN),
        detail=_line(value.get("detail")),
        opens=effect,
    )


def _matched(fields: dict[str, object], name: str, pattern: re.Pattern[str]) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise CiError(f"`{name}` of {RESULTS_FILE} is unusable")
    return value


def _line(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return plain(" ".join(text[: 2 * _MOST_TEXT].split()))[:_MOST_TEXT]
