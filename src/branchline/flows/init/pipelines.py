"""`init` in a repository that has a dvc.yaml: which stages, which metrics files."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.flows.init.bars import bars_of_files, bars_of_names
from branchline.flows.init.guess import About, Certainty
from branchline.flows.init.measured import names_read
from branchline.flows.init.quoted import Quoted, words_of
from branchline.flows.init.script import read_script
from branchline.flows.init.started import given_values
from branchline.generate.settings_file import FirstModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.documents import Document
    from branchline.flows.init.guess import Look
    from branchline.flows.init.touched import Measure
    from branchline.flows.init.view import View

__all__ = ["from_pipelines", "names_apart"]


def from_pipelines(
    view: View, model: str, paths: Sequence[str], look: Look
) -> tuple[FirstModel, ...]:
    """Models of a repository with dvc.yaml files.

    One that reads nothing which another makes, in a folder of its own, is a model of its own.

    Args:
        view: The repository's files.
        model: The model's name where there is one.
        paths: Its dvc.yaml files, at least one.
        look: Gets what was found.

    Raises:
        DocumentError: A dvc.yaml or a metrics file cannot be read.
    """
    ordered = sorted(paths, key=lambda path: (path.count("/"), path))
    apart = len(ordered) > 1 and all("/" in path for path in ordered)
    if not apart or _are_tied(view, ordered):
        first = _from_pipeline(view, model, ordered[0], look)
        if len(ordered) > 1:
            for other in ordered[1:]:
                look.saw(About.LAYOUT, "one more dvc.yaml, read as part of the same pipeline",
                         Certainty.DECLARED, other, 1)  # fmt: skip
            # Without `pipeline:` every dvc.yaml of the repository is read.
            first = replace(first, pipeline="", stage_names=())
        return (first,)
    names = names_apart([posixpath.dirname(path) for path in ordered])
    return tuple(
        _from_pipeline(view, name, path, look) for name, path in zip(names, ordered, strict=True)
    )


def _are_tied(view: View, paths: Sequence[str]) -> bool:
    """Whether a pipeline reads what another one makes."""
    made: dict[str, str] = {}
    read: list[tuple[str, str]] = []
    for path in paths:
        folder = posixpath.dirname(path)
        stages = view.mapping(path).get("stages")
        for stage in stages.values() if isinstance(stages, dict) else ():
            if not isinstance(stage, dict):
                continue
            for key in ("outs", "metrics", "plots"):
                for item in _paths(stage.get(key), folder):
                    made[item] = path
            read += [(item, path) for item in _paths(stage.get("deps"), folder)]
    return any(
        owner != path and (item == out or item.startswith(f"{out}/"))
        for item, path in read
        for out, owner in made.items()
    )


def _paths(items: object, folder: str) -> list[str]:
    spelled = [next(iter(i), None) if isinstance(i, dict) else i
               for i in (items if isinstance(items, list) else ())]  # fmt: skip
    return [posixpath.normpath(posixpath.join(folder, i)) for i in spelled if isinstance(i, str)]


def names_apart(folders: Sequence[str]) -> list[str]:
    """Names of models by their folders: the last part, or the path where two are alike."""
    last = [posixpath.basename(folder) for folder in folders]
    chosen = [
        name if last.count(name) == 1 else folder.replace("/", "-")
        for name, folder in zip(last, folders, strict=True)
    ]
    return [re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-_") or "model" for name in chosen]


def _from_pipeline(view: View, model: str, pipeline: str, look: Look) -> FirstModel:
    read = view.document(pipeline)
    top = read.value if read is not None and isinstance(read.value, dict) else {}
    stages = top.get("stages")
    names = tuple(str(name) for name in stages) if isinstance(stages, dict) else ()
    metrics: list[tuple[str, str]] = []
    if read is not None and names:
        look.saw_at(About.LAYOUT, f"a pipeline of {_count(len(names), 'stage')}",
                    Certainty.DECLARED, read.where(("stages",)))  # fmt: skip
        metrics = _declared_metrics(read, top, posixpath.dirname(pipeline))
    else:
        look.unknowns.append(f"{pipeline} declares no stages yet; add one under `stages:`.")
    _note_params_and_plots(view, pipeline, top, look)
    bars = bars_of_files([path for path, _ in metrics], look)
    is_sure = bool(bars)
    if not bars:
        measures = _measured(view, stages, posixpath.dirname(pipeline), [p for p, _ in metrics])
        found = {
            path: names_read([m for m in measures if m.target == path], path, look.readers)
            for path, _ in metrics
        }
        bars = bars_of_names([n for names in found.values() for n in names], look, Certainty.READ)
        unsure = {m.target for m in measures if not m.is_sure}
        known = {n.name for path, names in found.items() if path not in unsure for n in names}
        is_sure = bool(bars) and all(bar.name in known for bar in bars)
    _note_metrics(metrics, look, is_known=bool(bars))
    return FirstModel(
        name=model, pipeline=pipeline, stage_names=names, bars=bars, bars_are_sure=is_sure
    )


def _measured(view: View, stages: object, folder: str, files: Sequence[str]) -> list[Measure]:
    """Metrics that scripts of the stages write into the declared files; paths from the root."""
    found: list[Measure] = []
    for stage in stages.values() if isinstance(stages, dict) else ():
        commands = stage.get("cmd") if isinstance(stage, dict) else None
        wdir = stage.get("wdir") if isinstance(stage, dict) else None
        own = posixpath.normpath(posixpath.join(folder, wdir if isinstance(wdir, str) else ""))
        for command in commands if isinstance(commands, list) else [commands]:
            words, _ = words_of(command) if isinstance(command, str) else ((), ())
            quoted = Quoted(words=words, path="", line=0, rank=0, folder=own)
            script = read_script(view, quoted.script) if words and quoted.script else None
            if script is None:
                continue
            given = given_values(script, quoted)
            script = (read_script(view, quoted.script, given=given) if given else None) or script
            found += [
                replace(measure, target=place)
                for measure in script.measures
                if measure.target
                and (place := posixpath.normpath(posixpath.join(own, measure.target))) in files
            ]
    return found


def _note_params_and_plots(view: View, pipeline: str, top: dict[str, object], look: Look) -> None:
    params = posixpath.join(posixpath.dirname(pipeline), "params.yaml")
    if view.has_file(params):
        look.saw(About.PARAMETERS, f"parameters in {params}", Certainty.DECLARED, params, 1)
    if top.get("plots"):
        read = view.document(pipeline)
        if read is not None:
            look.saw_at(About.PLOTS, "plots that the pipeline declares", Certainty.DECLARED,
                        read.where(("plots",)))  # fmt: skip


def _note_metrics(metrics: Sequence[tuple[str, str]], look: Look, *, is_known: bool) -> None:
    if not metrics:
        look.unknowns.append(
            "No stage declares `metrics:`; without one there is nothing to judge a result by."
        )
    for path, where in metrics:
        if look.view.read(path) is None:
            look.saw_at(About.METRICS, f"metrics file {path}", Certainty.DECLARED, where)
        if look.view.read(path) is None and not is_known:
            look.unknowns.append(
                f"{path} is not here yet; after the first `branchline run`, name the metrics "
                "that matter under `gate:`, or let `branchline init --check` do it."
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
