"""Adapter `github`: a refusal of GitHub's as our error, with the permission that was missing.

Pure: a request and its reply in, an error out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.adapters.github.fields import listed, text
from branchline.errors import ForgeError, ForgeMissingError, ForgePermissionError, ForgeTokenError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["permission_of", "refusal"]

_WRITES = ("POST", "PUT", "PATCH", "DELETE")
# The first that fits what stands behind the repository; names as in a workflow's `permissions:`.
_PERMISSIONS = (
    (r"/statuses/|/commits/[^/]+/status(es)?$", "statuses"),
    (r"/check-(runs|suites)|/commits/[^/]+/check-(runs|suites)$", "checks"),
    (r"/environments/[^/]+/secrets", "environments"),
    (r"/environments", "actions"),
    (r"/deployments", "deployments"),
    (r"/pulls", "pull-requests"),
    (r"/issues/comments|/issues/\d+/(comments|labels)", "pull-requests"),
    (r"/issues|/labels", "issues"),
    (r"/actions/(permissions|runners)|/branches/.+/protection", "administration"),
    (r"/actions/(organization-)?secrets", "secrets"),
    (r"/actions/(organization-)?variables", "variables"),
    (r"/actions/", "actions"),
)
# What no workflow's token can be given.
_FOR_PERSONS = ("administration", "environments", "secrets", "variables")
_SETTING = "Settings > Actions > General > Allow GitHub Actions to create and approve pull requests"


def permission_of(method: str, path: str) -> tuple[str, str]:
    """The permission that a request needs, and at which level.

    >>> permission_of("POST", "/repos/o/r/issues/3/comments"), permission_of("GET", "/repos/o/r")
    (('pull-requests', 'write'), ('contents', 'read'))
    """
    level = "write" if method in _WRITES else "read"
    rest = re.sub(r"^/repos/[^/]+/[^/]+", "", path)
    for pattern, name in _PERMISSIONS:
        if re.match(pattern, rest):
            return name, level
    return "contents", level


def refusal(
    method: str, path: str, status: int, headers: Mapping[str, str], body: object
) -> ForgeError:
    """The error for an answer of 400 and above.

    Args:
        method: Of the request.
        path: Of the request, without a query.
        status: Of the answer.
        headers: Of the answer, names in lower case.
        body: Its JSON.
    """
    said = _said(body)
    asked = f"GitHub answered {status} to {method} {path}"
    if status == 401:
        return ForgeTokenError(
            f"{asked}: {said or 'Bad credentials'}",
            todo="Give a token that is valid: one that ran out, was revoked or belongs to another"
            " server is refused like this.",
        )
    if status == 403:
        return _forbidden(method, path, said, headers)
    if status in (404, 410):
        return ForgeMissingError(
            f"{asked}: it is not there, or the token may not see it",
            todo="Check the name; a private repository needs a token with access to it.",
        )
    return ForgeError(f"{asked}: {said or 'no reason given'}", details=_errors_of(body))


def _forbidden(method: str, path: str, said: str, headers: Mapping[str, str]) -> ForgeError:
    asked = f"GitHub refuses {method} {path}: {said or 'Forbidden'}"
    lower = said.lower()
    if "not permitted to create or approve pull requests" in lower:
        return ForgePermissionError(
            asked,
            todo=f"Switch on {_SETTING}; or give a token of a GitHub App.",
        )
    sso = re.search(r"url=(https://\S+)", headers.get("x-github-sso", ""))
    if sso or "saml" in lower:
        where = f": {sso[1]}" if sso else " on the page of your tokens"
        return ForgePermissionError(
            asked, todo=f"Authorise the token for the organisation's single sign-on{where}."
        )
    if "archived" in lower:
        return ForgePermissionError(asked, todo="The repository is archived: unarchive it first.")
    if "ip allow list" in lower:
        return ForgePermissionError(
            asked, todo="This machine's address is not on the IP allow list."
        )
    name, level = permission_of(method, path)
    if name in _FOR_PERSONS or "personal access token" in lower or "admin rights" in lower:
        shown = name.replace("-", " ").capitalize()
        access = "Read and write" if level == "write" else "Read-only"
        return ForgePermissionError(
            asked,
            todo=f"It takes a token with the repository permission `{shown}: {access}`"
            + (", which no workflow's own token has." if name in _FOR_PERSONS else "."),
        )
    return ForgePermissionError(
        f"{asked}. The token lacks the permission `{name}: {level}`",
        todo="Add the permission to the job (a run for a pull request from a fork never gets it):",
        details=("permissions:", f"  {name}: {level}", *_accepted(headers)),
    )


def _accepted(headers: Mapping[str, str]) -> tuple[str, ...]:
    """What GitHub itself says that it wants, as one line."""
    wanted = headers.get("x-accepted-github-permissions", "")
    is_plain = re.fullmatch(r"[a-z_=;, ]{1,200}", wanted)
    return (f"GitHub accepts: {wanted}",) if is_plain else ()


def _said(body: object) -> str:
    return " ".join(text(body, "message").split())[:300]


def _errors_of(body: object) -> tuple[str, ...]:
    found = []
    for item in listed(body, "errors")[:10]:
        parts = [text(item, name) for name in ("resource", "field", "code", "message")]
        said = item if isinstance(item, str) else " ".join(part for part in parts if part)
        found.append(" ".join(said.split())[:300])
    return tuple(line for line in found if line)
