"""Which of several models a workflow trains, as far as its text tells.

Serves `flows.replay`. A workflow that names files of one model, or wakes for that model's folder
alone, trains no other: to count its runs for every model would make it look worse than it is.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from branchline.core.changes.entries import entries_of
from branchline.core.run import command_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from branchline.config.workflow_filters import ForeignWorkflow
    from branchline.core.pipeline import Pipeline

_WILD = re.compile(r"[*?\[]")


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
        if any(head and any(_holds(path, head) for path in paths) for head in heads)
    ]
    return tuple(by_paths) if len(by_paths) < len(own) else ()


def _own_paths(pipelines: Mapping[str, Pipeline]) -> dict[str, frozenset[str]]:
    """Of each model the files and folders that its commands start in, and no other's."""
    found = {model: frozenset(_paths(pipeline)) for model, pipeline in pipelines.items()}
    return {
        model: paths.difference(*(other for name, other in found.items() if name != model))
        for model, paths in found.items()
    }


def _paths(pipeline: Pipeline) -> Iterable[str]:
    for stage in pipeline.stages:
        folders = [stage.wdir]
        for text in command_lines(stage.cmd, is_list=stage.cmd_is_list):
            for entry in entries_of(text, stage.wdir):
                if entry.path:
                    path = posixpath.normpath(entry.path)
                    yield path
                    folders.append(posixpath.dirname(path))
        yield from (folder for folder in folders if folder not in ("", "."))


def _is_named(found: ForeignWorkflow, model: str, paths: Iterable[str]) -> bool:
    """Whether a step names the model, a file or a folder of it, or runs there."""
    chosen = re.compile(rf"--model[= ]['\"]?{re.escape(model)}(?![\w./-])")
    if any(chosen.search(line) for line in found.runs):
        return True
    named = [re.compile(rf"(?<![\w.-]){re.escape(path)}(?![\w-])") for path in paths]
    texts = [*found.runs, *found.folders]
    return any(one.search(text) for one in named for text in texts)


def _holds(path: str, head: str) -> bool:
    """Whether what a pattern begins with lies in a folder, or is a file of it."""
    return head == path or head.startswith(f"{path}/")
