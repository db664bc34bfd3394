"""The files that hold the best values of a search: what training reads, and `best_params.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.config.param_edit import new_params
from branchline.errors import ConfigError, ParamsError
from branchline.flows.tuned_params import TunedParams, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue
    from branchline.flows.project import Project
    from branchline.flows.search import Search


def edited(
    project: Project, asked: Search, params: Mapping[str, JsonValue]
) -> tuple[dict[str, JsonValue], dict[str, bytes]]:
    """Values before, and the files that the commit sets: parameter files, and the best values.

    A value that only the user's own search knows stands in the file of the best values alone.
    """
    tried = [] if asked.command else [name for name in asked.space if name in params]
    # What was tried must stand somewhere; of the rest some may not count, and leave their command.
    rest = [*params, *(name for name in asked.space if not asked.command)]
    known = dict.fromkeys([*tried, *(n for n in rest if _stands(project, asked, n))])
    tuned = TunedParams(project, asked, list(known))
    edits = tuned.edits({name: params[name] for name in known if name in params})
    files = {path: data for path, data in edits.items() if data != project.workspace.read(path)}
    if asked.write not in edits:
        own = project.workspace.read(asked.write) if asked.command else None
        comment = f"Best values for {asked.metric} ({asked.goal.value}), written by branchline."
        files[asked.write] = own if own is not None else new_params(_keys(params), comment)
    return {name: value for name, value in tuned.current.items() if name in params}, files


def _keys(params: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The best values by their keys, without file or stage where that leaves no doubt."""
    short = [name.rpartition(":")[2] for name in params]
    return {
        name if short.count(key) > 1 else key: value
        for key, (name, value) in zip(short, params.items(), strict=True)
    }


def _stands(project: Project, asked: Search, name: str) -> bool:
    """Whether training reads a parameter from where it can be set."""
    try:
        place_of(project, asked, name)
    except (ConfigError, ParamsError):
        return False
    return True
