"""How far recorded runs are apart, example by example. Serves the verb `compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.verdict.values import Baseline
from branchline.errors import BranchlineError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.core.verdict.noise.values import Difference
    from branchline.flows.project import Project
    from branchline.render.run_view import RunView


def apart(
    project: Project, runs: Sequence[RunView], note: Callable[[str], None]
) -> tuple[tuple[str, Difference], ...]:
    """(run, difference to the first) for each metric of the gate that both runs' predictions give.

    Args:
        project: Ports and policy; the predictions are read from the store.
        runs: The others are compared with the first.
        note: Takes why something cannot be compared, once.
    """
    found: list[tuple[str, Difference]] = []
    said: set[str] = set()
    try:
        rules = [rule for rule in project.policy.gate.metrics if rule.compares]
    except BranchlineError:
        return ()  # The bars are left out, which was said.
    for run in runs[1:] if rules else ():
        from branchline.flows.compared import compare_with_champion

        first = runs[0]
        if run.run == first.run:
            continue
        baseline = Baseline(run=first.run, via="named first", commit=first.commit)
        try:
            compared = compare_with_champion(project, run.evidence, first.evidence, baseline)
        except BranchlineError as error:
            said.add(error.message)
            continue
        found += [(run.run, difference) for difference in compared.comparisons.values()]
        said |= {f"`{name}`: {why}" for name, why in compared.uncompared.items()}
    for text in sorted(said):
        note(f"note: {text}")
    return tuple(found)
