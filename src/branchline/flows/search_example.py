"""An example of `tune:` that fits a project as it stands, for one that says nothing about it.

Serves `search`. Reads files; runs and imports nothing.
"""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, cast

from branchline.config.params import DEFAULT_FILE, read_params
from branchline.errors import BranchlineError
from branchline.flows.hydra_config import scripts_of, uses_hydra
from branchline.flows.init.options import options_of
from branchline.flows.inputs import leaves_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from branchline.core.pipeline import Stage
    from branchline.core.values import JsonValue
    from branchline.flows.project import Project

_MOST = 2
_SHARE = 0.05
_NEVER = ("seed", "state", "path", "dir", "file", "data", "out", "port", "worker", "job", "device",
          "gpu", "verbose", "version", "log", "split", "test", "fold", "id", "year")  # fmt: skip


def search_example(project: Project) -> str:
    """`tune:` in one line, by the project's own metric and what its training reads.

    A number that it reads is searched around what it is now. Where none is found the line is
    an example of the form only.
    """
    names = [rule.name for rule in project.policy.gate.metrics]
    goals = [f", goal: {rule.goal.value}" for rule in project.policy.gate.metrics]
    metric = f"{names[0]}{goals[0]}" if names else "auc, goal: maximize"
    found: dict[str, str] = {}
    for name, value in _numbers(project):
        if name not in found and len(found) < _MOST:
            found[name] = _around(value)
    if not found:
        lacks_files = any(uses_hydra(project, stage) for stage in _stages(project))
        found = {"hydra:optimizer.lr" if lacks_files else "train.lr": "[0.1, 0.01]"}
    space = ", ".join(f"{name}: {choice}" for name, choice in found.items())
    return f"tune: {{objective: {{metric: {metric}}}, space: {{{space}}}}}"


def _stages(project: Project) -> list[Stage]:
    """Stages that a search may train; none where what declares them is at fault."""
    try:
        return [s for s in project.pipeline.stages if not (s.frozen or s.is_test)]
    except BranchlineError:
        return []


def _numbers(project: Project) -> Iterator[tuple[str, float]]:
    """Names as `space` has them, with what they are now: declared keys, then options of scripts."""
    declared = [(p.path, p.keys) for stage in _stages(project) for p in stage.params]
    for path, keys in dict.fromkeys((*declared, (DEFAULT_FILE, None))):
        yield from _keys_of(project, path, keys)
    for stage in _stages(project):
        yield from _options_of(project, stage)


def _keys_of(
    project: Project, path: str, keys: Sequence[str] | None
) -> Iterator[tuple[str, float]]:
    try:
        values = read_params(path, project.workspace.read(path), keys)
    except BranchlineError:
        return  # said where it stands in the way
    for key, value in leaves_of(cast("Mapping[str, JsonValue]", values)):
        if _is_searched(key, value):
            yield (key if path == DEFAULT_FILE else f"{path}:{key}"), cast("float", value)


def _options_of(project: Project, stage: Stage) -> Iterator[tuple[str, float]]:
    for _, data in scripts_of(project, stage):
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # said where it stands in the way
        for option in options_of(tree).options:
            if option.name.startswith("--") and _is_searched(option.name, option.default):
                yield option.name, cast("float", option.default)


def _is_searched(name: str, value: object) -> bool:
    """Whether a value is a number that is likely to matter to the result."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e6:
        return False
    words = name.lower().replace("-", "_").replace(".", "_").split("_")
    return not any(word.startswith(_NEVER) for word in words)


def _around(value: float) -> str:
    """Values around one that is above 0.

    >>> _around(0.001), _around(0.2), _around(10)
    ('{float: [0.0001, 0.01], log: true}', '{float: [0.1, 0.4]}', '{int: [5, 20]}')
    """
    if isinstance(value, int):
        return f"{{int: [{max(1, value // 2)}, {value * 2}]}}"
    if _SHARE <= value < 1:  # a rate of dropout, a share of rows: it stays below 1
        return f"{{float: [{float(f'{value / 2:.2g}')}, {float(f'{min(2 * value, 0.99):.2g}')}]}}"
    low, high = (json.dumps(float(f"{value * factor:.2g}")) for factor in (0.1, 10))
    return f"{{float: [{low}, {high}], log: true}}"
