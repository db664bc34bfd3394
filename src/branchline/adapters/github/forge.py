"""Adapter `github`: port `forge` on GitHub and on GitHub Enterprise.

What GitHub has no field for (who asked, an approval of ours) stands hidden at the start of a pull
request's text, and counts only in those that we opened. Heads and merges GitHub knows by itself.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.adapters.github.comments import Comments
from branchline.adapters.github.fields import flag, listed, seconds, text, whole
from branchline.adapters.github.marks import clean_line, marked, unmarked
from branchline.errors import ForgeError, ForgeMissingError, PullRequestError
from branchline.ports.forge import Check, Comment, Forge, NewPull, Pull, PullState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.github.checks import Checks
    from branchline.adapters.github.repository import Repository
    from branchline.core.values import JsonValue

__all__ = ["GitHubForge"]

_MOST_TITLE = 250
_MOST_LABEL = 50
_LARGEST_NUMBER = 2**31
_DRAFT = "convertPullRequestToDraft"
_READY = "markPullRequestReadyForReview"


class GitHubForge(Forge):
    """Pull requests of one repository.

    Args:
        repository: Where.
        checks: How checks of a commit are set.
    """

    def __init__(self, repository: Repository, checks: Checks) -> None:
        self._repository, self._client, self._checks = repository, repository.client, checks
        self._comments = Comments(repository)

    def ensure_pull(
        self,
        pull: NewPull,
        *,
        commit: str,  # noqa: ARG002 # GitHub sees itself where the branch stands
        at: float,  # noqa: ARG002 # and has a clock of its own
    ) -> tuple[Pull, bool]:
        """See the port. The branch must be on GitHub; its head is what GitHub sees there.

        Raises:
            PullRequestError: GitHub has no such branch, or nothing stands on it that is new.
        """
        title = clean_line(pull.title, most=_MOST_TITLE) or clean_line(pull.head, most=_MOST_TITLE)
        labels = [clean_line(label, most=_MOST_LABEL) for label in pull.labels]
        found, is_new = self._client.ensured(
            lambda: self._open_one(pull.head, pull.base), lambda: self._opened(pull, title)
        )
        mark, _ = self._mark(found)
        wanted = {"author": text(mark, "author") or pull.author} | _noted(pull, labels)
        if text(mark, "approved", "commit") == text(found, "head", "sha"):
            wanted["approved"] = {
                "by": text(mark, "approved", "by"),
                "commit": text(mark, "approved", "commit"),
            }
        changed: dict[str, JsonValue] = {}
        body = marked(wanted, pull.body)
        if text(found, "title") != title:
            changed["title"] = title
        if text(found, "body") != body:
            changed["body"] = body
        if changed:
            found = self._client.send("PATCH", self._path(whole(found, "number")), changed)
        if (flag(found, "draft") or False) != pull.is_draft and not is_new:
            self._redraft(found, is_draft=pull.is_draft)
        self._label(found, labels, were=_texts(mark, "labels"))
        return self._pull(self._client.get(self._path(whole(found, "number")))), is_new

    def pull(self, number: int) -> Pull | None:
        """See the port."""
        if not 0 < number < _LARGEST_NUMBER:
            return None
        found = self._client.find(self._path(number))
        return None if found is None else self._pull(found)

    def pulls(self, *, state: PullState | None = None, head: str = "") -> Sequence[Pull]:
        """See the port."""
        shown = {None: "all", PullState.OPEN: "open"}.get(state, "closed")
        found = [self._pull(item) for item in self._listed(shown, head)]
        return [pull for pull in found if state in (None, pull.state)]

    def head_moved(
        self,
        branch: str,
        commit: str,  # noqa: ARG002 # as above
        *,
        at: float,  # noqa: ARG002 # as above
    ) -> Sequence[Pull]:
        """See the port; GitHub sees heads move by itself."""
        return self.pulls(state=PullState.OPEN, head=branch)

    def approve(
        self,
        number: int,
        *,
        by: str,
        commit: str,
        at: float,  # noqa: ARG002 # as above
    ) -> bool:
        """See the port; of a pull request that we opened, and kept in its text.

        Raises:
            PullRequestError: Somebody else opened it: it is approved by a review, on its page.
        """
        found = self._client.find(self._path(number)) if 0 < number < _LARGEST_NUMBER else None
        if found is None or text(found, "state") != "open" or text(found, "head", "sha") != commit:
            return False
        if not self._repository.is_ours(found):
            raise PullRequestError(
                f"#{number} was opened by {text(found, 'user', 'login')}, not by Branchline",
                todo="Approve it by a review on its page.",
            )
        mark, body = self._mark(found)
        wanted: dict[str, JsonValue] = {
            "author": text(mark, "author"),
            "labels": list(_texts(mark, "labels")),
            "needs_approval": flag(mark, "needs_approval") or False,
            "approved": {"by": by, "commit": commit},
        }
        self._client.send("PATCH", self._path(number), {"body": marked(wanted, body)})
        return True

    def ended(
        self,
        number: int,
        state: PullState,
        *,
        merged_as: str = "",
        at: float,  # noqa: ARG002 # as above
    ) -> bool:
        """See the port: closes. GitHub notes a merge by itself, once the base holds the head.

        Raises:
            PullRequestError: It was merged elsewhere, and GitHub holds it open.
        """
        if state is PullState.OPEN:
            raise ValueError("open is no end of a pull request")
        found = self._client.find(self._path(number)) if 0 < number < _LARGEST_NUMBER else None
        if found is None or text(found, "state") != "open":
            return False
        if state is PullState.MERGED:
            raise PullRequestError(
                f"#{number} is open on GitHub, though {merged_as[:12]} is said to hold it",
                todo="Push the base branch: GitHub notes the merge when the base holds the head.",
            )
        self._client.send("PATCH", self._path(number), {"state": "closed"})
        return True

    def set_check(self, commit: str, check: Check, *, at: float) -> None:
        """See the port."""
        self._checks.put(commit, check, at=at)

    def checks(self, commit: str) -> Sequence[Check]:
        """See the port."""
        return self._checks.of(commit)

    def comment(self, number: int, comment: Comment) -> None:
        """See the port."""
        self._comments.put(number, comment)

    def comments(self, number: int) -> Sequence[Comment]:
        """See the port."""
        return self._comments.of(number)

    def _path(self, number: int) -> str:
        return self._repository.at("pulls", str(number))

    def _listed(self, state: str, head: str = "", base: str = "") -> list[object]:
        query = {"state": state}
        if head:
            query["head"] = f"{self._repository.owner}:{head}"
        if base:
            query["base"] = base
        path = self._repository.at("pulls")
        found = [
            item
            for item in self._client.pages(path, **query)
            # An unknown filter is left out by servers, and would give somebody else's.
            if head in ("", text(item, "head", "ref")) and base in ("", text(item, "base", "ref"))
        ]
        return sorted(found, key=lambda item: -whole(item, "number"))

    def _open_one(self, head: str, base: str) -> object | None:
        name = self._repository.name.lower()
        for item in self._listed("open", head, base):
            # A fork has branches of the same names.
            if text(item, "head", "repo", "full_name").lower() == name:
                return item
        return None

    def _opened(self, pull: NewPull, title: str, *, is_draft: bool | None = None) -> object | None:
        """Open it; None where somebody else did so meanwhile."""
        wants_draft = pull.is_draft if is_draft is None else is_draft
        labels = [clean_line(label, most=_MOST_LABEL) for label in pull.labels]
        body: dict[str, JsonValue] = {
            "title": title,
            "head": pull.head,
            "base": pull.base,
            "body": marked({"author": pull.author} | _noted(pull, labels), pull.body),
            "draft": wants_draft,
        }
        try:
            made = self._client.send("POST", self._repository.at("pulls"), body)
        except ForgeError as error:
            said = " ".join((error.message, *error.details)).lower()
            if "already exists" in said:
                return None
            if "draft" in said and wants_draft:
                # Private repositories on the free plan have none.
                return self._opened(pull, title, is_draft=False)
            if "answered 422" in said:
                raise self._not_opened(pull, error) from error
            raise
        self._repository.learned(text(made, "user", "login"))
        return made

    def _not_opened(self, pull: NewPull, error: ForgeError) -> PullRequestError:
        for branch in (pull.head, pull.base):
            if self._client.find(self._repository.at("git", "ref", "heads", branch)) is None:
                return PullRequestError(
                    f"{self._repository.name} has no branch {branch!r} on GitHub",
                    todo="Push it first.",
                )
        return PullRequestError(
            f"GitHub opens no pull request from {pull.head!r} into {pull.base!r}",
            todo="A branch without a commit that the base lacks cannot be one.",
            details=(error.message, *error.details),
        )

    def _redraft(self, found: object, *, is_draft: bool) -> None:
        """Make it a draft, or ready; REST cannot."""
        name = _DRAFT if is_draft else _READY
        query = (
            f"mutation($id: ID!) {{ {name}(input: {{pullRequestId: $id}}) {{ clientMutationId }} }}"
        )
        answer = self._client.graphql({"query": query, "variables": {"id": text(found, "node_id")}})
        errors = [text(error, "message")[:200] for error in listed(answer, "errors")]
        if errors and not is_draft:
            raise PullRequestError(
                f"#{whole(found, 'number')} stays a draft: GitHub refuses to change that",
                todo="Press `Ready for review` on its page.",
                details=errors,
            )

    def _label(self, found: object, labels: Sequence[str], *, were: Sequence[str]) -> None:
        """Set our labels; those that others gave stay."""
        held = [text(label, "name") for label in listed(found, "labels")]
        at = ("issues", str(whole(found, "number")), "labels")
        missing: list[JsonValue] = [label for label in labels if label not in held]
        if missing:
            path = self._repository.at(*at)
            self._client.send("POST", path, {"labels": missing}, is_repeatable=True)
        for label in set(held) & set(were) - set(labels):
            with suppress(ForgeMissingError):
                self._client.call("DELETE", self._repository.at(*at, label))

    def _mark(self, found: object) -> tuple[dict[str, object], str]:
        """What we noted in a pull request that we opened, and its text."""
        mark, body = unmarked(text(found, "body"))
        return (mark if self._repository.is_ours(found) else {}), body

    def _pull(self, found: object) -> Pull:
        mark, body = self._mark(found)
        merged_at, commit = seconds(found, "merged_at"), text(found, "head", "sha")
        is_open = text(found, "state") == "open"
        state = PullState.OPEN if is_open else PullState.MERGED if merged_at else PullState.CLOSED
        approved = mark.get("approved")
        asked = NewPull(
            title=text(found, "title"),
            head=text(found, "head", "ref"),
            base=text(found, "base", "ref"),
            body=body,
            author=text(mark, "author") or text(found, "user", "login"),
            is_draft=flag(found, "draft") or False,
            labels=tuple(text(label, "name") for label in listed(found, "labels")),
            needs_approval=flag(mark, "needs_approval") or False,
        )
        pull = Pull(
            number=whole(found, "number"),
            asked=asked,
            state=state,
            commit=commit,
            approved_by=text(approved, "by") if text(approved, "commit") == commit else "",
            opened_at=seconds(found, "created_at"),
            updated_at=seconds(found, "updated_at"),
        )
        if is_open:
            return pull
        merged_as = text(found, "merge_commit_sha") if state is PullState.MERGED else ""
        return replace(pull, merged_as=merged_as, ended_at=merged_at or seconds(found, "closed_at"))


def _noted(pull: NewPull, labels: Sequence[str]) -> dict[str, JsonValue]:
    return {"labels": list(labels), "needs_approval": pull.needs_approval}


def _texts(mark: object, name: str) -> tuple[str, ...]:
    return tuple(item for item in listed(mark, name) if isinstance(item, str))
