"""The champion's evidence once it was scored again, and the words for it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind
from branchline.core.evidence import Plot, StageFacts
from branchline.core.verdict.rescoring import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence import Evidence, Metric
    from branchline.core.plan.values import Result
    from branchline.core.verdict.rescoring import Changed
    from branchline.core.verdict.values import Baseline

_DIGITS = 12


def masked(metric: Metric) -> Metric:
    """A recorded metric that is no number to compare with, and why."""
    made = f"`{metric.stage}` trains and leaves it in one" if metric.stage else "no stage makes it"
    return replace(metric, value=None, text=f"not scored again ({made})")


def results_of(recorded: Evidence, known: Mapping[str, Sequence[Result]]) -> dict[str, Result]:
    """Address -> result of a recorded run.

    Args:
        recorded: Its evidence, which names keys and outputs.
        known: Key -> results recorded under it.
    """
    found: dict[str, Result] = {}
    for facts in recorded.stages:
        fitting = [
            result
            for result in known.get(facts.key, ())
            if all(recorded.outs.get(out.path) == (out.content.md5 or "") for out in result.outs)
        ]
        fitting.sort(key=lambda result: result.run != facts.run)
        if fitting:
            found[facts.stage] = fitting[0]
    return found


def with_results(recorded: Evidence, made: Mapping[str, Result]) -> Evidence:
    """The champion's evidence with what was made again in place of what was recorded."""
    outs = {out.path: out.content.md5 or "" for r in made.values() for out in r.outs}
    options = {plot.path: plot.options for plot in recorded.plots}
    plots = [
        Plot(path=o.path, content=o.content, stage=r.stage, options=options.get(o.path) or {})
        for r in made.values()
        for o in r.outs
        if o.kind == "plot"
    ]
    facts = [
        StageFacts(
            stage=result.stage,
            action="run",
            key=result.key,
            run=result.run,
            duration_s=result.duration_s,
            cpu_s=result.cpu_s,
            peak_memory_bytes=result.peak_memory_bytes,
        )
        for result in made.values()
    ]
    return replace(
        recorded,
        outs={**recorded.outs, **outs},
        plots=(*(p for p in recorded.plots if p.stage not in made), *plots),
        stages=(*(s for s in recorded.stages if s.stage not in made), *facts),
    )


def how_scored(baseline: Baseline, changed: Sequence[Changed]) -> str:
    """How the champion's numbers were come by, for the summary of the verdict."""
    ours, old = both_digests(baseline)
    if any(item.kind is InputKind.DATA for item in changed):
        return f"scored again on today's evaluation data, digest {ours}; recorded was {old}"
    return f"scored again, as {listed([item.name for item in changed])} changed"


def both_digests(baseline: Baseline) -> tuple[str, str]:
    """Both digests, short, in full where their beginnings agree."""
    ours, old = baseline.evaluation_data, baseline.recorded_data
    if ours != old and ours[:_DIGITS] == old[:_DIGITS]:
        return ours or "unknown", old or "unknown"
    return ours[:_DIGITS] or "unknown", old[:_DIGITS] or "unknown"
