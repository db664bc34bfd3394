"""Which of several models a workflow trains, as far as its text tells.

Serves `flows.replay`. A workflow that names files of one model, or wakes for that model's folder
alone, trains no other: to count its runs for every model would make it look worse than it is.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.changes.entries import entries_of
from branchline.core.run import command_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.config.workflow_filters import ForeignWorkflow
    from branchline.core.pipeline import Pipeline

_WILD = re.compile(r"[*?\[]")
_HERE = re.compile(r"(?<![\w./-])\./")


@dataclass(frozen=True, slots=True)
class _Own:
    """What belongs to one model alone, from the root: files that commands start, and folders."""

    files: frozenset[str]
    folders: frozenset[str]


def concerned(found: ForeignWorkflow, pipelines: Mapping[str, Pipeline]) -> tuple[str, ...]:
    """The models that a workflow is known to train; empty where its text does not tell.

    Args:
        found: The workflow.
        pipelines: Of each model, as they are today.
    """
    if len(pipelines) < 2:
        return ()
    own = _own_paths(pipelines)
    by_steps = [model for model, paths in own.items() if _is_named(found, model, paths)]
    if by_steps:
        return tuple(by_steps) if len(by_steps) < len(own) else ()
    wakes = found.push.paths if found.push is not None else None
    heads = [_WILD.split(one, maxsplit=1)[0] for one in wakes or () if not one.startswith("!")]
    by_paths = [
        model
        for model, paths in own.items()
        if paths.files & set(heads)
        or any(head.startswith(f"{folder}/") for folder in paths.folders for head in heads)
    ]
    return tuple(by_paths) if len(by_paths) < len(own) else ()


def _own_paths(pipelines: Mapping[str, Pipeline]) -> dict[str, _Own]:
    """What each model has, and no other."""
    found = {model: _paths(pipeline) for model, pipeline in pipelines.items()}

    def alone(model: str, paths: frozenset[str], place: str) -> frozenset[str]:
        return paths.difference(*(getattr(o, place) for name, o in found.items() if name != model))

    return {
        model: _Own(alone(model, own.files, "files"), alone(model, own.folders, "folders"))
        for model, own in found.items()
    }


def _paths(pipeline: Pipeline) -> _Own:
    files: set[str] = set()
    folders: set[str] = set()
    for stage in pipeline.stages:
        folders.add(stage.wdir)
        for text in command_lines(stage.cmd, is_list=stage.cmd_is_list):
            for entry in entries_of(text, stage.wdir):
                if entry.path:
                    files.add(posixpath.normpath(entry.path))
    folders |= {posixpath.dirname(path) for path in files}
    return _Own(frozenset(files), frozenset(folders - {"", "."}))


def _is_named(found: ForeignWorkflow, model: str, own: _Own) -> bool:
    """Whether a step names the model, a file or a folder of it, or runs there."""
    if own.folders & set(found.folders):
        return True
    patterns = [
        rf"--model[= ]['\"]?{re.escape(model)}(?![\w./-])",
        *(rf"(?<![\w./-]){re.escape(path)}(?![\w/-])" for path in own.files),
        *(rf"(?<![\w./-]){re.escape(path)}/" for path in own.folders),
        *(rf"\bcd ['\"]?{re.escape(path)}(?![\w.-])" for path in own.folders),
    ]
    one = re.compile("|".join(patterns))
    return any(one.search(_HERE.sub("", line)) for line in found.runs)
