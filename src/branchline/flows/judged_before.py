"""How often a set of examples has judged: each look at it spends some of its worth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from branchline.core.evidence import Evidence
    from branchline.core.values import JsonValue

MANY = 50
"""From so many candidates on the best of them is partly luck with this very set."""


def with_count(evidence: Evidence, model: str, runs: Iterable[Mapping[str, JsonValue]]) -> Evidence:
    """Evidence that says how many candidates its examples have judged, this one included.

    Args:
        evidence: Of this run.
        model: Whose candidates count.
        runs: The fields of `run.json` of all recorded runs.
    """
    facts = evidence.predictions
    if facts is None:
        return evidence
    seen = {facts.digest}
    seen |= {
        str(run.get("candidate"))
        for run in runs
        if run.get("examples") == facts.examples and run.get("model") == model
    }
    return replace(evidence, predictions=replace(facts, judged=len(seen)))


def remarks_on(evidence: Evidence) -> tuple[str, ...]:
    """That an evaluation set has judged many candidates; nothing below `MANY`."""
    facts = evidence.predictions
    if facts is None or facts.judged < MANY:
        return ()
    return (
        f"This evaluation set has judged {facts.judged:,} candidates: what passes may have been"
        " fitted to it. Take fresh examples (rotate the set) to be sure.",
    )
