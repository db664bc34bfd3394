"""Adapter `github`: checks of a commit, as commit statuses or as check runs.

A status can be set with every token (`statuses: write`) and is shown as one line. A check run has a
text of its own and more states, and only an App's token sets it, a workflow's own among them
(`checks: write`). GitHub has fewer states than we have: ours is noted beside (`_note`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlencode

from branchline.adapters.github.fields import text, whole
from branchline.adapters.github.marks import LARGEST_BYTES, clean, clean_line
from branchline.ports.forge import Check, CheckState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.adapters.github.repository import Repository
    from branchline.core.values import JsonValue

__all__ = ["CheckRuns", "Checks", "Statuses"]

_MOST_STATUS = 140
_MOST_NAME = 200
_NOTE = "branchline:"
# What blocks a merge on GitHub blocks with us: unknown is no success, and waiting is not over.
_STATUS_OF = {
    CheckState.PENDING: "pending",
    CheckState.PASSED: "success",
    CheckState.FAILED: "failure",
    CheckState.UNKNOWN: "error",
    CheckState.SKIPPED: "success",
    CheckState.NEUTRAL: "success",
    CheckState.WAITING: "pending",
}
_CONCLUSION_OF = {
    CheckState.PASSED: "success",
    CheckState.FAILED: "failure",
    CheckState.UNKNOWN: "action_required",
    CheckState.SKIPPED: "skipped",
    CheckState.NEUTRAL: "neutral",
    CheckState.WAITING: "action_required",
}
_THEIRS = {
    **dict.fromkeys(("pending", "queued", "in_progress", "waiting"), CheckState.PENDING),
    "success": CheckState.PASSED,
    **dict.fromkeys(("failure", "timed_out", "startup_failure"), CheckState.FAILED),
    "skipped": CheckState.SKIPPED,
    "neutral": CheckState.NEUTRAL,
    "action_required": CheckState.WAITING,
}


class Checks(Protocol):
    """One of the two ways."""

    def put(self, commit: str, check: Check, *, at: float) -> None:
        """See the port `forge`."""

    def of(self, commit: str) -> Sequence[Check]:
        """See the port `forge`."""


class Statuses(Checks):
    """Commit statuses.

    Args:
        repository: Where.
        details: Page that a status leads to, such as the run's; "" for the commit's own.
    """

    def __init__(self, repository: Repository, *, details: str = "") -> None:
        self._repository, self._client = repository, repository.client
        self._details = details

    def put(self, commit: str, check: Check, *, at: float) -> None:
        """See the port."""
        name = clean_line(check.name, most=_MOST_NAME)
        for held in self._all(commit):
            if text(held, "context") == name and _noted_at(text(held, "target_url")) > at:
                return
        page = self._details or f"{self._repository.page}/commit/{commit}"
        body: dict[str, JsonValue] = {
            "state": _STATUS_OF[check.state],
            "context": name,
            "description": clean_line(check.summary, most=_MOST_STATUS),
            "target_url": f"{page.partition('#')[0]}#{_note(check, at)}",
        }
        path = self._repository.at("statuses", commit)
        # Said twice is said once: the newest of a name counts.
        self._client.send("POST", path, body, is_repeatable=True)

    def of(self, commit: str) -> Sequence[Check]:
        """See the port."""
        found = [
            _check(
                text(item, "context"),
                text(item, "state"),
                text(item, "description"),
                text(item, "target_url"),
            )
            for item in self._all(commit)
        ]
        return sorted(found, key=lambda check: check.name)

    def _all(self, commit: str) -> list[object]:
        """The newest of each name."""
        path = self._repository.at("commits", commit, "status")
        return self._client.found_pages(path, key="statuses") or []


class CheckRuns(Checks):
    """Check runs; one of a name is brought up to date.

    Args:
        repository: Where. details: See `Statuses`.
    """

    def __init__(self, repository: Repository, *, details: str = "") -> None:
        self._repository, self._client = repository, repository.client
        self._details = details

    def put(self, commit: str, check: Check, *, at: float) -> None:
        """See the port."""
        name = clean_line(check.name, most=_MOST_NAME)
        body: dict[str, JsonValue] = {
            "name": name,
            "external_id": _note(check, at),
            "output": {
                "title": clean_line(check.summary, most=_MOST_STATUS) or check.state.value,
                "summary": _shortened(check.summary),
            },
        }
        if self._details:
            body["details_url"] = self._details
        if check.state is CheckState.PENDING:
            body["status"] = "in_progress"
        else:
            body |= {"status": "completed", "conclusion": _CONCLUSION_OF[check.state]}

        def find() -> object | None:
            ours = [item for item in self._named(commit, name) if _is_noted(item)]
            return max(ours, key=lambda item: whole(item, "id"), default=None)

        def make() -> object:
            path = self._repository.at("check-runs")
            return self._client.send("POST", path, {**body, "head_sha": commit})

        held, is_new = self._client.ensured(find, make)
        if is_new or _noted_at(text(held, "external_id")) > at:
            return
        path = self._repository.at("check-runs", str(whole(held, "id")))
        self._client.send("PATCH", path, body)

    def of(self, commit: str) -> Sequence[Check]:
        """See the port."""
        newest: dict[str, object] = {}
        items = self._client.found_pages(self._path(commit), key="check_runs") or []
        for item in sorted(items, key=lambda item: whole(item, "id")):
            newest[text(item, "name")] = item
        return [_run_check(newest[name]) for name in sorted(newest)]

    def _named(self, commit: str, name: str) -> list[object]:
        found = self._client.found_pages(self._path(commit), key="check_runs", check_name=name)
        return [item for item in found or () if text(item, "name") == name]

    def _path(self, commit: str) -> str:
        return self._repository.at("commits", commit, "check-runs")


def _run_check(item: object) -> Check:
    state = text(item, "conclusion") or text(item, "status")
    summary = text(item, "output", "summary")
    return _check(text(item, "name"), state, summary, text(item, "external_id"))


def _check(name: str, state: str, summary: str, noted: str) -> Check:
    """A check as it was said; of what others set, what their state comes to."""
    note = _noted(noted)
    try:
        ours = CheckState(note.get("state", ""))
    except ValueError:
        return Check(name=name, state=_THEIRS.get(state, CheckState.UNKNOWN), summary=summary)
    theirs = {_STATUS_OF[ours], _CONCLUSION_OF.get(ours, "in_progress")}
    if state not in theirs:
        ours = _THEIRS.get(state, CheckState.UNKNOWN)
    job = note.get("job", "")
    return Check(name=name, state=ours, summary=summary, job=int(job) if job.isdecimal() else None)


def _note(check: Check, at: float) -> str:
    """What GitHub has no field for, as text that may stand behind `#` in an address."""
    fields = {"state": check.state.value, "at": repr(at)}
    if check.job is not None:
        fields["job"] = str(check.job)
    return _NOTE + urlencode(fields)


def _noted(value: str) -> dict[str, str]:
    _, found, rest = value.partition(_NOTE)
    if not found:
        return {}
    try:
        return {name: values[0] for name, values in parse_qs(rest, max_num_fields=8).items()}
    except ValueError:
        return {}


def _noted_at(value: str) -> float:
    try:
        return float(_noted(value).get("at", ""))
    except ValueError:
        return float("-inf")


def _shortened(summary: str) -> str:
    return clean(summary).encode("utf-8")[:LARGEST_BYTES].decode("utf-8", "ignore")


def _is_noted(item: object) -> bool:
    return text(item, "external_id").startswith(_NOTE)
