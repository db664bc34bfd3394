"""A workflow of GitHub Actions that somebody else wrote, read for when it starts and what it runs.

Serves `flows.replay`. Takes bytes; reads no file. What cannot be understood is an error, never a
filter that lets everything, or nothing, in.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.core.trigger.filters import PushFilter
from branchline.core.trigger.patterns import PatternError, parts_of
from branchline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from branchline.core.documents.document import Document

FOLDER = ".github/workflows"

_LISTS = ("branches", "branches-ignore", "paths", "paths-ignore")
_TRAINS = re.compile(
    r"(?:^|[\s;&|(])(?:dvc\s+(?:repro|exp\s+run)|mlflow\s+run"
    r"|branchline\s+(?:run|tune|ci\s+run))(?:$|[\s;&|)])"
)
_BY_CONTENT = re.compile(r"(?:^|[\s;&|(])branchline\s+(?:run|tune|ci\s+run)(?:$|[\s;&|)])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignWorkflow:
    """What one workflow says.

    Attributes:
        push: When pushes start it; None when none does.
        runs: Lines of its `run:` steps, in order.
        labels: What `runs-on` names, in order, once each.
        folders: What `working-directory` names, from the root.
    """

    push: PushFilter | None
    runs: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    def training_line(self, programs: Iterable[str] = ()) -> str:
        """The first line of a step that trains; "" when none does.

        Args:
            programs: Names of files that commands of the stages start, and these commands.
        """
        return next(iter(self._training_lines(programs)), "")

    def trains_by_content(self, programs: Iterable[str] = ()) -> bool:
        """Whether all that trains in it is Branchline, which decides then; a forced run does not.

        Args:
            programs: As for `training_line`.
        """
        lines = self._training_lines(programs)
        return bool(lines) and all(_BY_CONTENT.search(ln) and "--force" not in ln for ln in lines)

    def _training_lines(self, programs: Iterable[str]) -> list[str]:
        names = "|".join(map(re.escape, programs)) or "(?!)"
        starts = re.compile(rf"(?:^|[\s/;&|('\"])(?:{names})(?:$|[\s;&|)'\"])")
        return [ln for ln in self.runs if _TRAINS.search(ln) or starts.search(ln)]


def read_workflow(data: bytes, *, file: str) -> ForeignWorkflow:
    """Read a workflow.

    Args:
        data: Its bytes.
        file: How messages name it.

    Raises:
        DocumentError: It is no YAML, or its `on:` is not of GitHub's grammar; says where.
    """
    from branchline.core.documents.yaml import read_yaml

    document = read_yaml(data, file=file)
    value: Any = document.value
    if not isinstance(value, dict):
        raise DocumentError(f"{file}:1: a workflow must be a mapping")
    # A reader of YAML 1.1 takes the key `on` for true, and so may ours.
    key: Any = "on" if "on" in value else True
    jobs = value.get("jobs")
    return ForeignWorkflow(
        push=_push(value.get(key), document),
        runs=tuple(_runs(jobs)),
        labels=tuple(dict.fromkeys(_labels(jobs))),
        folders=tuple(dict.fromkeys(_folders(value, jobs))),
    )


def filter_of_globs(globs: str) -> PushFilter:
    """The filter that `paths:GLOBS` on a command line stands for: patterns between commas.

    Raises:
        PatternError: One of them means nothing, or none of them lets anything in.
    """
    patterns = tuple(text.strip() for text in globs.split(",") if text.strip())
    for pattern in patterns:
        parts_of(pattern)
    if not any(not pattern.startswith("!") for pattern in patterns):
        raise PatternError("needs at least one pattern that lets files in")
    return PushFilter(paths=patterns)


def _push(value: Any, document: Document) -> PushFilter | None:
    if isinstance(value, str):
        return PushFilter() if value == "push" else None
    if isinstance(value, list):
        return PushFilter() if "push" in value else None
    if not isinstance(value, dict):
        raise DocumentError(f"{document.file}:1: `on` must name what starts the workflow")
    if "push" not in value:
        return None
    found = value["push"]
    if found is None:
        return PushFilter()
    if not isinstance(found, dict):
        raise DocumentError(f"{document.file}:1: `on.push` must be a mapping")
    lists = {key: _patterns(found, key, document) for key in _LISTS}
    for kind in ("branches", "paths"):
        if lists[kind] is not None and lists[f"{kind}-ignore"] is not None:
            raise DocumentError(
                f"{document.file}:1: `on.push` has `{kind}` and `{kind}-ignore`, which GitHub"
                " refuses"
            )
    return PushFilter(
        branches=lists["branches"],
        branches_ignore=lists["branches-ignore"],
        paths=lists["paths"],
        paths_ignore=lists["paths-ignore"],
        has_tags="tags" in found or "tags-ignore" in found,
    )


def _patterns(found: Mapping[str, Any], key: str, document: Document) -> tuple[str, ...] | None:
    if key not in found:
        return None
    value = found[key]
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise DocumentError(f"{document.file}:1: `on.push.{key}` must be a list of patterns")
    for item in items:
        try:
            parts_of(item)
        except PatternError as error:
            raise DocumentError(f"{document.file}:1: `on.push.{key}`: {error}") from error
    return tuple(items)


def _jobs(jobs: Any) -> Iterator[dict[str, Any]]:
    if isinstance(jobs, dict):
        yield from (job for job in jobs.values() if isinstance(job, dict))


def _runs(jobs: Any) -> Iterator[str]:
    for job in _jobs(jobs):
        steps = job.get("steps")
        for step in steps if isinstance(steps, list) else ():
            run = step.get("run") if isinstance(step, dict) else None
            if isinstance(run, str):
                yield from (line.strip() for line in run.splitlines() if line.strip())


def _folders(workflow: dict[str, Any], jobs: Any) -> Iterator[str]:
    """Folders in which steps run, as steps, jobs and the workflow name them."""
    holders: list[Any] = [workflow, *_jobs(jobs)]
    asked = [holder.get("defaults") for holder in holders]
    found = [one.get("run") for one in asked if isinstance(one, dict)]
    for job in _jobs(jobs):
        steps = job.get("steps")
        found += steps if isinstance(steps, list) else []
    for one in found:
        folder = one.get("working-directory") if isinstance(one, dict) else None
        if isinstance(folder, str):
            yield posixpath.normpath(folder)


def _labels(jobs: Any) -> Iterator[str]:
    for job in _jobs(jobs):
        named = job.get("runs-on")
        items = named if isinstance(named, list) else [named]
        yield from (item for item in items if isinstance(item, str))
