"""One model over a history: the plan of each commit, with the results of the commits before it.

Serves `flows.replay`. The plan is `flows.plan`'s own, asked stage by stage as a run asks it; a
stage that runs is taken for a success, whose outputs differ whenever its key does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.changes.values import ChangeEffect
from branchline.core.pipeline import Content, LockEntry
from branchline.core.plan.replay import Answer, ModelAnswer, StageAnswer
from branchline.core.plan.values import ABSENT, PRESENT, Action, Observed, Produced, Result
from branchline.core.values import digest_of
from branchline.errors import BranchlineError
from branchline.flows.plan import Planner, PlanOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.pipeline import Stage
    from branchline.core.plan.values import StagePlan
    from branchline.flows.project import Project
    from branchline.flows.replay.declared import DeclaredModel
    from branchline.ports.past import PastFiles, PastPush, PretendedRecords, PretendedStore

_COUNTS = (ChangeEffect.MODEL, ChangeEffect.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a model's plans are made on.

    Attributes:
        files: Of the commit.
        records, store: What is taken for done.
        seen: Stage -> what its newest real run was seen to read without having declared it.
    """

    files: PastFiles
    records: PretendedRecords
    store: PretendedStore
    seen: Mapping[str, Sequence[Observed]] = field(default_factory=dict)


class ModelReplay:
    """One model at one push after the other.

    Args:
        bench: What its plans are made on.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._asked: object = None
        self._declared: DeclaredModel | None = None
        self._answer: ModelAnswer | None = None
        self._keys: tuple[tuple[str, str | None], ...] = ()
        self._world = ""
        self._is_settled = False

    def moved(self) -> None:
        """Note that the files are another commit's: what was answered may no longer stand."""
        if self._is_settled and self._bench.files.may_have_moved(self._asked):
            self._is_settled = False

    def answer(
        self, push: PastPush, declared: DeclaredModel, project: Project | None, *, force: str = ""
    ) -> ModelAnswer:
        """What happens to the model at a push; what runs is taken for done.

        Args:
            push: The push, whose files stand in the bench.
            declared: What the commit declares of the model.
            project: The same with its ports; None where it cannot be used.
            force: Why all stages run whatever is known; "" when they need not.
        """
        world = repr(sorted(self._bench.files.submodules.items()))
        if declared is not self._declared or world != self._world or force:
            self._is_settled = False
        if self._is_settled and self._answer is not None:
            return self._answer
        has_moved = bool(self._world) and world != self._world
        self._declared, self._world = declared, world
        self._bench.records.world = world
        self._asked = self._bench.files.watch()
        if project is None:
            found = ModelAnswer(model=declared.name, answer=Answer.UNKNOWN, reason=declared.problem)
            self._is_settled = True
        else:
            found = self._planned(push, declared.name, project, force, has_moved=has_moved)
        if declared.borrowed:
            names = ", ".join(f"`{name}`" for name in declared.borrowed)
            found = replace(found, notes=(*found.notes, f"{names} as it is today"))
        self._answer = _repeated(found)
        return found

    def _planned(
        self, push: PastPush, name: str, project: Project, force: str, *, has_moved: bool
    ) -> ModelAnswer:
        try:
            walk = _Walk(self._bench, project, push, force)
            stages = walk.stages()
        except BranchlineError as error:
            self._is_settled = True
            self._keys = ()
            said = error.details[0] if error.details else error.message
            return ModelAnswer(model=name, answer=Answer.UNKNOWN, reason=said)
        self._is_settled = walk.is_certain
        keys = tuple((stage.stage, stage.key) for stage in stages)
        is_same = keys == self._keys and None not in dict(keys).values()
        self._keys = keys
        answer, reason = _gravest(stages, is_same=is_same)
        if has_moved and answer is Answer.TRAIN:
            moved = ", ".join(f"`{path}`" for path in sorted(self._bench.files.submodules))
            reason = f"submodule {moved}: what it holds is not known here"
        return ModelAnswer(
            model=name, answer=answer, reason=reason, stages=stages, notes=walk.notes
        )


