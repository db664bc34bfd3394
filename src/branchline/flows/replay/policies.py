"""The policies that a replay compares: always, path filters, and this repository's own workflows.

Serves `flows.replay`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.config.workflow_filters import (
    FOLDER,
    ForeignWorkflow,
    filter_of_globs,
    read_workflow,
)
from branchline.core.changes.entries import entries_of
from branchline.core.plan.replay import ALWAYS, BRANCHLINE
from branchline.core.run import command_lines
from branchline.core.trigger.filters import (
    MOST_COMMITS,
    PushFilter,
    Started,
    started_by_paths,
    starts_for,
)
from branchline.core.trigger.patterns import PatternError
from branchline.errors import DocumentError, UnknownNameError, UsageError
from branchline.flows.replay.concerns import concerned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from branchline.core.pipeline import Pipeline
    from branchline.ports.past import Past, PastPush

_PATHS, _WORKFLOW = "paths:", "workflow:"
_ENDINGS = (".yml", ".yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One policy beside Branchline.

    Attributes:
        name: As it is shown.
        file: The workflow that decides; "" for others.
        globs: The filter of `paths:`; None for others.
        labels: Machines that the workflow of today names; of `always`, those of workflows that run
            Branchline, where no other trains.
        models: That the workflow of today is known to train; empty means all.
    """

    name: str
    file: str = ""
    globs: PushFilter | None = None
    labels: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


def named_policies(
    words: Sequence[str], workflows: Mapping[str, bytes], programs: Iterable[str]
) -> tuple[tuple[Named, ...], tuple[str, ...]]:
    """The policies that a command line asks for, and remarks on how they were chosen.

    Args:
        words: Of `--policy`; none asks for all that can be found.
        workflows: Path -> bytes of the newest commit's workflows.
        programs: Files that commands of today's stages start.

    Raises:
        UsageError: A word means no policy. UnknownNameError: A workflow is not there.
    """
    if not words:
        return _own_workflows(workflows, tuple(programs))
    policies: dict[str, Named] = {}
    for word in words:
        if word in (BRANCHLINE, ALWAYS):
            policies[word] = Named(name=word)
        elif word.startswith(_PATHS):
            policies[word] = Named(name=word, globs=_globs(word))
        elif word.startswith(_WORKFLOW):
            file = _workflow(word.removeprefix(_WORKFLOW), workflows)
            labels = _labels(file, workflows[file])
            policies[file] = Named(name=_short(file), file=file, labels=labels)
        else:
            raise UsageError(
                f"branchline replay: --policy {word} is no policy",
                todo="Write always, branchline, paths:GLOB,GLOB or workflow:FILE.",
            )
    policies.pop(BRANCHLINE, None)  # always shown: the others are measured against it
    return tuple(policies.values()), ()


def _globs(word: str) -> PushFilter:
    try:
        return filter_of_globs(word.removeprefix(_PATHS))
    except PatternError as error:
        raise UsageError(
            f"branchline replay: --policy {word}: {error}",
            todo="Write patterns of GitHub's between commas, e.g. --policy 'paths:src/**,!**.md'.",
        ) from error


def _workflow(name: str, workflows: Mapping[str, bytes]) -> str:
    hits = [path for path in workflows if name in (path, path.rpartition("/")[2], _short(path))]
    if hits:
        return hits[0]
    known = ", ".join(sorted(_short(path) for path in workflows)) or "none"
    raise UnknownNameError(
        f"the newest commit has no workflow `{name}` in {FOLDER}; there are: {known}",
        todo="Name one of them, e.g. --policy workflow:train.yml.",
    )


def _labels(file: str, data: bytes) -> tuple[str, ...]:
    try:
        return read_workflow(data, file=file).labels
    except DocumentError:
        return ()


def _own_workflows(
    workflows: Mapping[str, bytes], programs: Sequence[str]
) -> tuple[tuple[Named, ...], tuple[str, ...]]:
    """Always, and workflows that train on a push: a step of theirs starts what a stage starts.

    One that runs Branchline on every push is no policy of its own: what it trains is Branchline's.
    """
    read: dict[str, ForeignWorkflow] = {}
    notes: list[str] = []
    for path, data in sorted(workflows.items()):
        try:
            read[path] = read_workflow(data, file=path)
        except DocumentError as error:
            notes.append(f"`{path}` is left out: {error.message}")
    started = {
        path: found
        for path, found in read.items()
        if found.push is not None and not found.push.is_for_tags
    }
    lines = {path: found.training_line(programs) for path, found in started.items()}
    ours = [p for p, f in started.items() if f.trains_by_content(programs) and not _filters(f)]
    chosen = [path for path in started if lines[path] and path not in ours]
    notes += [
        f"`{_short(path)}` runs Branchline, which decides by content: no row of its own"
        for path in ours
    ]
    notes += [
        f"`{_short(path)}` is taken for what trains: a step says `{lines[path]}`" for path in chosen
    ]
    if not chosen and not ours:
        chosen = [path for path, found in started.items() if _filters(found)]
        notes += [f"`{_short(path)}` filters paths, and may train" for path in chosen]
    if not chosen and not ours:
        notes.append(
            f"no workflow in {FOLDER} that pushes start is known to train; name one with --policy"
            " workflow:FILE, or a filter with --policy paths:GLOBS"
        )
    found = [Named(name=_short(p), file=p, labels=started[p].labels) for p in chosen]
    machines = () if found else tuple(label for path in ours for label in started[path].labels)
    return (Named(name=ALWAYS, labels=machines), *found), tuple(notes)


