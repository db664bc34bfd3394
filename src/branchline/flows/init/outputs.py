"""What a script leaves: outputs and metrics files, apart from one another. Serves `init`."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.flows.init.guess import About, Certainty
from branchline.flows.init.touched import Role, is_metrics_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.flows.init.guess import Look
    from branchline.flows.init.script import Script
    from branchline.flows.init.touched import Touched
    from branchline.flows.init.view import View

__all__ = ["apart", "emptied", "growing", "metrics_files", "note_outputs", "sure_outputs"]

_ABOUT = {
    Role.MODEL: About.MODEL,
    Role.PREDICTIONS: About.PREDICTIONS,
    Role.PLOT: About.PLOTS,
    Role.METRICS: About.METRICS,
    Role.LOGS: About.METRICS,
}
_SENTENCES = {
    Role.MODEL: "the model, {}",
    Role.PREDICTIONS: "predictions in {}",
    Role.PLOT: "a plot, {}",
    Role.METRICS: "metrics in {}",
    Role.LOGS: "metrics in {}, where the logger numbers its runs; each run empties it",
}


def growing(view: View, written: Sequence[Touched], folder: str, look: Look) -> tuple[str, ...]:
    """Files with lines of earlier runs: to replace them would lose those."""
    found = [
        item
        for item in written
        if item.is_grown and view.exists(posixpath.normpath(posixpath.join(folder, item.path)))
    ]
    for item in found:
        how = "is added to, so that" if item.is_sure else "is not written each time:"
        look.saw(About.OUTPUT, f"{item.path} {how} what it holds is kept",
                 Certainty.READ, item.file, item.line)  # fmt: skip
    return tuple(item.path for item in found)


def sure_outputs(view: View, script: Script, folder: str, look: Look) -> list[Touched]:
    """What the script leaves whenever it runs, and files of git that it writes now and then.

    The latter are inputs by their names otherwise, and a stage may not write those. Git's copy
    stays where none is written: that is no lie of a plot, but it would be one of metrics, of a
    model or of predictions.
    """
    kept = []
    for item in _inside(script.writes, look):
        place = posixpath.normpath(posixpath.join(folder, item.path))
        is_free = item.role in (Role.PLOT, Role.OTHER) and not is_metrics_file(place, texts=True)
        if item.is_sure:
            kept.append(item)
        elif is_free and view.is_tracked(place) and view.has_file(place):
            kept.append(replace(item, is_grown=True))
        else:
            look.unknowns.append(
                f"{item.file}:{item.line}: it may write {item.path}, but not always, so it is not"
                " among the outputs; `branchline init --check` runs it once and sees."
            )
    return kept


def metrics_files(written: Sequence[Touched], script: Script) -> list[Touched]:
    """Documents that are called like metrics, and texts into which metrics are written."""
    filled = {measure.target for measure in script.measures if measure.target}
    return [
        item
        for item in written
        if item.role is Role.LOGS
        or is_metrics_file(item.path)
        or (item.path in filled and is_metrics_file(item.path, texts=True))
        or (item.role is Role.METRICS and item.path.endswith("metrics.csv"))
    ]


def _inside(items: Sequence[Touched], look: Look) -> list[Touched]:
    """Those paths that lie inside the repository."""
    kept = []
    for item in items:
        if item.path.startswith(("/", "..", "~", "@")) or item.path == ".":
            look.unknowns.append(
                f"{item.file}:{item.line}: {item.path} lies outside the repository "
                "and cannot be an output."
            )
        else:
            kept.append(item)
    return kept


def apart(items: Sequence[Touched], metrics: Sequence[Touched], look: Look) -> list[Touched]:
    """Outputs that do not overlap: what lies inside another is left out.

    A folder that holds a metrics file is none: its metrics must be read from git. A logger's
    folder is an output with all that lies in it.
    """
    logs = {m.path for m in metrics if m.role is Role.LOGS}
    items = [
        item
        for item in items
        if not any(item.path == log or item.path.startswith(f"{log}/") for log in logs)
    ]
    paths = {item.path for item in items}
    kept = []
    for item in items:
        if any(item.path.startswith(f"{path}/") for path in paths - {item.path}):
            continue
        inner = [m.path for m in metrics if m.path.startswith(f"{item.path}/")]
        if inner:
            look.unknowns.append(
                f"{item.file}:{item.line}: {item.path} holds the metrics {inner[0]}, so it is not"
                " an output as a whole; `branchline init --check` runs it once and sees its files."
            )
            continue
        kept.append(item)
    return kept


def has_checkpoints(metrics: Sequence[Touched], look: Look) -> bool:
    """Whether checkpoints lie in a logger's folder, where Lightning puts them untold."""
    logs = [item for item in metrics if item.role is Role.LOGS]
    for item in logs[:1]:
        sentence = f"the model: checkpoints go to the logger's folder, {item.path}"
        look.saw(About.MODEL, sentence, Certainty.BY_NAME, item.file, item.line)
    return bool(logs)


def emptied(view: View, metrics: Sequence[Touched], folder: str, look: Look) -> None:
    """Warn of earlier runs in a logger's folder: as an output it is emptied before each run."""
    for item in metrics:
        place = posixpath.normpath(posixpath.join(folder, item.path))
        if item.role is Role.LOGS and view.exists(place):
            look.unknowns.append(
                f"{place} holds earlier runs, and `branchline run` empties it before it trains:"
                " move away what you want to keep."
            )


def note_outputs(
    script: Script,
    outs: Sequence[Touched],
    metrics: Sequence[Touched],
    look: Look,
    *,
    is_printed: bool,
) -> None:
    """Tell what was found of outputs and metrics, and what of them is missing."""
    for item in (*outs, *metrics):
        role = Role.OTHER if item.role is Role.METRICS and item not in metrics else item.role
        sentence = _SENTENCES.get(role, "an output, {}").format(item.path)
        about = _ABOUT.get(role, About.OUTPUT)
        look.saw(about, sentence, Certainty.READ, item.file, item.line)
    if not any(item.role is Role.MODEL for item in outs) and not has_checkpoints(metrics, look):
        look.unknowns.append(
            f"{script.path} was not seen to write a model; name its files under `outs:`, or let"
            " `branchline init --check` run it once and see."
        )
    if not metrics and not is_printed:
        printed = [m for m in script.measures if m.is_printed]
        where = (
            f" It prints {printed[0].name} ({printed[0].file}:{printed[0].line})."
            if printed
            else ""
        )
        look.unknowns.append(
            f"{script.path} was not seen to write metrics.{where} Let `branchline init --check`"
            " run it once and see what it prints and leaves, or write them to metrics.json and name"
            " it under `metrics:`, so that results can be judged."
        )
