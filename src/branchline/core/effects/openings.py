"""Whether a pull request that a search asks for may be opened by a job that can write. Pure.

The search ran a branch's code. It may set values in files of parameters, on a branch that the rule
of the default branch names, into the branch that this rule names; nothing else.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.plain_text import plain
from branchline.core.policy import DEFAULT_BRANCH
from branchline.core.trigger.refnames import shown, why_no_branch
from branchline.errors import EffectError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from branchline.core.effects.values import OpenPullRequest
    from branchline.core.policy import BranchRule
    from branchline.core.trigger.events import Event

DEFAULT_MODE = "dispatch"
"""How the training of a pull request starts where the rule says nothing. A forge starts none for
what its own token did, or lets it wait for a person; on an Enterprise server for ever."""
MOST_FILES = 20
MOST_FILE_BYTES = 1_000_000
MOST_BODY_BYTES = 60_000
SUFFIXES = (".yaml", ".yml", ".json", ".toml")
_PROTECTED = ("branchline.yaml", "dvc.yaml")
_MOST_TITLE = 200


def checked_opening(
    asked: OpenPullRequest, rule: BranchRule | None, event: Event, *, model: str
) -> OpenPullRequest:
    """The same, with texts made harmless.

    Args:
        asked: As it was handed on.
        rule: Of the default branch, for the branch that was searched.
        event: What woke the job.
        model: Whose search it was.

    Raises:
        EffectError: The rule asks for none, or it asks for more than values.
    """
    options = rule.open_pull_request if rule is not None else None
    if not options:
        raise EffectError(
            f"no rule of the default branch opens a pull request for {shown(event.branch)}"
        )
    names = {
        "commit": event.tested[:7],
        "branch": event.branch,
        "model": model,
        "default": event.default_branch,
    }
    branch = _filled(options.get("branch", "training/{commit}"), names)
    into = _filled(options.get("into", DEFAULT_BRANCH), names)
    if (asked.branch, asked.into) != (branch, into) or why_no_branch(branch):
        raise EffectError(
            f"the rule of {shown(event.branch)} opens {shown(branch)} into {shown(into)}, and the"
            f" search asked for {shown(asked.branch)} into {shown(asked.into)}"
        )
    if asked.base_commit != event.tested:
        raise EffectError("the search is of another commit")
    _check_files(asked)
    # A mention would call people; a comment of HTML could pass for one of our own marks.
    body = asked.body.replace("<!--", "&lt;!--").encode()[:MOST_BODY_BYTES]
    return replace(
        asked,
        title=plain(" ".join(asked.title.split()))[:_MOST_TITLE] or f"Train {model}",
        body=re.sub(r"@(?=\w)", "@\u200b", body.decode("utf-8", "ignore")),
        mode=str(options.get("mode", DEFAULT_MODE)),
        author=str(options.get("author") or ""),
        labels=tuple(str(label) for label in options.get("labels") or ()),  # type: ignore[union-attr] # a list, the grammar says
        is_draft=bool(options.get("draft", False)),
        message=plain(" ".join(asked.message.split())) + "\n",
    )


def _check_files(asked: OpenPullRequest) -> None:
    if not 0 < len(asked.files) <= MOST_FILES:
        raise EffectError(f"the search sets {len(asked.files)} files, at most {MOST_FILES}")
    # What came as JSON has the types that somebody wrote.
    files: Iterable[tuple[object, object]] = asked.files.items()
    for path, text in files:
        parts = path.split("/") if isinstance(path, str) else []
        is_file = isinstance(text, str) and len(text.encode()) <= MOST_FILE_BYTES
        is_inside = all(part and not part.startswith(".") for part in parts)
        is_param = bool(parts) and parts[-1].endswith(SUFFIXES) and parts[-1] not in _PROTECTED
        is_plain = isinstance(path, str) and path.isprintable() and "\\" not in path
        if not (is_file and is_inside and is_param and is_plain):
            raise EffectError(
                f"the search sets {shown(str(path))}, which is no file of parameters",
                todo=f"A search may write files that end with {', '.join(SUFFIXES)}, none of them"
                " hidden, branchline.yaml and dvc.yaml left out.",
            )


def _filled(template: object, names: dict[str, str]) -> str:
    text = str(template)
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text
