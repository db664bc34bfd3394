"""Verb: plan. Gathers inputs, asks the core stage by stage, changes nothing in the world.

`Planner` is also what `flows.run` asks again when a stage's inputs have become known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.changes.explain import changed_parts, compare
from branchline.core.plan.decide import decide
from branchline.core.plan.keys import key_of
from branchline.core.plan.values import Action, Plan, Produced, StagePlan
from branchline.core.plan.view import Availability, View, Where
from branchline.errors import (
    CodeError,
    MissingInputError,
    PipelineError,
    RepositoryError,
    UnknownNameError,
)
from branchline.flows.inputs import InputReader
from branchline.flows.produced import Producers, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.changes.seeds import Seeds
    from branchline.core.changes.values import Change, Input
    from branchline.core.pipeline import Content, LockEntry, Stage
    from branchline.core.plan.values import Observed, Result
    from branchline.flows.champion_model import ChampionModel
    from branchline.flows.gathered import Gathered
    from branchline.flows.project import Project

MD5_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What the user asked of a plan.

    Attributes:
        targets: Addresses of stages (or groups of foreach); with all they need. Empty: all.
        force: Run these stages (all of the plan when `targets` is empty) whatever is known.
        force_reason: Why, in a few words.
        unforced: Addresses of stages that are not run again all the same.
        single: Only the targets, not what they need.
        trust_elsewhere: Outputs that another machine keeps will do.
        trust_lock: Take dvc.lock's word for code and environment that it does not name.
        with_tests: Whether the tests of the model belong to it; they do where a verdict follows.
    """

    targets: tuple[str, ...] = ()
    force: bool = False
    force_reason: str = "asked for with --force"
    unforced: frozenset[str] = frozenset()
    single: bool = False
    trust_elsewhere: bool = True
    trust_lock: bool = False
    with_tests: bool = False


