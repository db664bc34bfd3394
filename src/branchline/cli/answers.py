"""Records what a plan that leaves nothing to do looked at, for `cli.quick_records` in other clones.

Only what a plan has confirmed after a run is recorded, and only what can be told by content. Where
anything else counts (links, folders of data in git, declared variables, several results to choose
from), nothing is recorded and other clones go the whole way.
"""

from __future__ import annotations

import os
import stat as stat_module
from typing import TYPE_CHECKING

from branchline.cli import quick_memory
from branchline.cli.quick_answer import Answer, File, Stage
from branchline.cli.quick_records import INERT, READ_AT_MOST_BYTES, listed, names_in, place_of
from branchline.core.changes.explain import quoted
from branchline.core.changes.values import ChangeEffect, InputKind
from branchline.core.plan.reasons import elsewhere
from branchline.core.plan.values import Action, Source
from branchline.core.plan.view import MODE_SUFFIX, Availability, Where
from branchline.flows.folder_inputs import CODE_FOLDER_LIMIT
from branchline.flows.reading import with_folders
from branchline.flows.watched import code_by_meaning, has_no_path, paths_inside
from branchline.render.plan import plan_notes, plan_summary

if TYPE_CHECKING:
    from branchline.core.plan.values import Plan, Result, StagePlan
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project
    from branchline.flows.watched import WatchedCode

FEWEST = 20
"""The whole way over fewer files of code costs little more than reading a record of them."""
_MD5_LENGTH = 32


def record_answer(project: Project, planner: Planner, plan: Plan, run: str, *, ran: bool) -> None:
    """Record the answer of a plan, unless it cannot be told by content or is recorded already.

    Args:
        project: Ports.
        planner: What was looked at.
        plan: Leaves nothing to do, and its answer has just been kept for this clone.
        run: Id of the run that it confirms.
        ran: Whether that run made anything.
    """
    if len(planner.inputs.reader.said()) < FEWEST:
        return
    code = code_by_meaning(planner, plan)
    kept = quick_memory.load(project.root, "plan")
    place = place_of(project.root)
    if kept is None or (not ran and project.records.has_answer(place)):
        return
    answer = answer_of(project, planner, plan, code)
    # All of it was looked at after the plan began, and nothing has moved since.
    is_still = all(quick_memory.sign(path) == held for path, held in kept.signatures.items())
    if answer is not None and is_still:
        stamp = "".join(char for char in project.machine.now() if char.isdigit())
        project.records.add_answer(f"{place}/{stamp}-{run}", answer.to_bytes())


def answer_of(
    project: Project, planner: Planner, plan: Plan, code: dict[str, WatchedCode]
) -> Answer | None:
    """The answer of a plan by content; None when it cannot be told so."""
    if has_no_path(project, planner) or plan_notes(plan) or project.policy.changes.code:
        return None
    if any(quoted(path) != f"`{path}`" for path in code):
        return None
    stages = [_stage(project, entry.result) for entry in plan.stages if _is_plain(entry, code)]
    found = _Files(project, planner, plan, code).gather()
    if len(stages) != len(plan.stages) or found is None or any(s is None for s in stages):
        return None
    rules = project.policy.changes
    flags = (rules.docstrings, rules.annotations, rules.import_order)
    return Answer(
        rules="".join("01"[flag] for flag in flags),
        python=project.machine.python_version(),
        summary=plan_summary(plan),
        stages=[stage for stage in stages if stage is not None],
        files=sorted(found.files, key=lambda file: os.fsencode(file.path)),
        absent=found.absent,
        untracked=found.untracked,
        folders=found.folders,
    )


def _is_plain(entry: StagePlan, code: dict[str, WatchedCode]) -> bool:
    """Whether a stage is reused for reasons that its code alone can change."""
    return (
        entry.action is Action.REUSE
        and entry.source is Source.RECORD
        and entry.result is not None
        and entry.result.key == entry.key
        and not entry.restore
        and all(c.effect is ChangeEffect.COSMETIC and c.name in code for c in entry.changes)
    )


def _stage(project: Project, result: Result | None) -> Stage | None:
    standing = {} if result is None else project.records.standing(result.key)
    if result is None or len(standing) != 1:
        return None
    ((reference, held),) = standing.items()
    outs = []
    for out in result.outs:
        away = Availability(where=Where.ELSEWHERE, missing=(out.path,))
        outs += [(out.path, note) for note in elsewhere(away) if out.cached]
    return Stage(result.stage, reference, held, outs)


