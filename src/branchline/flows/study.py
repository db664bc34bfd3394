"""Which search this is: what its trials depend on besides what is searched. Serves `trials`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.core.run.pruning import Pruner
from branchline.core.run.studies import Study
from branchline.core.values import digest_of
from branchline.flows.plan import Planner, PlanOptions
from branchline.flows.sampling import kind_of, value_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue
    from branchline.flows.project import Project
    from branchline.flows.search import Search
    from branchline.flows.tuned_params import TunedParams


def study_of(
    project: Project, asked: Search, params: TunedParams, read: Mapping[str, str]
) -> Study:
    """The search as a value that is the same wherever and whenever it is the same search.

    Args:
        project: A working tree; the parameters are set in it, and put back.
        asked: The search.
        params: Its parameters there.
        read: Undeclared files that the first trial was seen to read -> digest.

    Raises:
        BranchlineError: The stages cannot be planned.
    """
    rule = asked.stop.pruner
    return Study(
        base=_base(project, asked, params, read),
        objective=asked.words(),
        space=asked.space,
        sampler=kind_of(asked),
        pruner="" if rule.kind is Pruner.NONE else repr(rule),
        seed=asked.seed,
        replicates=f"{asked.seeds.name} x {asked.seeds.runs}" if asked.seeds.runs > 1 else "",
    )


def _base(project: Project, asked: Search, params: TunedParams, read: Mapping[str, str]) -> str:
    """Digest of every input that no stage makes, with what is searched held at one point.

    What stages make follows from these. A result with other inputs has another digest; what was
    read without being declared counts by what it holds.
    """
    params.set({name: _held(name, written) for name, written in asked.space.items()})
    try:
        planner = Planner(project, PlanOptions(targets=asked.stages, trust_elsewhere=False))
        planner.plan()
        reader = planner.inputs.reader
        # A file that the search itself writes counts as it is now, not as it was for that trial.
        own = {path: reader.digest(path) for path in read if path in params.files}
    finally:
        params.put_back()
    rows = []
    for stage in planner.stages:
        inputs = [
            [item.kind.value, item.name, item.digest]
            for item in planner.gathered[stage.address].inputs.values()
            if not item.pending and not planner.producers.makers(item.name)
        ]
        rows.append([stage.address, list(stage.cmd), sorted(inputs, key=str)])
    made = [path for path in read if not planner.producers.makers(path)]
    return digest_of([rows, [[path, own.get(path, read[path])] for path in sorted(made)]])


def _held(name: str, written: Any) -> JsonValue:
    """The value at which a parameter is held; of a range the same one wherever it begins."""
    if isinstance(written, dict) and ("int" in written or "float" in written):
        return 1 if "int" in written else 1.0
    return value_at(name, written, 0.0)
