"""Picks the forge of commands that speak to one: GitHub inside its Actions, else a box."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from branchline.errors import UsageError
from branchline.wiring import desks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from branchline.flows.commenting import Here

_PULL = re.compile(r"refs/pull/([0-9]{1,9})/(?:merge|head)")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_LARGEST_EVENT = 30 * 1024 * 1024


def is_on_github(environ: Mapping[str, str], *, repository: str = "", box: str = "") -> bool:
    """Whether a command is meant for GitHub: it runs in Actions, or a repository is named."""
    return not box and bool(repository or environ.get("GITHUB_ACTIONS") == "true")


def repository_of(written: str) -> str:
    """`OWNER/NAME` of a repository that CML's users name by its address.

    Raises:
        UsageError: It names none.
    """
    name = "/".join(written.rstrip("/").removesuffix(".git").replace(":", "/").split("/")[-2:])
    if written and not re.fullmatch(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", name):
        raise UsageError(
            f"--repo is {written[:100]!r}, must be the address of a repository on GitHub",
            todo="Leave it out: in a workflow it is known. Or write OWNER/NAME.",
        )
    return name if written else ""


@contextmanager
def open_here(
    *, repository: str = "", remote: str = "", box: str = "", has_check_runs: bool = False
) -> Iterator[Here]:
    """Open the forge that a command is about.

    Args:
        repository: `OWNER/NAME` on GitHub; "" is the workflow's own.
        remote: A box, as a git remote.
        box: A box, by its folder.
        has_check_runs: Checks are set as check runs, which only an App's token may.

    Raises:
        UsageError, BoxError: There is none, or it is on another machine.
    """
    from time import time

    from branchline.adapters.git import Git, GitRepo
    from branchline.flows.commenting import Here

    repo = GitRepo(Git.open("."))
    head = repo.head(details=False)
    by = desks.signature()
    author = f"{by.name} <{by.email}>"
    if is_on_github(os.environ, repository=repository, box=box):
        from branchline.wiring.forges import open_github

        branch, commit, pull = _job(os.environ)
        environ = _with_cml_token(os.environ)
        with open_github(
            ".", environ, repository=repository, has_check_runs=has_check_runs
        ) as side:
            yield Here(
                forge=side.forge,
                assets=side.assets,
                pull=pull,
                branch=branch or head.branch or "",
                commit=commit or head.commit or "",
                author=author,
                page=side.repository.page,
                resolve=repo.resolve,
                now=time,
            )
        return
    address = desks.address_of(remote=remote, box=box)
    if address.host:
        raise UsageError(
            f"the box is on {address.host}", todo="Run the command there, or on a box of its own."
        )
    with desks.open_desk(address.path) as desk:
        yield Here(
            forge=desk.pulls.forge,
            assets=None,
            pull=None,
            branch=head.branch or "",
            commit=head.commit or "",
            author=author,
            page="",
            resolve=repo.resolve,
            now=time,
        )


def _job(environ: Mapping[str, str]) -> tuple[str, str, int | None]:
    """(branch, head commit, pull request) of a job of Actions; never the merge commit."""
    found = _PULL.fullmatch(environ.get("GITHUB_REF", ""))
    if found is None:
        is_branch = environ.get("GITHUB_REF_TYPE", "branch") == "branch"
        return environ.get("GITHUB_REF_NAME", "") if is_branch else "", "", None
    commit: object = ""
    try:
        with open(environ.get("GITHUB_EVENT_PATH", ""), encoding="utf-8") as file:
            commit = json.loads(file.read(_LARGEST_EVENT))["pull_request"]["head"]["sha"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        commit = ""
    known = commit if isinstance(commit, str) and _COMMIT.fullmatch(commit) else ""
    return environ.get("GITHUB_HEAD_REF", ""), known, int(found[1])


def _with_cml_token(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables with the token where CML's users keep it, `REPO_TOKEN`, if no other is set."""
    known = dict(environ)
    has_other = any(known.get(name) for name in ("GH_TOKEN", "GITHUB_TOKEN"))
    if known.get("REPO_TOKEN") and not has_other:
        known["GH_TOKEN"] = known["REPO_TOKEN"]
    return known
