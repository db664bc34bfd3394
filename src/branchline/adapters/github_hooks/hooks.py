"""Serves the port `hooks`: GitHub's webhooks, and GitHub Enterprise's. Decides nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from branchline.adapters.github_hooks.events import READERS
from branchline.core.trigger.hook import Hook, HookKind
from branchline.errors import HookError
from branchline.ports.hooks import Hooks

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVENT = re.compile(r"[a-z0-9_]{1,60}")
_DELIVERY = re.compile(r"[0-9A-Za-z-]{1,80}")
_FORM = "application/x-www-form-urlencoded"


class GithubHooks(Hooks):
    """Webhooks of GitHub.

    Args:
        secret: What the hook's settings on GitHub hold as its secret.

    Raises:
        ValueError: It is empty.
    """

    def __init__(self, secret: bytes) -> None:
        if not secret:
            raise ValueError("a webhook needs a secret")
        self._secret = secret

    def is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """See the port. SHA-256 only: the older header with SHA-1 is not looked at."""
        made = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        given = headers.get("x-hub-signature-256", "")
        return hmac.compare_digest(made.encode("ascii"), given.encode("utf-8", "replace"))

    def read(self, headers: Mapping[str, str], body: bytes) -> Hook:
        """See the port."""
        event = headers.get("x-github-event", "")
        delivery = headers.get("x-github-delivery", "")
        if not _EVENT.fullmatch(event) or not _DELIVERY.fullmatch(delivery):
            raise HookError(
                "the headers X-GitHub-Event and X-GitHub-Delivery do not name an event of GitHub",
                todo="Let GitHub send it.",
            )
        payload = _payload(headers.get("content-type", ""), body)
        known: dict[str, Any] = {
            "delivery": delivery,
            "digest": hashlib.sha256(body).hexdigest(),
            "repository": _repository(payload),
        }
        reader = READERS.get(event)
        if reader is None:
            said = f"`{event}` asks for nothing here"
            return Hook(kind=HookKind.NOTHING, reason=said, **known)
        try:
            told = reader(payload)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise HookError(f"this is no `{event}` of GitHub: {_missing(error)}") from error
        return Hook(**known, **told)


def _payload(content_type: str, body: bytes) -> Any:
    """The message as JSON; both ways in which GitHub sends it."""
    try:
        if content_type.partition(";")[0].strip().lower() == _FORM:
            (text,) = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=4)[
                "payload"
            ]
            payload = json.loads(text)
        else:
            payload = json.loads(body)
    except (ValueError, KeyError, RecursionError):
        raise HookError("the body is no JSON", todo="Let GitHub send it.") from None
    if not isinstance(payload, dict):
        raise HookError("the body is no JSON object", todo="Let GitHub send it.")
    return payload


def _repository(payload: Mapping[str, Any]) -> str:
    repository = payload.get("repository")
    name = repository.get("full_name") if isinstance(repository, dict) else None
    return name if isinstance(name, str) else ""


def _missing(error: Exception) -> str:
    """What is wrong with a message, in words that hold nothing of it."""
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
        return f"`{error.args[0]}` is missing"
    return "a value is not what GitHub's description says"
