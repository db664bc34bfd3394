"""How often a set of examples has judged: each look at it spends some of its worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from branchline.core.evidence import Evidence
    from branchline.core.values import JsonValue

MANY = 50
"""From so many candidates on the best of them is partly luck with this very set."""


def judged_before(
    evidence: Evidence, model: str, runs: Iterable[Mapping[str, JsonValue]]
) -> tuple[str, ...]:
    """The remark that an evaluation set has judged many candidates; none below `MANY`.

    Args:
        evidence: Of this run, which counts.
        model: Whose candidates count.
        runs: The fields of `run.json` of all recorded runs.
    """
    facts = evidence.predictions
    if facts is None:
        return ()
    seen = {facts.digest}
    seen |= {
        str(run.get("candidate"))
        for run in runs
        if run.get("examples") == facts.examples and run.get("model") == model
    }
    if len(seen) < MANY:
        return ()
    return (
        f"This evaluation set has judged {len(seen):,} candidates: what passes may have been"
        " fitted to it. Take fresh examples (rotate the set) to be sure.",
    )
