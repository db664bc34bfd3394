"""Verbs of those who come from CML: a comment, a check, an asset, each an *ensure*.

Station `effects`. What is said is the caller's own text; where it goes is decided here.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import UsageError
from branchline.flows.own_files import leads_out
from branchline.ports.forge import Check, CheckState, Comment, PullState
from branchline.render.report_images import local_images, with_images

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.ports.assets import Assets
    from branchline.ports.forge import Forge

_MOST_IMAGES = 50
_MOST_BYTES = 20 * 1024 * 1024
_MARKER = "cml:"

STATES = {
    "success": CheckState.PASSED,
    "failure": CheckState.FAILED,
    "neutral": CheckState.NEUTRAL,
    "skipped": CheckState.SKIPPED,
    "cancelled": CheckState.UNKNOWN,
    "timed_out": CheckState.UNKNOWN,
}
"""CML's words for how a check ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where a command is at work.

    Attributes:
        forge: The forge.
        assets: Where images are kept; None where the forge keeps none.
        pull: The pull request that this job is about; None when it is about none.
        branch: Short name; "" when none is checked out.
        commit: The head that is judged, never a merge that a forge made of it.
        author: Who comments, `Name <address>`.
        page: Of the repository on the web; "" where it has none.
        resolve: Full hash of a revision; None when it names none.
        now: The clock, seconds since 1970.
    """

    forge: Forge
    assets: Assets | None
    pull: int | None
    branch: str
    commit: str
    author: str
    page: str
    resolve: Callable[[str], str | None]
    now: Callable[[], float]

    def commit_of(self, revision: str) -> str:
        """A commit that was named; the head where none was.

        Raises:
            UsageError: It names none.
        """
        if revision in ("", "HEAD"):
            return self.commit
        found = self.resolve(revision)
        if found is None:
            raise UsageError(
                f"there is no commit {revision[:100]!r} here", todo="Leave out --commit-sha."
            )
        return found


def target_of(here: Here, target: str, commit: str) -> int | None:
    """The pull request, or the issue, that a comment goes to.

    Args:
        here: Where we are.
        target: In CML's grammar: `auto`, `pr`, `pr/N`, `issue/N`, `commit`, `commit/REVISION`.
        commit: A revision whose pull request is meant; "" for the one at work.

    Returns:
        Its number; None when there is none.

    Raises:
        UsageError: The target is none.
    """
    kind, _, rest = target.partition("/")
    if kind in ("pr", "issue") and re.fullmatch(r"[0-9]{1,9}", rest) and int(rest):
        return int(rest)
    if target in ("auto", "pr") and commit in ("", "HEAD") and here.pull is not None:
        return here.pull
    if target in ("auto", "pr", "commit") or (kind == "commit" and rest):
        return _pull_of(here, here.commit_of(rest or commit))
    raise UsageError(
        f"--target is {target[:100]!r}, must be auto, pr, pr/NUMBER, issue/NUMBER or commit/HASH",
        todo="Leave it out: the pull request of this job is found.",
    )


def _pull_of(here: Here, commit: str) -> int | None:
    """The newest open pull request whose head is a commit, or else of the branch at work."""
    is_own = commit == here.commit
    found = here.forge.pulls(state=PullState.OPEN, head=here.branch if is_own else "")
    numbers = [pull.number for pull in found if pull.commit == commit or (is_own and here.branch)]
    return max(numbers, default=None)


def comment(here: Here, number: int, body: str, *, title: str, file: str) -> str:
    """Have a comment on a pull request, one of each title; the same again brings it up to date.

    Args:
        here: Where we are.
        number: Which pull request.
        body: Markdown.
        title: What tells it from others of ours; "" takes the file's name.
        file: The file that holds it.

    Returns:
        The title that it has.
    """
    name = title or os.path.basename(file)
    here.forge.comment(
        number,
        Comment(body=body, author=here.author, marker=_MARKER + name, at=here.now()),
    )
    return name


def check(here: Here, commit: str, *, title: str, state: CheckState, text: str) -> None:
    """Have a check of a commit."""
    here.forge.set_check(commit, Check(name=title, state=state, summary=text), at=here.now())


def publish_images(
    here: Here, markdown: str, *, folder: str, root: str, note: Callable[[str], None]
) -> str:
    """The report with its images kept where the forge shows them.

    Only what is an image by its ending, lies in the repository and is no link out of it.

    Args:
        here: Where we are.
        markdown: The report.
        folder: Where it lies; its images are named from there.
        root: Of the repository.
        note: Takes what the user should know besides.
    """
    paths = local_images(markdown)
    if not paths:
        return markdown
    if here.assets is None:
        note("note: this forge keeps no images; write their numbers as a table, or use plots")
        return markdown
    if len(paths) > _MOST_IMAGES:
        note(f"note: {len(paths)} images, the first {_MOST_IMAGES} are shown")
    addresses = {}
    for path in paths[:_MOST_IMAGES]:
        data = _image(os.path.join(folder, path), root)
        if data is None:
            note(f"note: {path} is no image of this repository of at most 20 MB; it is left as is")
        else:
            addresses[path] = here.assets.put(os.path.basename(path), data)
    return with_images(markdown, addresses)


def _image(path: str, root: str) -> bytes | None:
    real, home = os.path.realpath(path), os.path.realpath(root)
    if os.path.commonpath([real, home]) != home or not os.path.isfile(real):
        return None
    if leads_out(real, home):
        return None
    with open(real, "rb") as file:
        data = file.read(_MOST_BYTES + 1)
    return data if len(data) <= _MOST_BYTES else None
