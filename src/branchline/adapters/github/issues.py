"""Adapter `github`: port `issues`. The issue of an alarm is ours, with its hidden mark."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from branchline.adapters.github.comments import Comments
from branchline.adapters.github.fields import text, whole
from branchline.adapters.github.marks import clean_line, marked, unmarked
from branchline.errors import ForgePermissionError
from branchline.ports.forge import Comment
from branchline.ports.issues import Issue, Issues, NewIssue

if TYPE_CHECKING:
    from branchline.adapters.github.repository import Repository

__all__ = ["GitHubIssues"]

_MOST_TITLE = 256
# Their clock and that of the job that looked may differ by so much.
_SLACK_S = 3600.0
_MARK = "alarm"
_OVER = "over"


class GitHubIssues(Issues):
    """Issues of one repository.

    Args:
        repository: Where.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository, self._client = repository, repository.client
        self._comments = Comments(repository)

    def ensure_open(self, issue: NewIssue) -> tuple[Issue, bool]:
        """See the port; of two that were made at once the older one stays open."""
        title = clean_line(issue.title, most=_MOST_TITLE)
        body = marked({_MARK: issue.key}, issue.body)
        is_new = False

        def find() -> list[object] | None:
            return self._marked(issue.key, issue.began) or None

        def make() -> list[object]:
            nonlocal is_new
            made = self._client.send(
                "POST", self._repository.at("issues"), {"title": title, "body": body}
            )
            is_new = True
            self._repository.learned(text(made, "user", "login"))
            return [made]

        found, was_made = self._client.ensured(find, make)
        if is_new:
            # Somebody may have looked at the same time as we did.
            found = self._marked(issue.key, issue.began) or found
        first, *others = found
        is_open = text(first, "state") == "open"
        if is_open and (text(first, "title"), text(first, "body")) != (title, body):
            self._change(first, {"title": title, "body": body})
        for other in others:
            if text(other, "state") == "open":
                self._change(other, {"state": "closed", "state_reason": "not_planned"})
        return Issue(number=whole(first, "number"), is_open=is_open), was_made

    def ensure_closed(self, key: str, *, began: float, comment: str) -> Issue | None:
        """See the port: first the comment, so that a killed job leaves an issue to close."""
        found = self._marked(key, began)
        for item in found:
            if text(item, "state") == "open":
                said = Comment(body=comment, author="Branchline", marker=f"{_OVER} {key}")
                self._comments.put(whole(item, "number"), said)
                self._change(item, {"state": "closed", "state_reason": "completed"})
        return Issue(number=whole(found[0], "number"), is_open=False) if found else None

    def _change(self, item: object, fields: dict[str, str]) -> None:
        number = str(whole(item, "number"))
        self._client.send("PATCH", self._repository.at("issues", number), {**fields})

    def _marked(self, key: str, began: float) -> list[object]:
        """Our issues of an alarm, over all pages, oldest first; closed ones, too."""
        since = datetime.fromtimestamp(max(0.0, began - _SLACK_S), UTC)
        path = self._repository.at("issues")
        asked = {"state": "all", "since": f"{since:%Y-%m-%dT%H:%M:%SZ}"}
        try:
            listed = list(self._client.pages(path, **asked))
        except ForgePermissionError as error:
            # Who looks for an issue is going to write it: both rights are told of at once.
            error.message = error.message.replace("issues: read", "issues: write")
            error.details = tuple(
                one.replace("issues: read", "issues: write") for one in error.details
            )
            raise
        found = [
            item
            for item in listed
            if unmarked(text(item, "body"))[0].get(_MARK) == key and self._repository.is_ours(item)
        ]
        return sorted(found, key=lambda item: whole(item, "number"))
