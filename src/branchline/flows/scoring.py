"""The champion's model put through today's evaluation, in a working tree of its own.

Serves the stations `evidence` and `verdict`. Nothing of the user's tree moves: what comes out is an
ordinary result under its key, in the records and the store, so that it is made once, and no run, no
entry of dvc.lock and no version of the registry follows from it.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind
from branchline.core.plain_text import plain
from branchline.core.plan.keys import key_of
from branchline.core.plan.reads import overlap
from branchline.core.plan.view import MODE_SUFFIX
from branchline.core.secrecy import redacted
from branchline.errors import StageFailedError
from branchline.flows.keep import CLOCK_LAG_NS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.changes.values import Input
    from branchline.core.pipeline import Content, Stage
    from branchline.core.plan.values import Result
    from branchline.core.run.values import Ended
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project
    from branchline.flows.walked import WalkBeside

_LOG_LINES, _LOG_BYTES = 3, 8192
_CODE_BYTES = 1_000_000


@dataclass(slots=True, kw_only=True)
class Scoring:
    """One model through the evaluation of the run that is judged.

    Attributes:
        project: Ports of the run.
        planner: Knows its stages and what each reads.
        results: Address -> result of the run.
        stages: Addresses of the evaluation, in order.
        model: Path -> content of what belongs to the model.
        label: What the results say that they are of.
    """

    project: Project
    planner: Planner
    results: Mapping[str, Result]
    stages: Sequence[str]
    model: Mapping[str, Content]
    label: str
    _declared: dict[str, Stage] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {stage.address: stage for stage in self.planner.stages}
        self._declared = {address: known[address] for address in self.stages}

    # What is known already

    def known(self) -> dict[str, Result] | None:
        """Results of the whole evaluation from the records; None where anything is not there.

        Costs no working tree and no process of a stage.
        """
        held = dict(self.model)
        made: dict[str, Result] = {}
        for address, stage in self._declared.items():
            inputs = self._inputs(stage, held)
            key = key_of(stage, inputs) if inputs else None
            if key is None or stage.always_changed or stage.frozen:
                return None
            found = self.project.records.results([key]).get(key, ())
            result = next((r for r in found if self._serves(stage, r, held)), None)
            if result is None:
                return None
            made[address] = result
            held |= {out.path: out.content for out in result.outs}
        return made

    def _inputs(self, stage: Stage, held: Mapping[str, Content]) -> list[Input]:
        """The inputs of a stage with the champion's in place; empty when they cannot be told."""
        own = self._own()
        inputs: list[Input] = []
        for item in self.planner.gathered[stage.address].inputs.values():
            if item.kind is InputKind.PARAMETER:
                if any(overlap(item.name.partition(":")[0], path) for path in own):
                    return []
            elif item.kind is InputKind.DATA and any(overlap(item.name, path) for path in own):
                content = held.get(item.name) or self._inside(item.name, held)
                if content is None or content.md5 is None:
                    return []
                inputs.append(replace(item, digest=content.md5, exact=content.md5, pending=None))
                continue
            inputs.append(item)
        return inputs

    def _inside(self, path: str, held: Mapping[str, Content]) -> Content | None:
        """What a file in a held folder is."""
        for folder, content in held.items():
            if content.is_folder and path.startswith(f"{folder}/"):
                members = dict(self.project.store.members(content) or ())
                return members.get(path.removeprefix(f"{folder}/"))
        return None

    def _serves(self, stage: Stage, result: Result, held: Mapping[str, Content]) -> bool:
        """Whether a recorded result is one of these inputs, and its outputs can be read here."""
        if not stage.leaves(out.path for out in result.outs):
            return False
        if not all(self.project.store.has(out.content) for out in result.outs):
            return False
        reads = [seen for seen in result.observed if not seen.is_look]
        if any(overlap(seen.path, path) for seen in reads for path in held):
            return False
        return all(self.planner.inputs.reader.holds(seen) for seen in result.observed)

    # What has to be made

    def make(self, walk: WalkBeside) -> Mapping[str, Result] | None:
        """Run the evaluation; None when it was stopped.

        Args:
            walk: Walks stages in another working tree.

        Raises:
            StageFailedError: A stage failed; says in whose words, and where the log is.
            BranchlineError: The tree could not be made, or the model could not be put there.
        """
        self._refuse_what_cannot_move()
        with self.project.beside() as beside:
            # A folder that the evaluation reads may hold the model: the champion's comes last.
            self._bring(beside)
            for path, content in self.model.items():
                if self.project.store.has(content) or self.project.store.can_fetch(content):
                    beside.store.restore(path, content)
                else:  # no stage is known to read it, and none shall come upon today's
                    beside.workspace.remove(path)
            # The clock tells what somebody edits while a stage runs: what is laid now is no such.
            time.sleep(CLOCK_LAG_NS / 1e9)
            walked = walk(beside, tuple(self.stages), self.label)
        if walked.failures:
            stage, ended = next(iter(walked.failures.items()))
            raise StageFailedError(self._said(stage, ended))
        return None if walked.is_cancelled else walked.results

    def _refuse_what_cannot_move(self) -> None:
        """Refuse stages that would not read the champion's model in another place.

        Raises:
            StageFailedError: One is frozen, or names this very folder.
        """
        here = self.project.root.rstrip("/") + "/"
        outside = [path for path in self._own() if _is_outside(path)]
        if outside:
            raise StageFailedError(
                f"`{outside[0]}` lies outside the repository, where only one run can have it"
            )
        for address, stage in self._declared.items():
            if stage.frozen:
                raise StageFailedError(f"`{address}` is frozen, and so is never run")
            gathered = self.planner.gathered[address]
            code = [i.name for i in gathered.inputs.values() if i.kind is InputKind.CODE]
            texts = {"its command": "\n".join(stage.cmd), "a parameter": repr(gathered.params)}
            for name in code:
                data = self.project.workspace.read(name) or b""
                texts[f"`{name}`"] = data[:_CODE_BYTES].decode("utf-8", "replace")
            place = next((name for name, text in texts.items() if here in text), "")
            if place:
                raise StageFailedError(
                    f"`{address}` would read this folder's files wherever it runs: {place} names"
                    f" {here}; write paths from the root instead"
                )

    def _said(self, stage: str, ended: Ended) -> str:
        """Why a stage failed, in its own words, and where the rest of them is."""
        parts = [f"`{stage}` failed with its model: {ended.detail}"]
        words = ended.said or " | ".join(_last_lines(ended.log))
        if words:
            parts.append(redacted(plain(words)))
        text = ": ".join(parts)
        if not ended.log:
            return text
        log = os.path.relpath(ended.log, self.project.root)
        return f"{text} (the log: {ended.log if log.startswith('..') else log})"

    def _bring(self, beside: Project) -> None:
        """Put what the evaluation reads, and git does not have, into the other tree.

        What is made before it (a test set) is today's, by its content; so are data and files that
        git ignores.
        """
        for stage in self._declared.values():
            deps = self.planner.gathered[stage.address].deps
            for path in self._reads(stage):
                if not any(path == own or path.startswith(f"{own}/") for own in self._own()):
                    self._bring_one(beside, path, deps.get(path))

    def _own(self) -> tuple[str, ...]:
        """Outputs that are the model's, or made of it."""
        return (*self.model, *(out.path for s in self._declared.values() for out in s.outs))

    def _reads(self, stage: Stage) -> list[str]:
        gathered = self.planner.gathered[stage.address]
        files = (InputKind.CODE, InputKind.DATA)
        named = [
            i.name.removesuffix(MODE_SUFFIX) for i in gathered.inputs.values() if i.kind in files
        ]
        seen = [s.path for s in self.results[stage.address].observed if not s.is_look]
        found = dict.fromkeys((*gathered.deps, *named, *gathered.params, *seen))
        return [path for path in found if not _is_outside(path)]

    def _bring_one(self, beside: Project, path: str, content: Content | None) -> None:
        there = beside.workspace.content(path) if content else None
        if content is None:
            # What git keeps apart (Git LFS) is a pointer there.
            is_there = beside.workspace.entry(path) is not None
            if not is_there or self._differs(beside, path):
                _copy(self.project.root, beside.root, path)
        elif there is None or there.md5 != content.md5:
            store = self.project.store
            is_here = os.path.lexists(os.path.join(self.project.root, path))
            if store.has(content) or (not is_here and store.can_fetch(content)):
                beside.store.restore(path, content)
            else:
                _copy(self.project.root, beside.root, path)
        beside.workspace.forget([path])

    def _differs(self, beside: Project, path: str) -> bool:
        ours = self.project.workspace.blob(path)
        return ours is not None and ours != beside.workspace.blob(path)


def _is_outside(path: str) -> bool:
    """Whether a path is the same for all working trees."""
    return os.path.isabs(path) or "://" in path or path.split("/", 1)[0] == ".."


def _copy(root: str, other: str, path: str) -> None:
    """Copy a file or folder that git ignores; a link stays one, to the same place."""
    source, target = os.path.join(root, path), os.path.join(other, path)
    if not os.path.lexists(source):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.isdir(target) and not os.path.islink(target):
        shutil.rmtree(target)
    elif os.path.lexists(target):
        os.unlink(target)
    if os.path.islink(source):
        os.symlink(os.path.realpath(source), target)
    elif os.path.isdir(source):
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def _last_lines(log: str) -> list[str]:
    """The last lines of a log that say something."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in map(plain, text.split("\n")) if line.strip()][-_LOG_LINES:]
