"""`init` in a repository that has a training script and no pipeline: one stage around it."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.errors import PipelineError
from branchline.flows.init.bars import Named, bars_of_files, bars_of_names
from branchline.flows.init.chains import stage_name
from branchline.flows.init.guess import About, Certainty, Look
from branchline.flows.init.hydra import composed, hydra_command, in_run_folder
from branchline.flows.init.inputs import inputs_of
from branchline.flows.init.lightning import with_configurations, with_instantiated, with_logged
from branchline.flows.init.measured import names_read, unread
from branchline.flows.init.outputs import (
    apart,
    emptied,
    growing,
    metrics_files,
    note_outputs,
    sure_outputs,
)
from branchline.flows.init.script import read_script
from branchline.flows.init.started import given_values, started, within_repository
from branchline.flows.init.touched import Role
from branchline.generate.settings_file import FirstModel, FirstStage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import MetricRule
    from branchline.flows.init.candidates import Candidate
    from branchline.flows.init.chains import Neighbours
    from branchline.flows.init.quoted import Quoted
    from branchline.flows.init.script import Script
    from branchline.flows.init.started import Started
    from branchline.flows.init.touched import Touched
    from branchline.flows.init.view import View

__all__ = ["from_script", "model_of"]

_MOST_MAKERS = 4


def from_script(
    view: View, model: str, candidate: Candidate, neighbours: Neighbours, look: Look
) -> FirstModel:
    """What to say of a model that one script trains.

    Args:
        view: The repository's files.
        model: The model's name.
        candidate: The script.
        neighbours: The other scripts: some make its data or measure its model.
        look: Gets what was found.

    Raises:
        PipelineError: It cannot be parsed.
        DocumentError: A metrics file cannot be read.
    """
    path = candidate.path
    certainty = Certainty.READ if candidate.fits else Certainty.BY_NAME
    why = f"a training script: {candidate.why}"
    look.saw(About.LAYOUT, why, certainty, path, candidate.line)
    script = read_script(view, path)
    if script is None:
        raise PipelineError(
            f"{path} cannot be read as Python",
            todo="Mend it, or write branchline.yaml by hand with `stages:`.",
        )
    script, start = _followed(view, script, candidate.quoted, look)
    before = _makers(view, script, start, neighbours, look)
    made = model_of(view, model, script, start, look, made=frozenset(_outs(before)))
    (stage,) = made.stages
    judge = None
    if not stage.metrics and stage.outs:
        judge = neighbours.judge(stage.outs, [path, *(maker.path for maker, _ in before)])
    if judge is not None:
        look.unknowns[:] = [s for s in look.unknowns if not s.startswith(f"{path} was not seen to")]
        after = _judged(view, judge, (*stage.outs, *_outs(before)), neighbours, look)
        made = replace(made, stages=(stage, *after.stages), bars=after.bars,
                       bars_are_sure=after.bars_are_sure)  # fmt: skip
    stages = [
        _maker_stage(view, *pair, look, frozenset(_outs(before[:number])))
        for number, pair in enumerate(before)
    ]
    return replace(made, stages=(*stages, *made.stages))


def _followed(
    view: View, script: Script, quoted: Quoted | None, look: Look
) -> tuple[Script, Started]:
    """The script as its command line and its configuration have it, and how it is started."""
    quoted = within_repository(quoted, look) if quoted is not None else None
    application = composed(view, script, look)
    values = given_values(script, quoted)
    if values or application is not None:
        configuration = application.values if application is not None else None
        again = read_script(view, script.path, given=values, configuration=configuration)
        script = again or script
    start = started(view, script, quoted, look)
    if not values and application is None and start.answered:
        script = read_script(view, script.path, given=start.answered) or script
    script = with_configurations(view, script, start.cmd.split())
    if application is not None:
        script = with_instantiated(view, script, application.values, application.folder)
    script = with_logged(script)
    if application is not None:
        script = in_run_folder(script, application)
        start = hydra_command(start, application, look)
    return script, start


def _makers(
    view: View, script: Script, start: Started, neighbours: Neighbours, look: Look
) -> list[tuple[Script, Started]]:
    """Scripts that make what is read and not here, in the order in which they run."""
    found: list[tuple[Script, Started]] = []
    waiting = [(script, start)]
    while waiting and len(found) < _MOST_MAKERS:
        reader, how = waiting.pop(0)
        for item in reader.reads:
            place = posixpath.normpath(posixpath.join(how.folder, item.path))
            known = [reader.path, script.path, *(maker.path for maker, _ in found)]
            if _is_given(view, place) or item.path.startswith("@"):
                continue
            maker = neighbours.maker(place, known)
            if maker is None:
                continue
            look.saw(About.LAYOUT, f"{maker.path} makes {place}, which is not here",
                     Certainty.READ, item.file, item.line)  # fmt: skip
            pair = _followed(view, maker, neighbours.quoted(maker.path), look)
            found.insert(0, pair)
            waiting.append(pair)
    return found


def _is_given(view: View, place: str) -> bool:
    """Whether data come with the repository: from git or DVC, or from nobody knows where."""
    if view.has_file(f"{place}.dvc") or view.is_tracked(place):
        return True
    return view.exists(place) and not view.knows_git


def _outs(makers: Sequence[tuple[Script, Started]]) -> list[str]:
    return [item.path for maker, _ in makers for item in maker.writes]


def _maker_stage(
    view: View, maker: Script, start: Started, look: Look, made: frozenset[str]
) -> FirstStage:
    quiet = Look(view=look.view, answers=look.answers)
    (stage,) = model_of(view, "maker", maker, start, quiet, made=made).stages
    return replace(
        stage,
        name=stage_name(maker.path, ["train"]),
        deps=(maker.path, *stage.deps),
        outs=stage.outs or tuple(item.path for item in maker.writes),
    )


def _judged(
    view: View, judge: Script, before: Sequence[str], neighbours: Neighbours, look: Look
) -> FirstModel:
    """The stage that measures, as a model of its own."""
    look.saw(About.LAYOUT, f"{judge.path} reads the model and measures it", Certainty.READ,
             judge.measures[0].file, judge.measures[0].line)  # fmt: skip
    script, start = _followed(view, judge, neighbours.quoted(judge.path), look)
    made = model_of(view, "judge", script, start, look, made=frozenset(before))
    look.unknowns[:] = [s for s in look.unknowns if "was not seen to write a model" not in s]
    (own,) = made.stages
    own = replace(own, name=stage_name(judge.path, ["train"]), deps=(judge.path, *own.deps))
    return replace(made, stages=(own,))


def model_of(
    view: View,
    model: str,
    script: Script,
    start: Started,
    look: Look,
    *,
    made: frozenset[str] = frozenset(),
) -> FirstModel:
    """One stage around a script that was read.

    Args:
        view: The repository's files.
        model: The model's name.
        script: What it reads and writes, as seen from the folder in which it runs.
        start: How it is started.
        look: Gets what was found.
        made: What other stages leave: it counts as if it were here.

    Raises:
        DocumentError: A metrics file cannot be read.
    """
    sure = sure_outputs(view, script, start.folder, look)
    metrics = metrics_files(sure, script)
    outs = apart([item for item in sure if item not in metrics], metrics, look)
    params, data = inputs_of(view, script, start.folder, look, made)
    stage = FirstStage(
        name="train",
        cmd=start.cmd,
        wdir=start.folder,
        deps=tuple(data),
        params=params,
        outs=tuple(item.path for item in outs),
        metrics=tuple(item.path for item in metrics),
        in_git=tuple(
            item.path for item in outs if view.is_tracked(posixpath.join(start.folder, item.path))
        ),
        stored=tuple(item.path for item in metrics if item.role is Role.LOGS),
        growing=growing(view, (*outs, *metrics), start.folder, look),
    )
    printed = [m for m in script.measures if m.is_printed and m.is_sure]
    if printed and not metrics:
        stage = replace(stage, printed=_log_name(view, script, start.folder))
        look.saw(About.METRICS, f"metrics in what it prints, kept as {stage.printed}",
                 Certainty.READ, printed[0].file, printed[0].line)  # fmt: skip
    note_outputs(script, outs, metrics, look, is_printed=bool(stage.printed))
    emptied(view, metrics, start.folder, look)
    here = [posixpath.normpath(posixpath.join(start.folder, item)) for item in stage.metrics]
    bars = bars_of_files(here, look)
    if bars:
        return FirstModel(name=model, stages=(stage,), bars=bars, bars_are_sure=True)
    bars, is_sure = _bars_of(script, stage, metrics, look)
    return FirstModel(name=model, stages=(stage,), bars=bars, bars_are_sure=is_sure)


def _bars_of(
    script: Script, stage: FirstStage, metrics: Sequence[Touched], look: Look
) -> tuple[tuple[MetricRule, ...], bool]:
    """Bars for metrics that the code writes or prints, and whether they are sure."""
    names: list[Named] = []
    sure: set[str] = set()
    for path in stage.metrics:
        own = [m for m in script.measures if m.target == path]
        found = names_read(own, path, look.readers)
        names += found
        sure |= {item.name for item in found} if all(m.is_sure for m in own) else set()
    if stage.printed:
        own = [m for m in script.measures if m.is_printed and m.is_sure]
        found = names_read(own, stage.printed, look.readers)
        look.unknowns += unread(own, found)
        names += found
        sure |= {item.name for item in found}
    elif metrics:
        loose = [m for m in script.measures if not m.target and not m.is_printed]
        names += [Named(name=m.name, where=f"{m.file}:{m.line}") for m in loose]
    if metrics and not names:
        look.unknowns.append(
            f"{metrics[0].file}:{metrics[0].line}: which metrics go to {metrics[0].path} is not"
            " said in the code; name those that matter under `gate:` after the first `branchline"
            " run`, or let `branchline init --check` do it."
        )
    bars = bars_of_names(names, look, Certainty.READ)
    return bars, bool(bars) and all(bar.name in sure for bar in bars)


def _log_name(view: View, script: Script, folder: str) -> str:
    """A file for what is printed, unlike those that the repository has or the script makes."""
    path = posixpath.join(folder, "train.log")
    own = {posixpath.normpath(log) for log in script.logs}
    own |= {item.path for item in (*script.writes, *script.reads)}
    is_taken = view.is_tracked(path) or (view.exists(path) and not view.knows_git)
    return "train.printed.log" if is_taken or "train.log" in own else "train.log"
