"""Adapter `github`: comments of pull requests; a sticky one is ours, with its hidden marker."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from branchline.adapters.github.fields import seconds, text, whole
from branchline.adapters.github.marks import clean, marked, unmarked
from branchline.errors import ForgeError, ForgeMissingError, UnknownNameError
from branchline.ports.forge import Comment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.github.repository import Repository

__all__ = ["Comments"]

_MOST_ROUNDS = 5


class Comments:
    """Comments of the pull requests of a repository."""

    def __init__(self, repository: Repository) -> None:
        self._repository, self._client = repository, repository.client

    def of(self, number: int) -> Sequence[Comment]:
        """Comments, oldest first; none where there is no such pull request."""
        return [self._comment(item) for item in self._all(number) or ()]

    def put(self, number: int, comment: Comment) -> None:
        """See the port; of a sticky comment one stays, whoever else writes at the same time."""
        mark: dict[str, str | float] = {"author": comment.author, "at": comment.at}
        if comment.marker:
            mark["marker"] = comment.marker
        else:
            # The same said again after a lost answer is found by this.
            whole_text = f"{comment.author}\0{comment.at}\0{clean(comment.body)}"
            mark["once"] = hashlib.sha256(whole_text.encode("utf-8")).hexdigest()[:24]
        name = "marker" if comment.marker else "once"
        body = marked({**mark}, comment.body)
        for _ in range(_MOST_ROUNDS):
            if self._is_put(number, body, name, mark[name]):
                return
        raise ForgeError(
            f"the comment on #{number} is deleted again and again while it is written",
            todo="Look for another workflow that deletes comments.",
        )

    def _is_put(self, number: int, body: str, name: str, value: object) -> bool:
        """One round: find or make, put the text, take away what is too much."""
        is_new = False

        def find() -> list[object] | None:
            return self._marked(number, name, value) or None

        def make() -> list[object]:
            nonlocal is_new
            path = self._repository.at("issues", str(number), "comments")
            made = self._client.send("POST", path, {"body": body})
            is_new = True
            self._repository.learned(text(made, "user", "login"))
            return [made]

        found, _ = self._client.ensured(find, make)
        if is_new:
            # Somebody may have looked at the same time as we did; the oldest stays.
            found = self._marked(number, name, value) or found
        first, *others = sorted(found, key=lambda item: whole(item, "id"))
        if text(first, "body") != body and not self._is_written(first, body):
            return False
        for other in others:
            self._delete(other)
        return True

    def _is_written(self, item: object, body: str) -> bool:
        """Replace the text; False where the comment is gone."""
        path = self._repository.at("issues", "comments", str(whole(item, "id")))
        try:
            self._client.send("PATCH", path, {"body": body})
        except ForgeMissingError:
            return False
        return True

    def _delete(self, item: object) -> None:
        path = self._repository.at("issues", "comments", str(whole(item, "id")))
        with suppress(ForgeMissingError):
            self._client.call("DELETE", path)

    def _marked(self, number: int, name: str, value: object) -> list[object]:
        """Our comments with a mark, over all pages, oldest first."""
        items = self._all(number)
        if items is None:
            raise UnknownNameError(
                f"there is no pull request #{number} in {self._repository.name}",
                todo="Give the number that stands on its page.",
            )
        return [
            item
            for item in items
            if unmarked(text(item, "body"))[0].get(name) == value and self._repository.is_ours(item)
        ]

    def _all(self, number: int) -> list[object] | None:
        path = self._repository.at("issues", str(number), "comments")
        return self._client.found_pages(path)

    def _comment(self, item: object) -> Comment:
        mark, body = unmarked(text(item, "body"))
        if mark and self._repository.is_ours(item):
            at = mark.get("at")
            return Comment(
                body=body,
                author=text(mark, "author"),
                marker=text(mark, "marker"),
                at=float(at) if isinstance(at, int | float) else seconds(item, "created_at"),
            )
        return Comment(
            body=text(item, "body"),
            author=text(item, "user", "login"),
            at=seconds(item, "created_at"),
        )
