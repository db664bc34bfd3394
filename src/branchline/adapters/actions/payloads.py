"""GitHub's webhook payloads as events of the walk. Decides nothing; believes nothing.

A payload is a stranger's: branch names, titles and inputs are whatever somebody typed. Only the
fields that the walk needs are read, each with its type checked; a field that is missing, or of
another type, reads as not known.

Source:
    GitHub Docs, "Webhook events and payloads" and "Events that trigger workflows".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from branchline.core.plain_text import plain
from branchline.core.trigger.events import MOST_REASON, Event, EventKind
from branchline.core.trigger.refnames import HEADS, TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")
_PULL_REF = re.compile(r"refs/pull/(\d{1,9})/(?:merge|head)")
_MOST_NAME = 300
_CALLED = ("branchline-drift", "drift")
_TRUE = ("true", "1", "yes")


def event_from_payload(
    name: str, payload: Mapping[str, Any], *, commit: str = "", ref: str = ""
) -> Event:
    """What a payload tells.

    Args:
        name: `push`, `pull_request`, ... as GITHUB_EVENT_NAME says.
        payload: The JSON object that GITHUB_EVENT_PATH holds.
        commit: GITHUB_SHA, the commit that the workflow runs for.
        ref: GITHUB_REF.
    """
    known: dict[str, Any] = {
        "name": _text(name),
        "ref": _text(ref),
        "tested": _hash(commit),
        "head": _hash(commit),
        "repository": _repository(payload.get("repository")),
        "default_branch": _name(_of(payload, "repository").get("default_branch")),
        "actor": _text(_of(payload, "sender").get("login")),
    }
    readers = {
        "push": _push,
        "pull_request": _pull_request,
        "merge_group": _merge_group,
        "schedule": _schedule,
        "workflow_dispatch": _workflow_dispatch,
        "repository_dispatch": _repository_dispatch,
    }
    read = readers.get(name)
    known.update(read(payload, known) if read else {"kind": EventKind.OTHER})
    return Event(**known)


def _push(payload: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    ref = _name(payload.get("ref")) or known["ref"]
    is_deleted = payload.get("deleted") is True
    # GITHUB_SHA of a push that deletes is the default branch's: not what was pushed.
    new = "" if is_deleted else _hash(payload.get("after")) or known["head"]
    if not is_deleted and ref.startswith(TAGS):
        new = known["tested"] or new  # `after` of an annotated tag is the tag, not its commit
    newest = _of(payload, "head_commit")
    listed = [newest.get(key) for key in ("added", "removed", "modified")]
    return {
        "kind": EventKind.PUSH,
        "ref": ref,
        "branch": ref.removeprefix(HEADS) if ref.startswith(HEADS) else "",
        "head": new,
        "tested": new,
        "before": _hash(payload.get("before")),
        "is_deleted": is_deleted,
        "looks_empty": bool(newest) and all(files == [] for files in listed),
        "actor": known["actor"] or _text(_of(payload, "pusher").get("name")),
    }


def _pull_request(payload: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    pull = _of(payload, "pull_request")
    head, base = _of(pull, "head"), _of(pull, "base")
    source = _repository(head.get("repo"))
    target = _repository(base.get("repo")) or known["repository"]
    # The repository of a fork that was deleted is null: it is not this one.
    fork = "" if source and source == target else source or "?"
    return {
        "kind": EventKind.PULL_REQUEST,
        "branch": _name(head.get("ref")),
        "head": _hash(head.get("sha")) or known["head"],
        "base": _hash(base.get("sha")),
        "base_branch": _name(base.get("ref")),
        "pull_request": _number(payload.get("number")) or _number(pull.get("number")),
        "fork": fork,
        "is_closed": payload.get("action") == "closed" or pull.get("state") == "closed",
    }


def _merge_group(payload: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    group = _of(payload, "merge_group")
    ref = _name(group.get("head_ref")) or known["ref"]
    return {
        "kind": EventKind.MERGE_QUEUE,
        "ref": ref,
        "branch": ref.removeprefix(HEADS),
        "head": _hash(group.get("head_sha")) or known["head"],
        "base": _hash(group.get("base_sha")),
        "base_branch": _name(group.get("base_ref")).removeprefix(HEADS),
    }


def _schedule(payload: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    cron = _text(payload.get("schedule"))
    says = cron if re.fullmatch(r"[0-9A-Za-z*/, -]{9,100}", cron) else ""
    branch = _branch_of(known)
    return {
        "kind": EventKind.SCHEDULE,
        "branch": branch,
        "default_branch": known["default_branch"] or branch,  # the only one that has schedules
        "says": says,
        "actor": "",
    }


def _workflow_dispatch(payload: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    ref = _name(payload.get("ref")) or known["ref"]
    inputs = _of(payload, "inputs")
    return {
        "kind": EventKind.PERSON,
        "ref": ref,
        "branch": ref.removeprefix(HEADS) if ref.startswith(HEADS) else "",
        "pull_request": _number(inputs.get("pr")),
        # As `branchline monitor` asks for a training.
        "says": "drift" if _text(inputs.get("reason")).startswith("drift: ") else "",
        **_asked(inputs),
    }


def _repository_dispatch(payload: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    action = _text(payload.get("action"))
    return {
        "kind": EventKind.CALL,
        "branch": _branch_of(known) or _name(payload.get("branch")),
        "says": "drift" if action in _CALLED else action or "repository_dispatch",
        **_asked(_of(payload, "client_payload")),
    }


def _asked(inputs: Mapping[str, Any]) -> dict[str, Any]:
    force = inputs.get("force")
    return {
        "force": force is True or (isinstance(force, str) and force.lower() in _TRUE),
        "reason": _text(inputs.get("reason"))[:MOST_REASON],
        "model": _text(inputs.get("model")),
    }


def _branch_of(known: Mapping[str, Any]) -> str:
    """The branch that the workflow runs on; the default one where that is not told."""
    ref = str(known["ref"])
    return ref.removeprefix(HEADS) if ref.startswith(HEADS) else str(known["default_branch"])


def pull_of_ref(ref: str) -> int | None:
    """Number of the pull request that a reference belongs to.

    >>> pull_of_ref("refs/pull/7/merge"), pull_of_ref("refs/heads/pull/7/merge")
    (7, None)
    """
    found = _PULL_REF.fullmatch(ref)
    return int(found[1]) if found else None


def _of(value: Any, key: str) -> Mapping[str, Any]:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _text(value: Any) -> str:
    """One line without control characters; "" for what is no text."""
    flat = " ".join(value[: 4 * _MOST_NAME].split()) if isinstance(value, str) else ""
    return plain(flat)[:_MOST_NAME]


def _name(value: Any) -> str:
    """A name as it is: it is compared, never interpreted; "" for what git takes for none."""
    if not isinstance(value, str) or len(value) > _MOST_NAME:
        return ""
    return "" if any(ord(char) < 33 or ord(char) == 127 for char in value) else value


def _hash(value: Any) -> str:
    is_hash = isinstance(value, str) and _HASH.fullmatch(value) and set(value) != {"0"}
    return str(value) if is_hash else ""


def _number(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[1-9]\d{0,8}", value):
        return int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return int(value) if is_number and 0 < value < 1_000_000_000 else None


def _repository(value: Any) -> str:
    name = value.get("full_name") if isinstance(value, dict) else None
    return name if isinstance(name, str) and _REPOSITORY.fullmatch(name) else ""
