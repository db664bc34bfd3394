"""Verbs of pull requests: what can be opened, and the words for what cannot.

Station `effects`. Looks at values; `flows.pulls` opens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.trigger.other_names import free_name
from branchline.core.trigger.refnames import HEADS, conflict, shown
from branchline.errors import PullRequestError

if TYPE_CHECKING:
    from collections.abc import Collection

    from branchline.ports.forge import NewPull, Pull

LONGEST_TITLE = 250
_MOST_SHOWN = 5


def check_title(title: str) -> None:
    """See that a title is one line that every list can show.

    Raises:
        PullRequestError: It is not.
    """
    if not title.strip():
        raise PullRequestError("a pull request needs a title", todo="Write --title TEXT.")
    wrong = next((char for char in title if not char.isprintable()), "")
    if wrong in ("\n", "\r"):
        said = f"the title has {len(title.splitlines())} lines, and may have one"
        raise PullRequestError(said, todo="Write the rest into --body.")
    if wrong:
        raise PullRequestError(
            f"the title holds {shown(wrong)}, a character that no list can show",
            todo="Leave it out of --title.",
        )
    if len(title) > LONGEST_TITLE:
        raise PullRequestError(
            f"the title has {len(title)} characters, at most {LONGEST_TITLE} are taken",
            todo="Write the rest into --body.",
        )


def check_branches(asked: NewPull, heads: Collection[str], *, remote: str) -> None:
    """See that both branches are there, and that they are two.

    Args:
        asked: The pull request to be opened.
        heads: Branches of the box.
        remote: How pushers call the box.

    Raises:
        PullRequestError: They are not.
    """
    if asked.head not in heads:
        raise no_branch(asked.head, heads, todo=f"Push it: git push {remote} {asked.head}")
    if asked.head == asked.base:
        name = free_name("work", lambda name: name not in heads and not conflict(name, heads))
        raise PullRequestError(
            f"`{asked.head}` cannot be merged into itself",
            todo=f"Commit on another branch and push that: git switch -c {name}"
            f" && git push {remote} {name}",
        )
    if asked.base not in heads:
        named = ", ".join(f"`{head}`" for head in sorted(heads)[:_MOST_SHOWN])
        more = ", ..." if len(heads) > _MOST_SHOWN else "."
        raise no_branch(asked.base, heads, todo=f"Name another --base. There is: {named}{more}")


def no_branch(branch: str, heads: Collection[str], *, todo: str) -> PullRequestError:
    """That a box has no such branch; the nearest name, or else `todo`."""
    from difflib import get_close_matches

    near = get_close_matches(branch, heads, n=1)
    return PullRequestError(
        f"there is no branch `{branch}` in this box",
        todo=f"Did you mean `{near[0]}`?" if near else todo,
    )


def head_is_gone(pull: Pull, *, remote: str) -> PullRequestError:
    """That the branch of an open pull request was deleted."""
    again = f"git push {remote} {pull.commit[:10]}:{HEADS}{pull.asked.head}"
    return PullRequestError(
        f"the branch `{pull.asked.head}` of pull request #{pull.number} does not exist any more",
        todo=f"Push it again: {again}; or close it: branchline pr close {pull.number}",
    )
