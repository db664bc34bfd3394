"""Tests of the model as stages: what they are called and what they depend on. Serves `plan`.

A test is a stage without outputs (`tests@NAME`), so that keys, logs, limits and a kill -9 are those
of any stage; it never stands in a lock file, and one that fails ends no run: it goes into the
verdict.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Protocol

from branchline.core.changes.values import Input, InputKind
from branchline.core.changes.words import commands_of, joined
from branchline.core.evidence.values import MODEL_SUFFIXES
from branchline.core.pipeline import Dep, Stage
from branchline.errors import PipelineError
from branchline.flows.gathered import CHAMPION_INPUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.plan.values import Result
    from branchline.core.policy import ModelTest
    from branchline.flows.champion_model import ChampionModel
    from branchline.flows.gathered import Gathered
    from branchline.flows.inputs import InputReader
    from branchline.flows.produced import Producers
    from branchline.flows.project import Project

_COMPARES = re.compile(rb"\b(?:baseline_model|latency|BRANCHLINE_TESTS)\b")
_READ_AT_MOST_BYTES = 1_000_000


class Decided(Protocol):
    """What is known of the stages of a pipeline; a planner knows it."""

    @property
    def project(self) -> Project:
        """Ports."""
        ...

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All that are wanted, tests last."""
        ...

    @property
    def producers(self) -> Producers:
        """What they hold."""
        ...

    @property
    def inputs(self) -> InputReader:
        """Reads what they depend on."""
        ...

    @property
    def gathered(self) -> Mapping[str, Gathered]:
        """What they depend on."""
        ...

    @property
    def last(self) -> Mapping[str, Result]:
        """Their newest recorded results."""
        ...

    def champion(self, own: Mapping[str, str]) -> ChampionModel:
        """The model to compare with."""
        ...


def stages_of_tests(project: Project) -> tuple[Stage, ...]:
    """The tests of the policy as stages, in their order.

    Raises:
        PipelineError: A stage of the pipeline has the address of a test.
    """
    taken = {stage.address: stage for stage in project.pipeline.stages}
    for test in project.policy.tests:
        other = taken.get(test.address)
        if other is not None:
            raise PipelineError(
                f"{_file(project)}:{test.line}: test `{test.name}` and the stage at"
                f" {other.file}:{other.line} are both called `{test.address}`",
                todo="Give the test another name: `tests: [{name: ..., run: ...}]`.",
            )
    return tuple(_stage(project, test) for test in project.policy.tests)


def _stage(project: Project, test: ModelTest) -> Stage:
    return Stage(
        name=test.address,
        address=test.address,
        cmd=(test.run,),
        cmd_is_list=False,
        wdir=".",
        deps=tuple(Dep(path=_from_root(path), spelled=path) for path in test.deps),
        file=_file(project),
        line=test.line,
        is_test=True,
    )


def _from_root(path: str) -> str:
    return posixpath.normpath(path)


def _file(project: Project) -> str:
    return project.policy.source or "branchline.yaml"


def add_inputs(decided: Decided, stage: Stage, found: Gathered) -> None:
    """Everything that a test may look at, besides its code: outputs, data, the champion.

    Args:
        decided: Has decided all stages of the pipeline.
        stage: The test.
        found: Its own inputs so far; the others are added.
    """
    producers, workspace = decided.producers, decided.project.workspace
    for other in decided.project.pipeline.stages:
        for out in other.outs:
            if producers.is_pending(out.path):
                found.pending.append((out.path, other.address))
                found.inputs[out.path] = Input(
                    kind=InputKind.DATA, name=out.path, digest=None, pending=other.address
                )
                continue
            content = producers.content(out.path) or workspace.content(out.path)
            if content is not None and content.md5:
                found.deps[out.path] = content
                found.inputs[out.path] = Input(
                    kind=InputKind.DATA, name=out.path, digest=content.md5
                )
    _add_named(decided, stage, found)
    for path, digest in evaluation_files(decided).items():
        if path not in found.inputs:
            found.inputs[path] = Input(kind=InputKind.DATA, name=path, digest=digest)
    # Which model is the champion counts only where the test can look at it, and depends on ours.
    if not compares(decided, stage, found):
        return
    if found.pending:
        # Not known before the model is: until then the last one stands for it in what is said.
        last = decided.last.get(stage.address)
        for item in last.inputs if last else ():
            if item.name == CHAMPION_INPUT:
                found.inputs[CHAMPION_INPUT] = item
    else:
        champion = decided.champion(model_digests(decided))
        found.inputs[CHAMPION_INPUT] = Input(
            kind=InputKind.DATA,
            name=CHAMPION_INPUT,
            digest=champion.digest or "none",
            value=f"run {champion.run}" if champion.run else "none",
        )


