"""Adapter `github`: port `assets`, on a branch of the same repository that shares no history.

Each file is named by its content, so it is kept once, and an address never shows something else.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from branchline.adapters.github.client import quoted
from branchline.adapters.github.fields import text
from branchline.errors import ForgeError, ForgeMissingError, ForgeUnreachableError
from branchline.ports.assets import Assets

if TYPE_CHECKING:
    from branchline.adapters.github.repository import Repository
    from branchline.core.values import JsonValue

__all__ = ["BRANCH", "GitHubAssets"]

BRANCH = "branchline-assets"
_LARGEST = 20 * 1024 * 1024
_MOST_NAME = 80
_MOST_RACES = 10


class GitHubAssets(Assets):
    """Files on the branch `branchline-assets`; it is made when the first is kept.

    Args:
        repository: Where; the token needs `contents: write`.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository, self._client = repository, repository.client

    def put(self, name: str, content: bytes) -> str:
        """See the port."""
        if len(content) > _LARGEST:
            raise ForgeError(
                f"the asset {name[:100]!r} has {len(content)} bytes, at most {_LARGEST} are kept",
                todo="Make the picture smaller, or keep the file as an artifact of the run.",
            )
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[-_MOST_NAME:] or "asset"
        path = f"{hashlib.sha256(content).hexdigest()[:16]}/{plain}"
        blob = ""
        for _ in range(_MOST_RACES):
            head = self._head()
            if head and self._holds(path):
                return self._address(path)
            blob = blob or self._blob(content)
            if self._is_put(head, path, blob):
                return self._address(path)
        raise ForgeUnreachableError(
            f"the branch {BRANCH} of {self._repository.name} moves faster than we can write to it",
            todo="Run the same command again.",
        )

    def _address(self, path: str) -> str:
        return f"{self._repository.page}/blob/{BRANCH}/{quoted(*path.split('/'))}?raw=true"

    def _head(self) -> str:
        """The commit of the branch, "" without one."""
        path = self._repository.at("git", "ref", "heads", BRANCH)
        return text(self._client.find(path), "object", "sha")

    def _holds(self, path: str) -> bool:
        where = self._repository.at("contents", *path.split("/"))
        return self._client.find(where, ref=BRANCH) is not None

    def _blob(self, content: bytes) -> str:
        body: dict[str, JsonValue] = {
            "content": base64.b64encode(content).decode("ascii"),
            "encoding": "base64",
        }
        return self._made("git/blobs", body)

    def _is_put(self, head: str, path: str, blob: str) -> bool:
        """Put a file on top of a head; False where the branch moved meanwhile."""
        entry: dict[str, JsonValue] = {
            "path": path, "mode": "100644", "type": "blob", "sha": blob,
        }  # fmt: skip
        tree: dict[str, JsonValue] = {"tree": [entry]}
        if head:
            commit = self._client.get(self._repository.at("git", "commits", head))
            tree["base_tree"] = text(commit, "tree", "sha")
        made = self._made(
            "git/commits",
            {
                "message": f"Keep {path.partition('/')[2]}",
                "tree": self._made("git/trees", tree),
                "parents": [head] if head else [],
            },
        )
        try:
            if head:
                where = self._repository.at("git", "refs", "heads", BRANCH)
                self._client.send("PATCH", where, {"sha": made, "force": False})
            else:
                ref = f"refs/heads/{BRANCH}"
                self._client.send(
                    "POST", self._repository.at("git", "refs"), {"ref": ref, "sha": made}
                )
        except ForgeUnreachableError:
            # The answer is lost: the next round looks whether it was done.
            return False
        except ForgeMissingError:
            raise
        except ForgeError as error:
            if "answered 422" in error.message or "answered 409" in error.message:
                return False
            raise
        return True

    def _made(self, kind: str, body: dict[str, JsonValue]) -> str:
        """Git objects are named by content: making one twice is making it once."""
        path = self._repository.at(*kind.split("/"))
        return text(self._client.send("POST", path, body, is_repeatable=True), "sha")
