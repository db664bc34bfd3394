"""Adapter `github`: one repository seen with one token, and who the token's bearer is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.adapters.github.client import quoted
from branchline.adapters.github.fields import text
from branchline.errors import ForgeError, ForgeTokenError, UsageError

if TYPE_CHECKING:
    from branchline.adapters.github.client import Client

__all__ = ["Repository"]

ACTIONS_LOGIN = "github-actions[bot]"
"""Who a workflow's own token writes as."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*)/[A-Za-z0-9._-]+")


class Repository:
    """A repository on a GitHub.

    Args:
        client: Who made it closes it.
        name: `OWNER/NAME`.
        web: Address of the pages, `https://github.com`.
        login: Who the token writes as; "" asks GitHub. A GitHub App's token needs it
            (`NAME-OF-THE-APP[bot]`): GitHub tells it to no token of an App.

    Raises:
        UsageError: The name is none.
    """

    def __init__(self, client: Client, name: str, *, web: str, login: str = "") -> None:
        if not _NAME.fullmatch(name) or name.endswith(("/.", "/..")):
            raise UsageError(
                f"the repository on GitHub is {name[:200]!r}, must be OWNER/NAME",
                todo="Give it as in the address of its page, without .git.",
            )
        self.client, self.name = client, name
        self.owner = name.partition("/")[0]
        self.page = f"{web.rstrip('/')}/{name}"
        self.path = f"/repos/{name}"
        self._login = login

    def at(self, *segments: str) -> str:
        """A path below the repository's, from segments that are not quoted."""
        return f"{self.path}/{quoted(*segments)}"

    @property
    def login(self) -> str:
        """Who we write as."""
        if not self._login:
            self._login = self._asked()
        return self._login

    def learned(self, login: str) -> None:
        """Note whom GitHub shows as the writer of what we wrote just now."""
        self._login = login or self._login

    def is_ours(self, written: object) -> bool:
        """Whether an issue, pull request or comment was written by us, as GitHub says."""
        return text(written, "user", "login").lower() == self.login.lower()

    def _asked(self) -> str:
        try:
            return text(self.client.get("/user"), "login") or ACTIONS_LOGIN
        except ForgeTokenError:
            raise
        except ForgeError:
            pass
        # A token of an App may not ask that; GraphQL tells it its own name.
        try:
            body = {"query": "query { viewer { login } }"}
            answer = self.client.graphql(body)
        except ForgeError:
            return ACTIONS_LOGIN
        return text(answer, "data", "viewer", "login") or ACTIONS_LOGIN
