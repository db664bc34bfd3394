"""Which earlier run a result is measured against, from annotated tags and recorded runs.

The registry is annotated git tags in GTO's grammar, replayed in the order in which they were made:
`name@v1.2.3` registers a version at the tag's commit, `name@v1.2.3!` takes it back,
`name#production` (and with a counter `name#production#4`) gives the commit an alias,
`name#production!` takes it back, `name@deprecated` retires the whole artifact until it is
registered anew. `folder=name` or `folder:name` puts the name into a folder of a monorepo.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from branchline.core.values import Outcome
from branchline.core.verdict.values import Baseline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import Gate

_TAG = re.compile(
    r"(?:(?P<folder>[^=:@#]+)[=:])?(?P<name>[^=:@#!]+)"
    r"(?:@(?P<deprecated>deprecated)|@(?P<version>v\d[^#!]*)|\#(?P<alias>[^#!@]+))"
    r"(?P<takes_back>!)?(?:\#(?P<counter>\d+))?"
)


class NamedTag(Protocol):
    """What this module reads of an annotated tag (`ports.repo.Tag` has it)."""

    @property
    def name(self) -> str:
        """The tag's name."""
        ...

    @property
    def commit(self) -> str:
        """The commit that it points at."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What finding a baseline needs to know of a recorded run.

    Attributes:
        run: Its id. started_at: UTC, ISO 8601.
        commit, branch, is_dirty: Where it was made.
        outcome: Of its verdict; None when it was not judged or did not end.
    """

    run: str
    started_at: str
    commit: str | None
    branch: str | None
    is_dirty: bool
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A tag of the registry, taken apart.

    Attributes:
        name: The model, with its folder as `folder=name` when it has one.
        commit: The tag's commit. version, alias: One of them, else "".
        takes_back: Whether it ends in an exclamation mark.
        is_deprecation: `name@deprecated`.
    """

    name: str
    commit: str
    version: str = ""
    alias: str = ""
    takes_back: bool = False
    is_deprecation: bool = False


def read_tag(tag: NamedTag) -> Registration | None:
    """A tag in GTO's grammar; None for any other tag."""
    found = _TAG.fullmatch(tag.name)
    if found is None:
        return None
    folder = f"{found['folder']}=" if found["folder"] else ""
    return Registration(
        name=folder + found["name"],
        commit=tag.commit,
        version=found["version"] or "",
        alias=found["alias"] or "",
        takes_back=found["takes_back"] is not None,
        is_deprecation=found["deprecated"] is not None,
    )


def alias_commit(tags: Sequence[NamedTag], model: str, alias: str) -> str | None:
    """The commit that holds an alias of a model; None when none does.

    Args:
        tags: Annotated tags, oldest first.
        model: The model's name; a tag with a folder counts for its bare name too.
        alias: `production`, `staging`, ...
    """
    holders: list[str] = []
    for tag in tags:
        event = read_tag(tag)
        if event is None or model not in (event.name, event.name.rpartition("=")[2]):
            continue
        if event.is_deprecation:
            holders.clear()
        elif event.version and event.takes_back:
            holders = [commit for commit in holders if commit != event.commit]
        elif event.alias == alias:
            holders = [commit for commit in holders if commit != event.commit]
            if not event.takes_back:
                holders.append(event.commit)
    return holders[-1] if holders else None


def find_baseline(
    runs: Sequence[RunFacts],
    tags: Sequence[NamedTag],
    gate: Gate,
    *,
    model: str,
    default_branch: str,
    this_run: str = "",
) -> Baseline:
    """The run whose evidence is the baseline.

    The holder of the gate's alias comes first, for `production` then that of `staging`, then the
    newest passed run of the default branch. An alias that is held by a commit without a record is
    not passed over: such a baseline exists and is not known.

    Args:
        runs: Recorded runs, oldest first.
        tags: Annotated tags, oldest first.
        gate: Names the alias.
        model: The model's name in the registry.
        default_branch: Short name.
        this_run: Id of the run that is judged, which is never its own baseline.
    """
    others = [run for run in runs if run.run != this_run and not run.is_dirty]
    aliases = (gate.baseline, "staging") if gate.baseline == "production" else (gate.baseline,)
    for alias in aliases:
        commit = alias_commit(tags, model, alias)
        if commit is not None:
            return _holder(others, commit, alias)
    for run in reversed(others):
        if run.branch == default_branch and run.outcome is Outcome.PASSED:
            via = f"newest passed run of `{default_branch}`"
            return Baseline(run=run.run, via=via, commit=run.commit)
    names = " nor ".join(f"`{alias}`" for alias in aliases)
    return Baseline(
        via=f"nothing holds {names}, and `{default_branch}` has no passed run",
    )


def _holder(runs: Sequence[RunFacts], commit: str, alias: str) -> Baseline:
    """The run of the commit that holds an alias: its newest passed one, else its newest."""
    made = [run for run in reversed(runs) if run.commit == commit]
    passed = [run for run in made if run.outcome is Outcome.PASSED]
    for run in (*passed, *made):
        return Baseline(run=run.run, via=f"alias `{alias}`", commit=commit)
    return Baseline(
        via=f"alias `{alias}` is at commit {commit[:12]}, whose run is not recorded here "
        "(`branchline records fetch` may bring it)",
        commit=commit,
    )
