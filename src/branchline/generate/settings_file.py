"""The text of a first branchline.yaml. Pure: takes what `init` found, returns text.

At most fifteen lines, whatever was found: what does not fit on lines of its own is written in one
line a model, and what is least needed is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.directions import goal_of, natural_goal
from branchline.core.policy import Goal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import MetricRule

__all__ = [
    "MOST_LINES",
    "FirstModel",
    "FirstSettings",
    "FirstStage",
    "first_settings_text",
    "yaml_string",
]

MOST_LINES = 15
_HEAD = "# Found by `branchline init`; `branchline schema` describes all keys to an editor."
_UNSURE = "# Take the # away when these are metrics that the model's stages leave."
_PLAIN = re.compile(r"(?:[A-Za-z_]|\.{1,2}/)[A-Za-z0-9_./@+=-]*(?: [A-Za-z0-9_./@+=-]+)*")
_READ_AS_ANOTHER_TYPE = {
    "null",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    ".inf",
    ".nan",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStage:
    """A stage of a project that has no pipeline.

    Attributes:
        name: `train`.
        cmd: Its command line.
        wdir: Folder in which it runs, from the root; paths below are relative to it.
        deps, params, outs, metrics: Paths; params are whole files.
        stored: Those of `metrics` that are folders, which the store holds instead of git.
        printed: Path of the file that holds what the command prints, where that has metrics.
        in_git: Those of `outs` that git holds and goes on holding, instead of the store.
        growing: Those of `outs` and `metrics` that are here already and get a line more each time.
    """

    name: str
    cmd: str
    wdir: str = ""
    deps: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    in_git: tuple[str, ...] = ()
    growing: tuple[str, ...] = ()
    printed: str = ""
    stored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstModel:
    """What is said of one model.

    Attributes:
        name: The model's name.
        pipeline: Path of its dvc.yaml; "" where `stages` stand instead, or all are read as one.
        stage_names: Of that pipeline, for the comment.
        stages: To write inline; empty with a pipeline.
        bars: Rules of the gate.
        bars_are_sure: Whether the metrics are known to be left by its stages. Otherwise the gate is
            written as a comment: a bar for a metric that nobody writes makes every verdict unknown.
    """

    name: str
    pipeline: str = ""
    stage_names: tuple[str, ...] = ()
    stages: tuple[FirstStage, ...] = ()
    bars: tuple[MetricRule, ...] = ()
    bars_are_sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSettings:
    """What goes into a first branchline.yaml.

    Attributes:
        models: At least one.
        checks: Name and command of checks of the code.
    """

    models: tuple[FirstModel, ...]
    checks: tuple[tuple[str, str], ...] = ()


def first_settings_text(settings: FirstSettings) -> str:
    """The file's text, ending in a newline; at most 15 lines where there are at most 12 models."""
    checks = _check_lines(settings.checks)
    if len(settings.models) == 1:
        (model,) = settings.models
        body = [f"model: {yaml_string(model.name)}", *_source_lines(model)]
        room = MOST_LINES - 1 - len(body) - len(checks)
        lines = [_HEAD, *body, *_gate_lines(model, room), *checks]
    else:
        lines = [_HEAD, "models:", *_models_lines(settings.models), *checks]
    if len(lines) > MOST_LINES:
        lines = [line for line in lines if line != _HEAD and line not in checks]
    return "\n".join(lines) + "\n"


def _models_lines(models: Sequence[FirstModel]) -> list[str]:
    """Each model on lines of its own where all fit, else on one."""
    lines: list[str] = []
    for model in models:
        lines.append(f"  {yaml_string(model.name)}:")
        lines.append(f"    {_source_flow(model)}")
        gate = _gate_flow(model)
        lines += [f"    {gate}"] if gate else []
    if len(lines) <= MOST_LINES - 3:
        return lines
    return [
        f"  {yaml_string(model.name)}: {{"
        + ", ".join(part for part in (_source_flow(model), _gate_flow(model)) if part)
        + "}"
        for model in models
    ]


def _source_lines(model: FirstModel) -> list[str]:
    if not model.stages and not model.pipeline:
        return []
    if not model.stages:
        names = ", ".join(model.stage_names[:6]) + (", ..." if model.stage_names[6:] else "")
        comment = f"  # stages: {names}" if names else ""
        return [f"pipeline: {yaml_string(model.pipeline)}{comment}"]
    if not _is_short(model.stages):
        return ["stages:", *(f"  {_stage_flow(stage)}" for stage in model.stages)]
    (stage,) = model.stages
    parts = [f"run: {yaml_string(stage.cmd)}", *_train_parts(stage)]
    if len(parts) == 1:
        return [f"train: {yaml_string(stage.cmd)}"]
    return ["train:", *(f"  {part}" for part in parts)]


def _is_short(stages: Sequence[FirstStage]) -> bool:
    (first, *others) = stages
    is_plain = not (first.wdir or first.in_git or first.growing or first.stored)
    return first.name == "train" and is_plain and not others


