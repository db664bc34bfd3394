"""Station `trigger`: which pushes a workflow of GitHub's with path filters would have started for.

Pure; `config.workflow_filters` reads a workflow into these values. Serves comparisons only: our own
workflows carry no path filter.

Source:
    GitHub Docs, "Workflow syntax for GitHub Actions" (on.push) and "Skipping workflow runs".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.trigger.patterns import is_negative, matches, matches_any

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_FILES = 300
"""Changed files that GitHub looks at; what stands behind them starts nothing."""
MOST_COMMITS = 1_000
"""Of more commits in one push GitHub makes no list of files: the workflow always starts."""

_SKIP_WORDS = ("[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]")
_SKIP_TRAILER = re.compile(r"^skip-checks:\s*true\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushFilter:
    """What `on.push` of one workflow lets in; None where a key is not there.

    Attributes:
        branches, branches_ignore: Patterns of branches. At most one of both is set.
        paths, paths_ignore: Patterns of files. At most one of both is set.
        has_tags: Tags are named; alone, they keep pushes of branches out.
    """

    branches: tuple[str, ...] | None = None
    branches_ignore: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None
    paths_ignore: tuple[str, ...] | None = None
    has_tags: bool = False

    @property
    def is_for_tags(self) -> bool:
        """Whether no push of a branch starts it."""
        return self.has_tags and self.branches is None and self.branches_ignore is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Whether something starts, and why."""

    is_started: bool
    reason: str


def starts_for(
    found: PushFilter, *, branch: str, files: Sequence[str], message: str = "", commits: int = 1
) -> Started:
    """Whether a push to a branch starts the workflow.

    Args:
        found: Its filter.
        branch: Short name.
        files: Changed between the tips before and after the push, in git's order.
        message: Whole message of the newest commit: it may ask for no run.
        commits: How many the push brought.
    """
    word = _skip_word(message)
    if word:
        return Started(is_started=False, reason=f"the commit's message says `{word}`")
    refused = _refused_branch(found, branch)
    if refused:
        return Started(is_started=False, reason=refused)
    if found.paths is None and found.paths_ignore is None:
        return Started(is_started=True, reason="it filters no paths")
    if commits > MOST_COMMITS:
        return Started(
            is_started=True, reason=f"{commits:,} commits: GitHub makes no list of files"
        )
    return started_by_paths(found, files)


def started_by_paths(found: PushFilter, files: Sequence[str]) -> Started:
    """The same, asked of the files alone."""
    seen = files[:MOST_FILES]
    behind = len(files) - len(seen)
    if found.paths is not None:
        hit = next((name for name in seen if matches_any(found.paths, name)), None)
        if hit is not None:
            pattern = _deciding(found.paths, hit)
            return Started(is_started=True, reason=f"`{hit}` matches `{pattern}`")
        late = next((n for n in files[MOST_FILES:] if matches_any(found.paths, n)), None)
        if late is not None:
            return Started(
                is_started=False,
                reason=f"`{late}` stands behind the first {MOST_FILES} files, which are all that"
                " GitHub looks at",
            )
        return Started(is_started=False, reason=_nothing(len(files), "matches a path"))
    ignored = found.paths_ignore or ()
    hit = next((name for name in seen if not matches_any(ignored, name)), None)
    if hit is not None:
        return Started(is_started=True, reason=f"`{hit}` is not ignored")
    if behind:
        return Started(
            is_started=False, reason=f"the first {MOST_FILES} of {len(files):,} files are ignored"
        )
    return Started(is_started=False, reason=_nothing(len(files), "is left by `paths-ignore`"))


def _skip_word(message: str) -> str:
    folded = message.lower()
    word = next((word for word in _SKIP_WORDS if word in folded), "")
    if word:
        return word
    trailer = _SKIP_TRAILER.search(message)
    return trailer[0].strip() if trailer else ""


def _refused_branch(found: PushFilter, branch: str) -> str:
    if found.branches is not None:
        return "" if matches_any(found.branches, branch) else f"`{branch}` is none of `branches`"
    if found.branches_ignore is not None:
        is_in = matches_any(found.branches_ignore, branch)
        return f"`branches-ignore` names `{branch}`" if is_in else ""
    return "it starts for tags only" if found.is_for_tags else ""


def _deciding(patterns: Sequence[str], name: str) -> str:
    """The last pattern that lets a name in, which is the one that counted."""
    hits = [p for p in patterns if not is_negative(p) and matches(p, name)]
    return hits[-1] if hits else ""


def _nothing(count: int, what: str) -> str:
    if count == 0:
        return "no file changed"
    return f"none of {count:,} changed files {what}" if count > 1 else f"no changed file {what}"