class _Walk:
    """The walk over one commit's stages, each decided when its inputs have become known.

    Attributes:
        is_certain: Whether a second plan of the same files would find every result.
        notes: What was assumed.
    """

    def __init__(self, bench: Bench, project: Project, push: PastPush, force: str) -> None:
        self._bench = bench
        self._push = push
        self._project = project
        self._force = force
        self._planner = Planner(project, PlanOptions(force=bool(force), force_reason=force))
        self._doubtful: dict[str, str] = {}
        self.is_certain = True
        self.notes: tuple[str, ...] = ()

    def stages(self) -> tuple[StageAnswer, ...]:
        """What happens to each stage, in order."""
        found = tuple(self._stage(stage) for stage in self._planner.stages)
        self._planner.inputs.reader.save()
        return found

    def _stage(self, stage: Stage) -> StageAnswer:
        missing: list[str] = []
        problems: list[str] = []
        plan = self._planner.decide(stage, missing=missing, problems=problems)
        doubt = self._doubt(stage, plan, [*problems, *missing])
        if not doubt and plan.action in (Action.REUSE, Action.SKIP):
            self._planner.producers.decided(stage, plan)
            return StageAnswer(
                stage=stage.address, answer=Answer.REUSE, reason=plan.reason, key=plan.key
            )
        is_known = not doubt and plan.key is not None
        # What always runs, or runs because somebody asks, may leave something else each time.
        is_bare = not (stage.deps or stage.outs or stage.params)
        is_new = is_known and not (stage.always_changed or is_bare or self._force)
        persists = any(out.persist for out in stage.outs)
        self.is_certain = self.is_certain and is_new and not persists
        self._make(stage, plan, salt="" if is_new else self._push.commit, is_kept=is_known)
        if not is_new and not self._force:
            why = doubt or "it runs whatever is known"
            self._doubtful.update((out.path, why) for out in stage.outs)
        if doubt:
            return StageAnswer(stage=stage.address, answer=Answer.UNKNOWN, reason=doubt)
        # What a stage before it makes follows from other inputs, which that stage names.
        changed = [
            c.name
            for c in plan.changes
            if c.effect in _COUNTS and not self._planner.producers.makers(c.name)
        ]
        return StageAnswer(
            stage=stage.address,
            answer=Answer.TRAIN,
            reason=plan.reason,
            key=plan.key,
            changed=tuple(changed) if is_new else (),
            is_change=is_new,
        )

    def _doubt(self, stage: Stage, plan: StagePlan, problems: Sequence[str]) -> str:
        """Why the stage's key cannot be known; "" when it can."""
        if problems:
            return problems[0]
        unknown = self._planner.gathered[stage.address].unknown
        if unknown:
            return unknown
        if plan.action is Action.REUSE and plan.key is not None:
            return ""
        for dep in (*(d.path for d in stage.deps), *(p.path for p in stage.params)):
            for made in self._planner.producers.makers(dep):
                why = self._doubtful.get(made.path)
                if why and made.stage != stage.address:
                    return f"`{dep}` is made by `{made.stage}`: {why}"
        is_asked = bool(self._force) or stage.always_changed
        return plan.reason if plan.key is None and not is_asked else ""

    def _make(self, stage: Stage, plan: StagePlan, *, salt: str, is_kept: bool) -> None:
        """Take the stage for done."""
        contents: dict[str, Content] = {}
        for out in stage.outs:
            # By what the key holds and where it stands: equal keys leave equal outputs.
            content = _content(plan.key or stage.address, salt, out.path)
            contents[out.path] = content
            inner = [d for d in self._inside(out.path) if d != out.path]
            self._bench.store.make(
                content,
                [(d[len(out.path) + 1 :], _content(plan.key or "", salt, d)) for d in inner],
            )
        if is_kept and plan.key is not None:
            self._record(stage, plan, contents)
        self._planner.producers.done(stage, contents)

    def _inside(self, out: str) -> list[str]:
        """Inputs of other stages that lie inside of an output."""
        found = {d.path: None for s in self._planner.stages for d in s.deps}
        return [path for path in found if path.startswith(f"{out}/")]

    def _record(self, stage: Stage, plan: StagePlan, contents: Mapping[str, Content]) -> None:
        entry = self._planner.gathered[stage.address].entry(stage)
        result = Result(
            key=plan.key or "",
            observed=self._observed(stage),
            stage=stage.address,
            inputs=plan.inputs,
            outs=tuple(
                Produced(
                    path=out.path,
                    spelled=out.spelled,
                    content=contents[out.path],
                    kind=out.kind.value,
                    cached=out.cache,
                )
                for out in stage.outs
            ),
            entry=entry or LockEntry(cmd=stage.cmd if stage.cmd_is_list else "\n".join(stage.cmd)),
            run=self._push.short,
            commit=self._push.commit,
            started_at=self._push.pushed_at,
            store=self._bench.store.identity(),
        )
        self._bench.records.add_results([result])

    def _observed(self, stage: Stage) -> tuple[Observed, ...]:
        """What a run is known to read undeclared, as the commit holds it."""
        reader, found, absent = self._planner.inputs.reader, [], []
        for seen in self._bench.seen.get(stage.address, ()):
            if self._planner.producers.makers(seen.path):
                continue
            if seen.is_look:
                word = PRESENT if reader.exists(seen.path) else ABSENT
                found.append(Observed(path=seen.path, digest=word))
                continue
            digest = reader.digest(seen.path)
            if digest is None:
                absent.append(
                    f"`{seen.path}`, which `{stage.address}` reads, is not in git: taken"
                    " for unchanged"
                )
            else:
                found.append(Observed(path=seen.path, digest=digest))
        self.notes = tuple(dict.fromkeys((*self.notes, *absent)))
        return tuple(found)


def _repeated(found: ModelAnswer) -> ModelAnswer:
    """The answer for a push that moved nothing of what was asked for."""
    if not found.stages:
        return found
    reason = "the push changed nothing that it reads"
    stages = tuple(
        StageAnswer(stage=s.stage, answer=Answer.SKIP, reason=reason, key=s.key)
        for s in found.stages
    )
    return replace(found, answer=Answer.SKIP, reason=reason, stages=stages)


def _content(key: str, salt: str, path: str) -> Content:
    return Content(md5=digest_of([key, salt, path])[:32])


def _gravest(stages: Sequence[StageAnswer], *, is_same: bool) -> tuple[Answer, str]:
    """The answer for a model, and the reason of the stage that decided it."""
    for answer in (Answer.TRAIN, Answer.UNKNOWN):
        found = next((s for s in stages if s.answer is answer), None)
        if found is not None:
            name = f"{found.stage}: " if len(stages) > 1 else ""
            return answer, f"{name}{found.reason}"
    reasons = [s for s in stages if s.reason.partition(";")[0] != "nothing changed"] or list(stages)
    reason = reasons[0].reason if reasons else "nothing changed"
    return (Answer.SKIP if is_same else Answer.REUSE), reason.partition("; `")[0]