class Planner:
    """Decides stages of one project, one after the other.

    Args:
        project: Ports and declarations.
        options: What was asked.
    """

    def __init__(self, project: Project, options: PlanOptions) -> None:
        self.project = project
        self.options = options
        refuse_no_stages(project)
        self.producers = Producers(project.pipeline)
        self.lock = project.lock_files.read(project.pipeline.stages)
        self.inputs = InputReader(project, self.producers, self.lock)
        stages = project.pipeline.stages
        if options.with_tests and project.policy.tests:
            from branchline.flows.planned_tests import stages_of_tests

            stages += stages_of_tests(project)
        self.stages = wanted_stages(stages, self.producers, options)
        has_namesakes = any(stage.lock_name != stage.name for stage in stages)
        self.last: Mapping[str, Result] = project.records.latest_results(
            [stage.address for stage in self.stages],
            model=project.policy.model if has_namesakes else "",
        )
        self.inputs.reader.seed_from(self._recorded_meanings)
        self._world = _World(self)
        self.gathered: dict[str, Gathered] = {}
        self._champions: dict[str, ChampionModel] = {}

    def plan(self) -> Plan:
        """The plan of all wanted stages, in order.

        Raises:
            MissingInputError: Declared inputs are nowhere; all of them are named.
            CodeError: Code of a stage cannot be parsed or an import of it cannot be found.
        """
        plans: list[StagePlan] = []
        missing: list[str] = []
        problems: list[str] = []
        for stage in self.stages:
            decided = self.decide(stage, missing=missing, problems=problems)
            self.producers.decided(stage, decided)
            plans.append(decided)
        raise_for(missing, problems)
        self.inputs.reader.save()
        return Plan(stages=tuple(plans))

    def decide(
        self,
        stage: Stage,
        *,
        missing: list[str] | None = None,
        problems: list[str] | None = None,
        force: str = "",
    ) -> StagePlan:
        """Decide one stage with what is known now.

        Args:
            stage: The stage.
            missing: Collects inputs that are nowhere; None raises at once.
            problems: Collects unusable code; None raises at once.
            force: Why it runs whatever is known; "" when it does not.
        """
        found = self.inputs.gather(stage)
        if stage.is_test:
            from branchline.flows.planned_tests import add_inputs

            add_inputs(self, stage, found)
        self.gathered[stage.address] = found
        plan = decide(self._view(stage, found, force), self._world)
        if plan.action is Action.SKIP:
            self.producers.done(stage, self._frozen(stage))
            return plan
        if missing is None or problems is None:
            raise_for(found.missing, found.problems)
        else:
            missing.extend(found.missing)
            problems.extend(found.problems)
        return plan

    def _view(self, stage: Stage, found: Gathered, force: str) -> View:
        inputs = tuple(found.inputs.values())
        if found.missing and not stage.frozen:
            inputs = tuple(i for i in inputs if i.digest is not None or i.pending)
        options = self.options
        loose = self._loose(stage)
        is_free = stage.address in options.unforced
        if not force and options.force and not is_free and self._is_forced(stage):
            force = options.force_reason
        return View(
            stage=stage,
            key=None if found.missing or loose else key_of(stage, inputs),
            inputs=inputs,
            pending=(*found.pending, *loose),
            entry=None if found.missing else found.entry(stage),
            lock=self.lock.get(stage.address),
            uncovered=() if options.trust_lock else (*found.uncovered, *self._moved_reads(stage)),
            last=self.last.get(stage.address),
            after=tuple(dict.fromkeys((*self._needs(stage), *(s for _, s in loose)))),
            force=force or found.unknown,
            trust_elsewhere=options.trust_elsewhere,
            notes=tuple(found.notes),
        )

    def _needs(self, stage: Stage) -> tuple[str, ...]:
        """Stages that must end first: those whose outputs a stage reads.

        A test waits for all, and for the tests before it: what it times shall not be disturbed.
        """
        if stage.is_test:
            before = self.stages[: self.stages.index(stage)]
            return tuple(other.address for other in before)
        return self.producers.needs(stage)

    def champion(self, own: Mapping[str, str]) -> ChampionModel:
        """The model that tests compare with; looked for once for the same model under test."""
        from branchline.flows.champion_model import champion_model

        name = repr(sorted(own.items()))
        if name not in self._champions:
            self._champions[name] = champion_model(self.project, own)
        return self._champions[name]

    def _loose(self, stage: Stage) -> tuple[tuple[str, str], ...]:
        """Outputs still to be made that the last run read without declaring them, with the maker.

        Only stages that stand before this one are still to run when it is decided, so waiting for
        them makes no circle.
        """
        last = self.last.get(stage.address)
        return tuple(
            (seen.path, made.stage)
            for seen in (last.observed if last else ())
            if not seen.is_look
            for made in self.producers.makers(seen.path)
            if made.stage != stage.address and self.producers.is_pending(made.path)
        )

    def _moved_reads(self, stage: Stage) -> tuple[str, ...]:
        """Files that the last run read and that hold something else now: dvc.lock knows no such."""
        last = self.last.get(stage.address)
        holds = self.inputs.reader.holds
        return tuple(seen.path for seen in (last.observed if last else ()) if not holds(seen))

    def _is_forced(self, stage: Stage) -> bool:
        targets = self.options.targets
        return not targets or stage.address in targets or stage.name.partition("@")[0] in targets

    def _frozen(self, stage: Stage) -> dict[str, Content]:
        """What a frozen stage holds: the workspace's word, else dvc.lock's."""
        entry = self.lock.get(stage.address)
        locked = {item.spelled: item.content for item in (entry.outs if entry else ())}
        found: dict[str, Content] = {}
        for out in stage.outs:
            content = self.project.workspace.content(out.path) or locked.get(out.spelled)
            if content is not None:
                found[out.path] = content
        return found

    def _recorded_meanings(self) -> Sequence[Seeds]:
        from branchline.flows.meanings import recorded_meanings

        return recorded_meanings(self.project.records, self.last)

    def changes(self, before: Sequence[Input], after: Sequence[Input]) -> Sequence[Change]:
        """What changed, with the parts of code that moved where the older text is at hand."""
        return compare(before, after, parts=self._parts).changes

    def _parts(self, before: Input, after: Input) -> tuple[str, ...]:
        """Names of the functions that moved; empty when git no longer has the older text."""
        old = self._older(before)
        now = self.inputs.reader.meaning_with_parts(after.name)
        if old is None or now is None:
            return ()
        return changed_parts(self.inputs.reader.meaning_of(after.name, old), now)

    def _older(self, before: Input) -> bytes | None:
        """The text of a code file as an earlier result had it, from git."""
        if before.exact is None:
            return None
        if len(before.exact) != MD5_LENGTH:
            return self.project.repo.blob(before.exact)
        # A declared file is known by its md5; the commit of its result tells the text.
        for result in self.last.values():
            if result.commit and any(item is before for item in result.inputs):
                try:
                    old = self.project.repo.show(result.commit, before.name)
                except RepositoryError:
                    return None
                is_same = old is not None and _md5(old) == before.exact
                return old if is_same else None
        return None


