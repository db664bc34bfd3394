"""`init --check`: run the command once in a copy, and correct the proposal by what it did.

What is declared is kept where it came true. What was not left is taken out, what was left is added,
and metrics are those that could be read. Nothing of the user's working tree is touched.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.directions import goal_of
from branchline.core.secrecy import redacted
from branchline.flows.init.bars import MOST_OF_SHARES, Named, bars_of_names
from branchline.flows.init.guess import About, Certainty, Guess, Look, cut
from branchline.flows.init.loggers import versions_above
from branchline.flows.init.numbered import with_folders
from branchline.flows.init.proposal import Proposal, ordered, text_of
from branchline.flows.init.touched import Role, is_metrics_file, role_of
from branchline.flows.init.view import DOCUMENT_ENDINGS, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence import Metric
    from branchline.core.run import Ended
    from branchline.generate.settings_file import FirstModel, FirstStage
    from branchline.ports.tryout import Tryout

__all__ = ["check"]

_MOST_ALONE = 6  # files in one new folder that are named one by one
_MOST_DEPS = 8
_MOST_TRIES = 3
_CODE = (".py", ".pyc", ".ipynb", ".cfg", ".ini", ".so", ".md")
_MOST_METRICS = 50  # a file with more numbers than that is data


class _Learned:
    """What one run of a stage showed.

    Attributes:
        written: Files that it made or changed, from the root.
        reads: Files that it read and did not write.
        others: All other files that are there.
    """

    def __init__(self, written: Sequence[str], reads: Sequence[str], others: Sequence[str]) -> None:
        self.written = tuple(written)
        self.reads = tuple(reads)
        self.others = tuple(others)

    def fills(self, folder: str) -> bool:
        """Whether it made all that lies in a folder."""
        below = f"{folder}/"
        return any(path.startswith(below) for path in self.written) and not any(
            path.startswith(below) for path in self.others
        )


def check(
    proposal: Proposal,
    place: Tryout,
    *,
    timeout_s: float,
    tracked: frozenset[str] = frozenset(),
) -> tuple[Proposal, bool]:
    """Run what a proposal says once, and correct it.

    Args:
        proposal: What was guessed.
        place: The copy.
        timeout_s: For each command.
        tracked: Files that git holds.

    Returns:
        The corrected proposal, and whether every command succeeded.

    Raises:
        RepositoryError: Data that it needs are too large to copy.
        StageFailedError: A command cannot be started.
    """
    look = Look(view=View(place.tree, tracked=tracked))
    models = []
    succeeded = True
    for model in proposal.settings.models:
        made, is_fine = _check_model(model, proposal.text, place, look, timeout_s)
        models.append(made)
        succeeded = succeeded and is_fine
    settings = replace(proposal.settings, models=tuple(models))
    settled = [s for s in proposal.unknowns if not _is_settled(s)] if succeeded else list(
        proposal.unknowns
    )  # fmt: skip
    observed = {guess.sentence.partition(":")[0] for guess in look.guesses}
    kept = [g for g in proposal.guesses if g.sentence.partition(":")[0] not in observed]
    return (
        replace(
            proposal,
            settings=settings,
            text=text_of(settings),
            guesses=ordered([*kept, *look.guesses]),
            unknowns=tuple(dict.fromkeys([*settled, *look.unknowns])),
        ),
        succeeded,
    )


def _is_settled(sentence: str) -> bool:
    """Whether a run answers what could not be told before."""
    return "--check" in sentence or "was not seen to" in sentence or "is not here yet" in sentence


def _check_model(
    model: FirstModel, text: str, place: Tryout, look: Look, timeout_s: float
) -> tuple[FirstModel, bool]:
    if not model.stages:
        return _check_pipeline(model, text, place, look, timeout_s)
    stages: list[FirstStage] = []
    names: list[Named] = []
    said: list[str] = []
    for stage in model.stages:
        ended, learned = _run(stage, place, timeout_s)
        if ended.failure is not None:
            look.unknowns.append(_why_failed(f"`{stage.cmd}`", ended))
            return model, False
        corrected, found = _corrected(stage, learned, place, look)
        stages.append(corrected)
        names += found
        said = place.printed().decode(errors="replace").split("\n")
        _tell(stage, corrected, ended, look)
    if not names:
        look.unknowns.append(_no_metrics(said))
    if not any(stage.outs or stage.stored for stage in stages):
        look.unknowns.append(
            "It left no file that could be the model; save the model, so that it can be compared"
            " and promoted."
        )
    made = _with_bars(model, names, look)
    return replace(made, stages=tuple(stages)), True


def _no_metrics(said: Sequence[str]) -> str:
    """What to do where a run left nothing that can be judged."""
    last = next((line.strip() for line in reversed(said) if line.strip()), "")
    shown = f" (the last line that it printed: {cut(last)})" if last else ""
    return (
        f"It left no metrics that can be read{shown}. Print them as `accuracy: VALUE`, or write"
        " them to metrics.json and name it under `metrics:`."
    )


def _with_bars(model: FirstModel, names: Sequence[Named], look: Look) -> FirstModel:
    """The bars that were guessed, where their metrics were left; else those of what was left."""
    places = {item.name: item.where for item in reversed(names)}
    kept = tuple(bar for bar in model.bars if bar.name in places)
    for bar in kept:
        sentence = f"metric {bar.name} was left"
        look.saw_at(About.METRICS, sentence, Certainty.OBSERVED, places[bar.name])
    bars = kept or (bars_of_names(names, look, Certainty.OBSERVED) if names else model.bars)
    return replace(model, bars=bars, bars_are_sure=bool(names) and bool(bars))


def _why_failed(what: str, ended: Ended) -> str:
    said = f": {redacted(ended.said)}" if ended.said else ""
    return (
        f"{what} was run once and failed ({ended.detail}){said}. What is written is what the code"
        " says; mend it, then `branchline init --check --force`."
    )


def _check_pipeline(
    model: FirstModel, text: str, place: Tryout, look: Look, timeout_s: float
) -> tuple[FirstModel, bool]:
    """Run the stages of a pipeline, which says itself what it reads and leaves, for its metrics."""
    for pointer in look.view.named(".dvc"):
        place.bring(pointer.removesuffix(".dvc"))
    before = place.signatures()
    ended = place.walk(text, model.name, timeout_s=timeout_s)
    if ended.failure is not None:
        look.unknowns.append(_why_failed(f"The pipeline of {model.name}", ended))
        return model, False
    after = place.signatures()
    names: list[Named] = []
    for path, mark in sorted(after.items()):
        if before.get(path) == mark or not is_metrics_file(path, texts=True):
            continue
        source = place.readers.at(place.tree.root, path)
        reading = place.readers.read(source) if source is not None else None
        values = [m for m in reading.metrics if m.value is not None] if reading else []
        if 0 < len(values) <= _MOST_METRICS:
            look.guesses.append(_seen(About.METRICS, f"the pipeline left metrics in {path}"))
            names += [_named(path, metric) for metric in values]
    ran = f"the pipeline ran to its end in {ended.duration_s:.1f} s"
    look.guesses.append(_seen(About.COMMAND, ran))
    return _with_bars(model, names, look), True


def _run(stage: FirstStage, place: Tryout, timeout_s: float) -> tuple[Ended, _Learned]:
    """Run a stage, bringing in what git does not hold as it is asked for."""
    for path in stage.deps:
        place.bring(posixpath.normpath(posixpath.join(stage.wdir, path)))
    for _ in range(_MOST_TRIES):
        before = place.signatures()
        ended = place.run(stage.cmd, stage.wdir, timeout_s=timeout_s)
        brought = [path for path in place.missed() if ended.failure and place.bring(path)]
        if not brought:
            break
    after = place.signatures()
    written = sorted(path for path, mark in after.items() if before.get(path) != mark)
    reads = [path for path in place.reads() if path in before and path not in written]
    return ended, _Learned(written, reads, sorted(after.keys() - set(written)))


def _corrected(
    stage: FirstStage, learned: _Learned, place: Tryout, look: Look
) -> tuple[FirstStage, list[Named]]:
    """The stage as it ran, and the metrics that it left."""
    root = stage.wdir

    def here(path: str) -> str:
        return posixpath.relpath(path, root) if root else path

    metrics = _metrics_of(stage, learned, place, root)
    found = [
        _named(path, metric)
        for path, values in metrics.items()
        for metric in values
        if metric.value is not None
    ]
    printed = "" if metrics else _printed_of(stage, learned, place, found, look)
    logs = [path for path in metrics if path not in learned.written]
    outs = _outs_of(stage, learned, frozenset(metrics), place, root)
    outs, stuck = with_folders(outs, [path for path in metrics if path not in logs], learned.fills)
    look.unknowns += [
        f"It left {path}, whose name may be another one after the next change, so it is no output;"
        " nor is its folder, which holds other files, too. Give it a fixed name or a folder of its"
        " own if it matters."
        for path in stuck[:1]
    ]
    params, deps = _reads_of(stage, learned, root)
    return (
        replace(
            stage,
            in_git=tuple(here(path) for path in outs if look.view.is_tracked(path)),
            deps=tuple(here(path) for path in deps),
            params=tuple(here(path) for path in params),
            outs=tuple(here(path) for path in outs),
            metrics=tuple(here(path) for path in metrics),
            stored=tuple(here(path) for path in logs if not look.view.is_tracked(path)),
            printed=printed,
        ),
        found,
    )


def _printed_of(
    stage: FirstStage, learned: _Learned, place: Tryout, found: list[Named], look: Look
) -> str:
    """The file for what is printed, where that has metrics whose names tell which way is better."""
    name = f"{stage.name}.log"
    if name in learned.written or place.tree.entry(name) is not None:
        name = f"{stage.name}.printed.log"
    path = stage.printed or name
    reading = place.readers.read(place.readers.held(path, place.printed()))
    telling = [metric for metric in reading.metrics if goal_of(metric.name) is not None]
    look.unknowns += [
        f"`{stage.cmd}` prints {metric.name}, but it {redacted(metric.problem)}; print one value."
        for metric in telling[:_MOST_ALONE]
        if metric.problem
    ]
    told = [metric for metric in telling if metric.value is not None]
    if not stage.printed and not 0 < len(told) <= _MOST_METRICS:
        return ""
    found += [_named(path, metric) for metric in told]
    return path


def _named(path: str, metric: Metric) -> Named:
    is_percent = metric.unit == "%" or abs(metric.value or 0) > MOST_OF_SHARES
    inside, _, line = str(getattr(metric, "place", "")).rpartition("line ")
    file = posixpath.join(path, inside.removesuffix(", ")) if "/" in inside else path
    number = int(line) if line.isdecimal() else 1
    return Named(name=metric.name, where=f"{file}:{number}", is_percent=is_percent)


def _metrics_of(
    stage: FirstStage, learned: _Learned, place: Tryout, root: str
) -> Mapping[str, tuple[Metric, ...]]:
    """What can be read of the files that are called like metrics or were declared as such.

    Of a logger that numbers its runs it is the folder.
    """
    declared = {posixpath.normpath(posixpath.join(root, path)) for path in stage.metrics}
    found: dict[str, tuple[Metric, ...]] = {}
    for file in learned.written:
        above = versions_above(file)
        is_whole = above in declared or (above and file not in declared and learned.fills(above))
        path = above if is_whole and is_metrics_file(file, texts=True) else file
        if path in found or (path not in declared and not is_metrics_file(file, texts=True)):
            continue
        source = place.readers.at(place.tree.root, path)
        reading = place.readers.read(source) if source is not None else None
        values = tuple(m for m in reading.metrics if m.value is not None) if reading else ()
        if path in declared or 0 < len(values) <= _MOST_METRICS:
            found[path] = values
    return found


def _outs_of(
    stage: FirstStage, learned: _Learned, metrics: frozenset[str], place: Tryout, root: str
) -> list[str]:
    """Files that it left, those in a new folder as the folder where there are many."""
    declared = [posixpath.normpath(posixpath.join(root, path)) for path in stage.outs]
    left = [
        path
        for path in learned.written
        if path not in metrics
        and not any(path.startswith(f"{folder}/") for folder in metrics)
        and (path in declared or not _is_by_product(path))
    ]
    outs = [
        path
        for path in declared
        if any(item == path or item.startswith(f"{path}/") for item in left)
        and not any(m.startswith(f"{path}/") for m in metrics)
    ]
    rest = [p for p in left if not any(p == o or p.startswith(f"{o}/") for o in outs)]
    by_folder: dict[str, list[str]] = {}
    for path in rest:
        by_folder.setdefault(posixpath.dirname(path), []).append(path)
    for folder, paths in by_folder.items():
        holds_metrics = any(m.startswith(f"{folder}/") for m in metrics)
        is_whole = folder and len(place.tree.list_folder(folder) or {}) <= len(paths)
        if len(paths) > _MOST_ALONE and is_whole and not holds_metrics:
            outs.append(folder)
        else:
            outs += sorted(paths, key=_by_role)[:_MOST_ALONE]
    outs = list(dict.fromkeys(outs))
    return [o for o in outs if not any(o.startswith(f"{other}/") for other in outs)]


def _by_role(path: str) -> tuple[int, str]:
    order = (Role.MODEL, Role.PREDICTIONS, Role.PLOT, Role.OTHER)
    role = role_of(path)
    return (order.index(role) if role in order else len(order), path)


def _is_by_product(path: str) -> bool:
    """Caches and logs that say nothing about the model."""
    parts = path.split("/")
    return (
        any(part.startswith(".") for part in parts)
        or "__pycache__" in parts
        or path.endswith((".log", ".pyc", ".lock", ".tmp"))
    )


def _reads_of(stage: FirstStage, learned: _Learned, root: str) -> tuple[list[str], list[str]]:
    """(parameter files, data) with what was seen to be read; code is followed anyway."""
    params = [posixpath.normpath(posixpath.join(root, path)) for path in stage.params]
    deps = [posixpath.normpath(posixpath.join(root, path)) for path in stage.deps]
    new = [
        path
        for path in learned.reads
        if not path.endswith(_CODE)
        and path not in params
        and not any(part.startswith(".") for part in path.split("/"))
        and not any(path == dep or path.startswith(f"{dep}/") for dep in deps)
    ]
    params += [p for p in new if p.endswith(DOCUMENT_ENDINGS) and p.count("/") <= 1]
    data = [path for path in new if path not in params]
    if len(data) > _MOST_DEPS:
        data = sorted({posixpath.dirname(path) or path for path in data})
        data = [d for d in data if not any(d.startswith(f"{other}/") for other in data)]
    return params, [*deps, *data]


def _tell(before: FirstStage, after: FirstStage, ended: Ended, look: Look) -> None:
    sentence = f"`{after.cmd}` ran to its end in {ended.duration_s:.1f} s"
    look.guesses.append(_seen(About.COMMAND, sentence))
    for about, key, verb in (
        (About.DATA, "deps", "it read"),
        (About.PARAMETERS, "params", "it read parameters in"),
        (About.OUTPUT, "outs", "it left"),
        (About.METRICS, "metrics", "it left metrics in"),
    ):
        old, new = set(getattr(before, key)), set(getattr(after, key))
        for path in sorted(new - old):
            look.guesses.append(_seen(about, f"{verb} {path}, which was not guessed"))
        for path in sorted(old - new):
            look.guesses.append(_seen(about, f"it did not leave {path}: that was a wrong guess"))


def _seen(about: About, sentence: str) -> Guess:
    return Guess(about=about, sentence=sentence, certainty=Certainty.OBSERVED)
