"""Trainings that Lightning drives: its command line, its configuration, its loggers. Serves `init`.

`LightningCLI` needs a subcommand, and reads what it is not told from the files that `--config`
names. Nothing of Lightning is imported.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.flows.init.guess import About, Certainty, Question
from branchline.flows.init.loggers import logged_in
from branchline.flows.init.references import resolved
from branchline.flows.init.touched import Role, Touched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from branchline.flows.init.guess import Look
    from branchline.flows.init.script import Script
    from branchline.flows.init.view import View

__all__ = ["cli_words", "with_configurations", "with_instantiated", "with_logged"]

_SUBCOMMANDS = {"fit", "validate", "test", "predict"}
_SECTIONS = {"trainer", "model", "data", "seed_everything", "optimizer", "fit"}
_NOT_HERE = {"tests", "test", "docs", ".github"}


def cli_words(view: View, script: Script, words: Sequence[str], look: Look) -> list[str]:
    """What a `LightningCLI` has to be told besides: `fit`, and its configuration where one is here.

    Args:
        view: The repository's files.
        script: What is started.
        words: Its arguments so far.
        look: Gets what was found.
    """
    if "LightningCLI" not in script.calls or _SUBCOMMANDS & set(words):
        return []
    added = ["fit"]
    look.saw(About.COMMAND, "Lightning's command line trains by its subcommand `fit`",
             Certainty.READ, script.path, _line(view, script))  # fmt: skip
    found = [] if {"--config", "-c"} & set(words) else _configurations(view)
    if found:
        added += ["--config", found[0] if len(found) == 1 else _chosen(script, found, look)]
        look.saw(About.PARAMETERS, f"a configuration of Lightning, {added[2]}", Certainty.BY_NAME,
                 added[2], 1)  # fmt: skip
    return added


def _line(view: View, script: Script) -> int:
    lines = (view.text(script.path) or "").splitlines()
    return next((n for n, text in enumerate(lines, 1) if "LightningCLI(" in text), 1)


def _chosen(script: Script, found: Sequence[str], look: Look) -> str:
    return look.choose(
        Question(
            key="option.--config",
            text=f"{script.path}: which configuration does Lightning train with?",
            answers=tuple(found[:6]),
            safe=found[0],
            told=f"There are more configurations of Lightning: {', '.join(found[1:4])}; {found[0]}"
            " was taken.",
        )
    )


def _configurations(view: View) -> list[str]:
    """Files with the sections that `LightningCLI` reads, the shallow ones first."""
    paths = [
        path
        for path in view.named(".yaml", ".yml")
        if path.count("/") <= 2 and not _NOT_HERE & set(path.split("/"))
    ]
    return [
        path
        for path in paths
        if len(sections := set(view.mapping(path))) and sections <= _SECTIONS
        and sections & {"trainer", "model", "fit"}
    ]  # fmt: skip


def with_configurations(view: View, script: Script, words: Sequence[str]) -> Script:
    """The script with what the configurations on its command line say of models and metrics."""
    if "LightningCLI" not in script.calls:
        return script
    reads, writes = list(script.reads), list(script.writes)
    for path in _given(words):
        if not view.has_file(path):
            continue
        reads.append(Touched(path=path, line=1, file=path))
        whole = resolved(view.mapping(path))
        inner = whole.get("fit")
        writes += _left(inner if isinstance(inner, dict) else whole, path)
    return replace(script, reads=tuple(reads), writes=tuple(writes))


def _given(words: Sequence[str]) -> Iterator[str]:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in ("--config", "-c") and following:
            yield posixpath.normpath(following)
        elif word.startswith("--config="):
            yield posixpath.normpath(word.partition("=")[2])


def _left(settings: dict[str, object], path: str) -> Iterator[Touched]:
    """Where the logger and the checkpoints of a configuration go."""
    trainer = settings.get("trainer")
    for key in ("logger", "callbacks"):
        item = trainer.get(key) if isinstance(trainer, dict) else None
        for made in item if isinstance(item, list) else [item]:
            yield from _left_by(*_made(made), path, 1)


def _left_by(name: str, given: dict[str, object], path: str, line: int) -> Iterator[Touched]:
    """Where one logger or callback leaves what it writes."""
    if name == "CSVLogger" and isinstance(folder := given.get("save_dir"), str):
        above = posixpath.join(folder, str(given.get("name", "lightning_logs") or ""))
        version = given.get("version")
        place = logged_in(above, version if isinstance(version, str | int) else None)
        role = Role.METRICS if place.endswith("/metrics.csv") else Role.LOGS
        yield Touched(path=place, line=line, file=path, role=role)
    elif name == "ModelCheckpoint" and isinstance(folder := given.get("dirpath"), str):
        yield Touched(path=posixpath.normpath(folder), line=line, file=path, role=Role.MODEL)


def with_instantiated(view: View, script: Script, values: object, folder: str) -> Script:
    """The script with what loggers and callbacks leave that Hydra makes by their `_target_`.

    Args:
        view: The repository's files.
        script: What is started.
        values: What Hydra composes.
        folder: Of the configuration, from the root.
    """
    found = [
        item
        for name, given in _targets(values)
        for item in _left_by(name, given, *_said(view, folder, name))
    ]
    return replace(script, writes=(*script.writes, *found)) if found else script


def _targets(value: object) -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(value, dict):
        if isinstance(target := value.get("_target_"), str):
            yield target.rpartition(".")[2], value
        for item in value.values():
            yield from _targets(item)
    elif isinstance(value, list):
        for item in value:
            yield from _targets(item)


def _said(view: View, folder: str, name: str) -> tuple[str, int]:
    """The line of the configuration that names a class."""
    for path in view.named(".yaml", ".yml"):
        if not folder or path.startswith(f"{folder}/"):
            for number, line in enumerate((view.text(path) or "").splitlines(), 1):
                if "_target_" in line and line.rstrip().endswith(name):
                    return path, number
    return folder, 1


def _made(item: object) -> tuple[str, dict[str, object]]:
    """Class and arguments of `{class_path: ..., init_args: {...}}`."""
    if not isinstance(item, dict):
        return "", {}
    given = item.get("init_args")
    name = str(item.get("class_path", "")).rpartition(".")[2]
    return name, given if isinstance(given, dict) else {}


def with_logged(script: Script) -> Script:
    """The script with the metrics that it logs as columns of its logger's table."""
    places = [
        item.path
        for item in script.writes
        if item.role is Role.LOGS
        or (item.role is Role.METRICS and item.path.endswith("metrics.csv"))
    ]
    if len(places) != 1 or any(m.target == places[0] for m in script.measures):
        return script
    logged = [replace(measure, target=places[0]) for measure in script.logged]
    return replace(script, measures=(*script.measures, *logged))
