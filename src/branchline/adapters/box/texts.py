"""Adapter `box`: box.json and the files of the spool, from text and to text."""

from __future__ import annotations

import json
import re
from typing import Any

from branchline.errors import BoxError
from branchline.ports.box import BoxSettings, PushedRef, PushEvent

SCHEMA_VERSION = 1
_HASH = re.compile(r"(?:[0-9a-f]{40}(?:[0-9a-f]{24})?)?")
_TRANSPORTS = ("path", "ssh", "http")


def settings_text(settings: BoxSettings) -> str:
    """box.json."""
    value = {
        "schema_version": SCHEMA_VERSION,
        "name": settings.name,
        "python": settings.python,
        "python_path": settings.python_path,
        "default_branch": settings.default_branch,
        "ledger": settings.ledger,
        "ref_characters": settings.ref_characters,
        "most_bytes": settings.most_bytes,
        "user": settings.user,
        "environment": dict(settings.environment),
        **settings.more,
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def settings_of(text: str, file: str) -> BoxSettings:
    """What box.json says; keys that are not ours are kept as they are.

    Raises:
        BoxError: It cannot be used.
    """
    todo = "Write it again: branchline remote add NAME PATH"
    try:
        value: Any = json.loads(text)
    except ValueError as error:
        raise BoxError(f"{file} is no JSON: {error}", todo=todo) from error
    if not isinstance(value, dict) or value.get("schema_version") != SCHEMA_VERSION:
        version = value.get("schema_version") if isinstance(value, dict) else None
        raise BoxError(
            f"{file} has schema_version {version!r}, this Branchline reads {SCHEMA_VERSION}",
            todo="Use the Branchline that made the box, or make it again.",
        )
    texts = {
        key: value.get(key, default)
        for key, default in (
            ("name", "box"),
            ("python", ""),
            ("python_path", ""),
            ("default_branch", "main"),
            ("ledger", ""),
            ("ref_characters", ""),
            ("user", ""),
        )
    }
    for key, item in texts.items():
        if not isinstance(item, str):
            raise BoxError(f"{file}: {key} is {item!r}, must be text", todo=todo)
    if not texts["python"].startswith("/"):
        raise BoxError(
            f"{file}: python is {texts['python']!r}, must be an absolute path", todo=todo
        )
    most, environment = value.get("most_bytes", 0), value.get("environment", {})
    if not isinstance(most, int) or most < 0:
        raise BoxError(f"{file}: most_bytes is {most!r}, must be a number of bytes", todo=todo)
    if not isinstance(environment, dict) or not all(
        isinstance(item, str) for pair in environment.items() for item in pair
    ):
        raise BoxError(f"{file}: environment must map names to texts", todo=todo)
    known = {*texts, "schema_version", "most_bytes", "environment"}
    more = {key: item for key, item in value.items() if key not in known}
    return BoxSettings(**texts, most_bytes=most, environment=environment, more=more)


def event_of(data: bytes, name: str) -> PushEvent:
    """One file of the spool.

    Args:
        data: Its bytes; what is no UTF-8 is replaced.
        name: Its name without `.json`, which must be what it says of itself.

    Raises:
        ValueError: No hook of ours wrote it.
    """
    value: Any = json.loads(data.decode("utf-8", "replace"))
    if not isinstance(value, dict) or value.get("schema_version") != SCHEMA_VERSION:
        raise ValueError("another schema")
    if value.get("event") != name or value.get("transport") not in _TRANSPORTS:
        raise ValueError("another name")
    at, pusher, options = value.get("at"), value.get("pusher"), value.get("options")
    if not isinstance(at, int | float) or not isinstance(pusher, str):
        raise ValueError("no time or pusher")  # noqa: TRY004 # foreign data, not a wrong type of ours
    if not isinstance(options, list) or not all(isinstance(item, str) for item in options):
        raise ValueError("no options")
    updates = value.get("updates")
    if not isinstance(updates, list) or not updates:
        raise ValueError("no updates")
    return PushEvent(
        event=name,
        at=float(at),
        pusher=pusher,
        transport=value["transport"],
        updates=tuple(_update_of(item) for item in updates),
        options=tuple(options),
    )


def _update_of(value: Any) -> PushedRef:  # foreign data
    if not isinstance(value, dict):
        raise ValueError("an update is no object")  # noqa: TRY004 # foreign data
    ref, old, new = value.get("ref"), value.get("old"), value.get("new")
    if not (isinstance(ref, str) and isinstance(old, str) and isinstance(new, str)):
        raise ValueError("an update lacks a text")  # noqa: TRY004 # foreign data
    if not ref.startswith("refs/") or not _HASH.fullmatch(old) or not _HASH.fullmatch(new):
        raise ValueError("an update is none")
    return PushedRef(ref=ref, old=old, new=new)
