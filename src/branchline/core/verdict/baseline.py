"""Which earlier run a result is measured against, from annotated tags and recorded runs.

How tags are read stands in `registered`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.core.verdict.registered import state_of
from branchline.core.verdict.values import Baseline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.policy import Gate
    from branchline.core.verdict.registered import NamedTag


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


def alias_commit(tags: Sequence[NamedTag], model: str, alias: str) -> str | None:
    """The commit that holds an alias of a model; None when none does.

    Args:
        tags: Annotated tags, oldest first.
        model: The model's name; a tag with a folder counts for its bare name too.
        alias: `production`, `staging`, ...
    """
    return state_of(tags, model).holder(alias)


def find_baseline(
    runs: Sequence[RunFacts],
    tags: Sequence[NamedTag],
    gate: Gate,
    *,
    model: str,
    default_branch: str,
    this_run: str = "",
    made_late: bool = False,
    elsewhere: Mapping[str, str] | None = None,
) -> Baseline:
    """The run whose evidence is the baseline.

    The holder of the gate's alias comes first, for `production` then that of `staging`, then the
    newest passed run of the default branch. An alias that is held by a commit without a record is
    not passed over: such a baseline exists and is not known. Where the commit that holds the alias
    is judged again, its own record is the holder's: nothing can have got worse.

    Args:
        runs: Recorded runs, oldest first.
        tags: Annotated tags, oldest first.
        gate: Names the alias.
        model: The model's name in the registry.
        default_branch: Short name.
        this_run: Id of the record that the run which is judged has already; "" when it is new.
        made_late: Whether that record was made while its commit held the alias already and no run
            of that was known here: then it is not the run of the model that holds the alias.
        elsewhere: Alias -> commit that holds it by the word of a tracker; it counts before tags.
    """
    clean = [run for run in runs if not run.is_dirty]
    others = [run for run in clean if run.run != this_run]
    aliases = (gate.baseline, "staging") if gate.baseline == "production" else (gate.baseline,)
    for alias in aliases:
        commit = (elsewhere or {}).get(alias) or alias_commit(tags, model, alias)
        if commit is not None:
            return _holder(others if made_late else clean, commit, alias)
    for run in reversed(others):
        if run.branch == default_branch and run.outcome is Outcome.PASSED:
            via = f"newest passed run of `{default_branch}`"
            return Baseline(run=run.run, via=via, commit=run.commit)
    names = " nor ".join(f"`{alias}`" for alias in aliases)
    via = f"nothing holds {names}, and `{default_branch}` has no passed run"
    for run in reversed(runs):
        is_passed = run.branch == default_branch and run.outcome is Outcome.PASSED
        if is_passed and run.is_dirty and run.run != this_run:
            via += f" but {run.run}, made from uncommitted changes"
            break
    return Baseline(via=via)


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