class _Files:
    """Everything on disk that an answer depends on, by content."""

    def __init__(
        self, project: Project, planner: Planner, plan: Plan, code: dict[str, WatchedCode]
    ) -> None:
        self._project = project
        self._planner = planner
        self._code = code
        self._tracked = frozenset(project.repo.tracked())
        self._tracked_folders = {f for path in self._tracked for f in with_folders(path)[1:]}
        self._paths = dict.fromkeys(paths_inside(project, planner, plan))
        self._modes = {
            item.name.removesuffix(MODE_SUFFIX)
            for found in planner.gathered.values()
            for item in found.inputs.values()
            if item.name.endswith(MODE_SUFFIX)
        }
        self._inputs = {n for found in planner.gathered.values() for n in found.inputs}
        self._members: dict[str, File] = {}
        self._kept = {out.path for s in planner.stages for out in s.outs if out.cache}
        self._probed = {p for found in planner.gathered.values() for p in found.probed}
        self.files: list[File] = []
        self.absent: list[str] = []
        self.folders: list[tuple[str, str, str, list[str]]] = []
        self.untracked = sorted({p for f in planner.gathered.values() for p in f.untracked})

    def gather(self) -> _Files | None:
        """Fill the lists; None when something cannot be told by content."""
        folders = {*self._project.pipeline.folders, *self._probed}
        self.folders = [self._folder(path) for path in sorted(folders)]
        # Declared folders first: a script in one counts by itself for its x bit only.
        for spelled in sorted(self._paths, key=lambda path: not path.endswith("/")):
            path = spelled.rstrip("/")
            if spelled in folders:
                continue
            is_folder = spelled != path and path in self._tracked_folders
            if not (self._add_folder(path) if is_folder else self._add(path)):
                return None
        return self

    def _add(self, path: str) -> bool:
        member = self._members.get(path)
        if member is not None and path not in self._inputs:
            member.mode = self._mode(path)
            return True
        try:
            stat = os.lstat(os.path.join(self._project.root, path))
        except OSError:
            self.absent.append(path)
            return True
        is_away = self._may_be_away(path)
        if not stat_module.S_ISREG(stat.st_mode):
            # A folder of data is told by its content only where it is not there.
            if stat_module.S_ISDIR(stat.st_mode) and is_away:
                self.files.append(File(path, "", 0, "", "", "", (), may_be_away=True))
            return is_away and stat_module.S_ISDIR(stat.st_mode)
        blob = ""
        if stat.st_size <= READ_AT_MOST_BYTES:
            blob = self._project.workspace.blob(path) or ""
        if not blob and not is_away:
            return False
        mode = self._mode(path)
        known = self._code.get(path)
        digest = known.digest if known else ""
        recorded = self._recorded(path, known.recorded, blob) if known else ""
        users = known.stages if known else ()
        self.files.append(
            File(path, blob, stat.st_size, mode, digest, recorded, users, may_be_away=is_away)
        )
        return True

    def _mode(self, path: str) -> str:
        """The x bit of an executed file; "" where it does not count."""
        if path not in self._modes:
            return ""
        stat = os.stat(os.path.join(self._project.root, path))
        return "x" if stat.st_mode & stat_module.S_IXUSR else "-"

    def _add_folder(self, path: str) -> bool:
        """A declared folder that git tracks: every file in it, and every name."""
        inputs = [found.inputs.get(path) for found in self._planner.gathered.values()]
        users = tuple(at for at, item in enumerate(inputs) if item is not None)
        is_code = all(item.kind is InputKind.CODE for item in inputs if item is not None)
        members = [f"{path}/{name}" for name, _ in self._project.workspace.members(path)]
        if len(members) > CODE_FOLDER_LIMIT or quoted(path) != f"`{path}`":
            return False
        above = {folder for member in members for folder in with_folders(member)[1:]}
        reader = self._planner.inputs.reader
        for member in members:
            file = os.path.join(self._project.root, member)
            blob = self._project.workspace.blob(member)
            if blob is None or os.path.islink(file) or os.path.getsize(file) > READ_AT_MOST_BYTES:
                return False
            digest = (reader.digest(member) or "") if is_code and reader.is_code(member) else ""
            size = os.path.getsize(file)
            self._members[member] = File(member, blob, size, "", digest, blob, users, told=path)
            self.files.append(self._members[member])
        return all(
            self._add_names(folder, above | set(members))
            for folder in sorted(above)
            if folder == path or folder.startswith(path + "/")
        )

    def _add_names(self, path: str, members: set[str]) -> bool:
        """All names in a folder of members; what `.dvcignore` takes out may come and go."""
        folder = os.path.join(self._project.root, path)
        apart = [n for n in names_in(folder) if f"{path}/{n.rstrip('/')}" not in members]
        for name in apart:
            # An empty folder could get members; one of these with files in it is ignored for sure.
            is_folder = name.endswith("/")
            if is_folder and not (name[:-1] in INERT and os.listdir(f"{folder}/{name}")):
                return False
        self.folders.append((path, "every", listed(folder, apart, "every"), apart))
        return True

    def _recorded(self, path: str, recorded: str, blob: str) -> str:
        """Blob id of the bytes that a result was made with; declared files are known by md5."""
        if len(recorded) != _MD5_LENGTH:
            return recorded
        content = self._project.workspace.content(path)
        return blob if content is not None and content.md5 == recorded else ""

    def _may_be_away(self, path: str) -> bool:
        """Whether a plan needs no more than somebody's word for what stands at a path."""
        if path in self._tracked or path in self._tracked_folders:
            return False
        pointer = self._planner.producers.pointer(path)
        return path in self._kept or (pointer is not None and pointer.path == path)

    def _folder(self, path: str) -> tuple[str, str, str, list[str]]:
        folder = os.path.join(self._project.root, path)
        prefix = "" if path == "." else f"{path}/"
        tracked = self._tracked | self._tracked_folders
        apart = [n for n in sorted(names_in(folder)) if prefix + n.rstrip("/") not in tracked]
        mode = "all" if path in self._probed else "some"
        return path, mode, listed(folder, apart, mode), apart
