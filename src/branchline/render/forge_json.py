"""What the commands of those who come from CML print with `--json`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.values import SCHEMA_VERSION

if TYPE_CHECKING:
    from branchline.core.values import JsonValue


def comment_to_json(*, number: int | None, title: str, url: str) -> dict[str, JsonValue]:
    """Where a comment stands; without a number it went into the summary of the job."""
    return {"schema_version": SCHEMA_VERSION, "number": number, "title": title, "url": url}


def check_to_json(*, commit: str, title: str, state: str) -> dict[str, JsonValue]:
    """What a check says of a commit."""
    return {"schema_version": SCHEMA_VERSION, "commit": commit, "title": title, "state": state}


def asset_to_json(*, url: str, text: str) -> dict[str, JsonValue]:
    """Where a file is kept, and what is to be written for it."""
    return {"schema_version": SCHEMA_VERSION, "url": url, "text": text}


def opened_to_json(*, number: int, url: str, head: str, is_new: bool) -> dict[str, JsonValue]:
    """A pull request on GitHub."""
    return {
        "schema_version": SCHEMA_VERSION,
        "number": number,
        "url": url,
        "head": head,
        "is_new": is_new,
    }
