"""Code that changed and that no stage uses: why a plan has nothing to run.

Serves the station `plan`. Explains only. Looked at are code files that stand beside code of a
stage, because those are the ones of which somebody may think that they count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind
from branchline.ports.workspace import EntryKind

if TYPE_CHECKING:
    from branchline.flows.plan import Planner

_ENDINGS = (".py", ".ipynb")
_MOST_FILES = 200
_MOST_NAMED = 3


def siblings_of(planner: Planner) -> dict[str, list[str]]:
    """Code files beside the stages' code that no stage uses -> the stages they stand beside.

    Empty where there are more than some hundred: each costs every later plan a look.
    """
    inputs = planner.inputs
    found: dict[str, list[str]] = {}
    for address, gathered in planner.gathered.items():
        code = [i.name for i in gathered.inputs.values() if i.kind is InputKind.CODE]
        for folder in sorted({n.rpartition("/")[0] for n in code if n.endswith(_ENDINGS)}):
            for name, kind in (inputs.reader.list_folder(folder or ".") or {}).items():
                if kind is EntryKind.FILE and name.endswith(_ENDINGS):
                    path = f"{folder}/{name}" if folder else name
                    found.setdefault(path, []).append(address)
    used = {seen.path for last in planner.last.values() for seen in last.observed}
    rest = {
        path: stages
        for path, stages in found.items()
        if path not in used
        and not any(inputs.is_covered(path, gathered) for gathered in planner.gathered.values())
    }
    return rest if len(rest) <= _MOST_FILES else {}


def unimported(planner: Planner) -> tuple[str, ...]:
    """A sentence for each of them that differs from the commit before this one."""
    siblings = siblings_of(planner)
    if not siblings:
        return ()
    changed = sorted(planner.project.repo.edited(sorted(siblings)))
    notes = []
    for path in changed[:_MOST_NAMED]:
        stages = siblings[path]
        named = ", ".join(f"`{stage}`" for stage in stages[:_MOST_NAMED])
        more = f" and {len(stages) - _MOST_NAMED} more" if len(stages) > _MOST_NAMED else ""
        notes.append(f"`{path}` changed and is not imported by {named}{more}")
    if len(changed) > _MOST_NAMED:
        notes.append(f"{len(changed) - _MOST_NAMED} more files changed that no stage imports")
    return tuple(notes)
