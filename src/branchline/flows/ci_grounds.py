"""What the verdict of another job is held against: the champion of the records and the registry.

Serves the station `verdict` of `branchline ci apply`. Of the folder that the job left nothing is
read here but the champion's numbers, where it scored that model again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.evidence.evidence_json import evidence_from_json
from branchline.core.verdict.believed import Grounds
from branchline.errors import RecordError
from branchline.flows.baselines import baseline_among
from branchline.ports.records import CHAMPION_FILE

if TYPE_CHECKING:
    from collections.abc import Collection

    from branchline.core.evidence import Evidence
    from branchline.flows.project import Project
    from branchline.render.run_view import RunView

RUNS = "refs/branchline/runs/"
"""Where the names of recorded runs begin."""


def grounds_of(
    project: Project, view: RunView, new: Collection[str], *, why_unknown: str = ""
) -> Grounds:
    """What a run's verdict is held against.

    Args:
        project: With the records and tags of the repository, and the default branch's policy.
        view: The run.
        new: Names of the records that came with the folder: none of them is a champion.
        why_unknown: Why not all records and tags are here; "" where they are.
    """
    runs = {name.removeprefix(RUNS) for name in new if name.startswith(RUNS)}
    named = view.verdict.baseline.run if view.verdict else ""
    tests = tuple(test.name for test in project.policy.tests)
    champion = None if named in runs else _evidence(project, named, "evidence.json")
    rescored = _evidence(project, view.run, CHAMPION_FILE)
    if view.run not in runs:
        # Whoever took it over looked at its champion, who may be another one by now.
        return Grounds(champion=champion, rescored=rescored, tests=tests)
    wanted = baseline_among(project, without=runs)
    # The commit that holds the alias is judged again: nothing can have got worse.
    is_own = wanted.commit is not None and wanted.commit == view.commit
    return Grounds(
        baseline=None if is_own and not why_unknown else wanted,
        why_unknown=why_unknown,
        champion=champion,
        rescored=rescored,
        tests=tests,
    )


def _evidence(project: Project, run: str, name: str) -> Evidence | None:
    """The evidence that a record holds; None where it has none that can be read."""
    for stored in project.records.runs([run] if run else [], names=(name,)):
        try:
            return evidence_from_json(json.loads(stored.files[name]))
        except (KeyError, ValueError, RecursionError, RecordError):
            return None
    return None