def _add_named(decided: Decided, stage: Stage, found: Gathered) -> None:
    """Files that the command names: what `grep` or `jq` reads is seen by nobody."""
    reader, workspace = decided.inputs.reader, decided.project.workspace
    for command in commands_of("\n".join(stage.cmd), stage.wdir):
        for word in (*command.words[1:], command.stdin):
            path = joined(command.cwd, word) if word else None
            if path is None or decided.inputs.is_covered(path, found) or not reader.is_file(path):
                continue
            if reader.is_code(path):
                found.inputs[path] = Input(
                    kind=InputKind.CODE,
                    name=path,
                    digest=reader.digest(path),
                    exact=reader.blob(path),
                    via="named in the command",
                )
                continue
            content = workspace.content(path)
            if content is not None and content.md5:
                found.deps[path] = content
                found.inputs[path] = Input(kind=InputKind.DATA, name=path, digest=content.md5)


def compares(decided: Decided, stage: Stage, found: Gathered) -> bool:
    """Whether a test names what compares with the champion, in its command or its code.

    One that does not is not given the champion's model, so a promotion does not run it again.
    """
    if _COMPARES.search("\n".join(stage.cmd).encode()):
        return True
    paths = [item.name for item in found.inputs.values() if item.kind is InputKind.CODE]
    for path in paths:
        data = decided.project.workspace.read(path) if decided.inputs.reader.is_file(path) else None
        if data is not None and _COMPARES.search(data[:_READ_AT_MOST_BYTES]):
            return True
    return False


def model_digests(decided: Decided) -> dict[str, str]:
    """Outputs of the pipeline that are no metrics and no plots, with what they hold."""
    found = {}
    workspace = decided.project.workspace
    for stage in decided.project.pipeline.stages:
        for out in stage.outs:
            content = decided.producers.content(out.path) or workspace.content(out.path)
            if out.kind.value == "data" and content is not None and content.md5:
                found[out.path] = content.md5
    return found


def evaluation_files(decided: Decided) -> dict[str, str]:
    """The evaluation set: `gate.data`, or the data that the stages with metrics read.

    Returns:
        Path -> digest; "" where it is not known.
    """
    found: dict[str, str] = {}
    for path in decided.project.policy.gate.data:
        content = decided.project.workspace.content(path) or decided.producers.content(path)
        found[path] = (content.md5 or "") if content else ""
    if found:
        return found

    for stage in decided.stages:
        gathered = decided.gathered.get(stage.address)
        if (
            stage.is_test
            or gathered is None
            or not any(o.kind.value == "metric" for o in stage.outs)
        ):
            continue
        for item in gathered.inputs.values():
            is_data = item.kind is InputKind.DATA and not item.name.endswith(MODEL_SUFFIXES)
            if is_data and not item.pending:
                found[item.name] = item.digest or ""
        last = decided.last.get(stage.address)
        for seen in last.observed if last else ():
            reader = decided.inputs.reader
            if not seen.is_look and not reader.is_code(seen.path) and reader.is_file(seen.path):
                found[seen.path] = seen.digest
    return found
