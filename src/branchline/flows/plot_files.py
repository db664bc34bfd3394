"""Which plot files a run left, and how each is to be drawn. Serves the station `evidence`.

Those that stages name as outputs, those at the top level of a dvc.yaml (DVCLive writes itself in
there), and those of `report.plots`; a folder stands for the files in it.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.evidence import Plot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from branchline.core.pipeline import Content
    from branchline.core.plan.values import Result
    from branchline.core.values import JsonValue
    from branchline.flows.project import Project

    Options = Mapping[str, JsonValue]

_MOST_FILES = 60
"""Of one folder: a report shows few plots well, and a record stays small."""
_DRAWN = (
    ".csv", ".tsv", ".json", ".yaml", ".yml", ".vl", ".png", ".jpg", ".jpeg", ".gif", ".webp",
    ".svg",
)  # fmt: skip
_OWN = ("id", "file", "folder")


def plots_left(
    project: Project,
    results: Sequence[Result],
    options: Mapping[str, Options],
    *,
    with_unmade: bool = True,
) -> tuple[Plot, ...]:
    """All plot files, in the order in which they are named, each once.

    Args:
        project: Ports, pipeline and policy.
        results: Of the run's stages.
        options: Path of a stage's output -> how it is drawn.
        with_unmade: Whether files count that no stage makes.
    """
    found: dict[str, Plot] = {}
    for result in results:
        for out in result.outs:
            if out.kind == "plot":
                told = options.get(out.path) or {}
                for plot in _files(project, out.path, out.content, told):
                    found[plot.path] = replace(plot, stage=result.stage)
    made = tuple(out.path for result in results for out in result.outs)
    for path, told in _declared(project):
        if not with_unmade and not _is_within(path, made):
            continue
        is_outside = path.startswith(("../", "/")) or path in ("", ".", "..")
        content = None if is_outside else project.workspace.content(path)
        if content is None:
            continue
        # A name of its own, or options: it may say more of a file that a stage names, too.
        for plot in _files(project, path, content, told):
            earlier = found.get(plot.path, plot)
            found[plot.path] = replace(earlier, options={**earlier.options, **plot.options})
    return tuple(found.values())


def _files(project: Project, path: str, content: Content, options: Options) -> Iterator[Plot]:
    """One plot, or the files of a folder that can be drawn."""
    if not content.is_folder:
        yield Plot(path=path, content=content, options=options)
        return
    members = [
        (name, inside)
        for name, inside in project.workspace.members(path)
        if name.lower().endswith(_DRAWN)
    ]
    for name, inside in members[:_MOST_FILES]:
        title = {"title": posixpath.splitext(name)[0]} if "title" not in options else {}
        yield Plot(path=f"{path}/{name}", content=inside, options={**options, **title})


def _declared(project: Project) -> Iterator[tuple[str, Options]]:
    """(path, options) of plots that are named apart from stages."""
    for entry in project.pipeline.plots:
        folder = str(entry.get("folder") or ".")
        told = {key: value for key, value in entry.items() if key not in _OWN}
        yield from _one(str(entry.get("id") or ""), told, folder)
    section = project.policy.sections.get("report")
    named = section.get("plots") if isinstance(section, dict) else None
    for item in named if isinstance(named, list | tuple) else ():
        if isinstance(item, str):
            yield from _one(item, {}, ".")
        elif isinstance(item, dict):
            for name, told in item.items():
                yield from _one(name, told if isinstance(told, dict) else {}, ".")


def _one(name: str, told: Options, folder: str) -> Iterator[tuple[str, Options]]:
    """A plot by its name, which is its path unless `y` names the files."""
    y, x = told.get("y"), told.get("x")
    if isinstance(y, dict) and y:
        files: dict[str, JsonValue] = {_at(folder, file): columns for file, columns in y.items()}
        xs: JsonValue = {_at(folder, f): c for f, c in x.items()} if isinstance(x, dict) else x
        yield next(iter(files)), {"title": name, **told, "y": files, "x": xs}
    elif name:
        yield _at(folder, name), told


def _at(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder, name))


def _is_within(path: str, made: Sequence[str]) -> bool:
    return any(path == out or path.startswith(f"{out}/") for out in made)
