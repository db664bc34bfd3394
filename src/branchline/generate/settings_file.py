"""The text of a first branchline.yaml. Pure: takes what `init` found, returns text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.core.policy import MetricRule

__all__ = ["FirstSettings", "FirstStage", "first_settings_text", "yaml_string"]

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
    """The one stage of a project that has a script and no pipeline.

    Attributes:
        name: `train`.
        cmd: Its command line.
        deps, params, outs, metrics: Paths from the root; params are whole files.
    """

    name: str
    cmd: str
    deps: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSettings:
    """What goes into a first branchline.yaml.

    Attributes:
        model: The model's name.
        pipeline: Path of the dvc.yaml; "" where `stage` stands instead.
        stage_names: Of that pipeline, for the comment.
        stage: The stage to write inline; None with a pipeline.
        bars: Rules of the gate.
        bars_are_sure: Whether the metrics were seen in a metrics file. Otherwise the gate is
            written as a comment: a bar for a metric that nobody writes makes every verdict unknown.
    """

    model: str
    pipeline: str = ""
    stage_names: tuple[str, ...] = ()
    stage: FirstStage | None = None
    bars: tuple[MetricRule, ...] = ()
    bars_are_sure: bool = False


def first_settings_text(settings: FirstSettings) -> str:
    """The file's text, with comments, ending in a newline; at most 30 lines."""
    lines = [
        "# What Branchline does with this repository. Every key but `model` has a default.",
        "# `branchline schema` describes all keys to an editor.",
        f"model: {yaml_string(settings.model)}",
        "",
    ]
    if settings.stage is None:
        names = ", ".join(settings.stage_names[:6]) + (", ..." if settings.stage_names[6:] else "")
        comment = f"  # stages: {names}" if names else ""
        lines.append(f"pipeline: {yaml_string(settings.pipeline)}{comment}")
    else:
        lines += _stage_lines(settings.stage)
    lines += ["", *_gate_lines(settings)]
    return "\n".join(lines) + "\n"


def _stage_lines(stage: FirstStage) -> list[str]:
    lines = [
        "# Modules that the script imports count as its inputs without being named.",
        "stages:",
        f"  {stage.name}:",
        f"    cmd: {yaml_string(stage.cmd)}",
    ]
    if stage.deps:
        lines.append(f"    deps: {_flow(stage.deps)}")
    if stage.params:
        # A file with nothing behind it means: every value in it.
        lines.append("    params:")
        lines += [f"      - {yaml_string(path)}:" for path in stage.params]
    if stage.outs:
        lines.append(f"    outs: {_flow(stage.outs)}")
    if stage.metrics:
        lines.append("    metrics:  # small: git keeps them, not the store")
        lines += [f"      - {yaml_string(path)}: {{cache: false}}" for path in stage.metrics]
    return lines


def _flow(paths: tuple[str, ...]) -> str:
    return "[" + ", ".join(yaml_string(path) for path in paths) + "]"


def _gate_lines(settings: FirstSettings) -> list[str]:
    lines = ["gate:", "  metrics:"]
    if settings.bars:
        lines += [f"    {yaml_string(rule.name)}: {_rule_text(rule)}" for rule in settings.bars]
    else:
        lines.append("    auc: {min: 0.90, max_regression: 0.01}")
    if settings.bars and settings.bars_are_sure:
        head = (
            "# What a result may lose against the model in use; `branchline run` ends with 3 else."
        )
        return [head, *lines]
    head = "# Take the # away when these are metrics that your stages write."
    return [head, *(f"# {line}" for line in lines)]


def _rule_text(rule: MetricRule) -> str:
    parts = []
    if rule.goal.value == "minimize":
        parts.append("goal: minimize")
    for name in ("min", "max", "max_regression", "max_relative_regression"):
        value = getattr(rule, name)
        if value is not None:
            parts.append(f"{name}: {value}")
    return "{" + ", ".join(parts) + "}"


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
