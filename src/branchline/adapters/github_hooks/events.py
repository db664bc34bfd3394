"""GitHub's events that a box listens to, each as the fields of a `Hook`. Decides nothing.

Source:
    https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from branchline.core.trigger.hook import HookKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HEADS = "refs/heads/"
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:\[bot\])?")
_CHANGED = ("opened", "reopened", "synchronize", "ready_for_review", "converted_to_draft", "edited")
_LONGEST_BODY = 20_000
_LONGEST_NAME = 300


def read_push(payload: Mapping[str, Any]) -> dict[str, Any]:
    """`push`: a branch moved, or a tag, which is not followed."""
    ref = _text(payload["ref"])
    before, after = _commit(payload["before"]), _commit(payload["after"])
    if not ref.startswith(_HEADS):
        return _nothing("tags are not followed: the registry of a box is its own")
    return {
        "kind": HookKind.MOVED,
        "branch": ref.removeprefix(_HEADS),
        "before": before,
        "is_deleted": payload["deleted"] is True or not after,
        "by": _sender(payload),
    }


def read_pull_request(payload: Mapping[str, Any]) -> dict[str, Any]:
    """`pull_request`: of a branch of the same repository, or of a fork."""
    action, pull = _text(payload["action"]), payload["pull_request"]
    head, base = pull["head"], pull["base"]
    if action not in (*_CHANGED, "closed"):
        return _nothing(f"`{_plain(action)}` changes nothing that is trained")
    is_own = bool(head["repo"]) and head["repo"]["id"] == base["repo"]["id"]
    is_open = _text(pull["state"]) == "open"
    is_merged = pull.get("merged") is True
    state = "open" if is_open else "merged" if is_merged else "closed"
    return {
        "kind": HookKind.PULL,
        "branch": _text(head["ref"]),
        "fork": "" if is_own else _fork(head["repo"]),
        "base": _text(base["ref"]),
        "number": _number(pull["number"]),
        "title": _text(pull["title"]),
        "body": (pull.get("body") or "")[:_LONGEST_BODY],
        "is_draft": pull.get("draft") is True,
        "state": state,
        "merged_as": _commit(pull.get("merge_commit_sha") or "") if is_merged else "",
        "commit": _commit(head["sha"]),
        "by": _sender(payload),
    }


def read_check_run(payload: Mapping[str, Any]) -> dict[str, Any]:
    """`check_run`: somebody pressed "Re-run"; all else is what somebody reports."""
    return _again(payload, payload["check_run"], _text(payload["check_run"]["name"]))


def read_check_suite(payload: Mapping[str, Any]) -> dict[str, Any]:
    """`check_suite`: somebody pressed "Re-run all checks"."""
    return _again(payload, payload["check_suite"], "")


def _again(payload: Mapping[str, Any], about: Mapping[str, Any], check: str) -> dict[str, Any]:
    action, commit = _text(payload["action"]), _commit(about["head_sha"])
    if action != "rerequested":
        return _nothing(f"`{_plain(action)}` asks for nothing: pushes say what is to be trained")
    return {"kind": HookKind.AGAIN, "commit": commit, "check": check, "by": _sender(payload)}


READERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "push": read_push,
    "pull_request": read_pull_request,
    "check_run": read_check_run,
    "check_suite": read_check_suite,
}
"""What reads an event, by GitHub's name of it; any other asks for nothing."""


def _nothing(reason: str) -> dict[str, Any]:
    return {"kind": HookKind.NOTHING, "reason": reason}


def _fork(repository: Any) -> str:
    """The name of a fork; "?" where it is gone, or no name of GitHub's."""
    name = repository.get("full_name") if repository else ""
    is_name = isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", name)
    return name if is_name and len(name) <= _LONGEST_NAME else "?"


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_NAME * 4:
        raise ValueError("no text")
    return value


def _plain(word: str) -> str:
    return re.sub(r"[^a-z_]", "?", word[:40])


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**53:
        raise ValueError("no number")
    return value


def _commit(value: object) -> str:
    """A commit; "" for the one that means none."""
    text = _text(value)
    if text and not _COMMIT.fullmatch(text):
        raise ValueError("no commit")
    return text if text.strip("0") else ""


def _sender(payload: Mapping[str, Any]) -> str:
    """Who did it; "" where that is no name of GitHub's."""
    sender = payload.get("sender")
    login = sender.get("login") if isinstance(sender, dict) else None
    return login if isinstance(login, str) and _LOGIN.fullmatch(login) else ""
