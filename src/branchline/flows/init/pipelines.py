"""`init` in a repository that has a dvc.yaml: which stages, which metrics files."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from branchline.flows.init.bars import bars_of_files
from branchline.flows.init.look import document
from branchline.generate.settings_file import FirstSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.documents import Document
    from branchline.flows.init.look import Look
    from branchline.ports.tree import Tree

__all__ = ["from_pipeline"]


def from_pipeline(tree: Tree, model: str, paths: Sequence[str], look: Look) -> FirstSettings:
    """Settings for a repository with dvc.yaml files.

    Args:
        tree: The repository's files.
        model: The model's name.
        paths: Its dvc.yaml files, at least one.
        look: Gets what was found.

    Raises:
        DocumentError: A dvc.yaml or a metrics file cannot be read.
    """
    pipeline = min(paths, key=lambda path: (path.count("/"), path))
    read = document(tree, pipeline)
    top = read.value if read is not None and isinstance(read.value, dict) else {}
    stages = top.get("stages")
    names = tuple(str(name) for name in stages) if isinstance(stages, dict) else ()
    metrics: list[tuple[str, str]] = []
    if read is not None and names:
        look.saw(f"a pipeline of {_count(len(names), 'stage')}", read.where(("stages",)))
        metrics = _declared_metrics(read, top, posixpath.dirname(pipeline))
    else:
        look.unknowns.append(f"{pipeline} declares no stages yet; add one under `stages:`.")
    _note_others([path for path in paths if path != pipeline], pipeline, look)
    bars = bars_of_files(tree, [path for path, _ in metrics], look)
    _note_metrics(tree, metrics, look)
    return FirstSettings(
        model=model, pipeline=pipeline, stage_names=names, bars=bars, bars_are_sure=bool(bars)
    )


def _note_others(others: Sequence[str], pipeline: str, look: Look) -> None:
    """Say what becomes of the dvc.yaml files that `pipeline:` does not name."""
    for other in others:
        look.saw(f"one more dvc.yaml, read only where {pipeline} needs its outputs", f"{other}:1")
    if others:
        look.unknowns.append(
            f"A model that {others[0]} makes is not declared yet: name both under `models:`, as"
            f" `models: {{a: {{pipeline: {pipeline}}}, b: {{pipeline: {others[0]}}}}}`, or take"
            " `pipeline:` out, and all are read as one."
        )


def _note_metrics(tree: Tree, metrics: Sequence[tuple[str, str]], look: Look) -> None:
    if not metrics:
        look.unknowns.append(
            "No stage declares `metrics:`; without one there is nothing to judge a result by."
        )
    for path, where in metrics:
        if tree.read(path) is None:
            look.saw(f"metrics file {path}", where)
            look.unknowns.append(
                f"{path} is not here yet; after the first `branchline run`, name the metrics "
                "that matter under `gate:`."
            )


def _declared_metrics(read: Document, top: dict[str, object], folder: str) -> list[tuple[str, str]]:
    """(path, `file:line`) of the metrics files that a dvc.yaml declares, templates left out."""
    found: list[tuple[str, str]] = []

    def collect(items: object, keys: tuple[str | int, ...], below: str) -> None:
        for index, item in enumerate(items if isinstance(items, list) else []):
            spelled = next(iter(item), None) if isinstance(item, dict) else item
            if isinstance(spelled, str) and "${" not in spelled:
                path = posixpath.normpath(posixpath.join(folder, below, spelled))
                found.append((path, read.where((*keys, index))))

    stages = top.get("stages")
    for name, stage in stages.items() if isinstance(stages, dict) else ():
        if isinstance(stage, dict):
            generated = stage.get("do")  # the body of a foreach
            body = generated if isinstance(generated, dict) else stage
            middle = ("do",) if body is generated else ()
            wdir = body.get("wdir")
            collect(
                body.get("metrics"),
                ("stages", name, *middle, "metrics"),
                wdir if isinstance(wdir, str) else "",
            )
    collect(top.get("metrics"), ("metrics",), "")
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
