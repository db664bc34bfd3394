"""Who makes which path, and what it holds as far as the plan knows. Serves the station `plan`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind
from branchline.core.pipeline import Content
from branchline.core.plan.values import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.pipeline import Pipeline, Pointer, Stage
    from branchline.core.plan.values import Result, StagePlan
    from branchline.flows.project import Project

MOST_RUNS = 300
"""So many of the newest runs are looked through; what none of them read is not known."""

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a stage makes at or around a path.

    Attributes:
        path: The output.
        stage: Address of its stage.
    """

    path: str
    stage: str


class Producers:
    """Outputs and pointers of a pipeline, by path; and what decided stages hold.

    Args:
        pipeline: The declarations.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._outs: dict[str, str] = {}
        self._above: dict[str, list[str]] = {}
        for stage in pipeline.stages:
            for out in stage.outs:
                self._outs[out.path] = stage.address
                for folder in _folders(out.path):
                    self._above.setdefault(folder, []).append(out.path)
        self.pointers: dict[str, Pointer] = {p.path: p for p in pipeline.pointers}
        self._contents: dict[str, Content] = {}
        self._reused: dict[str, Result] = {}
        self._pending: set[str] = set()

    def makers(self, path: str) -> tuple[Made, ...]:
        """Outputs that are this path, hold it, or lie below it."""
        for candidate in (path, *_folders(path)):
            if candidate in self._outs:
                return (Made(path=candidate, stage=self._outs[candidate]),)
        return tuple(Made(path=p, stage=self._outs[p]) for p in self._above.get(path, ()))

    def pointer(self, path: str) -> Pointer | None:
        """The `.dvc` pointer whose data are this path or hold it."""
        for candidate in (path, *_folders(path)):
            if candidate in self.pointers:
                return self.pointers[candidate]
        return None

    def needs(self, stage: Stage) -> tuple[str, ...]:
        """Addresses of the stages whose outputs a stage reads, in order, once each."""
        found: dict[str, None] = {}
        for dep in stage.deps:
            for made in self.makers(dep.path):
                if made.stage != stage.address:
                    found[made.stage] = None
        for params in stage.params:
            for made in self.makers(params.path):
                if made.stage != stage.address:
                    found[made.stage] = None
        return tuple(found)

    def decided(self, stage: Stage, plan: StagePlan) -> None:
        """Note what a decided stage will leave: its result's outputs, or not known yet."""
        for stale in stage.outs:
            self._reused.pop(stale.path, None)
        if plan.action is Action.REUSE and plan.result is not None:
            self._pending.difference_update(out.path for out in stage.outs)
            for out in plan.result.outs:
                self._contents[out.path] = out.content
                self._reused[out.path] = plan.result
        elif plan.action in (Action.RUN, Action.MAY_RUN):
            self._pending.update(out.path for out in stage.outs)

    def done(self, stage: Stage, contents: dict[str, Content]) -> None:
        """Note what a stage that ran, or is frozen, holds."""
        for out in stage.outs:
            self._pending.discard(out.path)
            self._reused.pop(out.path, None)
            if out.path in contents:
                self._contents[out.path] = contents[out.path]

    def is_pending(self, out: str) -> bool:
        """Whether an output is still to be made."""
        return out in self._pending

    def reused(self, out: str) -> Result | None:
        """The result that an output is part of, when its stage is reused."""
        return self._reused.get(out)

    def content(self, out: str) -> Content | None:
        """What an output holds, when its stage is decided."""
        return self._contents.get(out)


class KeptElsewhere:
    """What lies in folders that another machine keeps, as earlier runs recorded it.

    An output that is a folder is known here by its digest alone; the list of its files stays in the
    store. A stage that reads one of these files recorded what it read.

    Args:
        project: Its records and its store.
        producers: Tells what folders hold that stages make.
    """

    def __init__(self, project: Project, producers: Producers) -> None:
        self._project, self._producers = project, producers

    def hides(self, made: Sequence[Made], path: str) -> bool:
        """Whether a path lies in a folder that is known, while the list of its files is not here.

        Args:
            made: What stages make at or around the path.
            path: From the root.
        """
        folder = self._producers.content(made[0].path) if made else None
        is_inner = folder is not None and path.startswith(f"{made[0].path}/")
        return is_inner and folder is not None and self._project.store.members(folder) is None

    def content(self, folder: str, path: str, read_by: str) -> Content | None:
        """What a file held when a stage read it out of a result; None when no run tells.

        Args:
            folder: An output that is reused.
            path: A file below it, from the root.
            read_by: Address of the stage that reads it.
        """
        made = self._producers.reused(folder)
        for facts in self._runs:
            if (
                made is None
                or facts.get(made.stage) != (made.key, made.run)
                or read_by not in facts
            ):
                continue
            key, run = facts[read_by]
            for result in self._project.records.results([key]).get(key, ()):
                found = next(
                    (i for i in result.inputs if (i.kind, i.name) == (InputKind.DATA, path)), None
                )
                if result.run == run and found is not None and found.digest:
                    return Content(md5=found.digest)
        return None

    @cached_property
    def _runs(self) -> list[Mapping[str, _Key]]:
        """Key and maker of the result of each stage, of the newest runs first."""
        from branchline.flows.history import view_of

        ids = list(self._project.records.run_ids())[-MOST_RUNS:]
        views = [view_of(run) for run in self._project.records.runs(ids, names=("evidence.json",))]
        return [{f.stage: (f.key, f.run) for f in v.evidence.stages} for v in reversed(views)]


@lru_cache(maxsize=4096)
def _folders(path: str) -> tuple[str, ...]:
    """The folders above a path, nearest first; the root is left out.

    >>> _folders("a/b/c")
    ('a/b', 'a')
    """
    parts = path.split("/")[:-1]
    return tuple("/".join(parts[:n]) for n in range(len(parts), 0, -1) if parts[n - 1])


def in_order(stages: tuple[Stage, ...], producers: Producers) -> tuple[Stage, ...]:
    """Stages so that each stands after those it needs; otherwise in order of declaration.

    The pipeline has no cycle: `config` refuses one with its lines.
    """
    by_address = {stage.address: stage for stage in stages}
    placed: dict[str, Stage] = {}
    for start in stages:
        stack = [(start, iter(producers.needs(start)))]
        seen = {start.address}
        while stack:
            stage, needs = stack[-1]
            need = next((n for n in needs if n in by_address and n not in placed), None)
            if need is not None and need not in seen:
                seen.add(need)
                stack.append((by_address[need], iter(producers.needs(by_address[need]))))
            elif need is None:
                placed.setdefault(stage.address, stage)
                stack.pop()
    return tuple(placed.values())
