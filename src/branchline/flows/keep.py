"""What happens around one stage: make room before it, keep what it made after it.

Serves the station `run`. A result is kept only if every input still holds what was digested before
the stage ran: a file that was edited meanwhile never enters a record, the store's run cache or
dvc.lock as its input.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind
from branchline.core.pipeline import maker_of
from branchline.core.plan.entries import entry_of
from branchline.core.plan.keys import key_of
from branchline.core.plan.values import ABSENT, PRESENT, Observed, Produced, Result
from branchline.core.policy import Link
from branchline.core.run.values import Ended, Failure
from branchline.errors import StageFailedError, StoreError
from branchline.flows.inputs import CONFIG_NAMES
from branchline.flows.reading import with_folders
from branchline.flows.remarks import left_out, secrets, undeclared, unmade

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.pipeline import Content, LockEntry, Out, Stage
    from branchline.core.plan.values import StagePlan
    from branchline.flows.gathered import Gathered
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project
    from branchline.flows.walked import Attempt

CLOCK_LAG_NS = 20_000_000
"""File systems stamp with a clock that is up to one tick (10 ms at 100 Hz) behind `time_ns`."""


_SCRATCH = frozenset({".pytest_cache", ".hypothesis"})
"""Folders in which tools for tests remember what failed last; no result depends on that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of a stage that ended well.

    Attributes:
        ended: As the executor said, or turned into a failure.
        result: None when it failed after all.
        contents: Output path -> content.
        notes: Remarks.
    """

    ended: Ended
    result: Result | None = None
    contents: dict[str, Content] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class _Change(Enum):
    """Whether a file moved while a stage ran."""

    NONE = "none"
    BY_STAGE = "by_stage"
    BY_OTHERS = "by_others"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A read that was observed."""

    path: str
    digest: str
    change: _Change


