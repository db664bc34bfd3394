"""JSON that `pr list` and `pr show` print. The shapes are stable: `schema_version` says which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.values import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.values import JsonValue
    from branchline.ports.forge import CheckState, Pull
    from branchline.render.pull_view import PullView


def pulls_to_json(
    pulls: Sequence[Pull], states: Mapping[int, CheckState | None]
) -> dict[str, JsonValue]:
    """`pr list --json`: `schema_version`, `pulls`, newest first."""
    rows: list[JsonValue] = []
    for pull in pulls:
        state = states.get(pull.number)
        rows.append({**_pull(pull), "checks_say": state.value if state else None})
    return {"schema_version": SCHEMA_VERSION, "pulls": rows}


def pull_to_json(view: PullView) -> dict[str, JsonValue]:
    """`pr show --json`, and what the other verbs print: one pull request with all about it."""
    return {
        "schema_version": SCHEMA_VERSION,
        **_pull(view.pull),
        "body": view.pull.asked.body,
        "can_merge": view.can_merge,
        "conflicts": list(view.conflicts),
        "refusals": list(view.refusals),
        "objections": list(view.objections),
        "checks": [
            {
                "name": check.name,
                "state": check.state.value,
                "summary": check.summary,
                "job": check.job,
            }
            for check in view.checks
        ],
        "parameters": [
            {"file": change.file, "name": change.name, "old": change.old, "new": change.new}
            for change in view.parameters
        ],
        "files": [{"status": letter, "path": path} for letter, path in view.files],
        "report": view.report,
        "comments": [
            {"author": comment.author, "at": _iso(comment.at), "body": comment.body}
            for comment in view.comments
        ],
        "jobs": [job.job for job in view.jobs],
        "diff": view.diff,
    }


def _pull(pull: Pull) -> dict[str, JsonValue]:
    return {
        "number": pull.number,
        "title": pull.asked.title,
        "head": pull.asked.head,
        "base": pull.asked.base,
        "state": pull.state.value,
        "is_draft": pull.asked.is_draft,
        "author": pull.asked.author,
        "labels": list(pull.asked.labels),
        "commit": pull.commit,
        "needs_approval": pull.asked.needs_approval,
        "approved_by": pull.approved_by,
        "merged_as": pull.merged_as,
        "opened_at": _iso(pull.opened_at),
        "updated_at": _iso(pull.updated_at),
        "ended_at": None if pull.ended_at is None else _iso(pull.ended_at),
    }


def _iso(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
