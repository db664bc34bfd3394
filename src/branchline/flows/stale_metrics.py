"""Numbers that no stage declares, and that were left for other inputs. Serves `evidence`.

A file that the top level of a dvc.yaml lists under `metrics`, and that is no stage's output, stays
as the last training left it, while a reused result is one of before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.flows.nondeterminism import evidence_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from branchline.core.evidence import Metric
    from branchline.flows.metrics_left import MetricsLeft
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project
    from branchline.flows.walked import Walked


def leave_out_stale(project: Project, planner: Planner, walked: Walked, left: MetricsLeft) -> None:
    """Take out what the run that made a reused result did not leave; say so.

    Args:
        project: Its records know what that run left.
        planner: Knows which stage's code names the file.
        walked: Which stages ran.
        left: What was read; changed in place.
    """
    for path in dict.fromkeys(metric.file for metric in left.metrics if not metric.stage):
        now = _numbers(left.metrics, path)
        naming = [s for s in walked.results if path in _named(planner, s)]
        if any(stage in walked.ran for stage in naming):
            continue
        for run in dict.fromkeys(walked.results[stage].run for stage in naming):
            recorded = evidence_of(project, run)
            then = {} if recorded is None else _numbers(recorded.metrics, path)
            if then and then != now:
                left.metrics = [metric for metric in left.metrics if metric.file != path]
                left.unread.append(_sentence(path, run, naming[0], then, now))
                break


def _named(planner: Planner, stage: str) -> Iterable[str]:
    found = planner.gathered.get(stage)
    return found.listed if found is not None else ()


def _numbers(metrics: Iterable[Metric], path: str) -> dict[str, str]:
    """Name -> value, as text: NaN is the same as NaN."""
    return {m.name: repr(m.value) for m in metrics if m.file == path and not m.stage}


def _sentence(
    path: str, run: str, stage: str, then: Mapping[str, str], now: Mapping[str, str]
) -> str:
    moved = next(name for name in {**then, **now} if then.get(name) != now.get(name))
    return (
        f"{path}: it holds other numbers than run {run} left there, whose result of `{stage}` is"
        f" reused (`{moved}`: {then.get(moved, 'none')}, now {now.get(moved, 'none')}); name it"
        f" under `metrics` of `{stage}`, and it comes back with the result."
    )