class Keeper:
    """Prepares and keeps stages of one run.

    Args:
        project: Ports.
        planner: Knows what was digested before each stage ran.
        label: Id that the run's record will have.
        edited: Files that are known to differ from the commit.
    """

    def __init__(
        self, project: Project, planner: Planner, *, label: str, edited: tuple[str, ...] = ()
    ) -> None:
        self._label, self._edited = label, frozenset(edited)
        self.starts_afresh = False
        self._head = project.repo.head()
        self._project = project
        self._planner = planner
        self.entries: dict[str, tuple[Stage, LockEntry]] = {}
        self.touched: list[str] = []
        self._undeclared: set[str] = set()
        self._uncommitted: frozenset[str] | None = None
        self._store_id = ""

    def make_room(self, stage: Stage) -> tuple[str, ...]:
        """Take the old outputs away; those that persist stay, writable, but not in a search.

        Returns:
            Remarks: what stood at an output's place and was made by nobody we know.

        Raises:
            StageFailedError: An input that is kept elsewhere is not on this machine.
        """
        workspace = self._project.workspace
        for dep in stage.deps:
            if not dep.is_external and workspace.entry(dep.path) is None:
                self._fetch(stage, dep.path)
        workspace.drop_stale_bytecode(self._sources(stage))
        # A stage that never ran did not make what stands there: it may be the user's only copy.
        is_new = stage.address not in self._planner.last and stage.address not in self._planner.lock
        notes = []
        for out in stage.outs:
            if out.persist and not self.starts_afresh:
                workspace.unprotect(out.path)
            elif workspace.entry(out.path) is None:
                continue
            elif is_new or (out.is_optional and not self._left_before(stage, out)):
                place = workspace.set_aside(out.path)
                notes.append(f"`{out.path}` was there before `{stage.address}` ran: see `{place}`")
            else:
                workspace.remove(out.path)
        self._planner.inputs.reader.forget([out.path for out in stage.outs])
        return tuple(notes)

    def _left_before(self, stage: Stage, out: Out) -> bool:
        """Whether the last run of a stage left this output."""
        last, lock = self._planner.last.get(stage.address), self._planner.lock.get(stage.address)
        in_lock = lock is not None and any(item.spelled == out.spelled for item in lock.outs)
        return in_lock or (last is not None and any(o.path == out.path for o in last.outs))

    def _sources(self, stage: Stage) -> list[str]:
        """Python files that the stage is known to use."""
        found: list[str] = []
        for item in self._planner.gathered[stage.address].inputs.values():
            if item.name.endswith(".py"):
                found.append(item.name)
            elif item.kind is InputKind.CODE and self._planner.inputs.reader.is_dir(item.name):
                members = self._project.workspace.members(item.name)
                found += [f"{item.name}/{name}" for name, _ in members if name.endswith(".py")]
        return found

    def _fetch(self, stage: Stage, path: str) -> None:
        store = self._project.store
        place, content = path, self._planner.gathered[stage.address].deps.get(path)
        pointer = self._planner.producers.pointer(path)
        if pointer is not None and self._project.workspace.entry(pointer.path) is None:
            # git knows tracked data as a whole: a part of them would read as an edit.
            place, content = pointer.path, pointer.content
        if content is None or not (store.has(content) or store.can_fetch(content)):
            raise StageFailedError(
                f"input `{path}` is not on this machine: {store.looked_at()}; type `dvc pull"
                f" {path}` here, or `dvc push` it to a folder that this machine reaches by an"
                " absolute path",
            )
        store.restore(place, content)
        self._planner.inputs.reader.forget([place, path])

    def reuse(self, stage: Stage, plan: StagePlan) -> None:
        """Put outputs of a reused result back where they are not as they should be."""
        result = plan.result
        if result is None:
            return
        outs = {out.path: out for out in stage.outs}
        contents = {out.path: out.content for out in result.outs}
        for path in plan.restore:
            self._project.store.restore(path, contents[path], link=self._link(outs.get(path)))
        if plan.restore:
            self._planner.inputs.reader.forget(plan.restore)
            self.touched += [out.path for out in stage.outs if out.cache]

    def _link(self, out: Out | None) -> Link | None:
        if out is None or not out.cache or out.persist:
            return Link.COPY
        return self._project.policy.link

    def keep(self, attempt: Attempt, ended: Ended) -> Kept:
        """Check inputs and outputs, store the outputs, make the result.

        Raises:
            StoreError, RecordError: An output cannot be stored, or git cannot be asked.
        """
        stage = attempt.stage
        found = self._planner.gathered[stage.address]
        reader = self._planner.inputs.reader
        reader.forget([out.path for out in stage.outs])
        missing = [o.path for o in stage.outs if self._project.workspace.entry(o.path) is None]
        left = [out for out in stage.outs if out.path not in missing]
        if not stage.leaves(out.path for out in left):
            return _failed(ended, Failure.MISSING_OUTPUT, unmade(stage, missing))
        moved = self._planner.inputs.moved(stage, found)
        observed = self._observed(attempt, found)
        moved += [item.path for item in observed if item.change is _Change.BY_OTHERS]
        if moved:
            return _failed(
                ended,
                Failure.INPUT_CHANGED,
                f"`{moved[0]}` changed while the stage ran: its result is not recorded"
                + _why_it_counts(found, moved[0]),
            )
        contents = {out.path: self._store(out) for out in left}
        reader.forget(list(contents))
        self.touched += [out.path for out in left if out.cache]
        seen = tuple(Observed(path=item.path, digest=item.digest) for item in observed)
        if seen:
            self._undeclared.add(stage.address)
        seen += self._looks(attempt, found)
        result = self._result(attempt, ended, found, contents, seen)
        # Of a test nothing is declared: what it reads is seen, and counts.
        notes = () if stage.is_test else undeclared(stage, seen, reader)
        notes += self._gaps(attempt) + secrets(stage, found)
        notes += tuple(left_out(stage, path) for path in missing)
        return Kept(ended=ended, result=result, contents=contents, notes=notes)

    def _gaps(self, attempt: Attempt) -> tuple[str, ...]:
        """Why reads of the stage may have been missed."""
        return tuple(
            f"`{attempt.stage.address}`: {gap}"
            for gap in self._project.executor.trace_gaps(attempt.task)
        )

    def _store(self, out: Out) -> Content:
        """Store one output; `cache: false` files are stored too, but stay ordinary files."""
        return self._project.store.save(out.path, link=self._link(out))

    def _observed(self, attempt: Attempt, found: Gathered) -> list[_Seen]:
        """What the stage read besides its known inputs."""
        seen = []
        reads = self._project.executor.observed(attempt.task)
        if not reads:
            return []
        rewritten = self._project.executor.rewritten(attempt.task)
        counted = [path for path in reads if self._counts(path, attempt.stage, found)]
        reader = self._planner.inputs.reader
        reader.forget(counted)  # an input of another stage may have been read long ago
        for path in counted:
            digest = reader.digest(path)
            if digest is not None:
                change = self._change_of(path, attempt.started_ns, rewritten)
                seen.append(_Seen(path=path, digest=digest, change=change))
        return [item for item in seen if item.change is not _Change.BY_STAGE]

    def _looks(self, attempt: Attempt, found: Gathered) -> tuple[Observed, ...]:
        """What the stage looked for: it decides again when that comes, or goes.

        Of what was there only files count, and none that this pipeline makes: a clone without
        data must be able to tell what its records say.
        """
        asked = self._project.executor.looked_up(attempt.task)
        if not asked:
            return ()
        looks = []
        reader, makers = self._planner.inputs.reader, self._planner.producers.makers
        reader.forget(asked)
        above = {f for out in attempt.stage.outs for f in with_folders(out.path)}
        for path, was_there in sorted(asked.items()):
            if path in above or not self._counts(path, attempt.stage, found):
                continue
            if not was_there and not any(made.path != path for made in makers(path)):
                looks.append(Observed(path=path, digest=ABSENT))
            elif was_there and reader.is_file(path) and not makers(path):
                looks.append(Observed(path=path, digest=PRESENT))
        return tuple(looks)

    def _counts(self, path: str, stage: Stage, found: Gathered) -> bool:
        """Whether a read is of an input that nobody has named yet."""
        name = path.rpartition("/")[2]
        if name in CONFIG_NAMES or name.endswith(".dvc") or _SCRATCH & set(path.split("/")):
            return False
        if path in {dep.path for dep in stage.params}:
            return False
        inputs = self._planner.inputs
        is_own = maker_of(path, (out.path for out in stage.outs)) is not None
        return not is_own and not inputs.is_covered(path, found)

    def _change_of(self, path: str, started_ns: int, rewritten: frozenset[str]) -> _Change:
        """Whether a file that was read moved while the stage ran, and by whom.

        What git does not track and the stage both reads and writes (a log, a counter, a cache) is
        scratch of its own, and so are metrics that the top level of a dvc.yaml lists. Any other
        was edited by somebody; the output of another stage, read without a word in `deps`, was
        made meanwhile.
        """
        changed = self._project.workspace.changed_at_ns(path) or 0
        is_made = bool(self._planner.producers.makers(path))
        # An output may have been stored just before the stage started; files of others were not.
        if changed <= (started_ns if is_made else started_ns - CLOCK_LAG_NS):
            return _Change.NONE
        is_tracked = self._planner.inputs.is_tracked(path)
        is_listed = path in self._project.pipeline.metrics
        is_own = path in rewritten and not is_made and (is_listed or not is_tracked)
        return _Change.BY_STAGE if is_own else _Change.BY_OTHERS

    def _result(
        self,
        attempt: Attempt,
        ended: Ended,
        found: Gathered,
        contents: dict[str, Content],
        observed: tuple[Observed, ...],
    ) -> Result:
        project, stage = self._project, attempt.stage
        entry = entry_of(stage, deps=found.deps, params=found.params, outs=contents)
        if not stage.is_test:
            self.entries[stage.address] = (stage, entry)
        self._store_id = self._store_id or project.store.identity()
        inputs = tuple(found.inputs.values())
        earlier = project.records.results([attempt.plan.key]) if attempt.plan.key else {}
        attempts = [r.attempt for results in earlier.values() for r in results]
        return Result(
            key=attempt.plan.key or key_of(stage, inputs) or "",
            observed=observed,
            stage=stage.address,
            inputs=inputs,
            outs=tuple(
                _produced(out, contents[out.path]) for out in stage.outs if out.path in contents
            ),
            entry=entry,
            run=self._label,
            commit=self._head.commit,
            branch=self._head.branch,
            is_dirty=self._is_dirty(stage, found, observed),
            started_at=attempt.started_at,
            duration_s=round(ended.duration_s, 3),
            cpu_s=round(ended.cpu_s, 3),
            peak_memory_bytes=ended.peak_memory_bytes,
            store=self._store_id,
            versions=project.machine.versions(),
            attempt=max(attempts, default=0) + 1,
        )

    def _is_dirty(self, stage: Stage, found: Gathered, observed: tuple[Observed, ...]) -> bool:
        """Whether anything that the result depends on is not committed."""
        paths = {stage.file, *(dep.path for dep in stage.params)}
        if paths & self._edited:
            return True  # without a question to git, which costs more than the rest of `keep`
        if self._uncommitted is None:
            self._uncommitted = frozenset(self._project.repo.dirty_paths())
        if not self._uncommitted:
            return False
        makers = self._planner.producers.makers
        paths.update(path for path in found.deps if not makers(path))
        paths.update(item.name for item in found.inputs.values() if item.exact is not None)
        paths.update(seen.path for seen in observed)
        return any(
            dirty in paths or any(dirty.startswith(f"{path}/") for path in paths)
            for dirty in self._uncommitted
            if not makers(dirty)
        )

    def share(self, stage: Stage, say: Callable[[str], None]) -> None:
        """Put the kept result of a stage into DVC's run cache.

        Called once the ledger has it: a kill in between must not leave a result that only the run
        cache vouches for, because it would be reused and never recorded. A stage that read what it
        does not declare stays out: the run cache cannot say what that held.
        """
        _, entry = self.entries.get(stage.address, (stage, None))
        if entry is None or stage.address in self._undeclared:
            return
        try:
            share(self._project, stage, entry)
        except StoreError as error:  # The result is safe in the ledger; only DVC will not find it.
            say(f"`{stage.address}` is not in the run cache: {error.message}")


def share(project: Project, stage: Stage, entry: LockEntry) -> None:
    """Put a result into the run cache where DVC would do so too."""
    if (
        stage.deps
        and len(entry.outs) == len(stage.outs) > 0
        and not stage.always_changed
        and not any(out.persist or out.is_external for out in stage.outs)
        and not any(dep.is_external for dep in stage.deps)
    ):
        project.run_cache.save(entry)


def _why_it_counts(found: Gathered, path: str) -> str:
    """Why a path is an input where nobody declares it; "" where somebody does, or it was seen."""
    known = found.inputs.get(path)
    via = known.via if known is not None else ""
    return f"; it counts as an input: {via}" if via else ""


def _failed(ended: Ended, failure: Failure, detail: str) -> Kept:
    return Kept(ended=replace(ended, failure=failure, detail=detail))


def _produced(out: Out, content: Content) -> Produced:
    return Produced(
        path=out.path, spelled=out.spelled, content=content, kind=out.kind.value, cached=out.cache
    )