def _train_parts(stage: FirstStage) -> list[str]:
    """Parts of the short form below `run`; what its defaults say already is left out."""
    parts = []
    if stage.deps:
        parts.append(f"deps: {_flow(stage.deps)}")
    if stage.params:
        parts.append("params: [" + ", ".join(f"{{{_key(p)}: null}}" for p in stage.params) + "]")
    if stage.outs != ("model",) or stage.metrics != ("metrics.json",) or stage.printed:
        parts.append(f"outs: {_flow(stage.outs)}")
        files = [yaml_string(path) for path in stage.metrics]
        if stage.printed:
            files.append(f"{{path: {yaml_string(stage.printed)}, printed: true}}")
        parts.append(f"metrics: [{', '.join(files)}]")
    return parts


def _stage_flow(stage: FirstStage) -> str:
    """A stage in DVC's grammar, on one line."""
    parts = [f"cmd: {yaml_string(stage.cmd)}"]
    if stage.wdir:
        parts.append(f"wdir: {yaml_string(stage.wdir)}")
    if stage.deps:
        parts.append(f"deps: {_flow(stage.deps)}")
    if stage.params:
        parts.append("params: [" + ", ".join(f"{{{_key(p)}: null}}" for p in stage.params) + "]")
    if stage.outs:
        outs = [_output(stage, path, in_git=path in stage.in_git) for path in stage.outs]
        parts.append(f"outs: [{', '.join(outs)}]")
    # Files of metrics are small: git keeps them, not the store.
    files = [_output(stage, p, in_git=p not in stage.stored) for p in stage.metrics]
    if stage.printed:
        files.append(f"{{{_key(stage.printed)}: {{meta: {{branchline: {{printed: true}}}}}}}}")
    if files:
        parts.append(f"metrics: [{', '.join(files)}]")
    return f"{_key(stage.name)}: {{{', '.join(parts)}}}"


def _output(stage: FirstStage, path: str, *, in_git: bool) -> str:
    flags = ["cache: false"] if in_git else []
    flags += ["persist: true"] if path in stage.growing else []
    return f"{{{_key(path)}: {{{', '.join(flags)}}}}}" if flags else yaml_string(path)


def _source_flow(model: FirstModel) -> str:
    if not model.stages:
        return f"pipeline: {yaml_string(model.pipeline)}"
    if _is_short(model.stages):
        (stage,) = model.stages
        return f"train: {{{', '.join([f'run: {yaml_string(stage.cmd)}', *_train_parts(stage)])}}}"
    return f"stages: {{{', '.join(_stage_flow(stage) for stage in model.stages)}}}"


def _gate_flow(model: FirstModel) -> str:
    if not model.bars or not model.bars_are_sure:
        return ""
    rules = ", ".join(f"{_key(rule.name)}: {_rule_text(rule)}" for rule in model.bars[:2])
    return f"gate: {{metrics: {{{rules}}}}}"


def _gate_lines(model: FirstModel, room: int) -> list[str]:
    """The gate, in at most so many lines; a comment where its metrics are not sure."""
    if not model.bars:
        return []
    head = 2 if model.bars_are_sure else 3
    bars = model.bars[: max(room - head, 1)]
    lines = ["gate:", "  metrics:"]
    lines += [f"    {_key(rule.name)}: {_rule_text(rule)}" for rule in bars]
    return lines if model.bars_are_sure else [_UNSURE, *(f"# {line}" for line in lines)]


def _check_lines(checks: Sequence[tuple[str, str]]) -> list[str]:
    if not checks:
        return []
    items = ", ".join(f"{{name: {yaml_string(n)}, run: {yaml_string(r)}}}" for n, r in checks)
    return [f"checks: [{items}]"]


def _rule_text(rule: MetricRule) -> str:
    parts = []
    is_told = goal_of(rule.name) is not None or natural_goal(rule.name) is not None
    if rule.goal is Goal.MINIMIZE or not is_told:
        parts.append(f"goal: {rule.goal.value}")
    for name in ("min", "max", "max_regression", "max_relative_regression"):
        value = getattr(rule, name)
        if value is not None:
            parts.append(f"{name}: {value}")
    return "{" + ", ".join(parts) + "}"


def _flow(paths: Sequence[str]) -> str:
    return "[" + ", ".join(yaml_string(path) for path in paths) + "]"


def _key(text: str) -> str:
    return yaml_string(text)


def yaml_string(text: str) -> str:
    """A string as YAML reads it back, plain where that is safe.

    >>> yaml_string("python train.py"), yaml_string("yes"), yaml_string("a: b")
    ('python train.py', '"yes"', '"a: b"')
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _READ_AS_ANOTHER_TYPE:
        return text
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    """One character inside double quotes."""
    if char in '"\\':
        return "\\" + char
    return char if char.isprintable() else f"\\U{ord(char):08x}"