class _World:
    """`core.plan.decide.Lookups`, answered by the project's ports."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._project = planner.project
        self._store = ""

    def recorded(self, key: str) -> Sequence[Result]:
        return self._project.records.results([key]).get(key, ())

    def holds(self, seen: Observed) -> bool:
        return self._planner.inputs.reader.holds(seen)

    def run_cached(self, entry: LockEntry) -> LockEntry | None:
        return self._project.run_cache.find(entry)

    def changes(self, before: Sequence[Input], after: Sequence[Input]) -> Sequence[Change]:
        return self._planner.changes(before, after)

    def availability(self, outs: Sequence[Produced], *, store: str | None) -> Availability:
        """Each output: here, in the store, in a remote, kept by another store, or gone."""
        restore: list[str] = []
        fetch: list[str] = []
        missing: list[str] = []
        edited: list[str] = []
        for out in outs:
            present = self._project.workspace.content(out.path)
            if present is not None and present.md5 == out.content.md5:
                continue
            if present is not None:
                edited.append(out.path)
            if self._project.store.has(out.content):
                restore.append(out.path)
            elif self._project.store.can_fetch(out.content):
                fetch.append(out.path)
            else:
                missing.append(out.path)
        if missing:
            where = Where.ELSEWHERE if self._is_elsewhere(store, edited) else Where.GONE
        else:
            where = Where.REMOTE if fetch else Where.STORE if restore else Where.HERE
        return Availability(
            where=where,
            restore=tuple(restore) if missing else (*fetch, *restore),
            missing=tuple(missing),
            edited=tuple(edited),
        )

    def _is_elsewhere(self, store: str | None, edited: list[str]) -> bool:
        """Whether a missing output may well be kept by another machine.

        A record names its store. dvc.lock names none: an output that is simply absent may be in a
        remote; one that was edited here and is in no store is lost.
        """
        if store is None:
            return not edited
        self._store = self._store or self._project.store.identity()
        return store != self._store


def refuse_no_stages(project: Project) -> None:
    """Refuse a project that declares nothing: "nothing to run" would read as "all is well".

    Raises:
        PipelineError: There are no stages.
    """
    if not project.pipeline.stages:
        raise PipelineError(
            f"there are no stages: neither branchline.yaml nor a dvc.yaml in {project.root}"
            " declares one",
            todo="In a checkout of your project type `branchline init`; it writes branchline.yaml.",
        )


def raise_for(missing: Sequence[str], problems: Sequence[str]) -> None:
    """Raise the error that names all of them; nothing happens when both are empty."""
    if problems:
        raise CodeError(
            "the code of a stage cannot be used",
            details=dict.fromkeys(problems),
            todo="Mend the code: it would fail when it runs.",
        )
    if missing:
        raise MissingInputError(
            "declared inputs are not there",
            details=dict.fromkeys(missing),
            todo="Bring the files back (`git checkout`, `dvc pull`) or take them out of `deps`.",
        )


def wanted_stages(
    stages: tuple[Stage, ...], producers: Producers, options: PlanOptions
) -> tuple[Stage, ...]:
    """The targets with all they need, in order; all stages when there are no targets.

    Raises:
        UnknownNameError: There is no stage of a target's name.
    """
    ordered = in_order(stages, producers)
    if not options.targets:
        return ordered
    chosen: dict[str, None] = {}
    for target in options.targets:
        hits = [s for s in ordered if target in (s.address, s.address.partition("@")[0])]
        if not hits:
            raise _unknown_stage(target, [stage.address for stage in ordered])
        chosen.update(dict.fromkeys(stage.address for stage in hits))
    if not options.single:
        queue = list(chosen)
        by_address = {stage.address: stage for stage in ordered}
        while queue:
            wanted = by_address[queue.pop()]
            needs = producers.needs(wanted)
            if wanted.is_test:
                needs = tuple(stage.address for stage in ordered if not stage.is_test)
            for need in needs:
                if need not in chosen and need in by_address:
                    chosen[need] = None
                    queue.append(need)
    return tuple(stage for stage in ordered if stage.address in chosen)


def _unknown_stage(target: str, known: list[str]) -> UnknownNameError:
    import difflib

    # Whoever stands in a folder names its stages as dvc.yaml there does.
    same = [address for address in known if address.endswith(f":{target}")]
    near = same or difflib.get_close_matches(target, known, n=1)
    listed = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return UnknownNameError(
        f"there is no stage `{target}`",
        todo=f"Did you mean `{near[0]}`?" if near else f"The stages are: {listed}.",
    )


def _md5(data: bytes) -> str:
    import hashlib

    return hashlib.md5(data, usedforsecurity=False).hexdigest()