def _filters(found: ForeignWorkflow) -> bool:
    return found.push is not None and bool(found.push.paths or found.push.paths_ignore)


def _short(path: str) -> str:
    return path.rpartition("/")[2]


def programs_of(pipelines: Iterable[Pipeline]) -> tuple[str, ...]:
    """Files that commands of stages start, by their last names, and these commands."""
    found: dict[str, None] = {}
    for pipeline in pipelines:
        for stage in pipeline.stages:
            for line in command_lines(stage.cmd, is_list=stage.cmd_is_list):
                found[line.strip()] = None
                for entry in entries_of(line, stage.wdir):
                    if entry.path:
                        found[_short(entry.path)] = None
    return tuple(found)


def with_models(
    policies: Sequence[Named], workflows: Mapping[str, bytes], pipelines: Mapping[str, Pipeline]
) -> tuple[tuple[Named, ...], tuple[str, ...]]:
    """The policies with the models that each workflow trains, and remarks on what was assumed.

    Args:
        policies: As they were named.
        workflows: Path -> bytes of the newest commit's workflows.
        pipelines: Of each model, as they are today.
    """
    made: list[Named] = []
    notes: list[str] = []
    for policy in policies:
        models: tuple[str, ...] = ()
        if policy.file and len(pipelines) > 1:
            with suppress(DocumentError):
                models = concerned(
                    read_workflow(workflows[policy.file], file=policy.file), pipelines
                )
            which = f"{', '.join(models)} only, which it names" if models else "every model"
            notes.append(f"`{policy.name}` is taken to train {which}")
        made.append(replace(policy, models=models))
    return tuple(made), tuple(notes)


def is_workflow(path: str) -> bool:
    """Whether a path is that of a workflow."""
    return path.startswith(f"{FOLDER}/") and path.endswith(_ENDINGS)


class Starter:
    """Says which policies start for a push, each workflow as its commit has it.

    Args:
        past: Counts commits of merges.
        policies: Which.
        branch: Short name.
        today: Path -> bytes of the newest commit's workflows.
        read: Gives a file of the push's commit.
    """

    def __init__(
        self,
        past: Past,
        policies: Sequence[Named],
        *,
        branch: str,
        today: Mapping[str, bytes],
        read: Callable[[str], bytes | None],
    ) -> None:
        self._past = past
        self._policies = policies
        self._branch = branch
        self._today = today
        self._read = read
        self._known: dict[tuple[str, bytes], ForeignWorkflow | str] = {}
        self.borrowed: set[str] = set()

    def started(self, push: PastPush) -> dict[str, Started]:
        """Name of each policy -> whether the push starts it."""
        return {policy.name: self._one(policy, push) for policy in self._policies}

    def _one(self, policy: Named, push: PastPush) -> Started:
        files = tuple(push.changes)
        if policy.globs is not None:
            return started_by_paths(policy.globs, files)
        if not policy.file:
            return Started(is_started=True, reason="every push")
        data = self._read(policy.file)
        if data is None:
            self.borrowed.add(policy.name)
            data = self._today[policy.file]
        found = self._workflow(policy.file, data)
        if isinstance(found, str):
            return Started(is_started=True, reason=f"not known, so it counts as started: {found}")
        if found.push is None:
            return Started(is_started=False, reason="pushes do not start it")
        said = self._asked(found.push, push, files, commits=1)
        if not said.is_started and push.is_merge:
            commits = self._past.count(push.parents[0], push.commit)
            if commits > MOST_COMMITS:
                return self._asked(found.push, push, files, commits=commits)
        return said

    def _asked(
        self, found: PushFilter, push: PastPush, files: Sequence[str], *, commits: int
    ) -> Started:
        return starts_for(
            found, branch=self._branch, files=files, message=push.message, commits=commits
        )

    def _workflow(self, file: str, data: bytes) -> ForeignWorkflow | str:
        key = (file, data)
        if key not in self._known:
            try:
                self._known[key] = read_workflow(data, file=file)
            except DocumentError as error:
                self._known[key] = error.message
        return self._known[key]
