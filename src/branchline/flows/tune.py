"""Verb: tune, for a person at a terminal. Trials in a place of their own; the best come back.

The working tree is looked at once and written to once, at the end: whoever goes on working
meanwhile disturbs no trial, and no trial disturbs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.trigger import Trigger, TriggerKind
from branchline.flows.best_values import edited
from branchline.flows.searched import searched
from branchline.flows.trials import Ending
from branchline.render.tuned import Tuned

if TYPE_CHECKING:
    from branchline.flows.project import Project
    from branchline.flows.search import Search
    from branchline.flows.searched import Setting


def search_here(project: Project, asked: Search, setting: Setting) -> Tuned:
    """Make the trials.

    Args:
        project: A working tree of its own, with the records of the clone.
        asked: The search.
        setting: What surrounds it.

    Raises:
        BranchlineError: The search cannot begin: settings, parameters, code.
    """
    found = searched(project, asked, setting)
    return Tuned(
        metric=asked.metric,
        goal=asked.goal,
        more=tuple(one.metric for one in asked.more),
        more_goals=tuple(one.goal for one in asked.more),
        trials=found.trials,
        current=found.current,
        is_stopped=found.ending is Ending.STOPPED,
        is_unfinished=found.ending is Ending.DEADLINE,
        asked=asked.trials,
        confirmed=found.confirmed,
    )


def person(project: Project) -> Trigger:
    """What woke a search that somebody types."""
    return Trigger(kind=TriggerKind.PERSON, actor=project.repo.actor())


def write_best(project: Project, asked: Search, made: Tuned, *, is_dry: bool) -> Tuned:
    """Write the best values into the working tree, where they are not set already.

    Args:
        project: The clone.
        asked: The search.
        made: Its trials.
        is_dry: Write nothing, only say what would be written.
    """
    if made.offered is None:
        return made
    params = made.offered.params
    before, files = edited(project, asked, params)
    if all(name in before and before[name] == value for name, value in params.items()):
        return made.with_best(before, ())
    written = tuple(sorted(files))
    if not is_dry:
        for path in written:
            project.workspace.replace(path, files[path])
    return made.with_best(before, written, is_dry=is_dry)
